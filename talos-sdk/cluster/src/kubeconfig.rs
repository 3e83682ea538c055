//! What a kubeconfig says about one cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// The parts of a kubeconfig's current context that this crate uses.
pub(crate) struct Kubeconfig {
    pub(crate) server: String,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<Named<ContextEntry>>,
    #[serde(default)]
    clusters: Vec<Named<ClusterEntry>>,
    #[serde(default)]
    users: Vec<Named<UserEntry>>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user")]
    value: T,
}

#[derive(Deserialize)]
struct ContextEntry {
    cluster: String,
    user: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterEntry {
    server: String,
    certificate_authority_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserEntry {
    client_certificate_data: String,
    client_key_data: String,
}

impl Kubeconfig {
    /// Reads the current context of a kubeconfig that carries its certificates, as Talos makes it.
    pub(crate) fn from_yaml(text: &str) -> Result<Self> {
        // A reason from the parser could quote a key.
        let file: File = serde_yaml::from_str(text)
            .map_err(|_| invalid("is not YAML of the shape that Talos writes, with certificates inside"))?;
        let context = find(file.contexts, &file.current_context, "context")?;
        let cluster = find(file.clusters, &context.cluster, "cluster")?;
        let user = find(file.users, &context.user, "user")?;

        let key_pem = decode(&user.client_key_data, "client-key-data")?;
        Ok(Self {
            server: cluster.server.trim_end_matches('/').to_owned(),
            authorities: certificates(&decode(
                &cluster.certificate_authority_data,
                "certificate-authority-data",
            )?)?,
            certificates: certificates(&decode(&user.client_certificate_data, "client-certificate-data")?)?,
            key: PrivateKeyDer::from_pem_slice(&key_pem)
                .map_err(|_| invalid("has a client key that is not a PEM private key"))?,
        })
    }
}

/// The certificates of a PEM text; none is an error.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| invalid("has a certificate that is not PEM"))?;
    if found.is_empty() {
        return Err(invalid("has no certificate where one is needed"));
    }
    Ok(found)
}

fn find<T>(entries: Vec<Named<T>>, name: &str, what: &str) -> Result<T> {
    entries
        .into_iter()
        .find(|entry| entry.name == name)
        .map(|entry| entry.value)
        .ok_or_else(|| invalid(&format!("names the {what} {name:?} but has none of that name")))
}

fn decode(text: &str, what: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text.trim()).map_err(|_| invalid(&format!("has a {what} that is not base64")))
}

fn invalid(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidKubeconfig,
        format!("the kubeconfig {what}; fetch it from a control plane again"),
    )
}
