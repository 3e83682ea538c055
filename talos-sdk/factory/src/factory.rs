//! A client of one factory.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::asset::{Asset, Compression};
use crate::download::Download;
use crate::error::{Error, ErrorKind, Result};
use crate::schematic::Schematic;

/// The public factory of Sidero Labs.
pub const PUBLIC_FACTORY: &str = "https://factory.talos.dev";

/// Options of a [`Factory`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FactoryOptions {
    /// How long a connection may take to be made; 10 seconds.
    pub connect_timeout: Duration,
    /// How long no byte may come before a connection is given up; 60 seconds.
    pub stall_timeout: Duration,
    /// Certificates to trust instead of the system's.
    pub roots: Option<RootCertStore>,
}

impl Default for FactoryOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), stall_timeout: Duration::from_secs(60), roots: None }
    }
}

impl FactoryOptions {
    /// Sets how long a connection may take to be made.
    #[must_use]
    pub fn with_connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// Sets how long no byte may come.
    #[must_use]
    pub fn with_stall_timeout(mut self, time: Duration) -> Self {
        self.stall_timeout = time;
        self
    }

    /// Sets the certificates to trust.
    #[must_use]
    pub fn with_roots(mut self, roots: RootCertStore) -> Self {
        self.roots = Some(roots);
        self
    }
}

/// A factory at one address. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Factory {
    /// Without a final slash.
    base: Arc<str>,
    http: Client,
}

impl Factory {
    /// The factory at `base_url`, with default options: [`PUBLIC_FACTORY`], or one of your own.
    ///
    /// # Errors
    /// `InvalidArgument` when the address is not one of HTTP; `Tls` when TLS can't be set up.
    pub fn new(base_url: &str) -> Result<Self> {
        Self::with_options(base_url, FactoryOptions::default())
    }

    /// The factory at `base_url`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_options(base_url: &str, options: FactoryOptions) -> Result<Self> {
        let base = base_url.trim_end_matches('/');
        let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        let host = host.and_then(|rest| rest.split('/').next());
        if host.is_none_or(|host| host.is_empty() || host.contains(['@', '?', '#', ' '])) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the factory's address is not of the form https://HOST, with no user or query in it",
            ));
        }
        let tls = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Tls, "TLS can't be set up").with_source(error)
        };
        let roots = options.roots.unwrap_or_else(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        });
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| tls(error.into()))?
                .with_root_certificates(roots)
                .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.stall_timeout)
            .build()
            .map_err(|error| tls(error.into()))?;
        Ok(Self { base: base.into(), http })
    }

    /// Address of a file.
    pub fn asset_url(&self, asset: &Asset) -> String {
        format!("{}/{}", self.base, asset.path())
    }

    /// Reference of the installer image of a schematic and version, for `machine.install.image`.
    pub fn installer_image(&self, schematic: &str, version: &str) -> String {
        let registry = self.base.split_once("://").map_or(&*self.base, |(_, rest)| rest);
        format!("{registry}/installer/{schematic}:{version}")
    }

    /// Versions of Talos on offer, in the factory's order.
    ///
    /// # Errors
    /// When the factory can't be reached or does not answer as it should.
    pub async fn versions(&self) -> Result<Vec<String>> {
        const WHAT: &str = "the list of versions";
        let sent = self.http.get(format!("{}/versions", self.base)).send().await;
        json(WHAT, sent).await
    }

    /// Uploads a schematic, which is kept for ever, and gives its id. The same schematic always has the same.
    ///
    /// # Errors
    /// `Refused` when the factory finds fault with the schematic; when it can't be reached or does not answer as
    /// it should.
    pub async fn upload(&self, schematic: &Schematic) -> Result<String> {
        #[derive(Deserialize)]
        struct Made {
            id: String,
        }
        const WHAT: &str = "the schematic";
        let request = self.http.post(format!("{}/schematics", self.base)).body(schematic.body()?);
        Ok(json::<Made>(WHAT, request.send().await).await?.id)
    }

    /// Begins to download a file. What comes out is decoded.
    ///
    /// Call it again to begin again: the factory serves the same bytes for the same address.
    ///
    /// # Errors
    /// `NotFound` when the factory does not have it; when it can't be reached or does not answer as it should.
    pub async fn download(&self, asset: &Asset) -> Result<Download> {
        let what = asset.file_name();
        let sent = self.http.get(self.asset_url(asset)).send().await;
        let response = successful(&what, sent).await?;
        Download::start(what, response, asset.compression())
    }

    /// Begins to download a disk image in the form that is fastest to decode: zstd where the factory has it, else xz.
    ///
    /// The compression of `image` itself does not matter.
    ///
    /// # Errors
    /// As [`download`](Self::download).
    pub async fn download_fastest(&self, image: &Asset) -> Result<Download> {
        match self.download(&image.clone().with_compression(Compression::Zstd)).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Refused) => {
                tracing::debug!(%error, "no zstd, xz is next");
                self.download(&image.clone().with_compression(Compression::Xz)).await
            }
            other => other,
        }
    }
}

async fn successful(what: &str, sent: reqwest::Result<Response>) -> Result<Response> {
    let response = sent.map_err(|error| Error::transport(what, error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    Err(Error::status(what, status, &text))
}

async fn json<T: serde::de::DeserializeOwned>(what: &str, sent: reqwest::Result<Response>) -> Result<T> {
    let response = successful(what, sent).await?;
    let body = response.bytes().await.map_err(|error| Error::transport(what, error))?;
    serde_json::from_slice(&body).map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("{what}: the factory's answer is not the JSON it should be"))
            .with_source(error)
    })
}
