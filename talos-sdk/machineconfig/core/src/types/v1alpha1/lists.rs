//! Lists that a patch merges entry by entry.

use crate::model::Mismatch;
use crate::types::list::{List, merge_list};
use crate::types::v1alpha1::{AdmissionPluginConfig, Device, NetworkDeviceSelector, Vlan};

/// Interfaces: by name, or without one by selector.
pub(super) fn merge_devices(left: &mut List<Device>, right: List<Device>) -> Result<(), Mismatch> {
    merge_list(left, right, |left, right| match (&right.interface, &right.device_selector) {
        (name, _) if !name.is_empty() => left.interface == *name,
        (_, Some(selector)) => left.device_selector.as_ref().is_some_and(|left| same(left, selector)),
        _ => false,
    })
}

/// VLANs: by id.
pub(super) fn merge_vlans(left: &mut List<Vlan>, right: List<Vlan>) -> Result<(), Mismatch> {
    merge_list(left, right, |left, right| left.vlan_id == right.vlan_id)
}

/// Admission plugins: by name.
pub(super) fn merge_admission_plugins(
    left: &mut List<AdmissionPluginConfig>,
    right: List<AdmissionPluginConfig>,
) -> Result<(), Mismatch> {
    merge_list(left, right, |left, right| left.name == right.name)
}

/// Talos compares selectors that say `physical` by identity, so two of them are never the same.
fn same(left: &NetworkDeviceSelector, right: &NetworkDeviceSelector) -> bool {
    left == right && left.physical.is_none()
}
