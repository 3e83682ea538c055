//! Rules of the sections `machine` and `cluster`.

mod bond;
mod cluster;
mod install;
mod machine;
mod network;

use crate::machine_type::MachineType;
use crate::types::v1alpha1::{Config, MachineConfig};
use crate::validate::{Findings, Rules};

impl Rules for Config {
    fn check(&self, found: &mut Findings) {
        let Some(machine) = &self.machine else {
            // Without it the role is unknown, on which all else depends.
            found.error("", "the section machine is missing");
            return;
        };
        if self.persist == Some(false) {
            found.error("persist", "Talos always keeps its configuration: remove this, or set it to true");
        }
        let role = check_type(machine, found);
        found.within("machine", |found| {
            install::check(machine, found);
            machine::check(machine, role, found);
            if let Some(network) = &machine.network {
                found.within("network", |found| network::check(network, role, found));
            }
        });
        match &self.cluster {
            Some(cluster) => found.within("cluster", |found| cluster::check(cluster, role, found)),
            None => found.error("", "the section cluster is missing"),
        }
    }
}

/// The role of the machine, if it is one that Talos knows.
fn check_type(machine: &MachineConfig, found: &mut Findings) -> Option<MachineType> {
    match machine.r#type.parse::<MachineType>() {
        Ok(role) => {
            if role.as_str() != machine.r#type {
                found.warn("machine.type", format!("{:?} is an old spelling: write {role}", machine.r#type));
            }
            Some(role)
        }
        Err(error) => {
            found.error("machine.type", error.to_string());
            None
        }
    }
}
