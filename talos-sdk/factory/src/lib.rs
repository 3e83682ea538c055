//! A client of the Talos Image Factory.
//!
//! | task | call |
//! |---|---|
//! | id of a customization, without the network | [`Schematic::id`] |
//! | the same from the factory | [`Factory::upload`] |
//! | which versions there are | [`Factory::versions`] |
//! | address of an image, reference of the installer | [`Factory::asset_url`], [`Factory::installer_image`] |
//! | a disk image as a decoded, hashed stream | [`Factory::download`], [`Factory::download_fastest`] |
//!
//! ```no_run
//! use talos_factory::{Arch, Asset, Factory, PUBLIC_FACTORY, Schematic};
//!
//! # async fn example() -> talos_factory::Result<()> {
//! let factory = Factory::new(PUBLIC_FACTORY)?;
//! let id = factory.upload(&Schematic::default().with_extension("siderolabs/gvisor")).await?;
//! let image = Asset::disk_image(id, "v1.13.9", "openstack", Arch::Amd64);
//! let mut download = factory.download_fastest(&image).await?;
//! let progress = download.progress();
//! while let Some(chunk) = download.next().await {
//!     let _bytes = chunk?;
//! }
//! assert!(progress.digests().is_some());
//! # Ok(())
//! # }
//! ```

mod asset;
mod canonical;
mod download;
mod error;
mod factory;
mod hash;
mod schematic;

pub use asset::{Arch, Asset, Compression};
pub use download::{Download, Progress};
pub use error::{Error, ErrorKind, Result};
pub use factory::{Factory, FactoryOptions, PUBLIC_FACTORY};
pub use hash::Digests;
pub use schematic::{DEFAULT_SCHEMATIC_ID, MetaValue, Overlay, Schematic};
