//! Wrappers for what must not be printed, and the base64 and PEM text that it comes in.
//!
//! No cryptography, so this builds in a second. [`talos-pki`](../talos_pki/index.html) has all of it too.

pub mod base64;
pub mod pem;
mod secret;

pub use secret::{SecretBytes, SecretString};
