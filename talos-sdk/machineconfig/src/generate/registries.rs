//! Image registries: mirrors, trust, credentials.

use crate::Document;
use crate::options::GenerateOptions;
use crate::types::cri::{RegistryEndpoint, RegistryMirrorConfig};
use crate::types::v1alpha1::{self, RegistriesConfig, RegistryConfig};
use crate::types::{Base64Bytes, CertificateAndKey};
use crate::{Error, ErrorKind, Result};

/// The old registry of Kubernetes images, which 1.2 mirrors from the new one.
const OLD_REGISTRY: &str = "k8s.gcr.io";

/// For releases from 1.12 on, sorted by kind and name.
pub(crate) fn documents(options: &GenerateOptions) -> Result<Vec<Document>> {
    let mut documents: Vec<Document> = options.registry_auth.values().cloned().map(Into::into).collect();
    for (host, urls) in &options.registry_mirrors {
        let endpoint = |url: &String| {
            let url = url.parse().map_err(|error: Error| {
                Error::new(ErrorKind::InvalidOption, format!("registry mirror of {host}: {error}"))
            })?;
            Ok(RegistryEndpoint { url, override_path: None })
        };
        let endpoints = urls.iter().map(endpoint).collect::<Result<_>>()?;
        documents.push(RegistryMirrorConfig { name: host.clone(), endpoints, skip_fallback: None }.into());
    }
    documents.extend(options.registry_tls.values().cloned().map(Document::from));
    Ok(documents)
}

/// For releases up to 1.11.
pub(crate) fn section(options: &GenerateOptions) -> RegistriesConfig {
    let mut registries = RegistriesConfig::default();
    let mut mirror = |host: &str, endpoints: Vec<String>| {
        let mirror = v1alpha1::RegistryMirrorConfig { endpoints, ..Default::default() };
        registries.mirrors.insert(host.to_owned(), Some(mirror));
    };
    if options.contract.kubernetes_alternate_image_registries() {
        mirror(OLD_REGISTRY, vec!["https://registry.k8s.io".to_owned(), "https://k8s.gcr.io".to_owned()]);
    }
    if options.contract.multidoc_network_config_supported() {
        return registries;
    }
    for (host, endpoints) in &options.registry_mirrors {
        mirror(host, endpoints.clone());
    }
    for (host, tls) in &options.registry_tls {
        access(&mut registries, host).tls = Some(v1alpha1::RegistryTlsConfig {
            client_identity: tls
                .client_identity
                .as_ref()
                .map(|pair| CertificateAndKey { crt: pair.cert.as_str().into(), key: (&*pair.key).into() }),
            ca: Base64Bytes::from(tls.ca.as_str()),
            insecure_skip_verify: tls.insecure_skip_verify,
        });
    }
    for (host, auth) in &options.registry_auth {
        access(&mut registries, host).auth = Some(v1alpha1::RegistryAuthConfig {
            username: auth.username.clone(),
            password: auth.password.clone(),
            auth: auth.auth.clone(),
            identity_token: auth.identity_token.clone(),
        });
    }
    registries
}

fn access<'a>(registries: &'a mut RegistriesConfig, host: &str) -> &'a mut RegistryConfig {
    registries.config.entry(host.to_owned()).or_default().get_or_insert_default()
}
