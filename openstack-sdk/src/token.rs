//! Tokens: asking Keystone for one, and keeping a good one at hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;

use crate::catalog::Catalog;
use crate::config::{Auth, Credential, Domain, Project, Scope, User};
use crate::error::{Error, Result};
use crate::identity::{Identified, TokenInfo};

/// A token is renewed when less than this is left of it.
const MARGIN: Duration = Duration::from_secs(120);

/// A token with what came with it.
pub(crate) struct Token {
    header: HeaderValue,
    pub(crate) info: TokenInfo,
    pub(crate) catalog: Catalog,
    received: Instant,
    lifetime: Option<Duration>,
}

impl Token {
    /// Reads Keystone's answer.
    pub(crate) fn new(text: &HeaderValue, body: &[u8], received: Instant) -> Result<Token> {
        let reply: TokenReply = serde_json::from_slice(body)
            .map_err(|error| Error::protocol("Keystone's token can't be read").with_source(error))?;
        let mut header = text.clone();
        header.set_sensitive(true);
        let token = reply.token;
        // Both times are the server's, so a local clock that is wrong does no harm.
        let lifetime = match (token.issued_at, token.expires_at) {
            (Some(issued), Some(expires)) => Some((expires - issued).try_into().unwrap_or(Duration::ZERO)),
            (None, Some(expires)) => {
                Some((expires - OffsetDateTime::now_utc()).try_into().unwrap_or(Duration::ZERO))
            }
            (_, None) => None,
        };
        let info = TokenInfo {
            user: token.user,
            project: token.project,
            roles: token.roles,
            expires_at: token.expires_at.map(Into::into),
        };
        Ok(Token { header, info, catalog: token.catalog, received, lifetime })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether this much is left of it; a short-lived token is good for half its life at most.
    fn lasts(&self, wanted: Duration) -> bool {
        self.lifetime.is_none_or(|lifetime| {
            let left = lifetime.saturating_sub(self.received.elapsed());
            left > wanted.max(MARGIN).min(lifetime / 2)
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The token at hand, renewed by one caller at a time while the others wait for the outcome.
#[derive(Default)]
pub(crate) struct TokenCache {
    current: RwLock<Option<Arc<Token>>>,
    renewal: Mutex<Option<Error>>,
    /// Counts the renewals that were tried to the end.
    tried: AtomicU64,
}

impl TokenCache {
    /// A token with this much time left that is not `refused`. `renew` asks Keystone for a new one.
    pub(crate) async fn get(
        &self,
        lasting: Duration,
        refused: Option<&Arc<Token>>,
        renew: impl Future<Output = Result<Token>>,
    ) -> Result<Arc<Token>> {
        let good = |token: &Option<Arc<Token>>| {
            let token = token.as_ref()?;
            let was_refused = refused.is_some_and(|refused| Arc::ptr_eq(refused, token));
            (!was_refused && token.lasts(lasting)).then(|| token.clone())
        };
        if let Some(token) = good(&*self.current.read().await) {
            return Ok(token);
        }
        let seen = self.tried.load(Ordering::Acquire);
        let mut failure = self.renewal.lock().await;
        if let Some(token) = good(&*self.current.read().await) {
            return Ok(token);
        }
        // Somebody tried while this caller waited: a second refusal could lock the account.
        if let (true, Some(error)) = (self.tried.load(Ordering::Acquire) != seen, failure.as_ref()) {
            return Err(error.clone());
        }
        let outcome = renew.await.map(Arc::new);
        *failure = outcome.as_ref().err().cloned();
        if let Ok(token) = &outcome {
            *self.current.write().await = Some(token.clone());
        }
        self.tried.fetch_add(1, Ordering::Release);
        outcome
    }
}

/// The body of `POST /v3/auth/tokens` for these credentials.
pub(crate) fn request_body(auth: &Auth) -> Value {
    let (identity, scope) = match auth {
        Auth::Password { user, password, scope } => {
            let mut user = user_value(user);
            user["password"] = json!(password.expose());
            (json!({"methods": ["password"], "password": {"user": user}}), scope)
        }
        Auth::ApplicationCredential { credential, secret } => {
            let mut credential = match credential {
                Credential::Id(id) => json!({"id": id}),
                Credential::Name { name, user } => json!({"name": name, "user": user_value(user)}),
            };
            credential["secret"] = json!(secret.expose());
            let methods = ["application_credential"];
            (json!({"methods": methods, "application_credential": credential}), &Scope::Unscoped)
        }
        Auth::Token { token, scope } => {
            (json!({"methods": ["token"], "token": {"id": token.expose()}}), scope)
        }
    };
    let mut auth = json!({"identity": identity});
    match scope {
        Scope::Unscoped => {}
        Scope::Project(Project::Id(id)) => auth["scope"] = json!({"project": {"id": id}}),
        Scope::Project(Project::Name { name, domain }) => {
            auth["scope"] = json!({"project": {"name": name, "domain": domain_value(domain)}});
        }
        Scope::Domain(domain) => auth["scope"] = json!({"domain": domain_value(domain)}),
        Scope::System => auth["scope"] = json!({"system": {"all": true}}),
    }
    json!({"auth": auth})
}

fn user_value(user: &User) -> Value {
    match user {
        User::Id(id) => json!({"id": id}),
        User::Name { name, domain } => json!({"name": name, "domain": domain_value(domain)}),
    }
}

fn domain_value(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({"id": id}),
        Domain::Name(name) => json!({"name": name}),
    }
}

#[derive(Deserialize)]
struct TokenReply {
    token: TokenBody,
}

#[derive(Deserialize)]
struct TokenBody {
    user: Identified,
    #[serde(default)]
    project: Option<Identified>,
    #[serde(default)]
    roles: Vec<Identified>,
    #[serde(default)]
    catalog: Catalog,
    #[serde(default, deserialize_with = "moment")]
    expires_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "moment")]
    issued_at: Option<OffsetDateTime>,
}

fn moment<'de, D: Deserializer<'de>>(input: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = Option::<String>::deserialize(input)?;
    Ok(text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::Duration;

    use http::HeaderValue;
    use serde_json::json;
    use tokio::time::Instant;

    use super::{Token, TokenCache, request_body};
    use crate::config::{Auth, Credential, Domain, Scope, User};
    use crate::error::{Error, ErrorKind, Result};

    fn token(lifetime: &str) -> Token {
        let body = json!({"token": {
            "user": {"id": "u", "name": "user"},
            "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": format!("2026-01-01T{lifetime}.000000Z"),
        }});
        Token::new(&HeaderValue::from_static("t"), body.to_string().as_bytes(), Instant::now()).unwrap()
    }

    #[test]
    fn bodies_are_those_of_the_identity_api() {
        assert_eq!(
            request_body(&Auth::password("me", "pw", "p")),
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user":
                    {"name": "me", "domain": {"id": "default"}, "password": "pw"}}},
                "scope": {"project": {"name": "p", "domain": {"id": "default"}}}}})
        );
        let named = Auth::ApplicationCredential {
            credential: Credential::Name {
                name: "app".into(),
                user: User::Name { name: "me".into(), domain: Domain::Name("D".into()) },
            },
            secret: "s".into(),
        };
        assert_eq!(
            request_body(&named),
            json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential":
                {"name": "app", "user": {"name": "me", "domain": {"name": "D"}}, "secret": "s"}}}})
        );
        let system = Auth::Token { token: "x".into(), scope: Scope::System };
        assert_eq!(
            request_body(&system),
            json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}},
                "scope": {"system": {"all": true}}}})
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_its_end() {
        let cache = TokenCache::default();
        let asked = Cell::new(0);
        let get = async |lasting: u64| {
            let renew = async {
                asked.set(asked.get() + 1);
                Ok(token("01:00:00"))
            };
            cache.get(Duration::from_secs(lasting), None, renew).await.unwrap();
            asked.get()
        };
        assert_eq!(get(0).await, 1);
        tokio::time::advance(Duration::from_secs(3400)).await;
        assert_eq!(get(0).await, 1);
        assert_eq!(get(600).await, 2, "a long job wants a fresh one");
        tokio::time::advance(Duration::from_secs(3481)).await;
        assert_eq!(get(0).await, 3, "within two minutes of its end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_life_is_not_an_endless_renewal() {
        let fresh = token("00:00:10");
        assert!(fresh.lasts(Duration::from_secs(600)));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(!fresh.lasts(Duration::ZERO));
    }

    #[tokio::test]
    async fn many_who_were_refused_make_one_renewal() {
        let cache = TokenCache::default();
        let first = cache.get(Duration::ZERO, None, async { Ok(token("01:00:00")) }).await.unwrap();
        let asked = Cell::new(0);
        let one = async || {
            let renew = async {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                Ok(token("01:00:00"))
            };
            cache.get(Duration::ZERO, Some(&first), renew).await.unwrap()
        };
        let all = futures_util::future::join_all((0..50).map(|_| one())).await;
        assert_eq!(asked.get(), 1);
        assert!(all.iter().all(|token| Arc::ptr_eq(token, &all[0]) && !Arc::ptr_eq(token, &first)));
    }

    #[tokio::test]
    async fn many_who_wait_for_a_refusal_do_not_repeat_it() {
        let cache = TokenCache::default();
        let asked = Cell::new(0);
        let one = async || -> Result<Arc<Token>> {
            let renew = async {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                Err(Error::new(ErrorKind::Unauthorized, "no"))
            };
            cache.get(Duration::ZERO, None, renew).await
        };
        let all = futures_util::future::join_all((0..50).map(|_| one())).await;
        assert!(all.iter().all(|outcome| outcome.as_ref().is_err_and(Error::is_unauthorized)));
        assert_eq!(asked.get(), 1);
        assert!(one().await.is_err());
        assert_eq!(asked.get(), 2, "a later caller may try again");
    }
}
