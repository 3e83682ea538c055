//! Trust documents.

mod trust;

pub use trust::{
    ImageKeylessVerifier, ImagePublicKeyVerifier, ImageVerificationConfig, ImageVerificationRule,
    TrustedRootsConfig,
};
