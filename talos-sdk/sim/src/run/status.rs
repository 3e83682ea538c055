//! How far a machine is, and whether it is ready.

use std::sync::PoisonError;

use talos_proto::machine;

use super::Run;
use crate::resources::machine::machine_status;
use crate::stage::Stage;

impl Run {
    /// Begins a stage. Whether it is ready follows from the services and from Kubernetes.
    pub(crate) fn set_stage(&self, stage: Stage) {
        {
            let mut current = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            *current = (stage, false);
        }
        self.console(&format!("[talos] machine is {stage}"));
        self.publish_status(true);
    }

    /// Looks again at whether everything is ready.
    pub(crate) fn update_status(&self) {
        self.publish_status(false);
    }

    fn publish_status(&self, always: bool) {
        let mut current = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let unmet = self.unmet(current.0);
        let ready = unmet.is_empty();
        let changed = std::mem::replace(&mut current.1, ready) != ready;
        let stage = current.0;
        drop(current);
        self.put(machine_status(stage, ready, &unmet));
        if always || changed {
            let conditions = unmet.into_iter().map(|(name, reason)| {
                machine::machine_status_event::machine_status::UnmetCondition { name, reason }
            });
            self.event(&machine::MachineStatusEvent {
                stage: stage.number(),
                status: Some(machine::machine_status_event::MachineStatus {
                    ready,
                    unmet_conditions: conditions.collect(),
                }),
            });
        }
        self.node.set_status(stage, ready);
    }

    /// What keeps the machine from being ready.
    fn unmet(&self, stage: Stage) -> Vec<(String, String)> {
        if !matches!(stage, Stage::Booting | Stage::Running) {
            return Vec::new();
        }
        let Some(config) = self.config() else { return Vec::new() };
        let mut unmet = Vec::new();
        let wanted: &[&str] = if config.control_plane {
            &["apid", "etcd", "kubelet", "machined", "trustd"]
        } else {
            &["apid", "kubelet", "machined"]
        };
        let missing: Vec<_> = wanted.iter().copied().filter(|id| !self.services.healthy(id)).collect();
        if !missing.is_empty() {
            unmet.push(("services".to_owned(), format!("not healthy: {}", missing.join(", "))));
        }
        let hostname = self.node.hostname();
        let ready = self.cluster().is_some_and(|cluster| cluster.kubernetes.is_ready(self.address()));
        if !ready {
            unmet.push(("nodeReady".to_owned(), format!("node {hostname} is not Ready")));
        }
        unmet
    }
}
