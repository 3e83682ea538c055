//! One simulated machine, from outside.

use std::net::Ipv4Addr;
use std::sync::Arc;

use talos_pki::Fingerprint;

use crate::etcd::EtcdAlarm;
use crate::node::Node;
use crate::stage::Stage;
use crate::storage::SimDisk;
use crate::version::TalosVersion;

/// A handle to one machine of a [`Simulation`](crate::Simulation). Clones are handles to the same machine.
#[derive(Clone)]
pub struct SimNode(pub(crate) Arc<Node>);

impl SimNode {
    /// Its address. The machine API listens on port 50000 of it, the Kubernetes API on 6443.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.0.address
    }

    /// The name that it was created with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The hostname that its configuration gives it.
    #[must_use]
    pub fn hostname(&self) -> String {
        self.0.hostname()
    }

    /// The version of Talos that it plays; an upgrade changes it at the next boot.
    #[must_use]
    pub fn talos_version(&self) -> TalosVersion {
        self.0.run().map_or_else(|| self.0.disk().version.clone(), |run| run.version.clone())
    }

    /// What it is doing.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.0.stage()
    }

    /// Whether all that the stage asks for is met.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.status().ready
    }

    /// How often it has been started.
    #[must_use]
    pub fn boots(&self) -> u64 {
        self.0.status().boots
    }

    /// Its disks as they are now: what was wiped has no content any more.
    #[must_use]
    pub fn disks(&self) -> Vec<SimDisk> {
        self.0.disk().storage.disks.clone()
    }

    /// The boot id, if it is up.
    #[must_use]
    pub fn boot_id(&self) -> Option<String> {
        self.0.run().map(|run| run.boot_id.clone())
    }

    /// The end of what it has written to its console.
    #[must_use]
    pub fn console(&self) -> String {
        self.0.console.text()
    }

    /// Fingerprint of the public key that it serves with, if it listens.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.0.run().and_then(|run| run.fingerprint())
    }

    /// Restarts it at once, as a reset button does.
    pub fn restart(&self) {
        self.0.power_off();
        self.0.power_on();
    }

    /// Powers it off at once. Its disk stays.
    pub fn power_off(&self) {
        self.0.power_off();
    }

    /// Powers it on, if it is off.
    pub fn power_on(&self) {
        self.0.power_on();
    }

    /// Makes its member of etcd raise an alarm, until somebody disarms it. Nothing happens without etcd.
    pub fn raise_etcd_alarm(&self, alarm: EtcdAlarm) {
        let membership = self.0.disk().etcd;
        if let Some((cluster, membership)) = self.0.run().and_then(|run| run.cluster()).zip(membership) {
            cluster.change_etcd(membership.cluster, |etcd| etcd.alarms.insert((membership.member, alarm)));
        }
    }

    /// The id of its member of etcd, if it has one.
    #[must_use]
    pub fn etcd_member_id(&self) -> Option<u64> {
        self.0.disk().etcd.map(|membership| membership.member)
    }

    /// Waits until it is in this stage, for ever if that never happens: put a timeout around it.
    pub async fn wait_for(&self, stage: Stage) {
        self.0.wait(|status| status.stage == stage).await;
    }

    /// Waits until it is running and ready, for ever if that never happens: put a timeout around it.
    pub async fn wait_until_ready(&self) {
        self.0.wait(|status| status.stage == Stage::Running && status.ready).await;
    }
}

impl std::fmt::Debug for SimNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimNode")
            .field("name", &self.0.name)
            .field("address", &self.0.address)
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}
