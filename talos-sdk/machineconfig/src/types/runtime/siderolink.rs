//! SideroLink, the tunnel to a management server.

use talos_machineconfig_derive::Fields;

use crate::model::Shape;
use crate::types::{Secret, Url};

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
