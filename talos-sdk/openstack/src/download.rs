//! The Image Factory's disk image as the source of an upload.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt as _;
use openstack_sdk::image::{SourceError, UploadBody, UploadSource};
use talos_factory::{Arch, Asset, Download, Factory, Progress};

use crate::error::{Error, ErrorKind, Result};
use crate::store::BoxFuture;

/// A disk image of the factory, decoded while it is downloaded; nothing of it is kept.
pub(crate) struct FactoryImage {
    factory: Factory,
    asset: Asset,
    /// The download that showed that there is such an image; the first reader gets it.
    first: Mutex<Option<Download>>,
    progress: Arc<Mutex<Progress>>,
}

impl FactoryImage {
    /// Begins to download the image for OpenStack on x86-64.
    pub(crate) async fn open(url: &str, schematic: &str, version: &str) -> Result<Self> {
        let factory = Factory::new(url).map_err(failed)?;
        let asset = Asset::disk_image(schematic, version, "openstack", Arch::Amd64);
        let download = factory.download_fastest(&asset).await.map_err(failed)?;
        let progress = Arc::new(Mutex::new(download.progress()));
        Ok(Self { factory, asset, first: Mutex::new(Some(download)), progress })
    }

    /// How far the present download is, readable from anywhere.
    pub(crate) fn progress(&self) -> impl Fn() -> Progress + Send + Sync + 'static {
        let progress = Arc::clone(&self.progress);
        move || progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl UploadSource for FactoryImage {
    fn open(&self) -> BoxFuture<'_, Result<UploadBody, SourceError>> {
        Box::pin(async move {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let download = match first {
                Some(download) => download,
                None => self.factory.download_fastest(&self.asset).await?,
            };
            *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = download.progress();
            Ok(UploadBody::new(download.map_err(|error| Box::new(error) as SourceError)))
        })
    }
}

fn failed(error: talos_factory::Error) -> Error {
    let retryable = error.is_retryable();
    Error::new(ErrorKind::Image, error.to_string()).with_retryable(retryable).with_source(error)
}

/// Whether an upload failed because the download did, in a way that may pass.
pub(crate) fn is_passing(error: &openstack_sdk::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(factory) = cause.downcast_ref::<talos_factory::Error>() {
            return factory.is_retryable();
        }
        source = cause.source();
    }
    error.is_retryable()
}
