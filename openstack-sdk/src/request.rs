//! A request as a value: everything about a call that can be known without a network.

use std::fmt;

use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::service::ServiceType;
use crate::version::Microversion;

/// One call of a service's API: method, path, query, headers and JSON body.
///
/// The typed calls make these and [`Cloud::send`](crate::Cloud::send) sends them; a call that this crate has no
/// type for is made the same way.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) service: ServiceType,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) microversion: Option<Microversions>,
    pub(crate) idempotent: bool,
    pub(crate) secrets: Vec<Secret>,
}

/// The microversions that a request can be made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Microversions {
    /// The oldest that has what the request needs.
    pub need: Microversion,
    /// The newest whose replies this crate knows.
    pub want: Microversion,
}

impl Request {
    /// A request to a service; the path is relative to the versioned endpoint, as in `servers/detail`.
    pub fn new(method: Method, service: ServiceType, path: impl Into<String>) -> Request {
        let idempotent = method != Method::POST && method != Method::PATCH;
        Request {
            method,
            service,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            microversion: None,
            idempotent,
            secrets: Vec::new(),
        }
    }

    /// Reads something.
    pub fn get(service: ServiceType, path: impl Into<String>) -> Request {
        Request::new(Method::GET, service, path)
    }

    /// Makes something, or asks for an action. Never sent twice when the outcome of the first time is unknown.
    pub fn post(service: ServiceType, path: impl Into<String>) -> Request {
        Request::new(Method::POST, service, path)
    }

    /// Replaces something.
    pub fn put(service: ServiceType, path: impl Into<String>) -> Request {
        Request::new(Method::PUT, service, path)
    }

    /// Removes something.
    pub fn delete(service: ServiceType, path: impl Into<String>) -> Request {
        Request::new(Method::DELETE, service, path)
    }

    /// Adds a parameter to the query.
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.headers.push((name, value));
        self
    }

    /// Sets the JSON body.
    ///
    /// # Errors
    /// When the value can't be written as JSON.
    pub fn with_json<T: Serialize + ?Sized>(self, body: &T) -> Result<Request> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::invalid("the body can't be written as JSON").with_source(error))?;
        Ok(self.with_body("application/json", body))
    }

    /// Sets a JSON body that is a value already.
    pub(crate) fn with_value(self, body: &Value) -> Request {
        self.with_body("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn with_body(mut self, media_type: &'static str, body: Vec<u8>) -> Request {
        self.headers.push((http::header::CONTENT_TYPE, HeaderValue::from_static(media_type)));
        self.body = Some(body);
        self
    }

    /// Asks for a microversion: the newest of the server's that is not newer than `want`.
    /// The call fails if that is older than `need`.
    pub fn with_microversion(mut self, need: Microversion, want: Microversion) -> Request {
        self.microversion = Some(Microversions { need, want: want.max(need) });
        self
    }

    /// Says whether doing it twice is the same as doing it once; so for all but `POST` and `PATCH`.
    pub fn with_idempotent(mut self, idempotent: bool) -> Request {
        self.idempotent = idempotent;
        self
    }

    /// Names a text of the body that the service's error message may repeat and ours must not.
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Request {
        self.secrets.push(secret.into());
        self
    }

    /// How errors and logs call the request.
    pub(crate) fn label(&self) -> String {
        format!("{} {} /{}", self.service, self.method, self.path)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body can hold user data or a password.
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("service", &self.service)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .field("microversion", &self.microversion)
            .field("idempotent", &self.idempotent)
            .finish_non_exhaustive()
    }
}

/// Writes one segment of a path, so that whatever is in it stays in it.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // These two would be taken for steps up the path.
    match out.as_str() {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, segment};
    use crate::ServiceType;

    #[test]
    fn a_segment_stays_one_segment() {
        assert_eq!(segment("a/b c?d=ü"), "a%2Fb%20c%3Fd%3D%C3%BC");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("0f-1_2.3"), "0f-1_2.3");
    }

    #[test]
    fn debug_shows_no_body() {
        let request = Request::post(ServiceType::COMPUTE, "servers")
            .with_json("very secret")
            .unwrap_or_else(|_| Request::get(ServiceType::COMPUTE, ""));
        let text = format!("{request:?}");
        assert!(!text.contains("very secret") && text.contains("body_bytes: Some(13)"), "{text}");
    }
}
