//! The connection to one cloud: token, endpoints, versions, and the one place where requests are sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tracing::debug;

use crate::catalog::{self, Catalog};
use crate::compute::ComputeClient;
use crate::config::CloudConfig;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::identity::IdentityClient;
use crate::image::ImageClient;
use crate::network::NetworkClient;
use crate::options::CloudOptions;
use crate::request::Request;
use crate::service::ServiceType;
use crate::token::{self, Token, TokenCache};
use crate::transport::{Answer, Outgoing, Transport};
use crate::version::{Microversion, MicroversionRange, VersionDocument};

const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// A cloud that one is logged in to. Cheap to clone; clones share the token and the connections.
#[derive(Clone)]
pub struct Cloud {
    inner: Arc<Inner>,
    deadline: Option<Deadline>,
}

struct Inner {
    config: CloudConfig,
    options: CloudOptions,
    transport: Transport,
    tokens: TokenCache,
    compute: OnceCell<Option<MicroversionRange>>,
}

/// A service's answer to a [`Request`].
#[derive(Clone)]
pub struct Response {
    label: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Response {
    /// The status, always a successful one.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| self.unexpected(&error.to_string(), error))
    }

    /// What stands in the body under a key.
    pub(crate) fn under<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        self.part(&mut self.json()?, key)
    }

    /// Takes what stands under a key out of the body.
    pub(crate) fn part<T: DeserializeOwned>(&self, body: &mut Value, key: &str) -> Result<T> {
        let inner = body.get_mut(key).map(Value::take);
        let inner =
            inner.ok_or_else(|| Error::protocol(format!("{}: the reply lacks `{key}`", self.label)))?;
        serde_json::from_value(inner).map_err(|error| self.unexpected(&error.to_string(), error))
    }

    fn unexpected(&self, what: &str, error: serde_json::Error) -> Error {
        Error::protocol(format!("{}: the reply can't be read: {what}", self.label))
            .with_request_id(failure::request_id(&self.headers))
            .with_source(error)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Cloud {
    /// Logs in. Everything else is found out when it is first needed.
    ///
    /// # Errors
    /// When the trust files can't be read, Keystone can't be reached or refuses the credentials.
    pub async fn connect(config: CloudConfig) -> Result<Cloud> {
        Cloud::connect_with(config, CloudOptions::default()).await
    }

    /// Logs in, with options.
    ///
    /// # Errors
    /// As [`Cloud::connect`].
    pub async fn connect_with(config: CloudConfig, options: CloudOptions) -> Result<Cloud> {
        let transport = Transport::new(&config, &options).await?;
        let inner =
            Inner { config, options, transport, tokens: TokenCache::default(), compute: OnceCell::new() };
        let cloud = Cloud { inner: Arc::new(inner), deadline: None };
        cloud.token().await?;
        Ok(cloud)
    }

    /// The same cloud, all of whose calls have to be done by then.
    #[must_use]
    pub fn with_deadline(&self, deadline: impl Into<Deadline>) -> Cloud {
        Cloud { inner: self.inner.clone(), deadline: Some(deadline.into()) }
    }

    /// The configuration.
    pub fn config(&self) -> &CloudConfig {
        &self.inner.config
    }

    /// Keystone.
    pub fn identity(&self) -> IdentityClient {
        IdentityClient::new(self.clone())
    }

    /// Glance.
    pub fn image(&self) -> ImageClient {
        ImageClient::new(self.clone())
    }

    /// Nova.
    pub fn compute(&self) -> ComputeClient {
        ComputeClient::new(self.clone())
    }

    /// Neutron.
    pub fn network(&self) -> NetworkClient {
        NetworkClient::new(self.clone())
    }

    /// The catalog of the current token.
    ///
    /// # Errors
    /// When there is no token and none can be had.
    pub async fn catalog(&self) -> Result<Catalog> {
        Ok(self.token().await?.catalog.clone())
    }

    /// The versioned address of a service in the configured region and interface.
    ///
    /// # Errors
    /// When the catalog has none.
    pub async fn endpoint(&self, service: &ServiceType) -> Result<String> {
        Ok(self.url(&*self.token().await?, service)?.to_string())
    }

    /// Sends a request: with a token, in a microversion that both sides know, again after failures that may
    /// pass (see [`RetryPolicy`](crate::RetryPolicy)), once more with a new token after 401.
    ///
    /// # Errors
    /// Every answer outside 200–299 is an error.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let budget = self.budget();
        let sending = async {
            let mut tried = 0;
            loop {
                let error = match self.attempt(request, budget).await {
                    Ok(response) => return Ok(response),
                    Err(error) => error,
                };
                let pause = self.inner.options.retry.pause(error, request.idempotent, tried, budget)?;
                debug!(request = %request.label(), tried, ?pause, "trying again");
                tokio::time::sleep(pause).await;
                tried += 1;
            }
        };
        match tokio::time::timeout_at(budget.instant(), sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(late(&request.label())),
        }
    }

    /// What stands in the reply under a key.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, request: &Request, key: &str) -> Result<T> {
        self.send(request).await?.under(key)
    }

    /// One try, with a second one if the token is refused.
    async fn attempt(&self, request: &Request, budget: Deadline) -> Result<Response> {
        let mut refused: Option<Arc<Token>> = None;
        loop {
            let token = self.token_lasting(Duration::ZERO, refused.as_ref(), budget).await?;
            let url = catalog::join(&self.url(&token, &request.service)?, &request.path);
            let mut outgoing = Outgoing::new(request.method.clone(), url, request.query.clone());
            outgoing.headers.insert(X_AUTH_TOKEN, token.header());
            for (name, value) in &request.headers {
                outgoing.headers.insert(name.clone(), value.clone());
            }
            if let Some(versions) = request.microversion {
                let version =
                    self.pick(&request.service, &token, versions.need, versions.want, budget).await?;
                outgoing.ask_version(&request.service, version);
            }
            outgoing.body = request.body.clone().map(Bytes::from);
            let answer = self.exchange(&request.label(), outgoing, budget).await?;
            if answer.status == StatusCode::UNAUTHORIZED && refused.is_none() {
                refused = Some(token);
                continue;
            }
            if !answer.status.is_success() {
                let label = request.label();
                return Err(failure::error(
                    &label,
                    answer.status,
                    &answer.headers,
                    &answer.body,
                    &request.secrets,
                ));
            }
            return Ok(Response {
                label: request.label(),
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            });
        }
    }

    /// One exchange within its own time limit.
    async fn exchange(&self, label: &str, outgoing: Outgoing, budget: Deadline) -> Result<Answer> {
        let limit = Deadline::after(self.inner.options.attempt_timeout);
        let exchange = self.inner.transport.exchange(label, outgoing);
        match tokio::time::timeout_at(limit.earlier(Some(budget)).instant(), exchange).await {
            Ok(outcome) => outcome,
            Err(_) if budget.is_over() => Err(late(label)),
            Err(_) => Err(Error::new(
                ErrorKind::Interrupted,
                format!("{label}: no answer within {:?}", self.inner.options.attempt_timeout),
            )),
        }
    }

    /// The deadline of a call that begins now.
    pub(crate) fn budget(&self) -> Deadline {
        self.deadline.unwrap_or_else(|| Deadline::after(self.inner.options.call_timeout))
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    pub(crate) fn options(&self) -> &CloudOptions {
        &self.inner.options
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// The current token, or a new one when it is about to end.
    pub(crate) async fn token(&self) -> Result<Arc<Token>> {
        let budget = self.budget();
        let getting = self.token_lasting(Duration::ZERO, None, budget);
        match tokio::time::timeout_at(budget.instant(), getting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(late("logging in")),
        }
    }

    pub(crate) async fn token_lasting(
        &self,
        lasting: Duration,
        refused: Option<&Arc<Token>>,
        budget: Deadline,
    ) -> Result<Arc<Token>> {
        self.inner.tokens.get(lasting, refused, self.log_in(budget)).await
    }

    /// Asks Keystone for a token. Asking twice does no harm.
    async fn log_in(&self, budget: Deadline) -> Result<Token> {
        let config = &self.inner.config;
        let base = catalog::versioned(config.auth_url.clone(), &ServiceType::IDENTITY);
        let url = catalog::join(&base, "auth/tokens");
        let label = format!("logging in to {}", config.label());
        let body = Bytes::from(token::request_body(&config.auth).to_string());
        let mut tried = 0;
        loop {
            let mut outgoing = Outgoing::new(Method::POST, url.clone(), Vec::new());
            outgoing.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            outgoing.body = Some(body.clone());
            let received = Instant::now();
            let outcome = match self.exchange(&label, outgoing, budget).await {
                Ok(answer) if answer.status.is_success() => match answer.headers.get(X_SUBJECT_TOKEN) {
                    Some(text) => return Token::new(text, &answer.body, received),
                    None => Error::protocol(format!("{label}: the reply has no X-Subject-Token")),
                },
                Ok(answer) => self.refused(&label, &answer),
                Err(error) => error,
            };
            tokio::time::sleep(self.inner.options.retry.pause(outcome, true, tried, budget)?).await;
            tried += 1;
        }
    }

    /// Keystone's refusal to log in. It says 404 for a credential or token that it does not know.
    fn refused(&self, label: &str, answer: &Answer) -> Error {
        let secrets = [self.inner.config.auth.secret().clone()];
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND) {
            let text = format!(
                "{label}: Keystone refused the credentials with {}; check the name, secret, project and domains, and the path of auth_url",
                answer.status.as_u16()
            );
            return Error::new(ErrorKind::Unauthorized, text)
                .with_status(answer.status)
                .with_request_id(failure::request_id(&answer.headers));
        }
        failure::error(label, answer.status, &answer.headers, &answer.body, &secrets)
    }

    pub(crate) fn url(&self, token: &Token, service: &ServiceType) -> Result<Url> {
        let config = &self.inner.config;
        let url = match token.catalog.endpoint(config, service) {
            // A token without a project has no catalog, but Keystone's address is known anyway.
            Err(_) if *service == ServiceType::IDENTITY => config.auth_url.clone(),
            outcome => outcome?,
        };
        Ok(catalog::versioned(url, service))
    }

    /// The microversions that Nova offers; `None` for one that is too old to have any.
    ///
    /// # Errors
    /// When Nova's version document can't be had.
    pub(crate) async fn compute_versions(&self) -> Result<Option<MicroversionRange>> {
        let budget = self.budget();
        let token = self.token_lasting(Duration::ZERO, None, budget).await?;
        self.range(&token, budget).await
    }

    async fn range(&self, token: &Token, budget: Deadline) -> Result<Option<MicroversionRange>> {
        let endpoint = self.url(token, &ServiceType::COMPUTE)?;
        let read = async || {
            let label = "compute GET version document";
            let outgoing = Outgoing::new(Method::GET, catalog::version_document(&endpoint), Vec::new());
            let answer = self.exchange(label, outgoing, budget).await?;
            if !answer.status.is_success() {
                return Err(failure::error(label, answer.status, &answer.headers, &answer.body, &[]));
            }
            let document: VersionDocument = serde_json::from_slice(&answer.body).map_err(|error| {
                Error::protocol("Nova's version document can't be read").with_source(error)
            })?;
            Ok(document.version.range())
        };
        self.inner.compute.get_or_try_init(read).await.copied()
    }

    async fn pick(
        &self,
        service: &ServiceType,
        token: &Token,
        need: Microversion,
        want: Microversion,
        budget: Deadline,
    ) -> Result<Microversion> {
        if *service != ServiceType::COMPUTE {
            return Ok(want);
        }
        let range = self.range(token, budget).await?;
        range.and_then(|range| range.pick(need, want)).ok_or_else(|| {
            let has = range
                .map_or_else(|| "none".to_owned(), |range| format!("{} to {}", range.oldest, range.newest));
            let text = format!("this call needs microversion {need} of Nova, which offers {has}");
            Error::new(ErrorKind::Unsupported, text)
        })
    }
}

/// The error of a call whose deadline passed.
pub(crate) fn late(label: &str) -> Error {
    Error::new(ErrorKind::Deadline, format!("{label}: not done by the deadline"))
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("config", &self.inner.config)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
