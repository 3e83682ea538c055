//! Lists that a patch merges entry by entry.

use crate::model::{Mismatch, Rule, Value};
use crate::types::v1alpha1::{AdmissionPluginConfig, Device, NetworkDeviceSelector, Vlan};

/// Interfaces: by name, or without one by selector.
pub(super) fn merge_devices(left: &mut Vec<Device>, right: Vec<Device>) -> Result<(), Mismatch> {
    merge_by(left, right, |left, right| match (&right.interface, &right.device_selector) {
        (name, _) if !name.is_empty() => left.interface == *name,
        (_, Some(selector)) => left.device_selector.as_ref().is_some_and(|left| same(left, selector)),
        _ => false,
    })
}

/// VLANs: by id.
pub(super) fn merge_vlans(left: &mut Vec<Vlan>, right: Vec<Vlan>) -> Result<(), Mismatch> {
    merge_by(left, right, |left, right| left.vlan_id == right.vlan_id)
}

/// Admission plugins: by name.
pub(super) fn merge_admission_plugins(
    left: &mut Vec<AdmissionPluginConfig>,
    right: Vec<AdmissionPluginConfig>,
) -> Result<(), Mismatch> {
    merge_by(left, right, |left, right| left.name == right.name)
}

/// Talos compares selectors that say `physical` by identity, so two of them are never the same.
fn same(left: &NetworkDeviceSelector, right: &NetworkDeviceSelector) -> bool {
    left == right && left.physical.is_none()
}

/// Merges each entry into the first one that is the same, or appends it.
pub(crate) fn merge_by<T: Value>(
    left: &mut Vec<T>,
    right: Vec<T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<(), Mismatch> {
    for entry in right {
        match left.iter().position(|left| is_same(left, &entry)) {
            Some(at) => {
                left[at].merge(entry, Rule::MERGE).map_err(|mismatch| mismatch.under(&format!("[{at}]")))?;
            }
            None => left.push(entry),
        }
    }
    Ok(())
}
