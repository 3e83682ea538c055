//! Calls that prove who is calling by a signature, as Omni wants it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Error, ErrorKind, Result};

const TIMESTAMP: HeaderName = HeaderName::from_static("x-sidero-timestamp");
const PAYLOAD: HeaderName = HeaderName::from_static("x-sidero-payload");
const SIGNATURE: HeaderName = HeaderName::from_static("x-sidero-signature");

/// The metadata that is signed along with the method.
const SIGNED: [HeaderName; 9] = [
    TIMESTAMP,
    HeaderName::from_static("nodes"),
    HeaderName::from_static("selectors"),
    HeaderName::from_static("runtime"),
    HeaderName::from_static("context"),
    HeaderName::from_static("cluster"),
    HeaderName::from_static("namespace"),
    HeaderName::from_static("uid"),
    AUTHORIZATION,
];

type Sign = dyn Fn(&[u8], SystemTime) -> Result<Vec<u8>> + Send + Sync;

/// Signs every call of a client for servers with SideroV1 authentication, such as Omni.
///
/// A context with `auth.siderov1` needs one: [`ClientOptions::with_signer`](crate::ClientOptions::with_signer). With the
/// feature `siderov1` it is made from a service account or a key of Ed25519, and `SideroV1Keys` finds them; without it,
/// or for other keys, the caller signs, with a library or a program of their choice.
///
/// The signature counts for five minutes on the server's clock. Ours is
/// [`ClientOptions::clock`](crate::ClientOptions::clock).
#[derive(Clone)]
pub struct SideroV1Signer {
    identity: Arc<str>,
    fingerprint: Arc<str>,
    sign: Arc<Sign>,
}

impl SideroV1Signer {
    /// Signs with this function, which makes a detached, binary OpenPGP signature of the bytes it gets.
    ///
    /// `identity` is the e-mail address of a user or the name of a service account, `fingerprint` that of the key in
    /// hexadecimal. [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration): either has characters
    /// that can't be.
    ///
    /// ```
    /// use talos_client::SideroV1Signer;
    /// # fn detached_signature(_: &[u8]) -> Vec<u8> { Vec::new() }
    ///
    /// # fn main() -> Result<(), talos_client::Error> {
    /// let fingerprint = "36c78a1bf1a3b0d0d1a1e1d8a0f4c1b0d0a5c7e9";
    /// let signer = SideroV1Signer::new("me@example.org", fingerprint, |payload| Ok(detached_signature(payload)))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(
        identity: &str,
        fingerprint: &str,
        sign: impl Fn(&[u8]) -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let fingerprint = fingerprint.to_ascii_lowercase();
        let hexadecimal = !fingerprint.is_empty() && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal || identity.is_empty() || !identity.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "the identity must be a word, such as an e-mail address, and the fingerprint of its key hexadecimal",
            ));
        }
        let sign = move |payload: &[u8], _: SystemTime| {
            sign(payload).map_err(|error| {
                Error::new(ErrorKind::InvalidConfiguration, format!("the call can't be signed: {error}"))
                    .with_source(error)
            })
        };
        Ok(Self { identity: identity.into(), fingerprint: fingerprint.into(), sign: Arc::new(sign) })
    }

    /// Signs with the key of a service account: the value of `OMNI_SERVICE_ACCOUNT_KEY`, base64 of JSON with `name`,
    /// which is the identity, and `pgp_key`.
    ///
    /// Fails with [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration) if it is not that, and as
    /// [`SideroV1Signer::from_key`] does.
    #[cfg(feature = "siderov1")]
    pub fn from_service_account(base64: &talos_pki::SecretString) -> Result<Self> {
        let (name, key) = crate::siderov1_keys::service_account(base64.expose())?;
        Self::from_key(&name, &key)
    }

    /// Signs with an armored OpenPGP key: version 4, Ed25519, without a passphrase, as `talosctl` and `omnictl` make them.
    ///
    /// Fails with [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration) for any other, and for one
    /// that is revoked or may not sign. Calls fail with
    /// [`ErrorKind::SigningKeyExpired`](crate::ErrorKind::SigningKeyExpired) from when the key expires; those of users live
    /// four hours.
    #[cfg(feature = "siderov1")]
    pub fn from_key(identity: &str, armored: &talos_pki::SecretString) -> Result<Self> {
        let key = crate::openpgp::SecretKey::from_armored(armored.expose())
            .map_err(|reason| Error::new(ErrorKind::InvalidConfiguration, reason))?;
        let mut signer = Self::new(identity, &key.fingerprint(), |_| Ok(Vec::new()))?;
        signer.sign = Arc::new(move |payload, now| {
            if key.expires().is_some_and(|expires| now >= expires) {
                let message = "the key that signs the calls has expired: renew it with the tool that made it (`talosctl` or \
                               `omnictl` for a user, Omni for a service account), then connect anew";
                return Err(Error::new(ErrorKind::SigningKeyExpired, message));
            }
            if key.is_from_the_future(now) {
                let message = "the key that signs the calls was made later than now: set the clock of this machine, which may \
                               be five minutes off at most";
                return Err(Error::new(ErrorKind::InvalidConfiguration, message));
            }
            Ok(key.sign(payload, now))
        });
        Ok(signer)
    }

    /// Signs the metadata of a call, which must be complete but for the signature.
    pub(crate) fn sign(&self, headers: &mut HeaderMap, method: &str, now: SystemTime) -> Result<()> {
        let timestamp = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        headers.insert(TIMESTAMP, HeaderValue::from(timestamp));
        let payload = payload(headers, method)?;
        let signature = (self.sign)(payload.as_bytes(), now)?;
        let signature =
            format!("siderov1 {} {} {}", self.identity, self.fingerprint, STANDARD.encode(signature));
        for (name, value) in [(PAYLOAD, payload), (SIGNATURE, signature)] {
            let mut value = HeaderValue::from_str(&value).map_err(|_| unsignable(&name))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(())
    }
}

impl fmt::Debug for SideroV1Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideroV1Signer")
            .field("identity", &self.identity)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// What is signed, as JSON: the headers that are there, each a list of its values, and the method.
fn payload(headers: &HeaderMap, method: &str) -> Result<String> {
    let mut parts = Vec::new();
    for name in SIGNED {
        let values: Vec<String> = headers
            .get_all(&name)
            .iter()
            .map(|value| value.to_str().map(quoted).map_err(|_| unsignable(&name)))
            .collect::<Result<_>>()?;
        // The server tells a header that is not there from one without values.
        if !values.is_empty() {
            parts.push(format!("\"{name}\":[{}]", values.join(",")));
        }
    }
    Ok(format!("{{\"headers\":{{{}}},\"method\":{}}}", parts.join(","), quoted(method)))
}

/// A JSON string of what a header can hold: visible ASCII, spaces and tabs.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

fn unsignable(name: &HeaderName) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("the metadata `{name}` has characters that can't be signed"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_signed_is_what_is_sent() {
        let signer =
            SideroV1Signer::new("me@example.org", "AB12", |payload| Ok(payload[..3].to_vec())).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("runtime", HeaderValue::from_static("Talos"));
        headers.insert("context", HeaderValue::from_static("a \"quoted\\\" name"));
        headers.insert("node", HeaderValue::from_static("10.0.0.2"));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        signer.sign(&mut headers, "/machine.MachineService/Version", now).unwrap();
        let payload = headers["x-sidero-payload"].to_str().unwrap();
        let json: serde_json::Value = serde_json::from_str(payload).unwrap();
        let expected = serde_json::json!({
            "headers": {
                "x-sidero-timestamp": ["1700000000"],
                "runtime": ["Talos"],
                "context": ["a \"quoted\\\" name"],
            },
            "method": "/machine.MachineService/Version",
        });
        assert_eq!(json, expected);
        assert_eq!(headers["x-sidero-timestamp"], "1700000000");
        assert_eq!(headers["x-sidero-signature"], "siderov1 me@example.org ab12 eyJo");
        assert!(!format!("{headers:?}").contains("eyJo"));
    }

    #[test]
    fn names_that_would_break_the_header_are_refused() {
        for (identity, fingerprint) in [("", "ab"), ("a b", "ab"), ("a", ""), ("a", "xyz"), ("a\n", "ab")] {
            let error = SideroV1Signer::new(identity, fingerprint, |_| Ok(Vec::new())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{identity:?} {fingerprint:?}");
        }
    }
}
