//! SideroLink, the tunnel to a management server.

use talos_machineconfig_derive::Fields;

use crate::model::Shape;
use crate::types::{Secret, Url};
use crate::validate::{Findings, Rules};

/// SideroLink, the tunnel to a management server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SideroLinkConfig", since = "1.5")]
pub struct SideroLinkConfig {
    /// URL of the server.
    #[config(always, shape = Shape::SecretParameter("jointoken"))]
    pub api_url: Url,
    /// Token of this machine.
    pub unique_token: Secret,
}

impl Rules for SideroLinkConfig {
    fn check(&self, found: &mut Findings) {
        if !matches!(self.api_url.scheme(), "https" | "grpc") {
            found.error("apiUrl", "write the URL of the server, which starts with https:// or grpc://");
        } else if !matches!(self.api_url.path(), "" | "/") {
            found.error("apiUrl", "the URL has a path: remove it");
        }
    }
}
