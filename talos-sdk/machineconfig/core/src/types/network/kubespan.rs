//! KubeSpan, the WireGuard mesh between machines.

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1;
use crate::types::{AddrPort, Prefix};
use crate::validate::address::check_filters;
use crate::validate::{Findings, Rules};

/// Least MTU of the mesh in bytes.
const LEAST_MTU: u32 = 1280;

/// KubeSpan, the WireGuard mesh between machines.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeSpanConfig", since = "1.13")]
pub struct KubeSpanConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Whether the networks of pods are announced.
    pub advertise_kubernetes_networks: Option<bool>,
    /// Whether traffic to a peer that is down goes around the mesh.
    pub allow_down_peer_bypass: Option<bool>,
    /// Whether addresses seen from outside are announced.
    pub harvest_extra_endpoints: Option<bool>,
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
    /// Which addresses are announced.
    pub filters: Option<KubeSpanFiltersConfig>,
}

impl Rules for KubeSpanConfig {
    fn check(&self, found: &mut Findings) {
        if self.mtu.is_some_and(|mtu| mtu < LEAST_MTU) {
            found.error("mtu", format!("too small for IPv6 inside the mesh: write {LEAST_MTU} at least"));
        }
        if let Some(filters) = &self.filters {
            found.within("filters", |found| check_filters("endpoints", &filters.endpoints, found));
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let network = sections.machine.as_ref().and_then(|machine| machine.network.as_ref());
        found.exclude("machine.network.kubespan", network.is_some_and(|network| network.kubespan.is_some()));
    }
}

/// Which addresses KubeSpan announces.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubeSpanFiltersConfig {
    /// Networks of endpoints; a leading `!` excludes one.
    pub endpoints: Vec<String>,
    /// Networks that are not announced.
    pub exclude_advertised_networks: Vec<Prefix>,
}

/// More addresses that KubeSpan announces.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeSpanEndpointsConfig", since = "1.8")]
pub struct KubeSpanEndpointsConfig {
    /// Addresses with ports.
    #[config(always)]
    pub extra_announced_endpoints: Vec<AddrPort>,
}
