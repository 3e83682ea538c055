//! The TLS configuration, with the crypto provider chosen here and nowhere else.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Trust;
use crate::danger;
use crate::error::{Error, ErrorKind, Result};

/// Reads the trust files and makes the TLS configuration. This blocks.
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Tls, "TLS can't be set up").with_source(error))?;
    let builder = if trust.skip_check {
        let verifier = Arc::new(danger::AcceptAnything::new(provider));
        builder.dangerous().with_custom_certificate_verifier(verifier)
    } else {
        builder.with_root_certificates(roots(trust)?)
    };
    match &trust.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((cert, key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let text = format!("the key does not fit the client certificate in {}", cert.display());
                Error::new(ErrorKind::Tls, text).with_source(error)
            })
        }
    }
}

fn roots(trust: &Trust) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match &trust.authorities {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unreadable(path, error))?;
            }
        }
        // A machine without system roots can still reach clouds over plain HTTP.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, error))?;
    if found.is_empty() {
        return Err(Error::new(ErrorKind::Tls, format!("{} has no certificate", path.display())));
    }
    Ok(found)
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let text = format!("{} can't be read as PEM: {error}", path.display());
    Error::new(ErrorKind::Tls, text).with_source(error)
}
