//! Addresses shared by control planes.

use talos_machineconfig_derive::Fields;

use crate::types::Secret;
use crate::types::network::link::LINK_NAME;
use crate::validate::address::is_scoped_address;
use crate::validate::{Findings, Rules};

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

impl Rules for Layer2VipConfig {
    fn check(&self, found: &mut Findings) {
        check(&self.name, &self.link, found);
    }
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

impl Rules for HCloudVipConfig {
    fn check(&self, found: &mut Findings) {
        check(&self.name, &self.link, found);
        found.require("apiToken", self.api_token.expose(), "a token of the Hetzner Cloud API");
    }
}

fn check(name: &str, link: &str, found: &mut Findings) {
    if !is_scoped_address(name) {
        found.error("name", "the name of this document is the shared IP address: write that");
    }
    found.require("link", link, LINK_NAME);
}
