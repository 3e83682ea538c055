//! The disk image in Glance.

use openstack_sdk::image::{Image, ImageQuery, ImageStatus, ImageUpdate, NewImage, UploadOptions};
use tokio::sync::mpsc;

use crate::download::{FactoryImage, is_passing};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Resource};
use crate::run::{Run, gone};
use crate::spec::ImageSource;

/// The properties by which an image is known again.
const SCHEMATIC: &str = "talos_schematic";
const VERSION: &str = "talos_version";
/// Glance's hash of the bytes, written once they have been seen to be those that were sent.
const VERIFIED: &str = "talos_verified_hash";
/// The cluster whose bring-up makes the image, so that nobody else's half-made one is touched.
const MAKER: &str = "talos_made_for";

impl Run<'_> {
    /// An active image of the right schematic and version, whose bytes were compared with what was sent.
    pub(crate) async fn ensure_image(&mut self) -> Result<()> {
        let id = match &self.spec.image {
            ImageSource::Existing(name) => {
                let image = self.cloud.image().find_image(name).await?;
                self.found_one(Resource::Image, name, &image.id);
                image.id
            }
            ImageSource::Factory { url, schematic } => self.factory_image(url, schematic).await?,
        };
        self.state.image = Some(id.clone());
        self.found.image = Some(id);
        self.save().await
    }

    async fn factory_image(&self, url: &str, schematic: &str) -> Result<String> {
        let images = self.cloud.image();
        let version = self.checked.talos_version.as_str();
        let query = ImageQuery::new().with_property(SCHEMATIC, schematic).with_property(VERSION, version);
        let name = format!("talos-{version}-{}", schematic.get(..8).unwrap_or(schematic));
        let mut halves = Vec::new();
        for image in images.images(&query).await? {
            if is_whole(&image) {
                self.found_one(Resource::Image, image.name.as_deref().unwrap_or(&name), &image.id);
                return Ok(image.id);
            }
            if image.property(MAKER) == Some(self.spec.name.as_str()) {
                halves.push(image);
            }
        }

        let source = FactoryImage::open(url, schematic, version).await?;
        // An upload that an earlier run of this cluster left: its bytes can't be trusted, and a new one takes no longer.
        for half in halves {
            gone(images.delete_image(&half.id).await)?;
            self.deleted_one(Resource::Image, &name, &half.id);
        }
        let new = NewImage::new(&name)
            .with_property(SCHEMATIC, schematic)
            .with_property(VERSION, version)
            .with_property(MAKER, &self.spec.name)
            .with_property("os_distro", "talos")
            .with_property("architecture", "x86_64");
        let image = images.create_image(&new).await?;
        self.created_one(Resource::Image, &name, &image.id);
        self.upload(&image.id, source).await?;
        Ok(image.id)
    }

    async fn upload(&self, id: &str, source: FactoryImage) -> Result<()> {
        let (tell, mut told) = mpsc::unbounded_channel();
        let download = source.progress();
        let options = UploadOptions::default().with_progress(move |progress| {
            let download = download();
            // Nobody listens any more once the upload is over.
            let _ = tell.send((progress.sent, download.received(), download.total()));
        });
        let images = self.cloud.image();
        let mut upload = std::pin::pin!(images.upload(id, &source, options, self.left()));
        let uploaded = loop {
            tokio::select! {
                outcome = &mut upload => break outcome,
                Some((sent, received, total)) = told.recv() => {
                    (self.observer)(&Event::ImageProgress { sent, received, total });
                }
            }
        };
        let uploaded = uploaded.map_err(|error| {
            let retryable = is_passing(&error);
            Error::new(ErrorKind::Image, error.to_string()).with_retryable(retryable).with_source(error)
        })?;
        let Some(hash) = uploaded.image.hash else {
            return Err(Error::new(
                ErrorKind::Image,
                format!("Glance has no hash of image {id}, so it can't be trusted later"),
            ));
        };
        images.update_image(id, &ImageUpdate::new().with_property(VERIFIED, hash)).await?;
        Ok(())
    }
}

/// Whether the image has all the bytes that were sent, and still the same ones.
fn is_whole(image: &Image) -> bool {
    let verified = image.property(VERIFIED);
    image.status == ImageStatus::Active && verified.is_some() && verified == image.hash.as_deref()
}
