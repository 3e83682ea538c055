//! The wrapper of secret text that the Talos crates share.

pub use talos_cluster::talos_client::talos_pki::SecretString;
