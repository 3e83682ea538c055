//! Drivers of PCI devices.

use talos_machineconfig_derive::Fields;

/// Another driver for a PCI device.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "PCIDriverRebindConfig", since = "1.10")]
pub struct PciDriverRebindConfig {
    /// Address of the device.
    #[config(always)]
    pub name: String,
    /// The driver.
    #[config(always)]
    pub target_driver: String,
}
