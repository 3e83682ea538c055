//! HTTP: one exchange of a request and an answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Url};
use tracing::debug;

use crate::config::CloudConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::options::CloudOptions;
use crate::service::ServiceType;
use crate::tls;
use crate::version::Microversion;

/// How long an unused connection is kept: less than the 5 seconds of Apache, under which OpenStack often runs, so
/// that no creation is written into a connection that the server is just closing.
const IDLE: Duration = Duration::from_secs(4);

/// The HTTP clients of one cloud.
pub(crate) struct Transport {
    /// Through the proxies of the environment.
    outside: Client,
    /// Around them, for this machine's own addresses.
    loopback: Client,
}

/// A request on its way out.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Outgoing {
    pub(crate) fn new(method: Method, mut url: Url, query: Vec<(String, String)>) -> Outgoing {
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Outgoing { method, url, headers, body: None }
    }

    /// Asks for a microversion, in the header of today and, for Nova, in the one that old servers read.
    pub(crate) fn ask_version(&mut self, service: &ServiceType, version: Microversion) {
        if let Ok(value) = HeaderValue::try_from(format!("{service} {version}")) {
            self.headers.insert("openstack-api-version", value);
        }
        if let (true, Ok(value)) =
            (*service == ServiceType::COMPUTE, HeaderValue::try_from(version.to_string()))
        {
            self.headers.insert("x-openstack-nova-api-version", value);
        }
    }
}

impl Transport {
    pub(crate) async fn new(config: &CloudConfig, options: &CloudOptions) -> Result<Transport> {
        if config.trust.file_wants_no_check && !config.trust.skip_check {
            return Err(Error::new(
                ErrorKind::Tls,
                format!(
                    "{} says `verify: false`; name its authority with cacert instead, or let the program call danger::skip_certificate_check",
                    config.label()
                ),
            ));
        }
        let trust = config.trust.clone();
        // Reading the system's authorities takes a while.
        let tls = tokio::task::spawn_blocking(move || tls::client_config(&trust))
            .await
            .map_err(|error| Error::new(ErrorKind::Tls, "TLS can't be set up").with_source(error))??;
        let build = |around_proxies: bool| {
            let own = concat!("openstack-sdk-rs/", env!("CARGO_PKG_VERSION"));
            let agent = options.user_agent.as_ref().map_or(own.to_owned(), |name| format!("{name} {own}"));
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(options.connect_timeout)
                .pool_idle_timeout(IDLE)
                .redirect(same_place())
                .user_agent(agent);
            let builder = if around_proxies { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| Error::config("the HTTP client can't be made").with_source(error))
        };
        Ok(Transport { outside: build(false)?, loopback: build(true)? })
    }

    fn client(&self, url: &Url) -> &Client {
        let is_loopback = match url.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        if is_loopback { &self.loopback } else { &self.outside }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(&self, label: &str, outgoing: Outgoing) -> Result<Answer> {
        let body = outgoing.body.clone().map(Body::from);
        self.exchange_body(label, outgoing, body).await
    }

    /// Sends a request with a body of any kind and reads the whole answer.
    pub(crate) async fn exchange_body(
        &self,
        label: &str,
        outgoing: Outgoing,
        body: Option<Body>,
    ) -> Result<Answer> {
        let client = self.client(&outgoing.url);
        let host = outgoing.url.origin().ascii_serialization();
        let mut builder = client.request(outgoing.method, outgoing.url).headers(outgoing.headers);
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(|error| broken(label, &host, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| broken(label, &host, error))?;
        let request_id = failure::request_id(&headers);
        debug!(call = label, status = status.as_u16(), request_id, "answered");
        Ok(Answer { status, headers, body })
    }
}

/// Follows a redirect only to the same origin: the token goes along with it.
fn same_place() -> Policy {
    Policy::custom(|attempt| {
        let first = attempt.previous().first().map(Url::origin);
        if attempt.previous().len() > 5 || first != Some(attempt.url().origin()) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

/// The error of an exchange that did not come to an answer.
fn broken(label: &str, host: &str, error: reqwest::Error) -> Error {
    // The address may carry names that belong to the caller alone.
    let error = error.without_url();
    let tls = std::iter::successors(std::error::Error::source(&error), |error| error.source())
        .find_map(innermost_tls);
    if let Some(reason) = tls {
        return Error::new(
            ErrorKind::Tls,
            format!("{label}: {host} was not trusted: {reason}; check cacert"),
        )
        .with_source(error);
    }
    let (kind, what) = if error.is_connect() {
        (ErrorKind::Connect, "can't be reached")
    } else {
        (ErrorKind::Interrupted, "broke off")
    };
    let reason = std::iter::successors(std::error::Error::source(&error), |error| error.source())
        .last()
        .map_or_else(String::new, |source| format!(": {source}"));
    Error::new(kind, format!("{label}: {host} {what}{reason}")).with_source(error)
}

/// What rustls says. I/O errors hide what they wrap from the source chain, and one may wrap another.
fn innermost_tls(source: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = source.downcast_ref::<rustls::Error>() {
        return Some(error.to_string());
    }
    innermost_tls(source.downcast_ref::<std::io::Error>()?.get_ref()?)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::innermost_tls;

    #[test]
    fn a_tls_error_is_found_inside_io_errors() {
        let error = io::Error::other(io::Error::other(rustls::Error::DecryptError));
        assert!(innermost_tls(&error).is_some());
        assert_eq!(innermost_tls(&io::Error::other("cut")), None);
    }
}
