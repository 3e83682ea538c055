//! A thin OpenStack client: Keystone, Glance, Nova, and what of Neutron a cluster needs.
//!
//! | task | call |
//! |---|---|
//! | read `clouds.yaml` or `OS_*` | [`CloudConfig::load`], [`CloudConfig::from_env`] |
//! | log in | [`Cloud::connect`] |
//! | bound everything by a point in time | [`Cloud::with_deadline`] |
//! | find, make, upload an image | [`Cloud::image`]: [`ImageClient`](image::ImageClient) |
//! | boot a server with user data | [`Cloud::compute`]: [`ComputeClient`](compute::ComputeClient) |
//! | networks, ports, security groups, floating addresses | [`Cloud::network`]: [`NetworkClient`](network::NetworkClient) |
//! | EC2 credentials, the project's id | [`Cloud::identity`]: [`IdentityClient`](identity::IdentityClient) |
//! | any other call | [`Request`] and [`Cloud::send`] |
//!
//! Tokens are renewed before they end and when a service refuses one, by one caller at a time. Failures that may
//! pass are repeated within the deadline of the call ([`RetryPolicy`]); a creation whose outcome is unknown is
//! not. Passwords, tokens and user data appear in no `Debug` output, error or log.
//!
//! ```
//! use std::time::Duration;
//!
//! use openstack_sdk::compute::{NewServer, ServerStatus};
//! use openstack_sdk::image::{NewImage, UploadOptions};
//! use openstack_sdk::{Cloud, CloudConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sim = openstack_sim::OpenStackSim::start(openstack_sim::Options::default()).await?;
//! # let clouds_yaml = sim.clouds_yaml();
//! let config = CloudConfig::from_yaml(&clouds_yaml, "sim")?; // or CloudConfig::load("mycloud")
//! let cloud = Cloud::connect(config).await?.with_deadline(Duration::from_secs(600));
//!
//! let image = cloud.image().create_image(&NewImage::new("disk").with_tag("example")).await?;
//! let disk = bytes::Bytes::from_static(b"any source that can be opened again");
//! cloud.image().upload(&image.id, &disk, UploadOptions::default(), Duration::from_secs(60)).await?;
//!
//! let flavor = cloud.compute().find_flavor("m1.small").await?;
//! let network = cloud.network().find_network("internal").await?;
//! let server = NewServer::new("web-1", flavor.id)
//!     .with_image(image.id)
//!     .with_network(network.id)
//!     .with_user_data("#!/bin/sh\necho hello");
//! let id = cloud.compute().create_server(&server).await?;
//! let server = cloud.compute().wait_for_server(&id, &ServerStatus::Active, Duration::from_secs(60)).await?;
//! println!("{} is at {:?}", server.name, server.addresses);
//! # Ok(())
//! # }
//! ```

mod catalog;
mod cloud;
pub mod compute;
mod config;
pub mod danger;
mod deadline;
mod error;
mod failure;
pub mod identity;
pub mod image;
pub mod network;
mod options;
mod page;
mod request;
mod secret;
mod service;
mod text_enum;
mod tls;
mod token;
mod transport;
mod version;
mod wait;

pub use self::catalog::{Catalog, CatalogEndpoint, CatalogService};
pub use self::cloud::{Cloud, Response};
pub use self::config::{Auth, CloudConfig, Credential, Domain, Environment, Interface, Project, Scope, User};
pub use self::deadline::Deadline;
pub use self::error::{Error, ErrorKind, Result};
pub use self::options::{CloudOptions, RetryPolicy};
pub use self::request::{Microversions, Request};
pub use self::secret::Secret;
pub use self::service::ServiceType;
pub use self::version::{Microversion, MicroversionRange};
