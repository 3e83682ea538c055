//! Which images may run.

use talos_machineconfig_derive::Fields;

use crate::model::Mismatch;
use crate::validate::{Findings, Rules};

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

impl Rules for ImageVerificationConfig {
    fn check(&self, found: &mut Findings) {
        found.each("rules", &self.rules, |rule, found| {
            rule.check_pattern(found);
            rule.check_verifiers(found);
        });
    }
}

impl ImageVerificationRule {
    fn check_pattern(&self, found: &mut Findings) {
        let image = self.image.as_str();
        found.require("image", image, "a pattern of images, such as registry.example/*");
        let tag = image.split_once('/').is_some_and(|(_, path)| path.contains(':'));
        for (mark, is_there) in [("@", image.contains('@')), (":", tag)] {
            if is_there {
                let problem =
                    format!("tag and digest are not compared, so nothing matches the {mark}: remove it");
                found.warn("image", problem);
            }
        }
        if !image.is_empty() && image != "*" && !image.contains('/') {
            found.warn("image", format!("short names have a registry here: write docker.io/library/{image}"));
        }
    }

    fn check_verifiers(&self, found: &mut Findings) {
        let (skip, deny) = (self.skip == Some(true), self.deny == Some(true));
        let has_verifier = self.keyless.is_some() || self.public_key.is_some();
        if skip && deny {
            found.error("deny", "skip is true too: leave one of the two");
        }
        if (skip || deny) && has_verifier {
            found.error("", "skip or deny leave nothing to verify: remove them, or keyless and publicKey");
        }
        if !skip && !deny && !has_verifier {
            found.missing("", "what is done with the images: keyless, publicKey, skip or deny");
        }
        if self.keyless.is_some() && self.public_key.is_some() {
            found.error("publicKey", "keyless is set too: leave one of the two");
        }
        if let Some(keyless) = &self.keyless {
            found.require("keyless.issuer", &keyless.issuer, "the URL of the identity's issuer");
            if keyless.subject.is_empty() && keyless.subject_regex.is_empty() {
                found.missing("keyless.subject", "the identity here, or a pattern as subjectRegex");
            }
        }
        if let Some(key) = &self.public_key {
            found.require("publicKey.certificate", &key.certificate, "the PEM of the key");
        }
    }
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
