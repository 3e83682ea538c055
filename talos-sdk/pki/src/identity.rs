//! A certificate with the key it certifies.

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Certificate, Error, ErrorKind, PrivateKey, Result, SecretString};

/// What one side of a TLS connection shows: a certificate, its key, and the certificates between it and the authority.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate of the key.
    pub certificate: Certificate,
    /// Certificates of intermediate authorities, nearest first. Talos issues without any.
    pub intermediates: Vec<Certificate>,
    /// The private key.
    pub key: PrivateKey,
}

impl Identity {
    /// Reads the certificate (first block, intermediates after it) and the key, and checks that they belong together.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self> {
        let mut chain = Certificate::parse_bundle(certificates)?.into_iter();
        let certificate =
            chain.next().ok_or_else(|| Error::new(ErrorKind::Pem, "the text holds no CERTIFICATE block"))?;
        let key = PrivateKey::from_pem(key)?;
        certificate.check_key(&key)?;
        Ok(Self { certificate, intermediates: chain.collect(), key })
    }

    /// The chain as PEM, leaf first.
    #[must_use]
    pub fn certificates_to_pem(&self) -> String {
        self.chain().map(Certificate::to_pem).collect()
    }

    /// The key as PEM under the label of Talos.
    #[must_use]
    pub fn key_to_pem(&self) -> SecretString {
        self.key.to_pem()
    }

    /// The chain and the key as `rustls::ClientConfig` and `rustls::ServerConfig` take them.
    #[must_use]
    pub fn to_rustls(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain().map(Certificate::to_rustls).collect(), self.key.to_rustls())
    }

    fn chain(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(&self.intermediates)
    }
}
