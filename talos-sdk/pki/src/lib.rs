//! Keys, certificates and certificate requests as Talos makes and reads them.
//!
//! | to do | use |
//! |---|---|
//! | make a certificate authority | [`CertificateAuthority::generate`] |
//! | load one from PEM | [`CertificateAuthority::from_pem`] |
//! | issue a client or server certificate | [`CertificateAuthority::issue`] |
//! | sign somebody's request | [`CertificateAuthority::sign_request`] |
//! | read certificates | [`Certificate::parse_bundle`] |
//! | make, read and write keys under the labels of Talos | [`PrivateKey`] |
//! | pin a server | [`Fingerprint`] |
//! | name what a client may do | [`Role`], [`RoleSet`] |
//! | hand an identity to rustls | [`Identity::to_rustls`] |
//!
//! Profiles (order of extensions, key usages, PEM labels) are those of Talos' own generator, so that what this crate
//! writes cannot be told from what `talosctl gen` writes. Time comes from a [`Clock`], randomness may come from a
//! [`Random`], so a simulator can be reproducible.
//!
//! ```
//! use talos_pki::{CaOptions, CertificateAuthority, LeafOptions, Role, SystemClock};
//!
//! # fn main() -> Result<(), talos_pki::Error> {
//! let ca = CertificateAuthority::generate(&CaOptions::new("talos"), &SystemClock)?;
//! let admin = ca.issue(&LeafOptions::client([Role::Admin]), &SystemClock)?;
//! assert_eq!(admin.certificate.organizations(), ["os:admin"]);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod authority;
mod certificate;
mod clock;
mod error;
mod extension;
mod fingerprint;
mod foreign;
mod identity;
mod key;
mod name;
mod random;
mod request;
mod role;
mod verify;
mod writer;

pub use algorithm::Algorithm;
pub use authority::{CaOptions, CertificateAuthority, LeafOptions, SignOptions};
pub use certificate::Certificate;
pub use clock::{Clock, FixedClock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use extension::Usage;
pub use fingerprint::Fingerprint;
pub use identity::Identity;
pub use key::PrivateKey;
pub use random::{Random, SeededRandom, SystemRandom};
pub use request::{CertificateRequest, RequestOptions};
pub use role::{Role, RoleSet};
#[doc(inline)]
pub use talos_secret::{SecretBytes, SecretString, base64, pem};
