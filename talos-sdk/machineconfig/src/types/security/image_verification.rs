//! Which images may run.

use talos_machineconfig_derive::Fields;

use crate::model::Mismatch;

/// Which images may run.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ImageVerificationConfig", since = "1.13")]
pub struct ImageVerificationConfig {
    /// Rules, the first that matches counts. A patch replaces rules with the same image.
    #[config(merge = merge_rules, by("image"))]
    pub rules: Vec<ImageVerificationRule>,
}

/// A rule for images.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ImageVerificationRule {
    /// Pattern of image names.
    pub image: String,
    /// Whether they are not verified.
    pub skip: Option<bool>,
    /// Whether they are refused.
    pub deny: Option<bool>,
    /// Signature by an identity.
    pub keyless: Option<ImageKeylessVerifier>,
    /// Signature by a key.
    pub public_key: Option<ImagePublicKeyVerifier>,
}

/// Signature by an identity.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ImageKeylessVerifier {
    /// Issuer of the identity.
    pub issuer: String,
    /// The identity.
    pub subject: String,
    /// Pattern of the identity.
    pub subject_regex: String,
}

/// Signature by a key.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ImagePublicKeyVerifier {
    /// PEM of the key.
    pub certificate: String,
}

/// Rules: one with the same image is replaced.
fn merge_rules(
    left: &mut Vec<ImageVerificationRule>,
    right: Vec<ImageVerificationRule>,
) -> Result<(), Mismatch> {
    let known = left.len();
    for rule in right {
        match left[..known].iter_mut().rfind(|left| left.image == rule.image) {
            Some(left) => *left = rule,
            None => left.push(rule),
        }
    }
    Ok(())
}
