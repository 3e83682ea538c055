//! Trust in a key instead of an authority.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use talos_pki::{Certificate, Fingerprint};

/// Accepts a server by the key in its certificate, whoever issued that, for whatever name and time.
///
/// The server still proves with its handshake signature that it has the key.
#[derive(Debug)]
pub(crate) struct PinnedKey {
    /// `None` accepts any key.
    accepted: Option<Vec<Fingerprint>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedKey {
    pub(crate) fn new(accepted: Option<Vec<Fingerprint>>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { accepted, algorithms }
    }
}

/// The server has another key than the pinned ones.
#[derive(Debug, Clone)]
pub(crate) struct Mismatch {
    pub(crate) presented: Fingerprint,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server showed the key {}", self.presented)
    }
}

impl std::error::Error for Mismatch {}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(accepted) = &self.accepted else {
            return Ok(ServerCertVerified::assertion());
        };
        let presented = Certificate::from_der(leaf)
            .map_err(|error| CertificateError::Other(OtherError(Arc::new(error))))?
            .fingerprint();
        if accepted.contains(&presented) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::Other(OtherError(Arc::new(Mismatch { presented }))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
