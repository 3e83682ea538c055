//! Addresses shared by control planes.

use talos_machineconfig_derive::Fields;

use crate::types::Secret;

/// A shared address, announced on the local network.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "Layer2VIPConfig", since = "1.12")]
pub struct Layer2VipConfig {
    /// The address.
    #[config(always)]
    pub name: String,
    /// The link it is put on.
    #[config(always)]
    pub link: String,
}

/// A shared address, moved through the API of Hetzner Cloud.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "HCloudVIPConfig", since = "1.12")]
pub struct HCloudVipConfig {
    /// The address.
    #[config(always)]
    pub name: String,
    /// The link it is put on.
    #[config(always)]
    pub link: String,
    /// Token of the API.
    #[config(always)]
    pub api_token: Secret,
}
