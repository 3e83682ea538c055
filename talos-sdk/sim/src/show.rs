//! What a machine shows as resources, as it gets from one phase to the next. A reboot forgets them all.

use crate::config::NodeConfig;
use crate::pods::{Pod, static_pods};
use crate::resources::{self, block, control_plane, etcd, kubernetes, machine, secrets};
use crate::run::Run;

impl Run {
    /// What is so from power on.
    pub(crate) fn show_boot(&self) {
        let node = &self.node;
        self.put_all(machine::booted(node, &self.boot_id, &self.version));
        let meta: Vec<_> =
            node.disk().meta.iter().map(|(key, value)| machine::meta_key(*key, value)).collect();
        self.put_all(meta);
        self.put(resources::network::hostname(&node.name));
        self.put_all(resources::network::network(node.address, self.minor()));
        if node.extension {
            self.put(machine::extension());
        }
        self.show_storage();
    }

    /// The disks as they are now. A container sees none.
    pub(crate) fn show_storage(&self) {
        if self.node.in_container() {
            return;
        }
        let (disks, installed) = {
            let disk = self.node.disk();
            (disk.storage.disks.clone(), disk.installed)
        };
        self.put_all(block::storage(&disks, installed, self.minor()));
    }

    /// What follows from the active configuration.
    pub(crate) fn show_config(&self, config: &NodeConfig) {
        let minor = self.minor();
        let address = self.address();
        let hostname = config.hostname.clone().unwrap_or_else(|| self.node.name.clone());
        let (_, names) = crate::identity::server_names(config, address, &hostname);
        self.put(machine::machine_config(machine::ACTIVE, config.text.expose(), minor));
        self.put(machine::machine_type(config.control_plane));
        self.put(resources::network::hostname(&hostname));
        self.put_all(resources::cluster::configured(config, minor));
        self.put_all(kubernetes::configured(config, address, &hostname, minor));
        self.put_all([
            secrets::os_root(config, address, &names),
            secrets::cert_sans(address, &names, &hostname),
            secrets::kubelet(config, minor),
        ]);
        if config.control_plane {
            self.put_all(etcd::configured(config, address, &hostname, minor));
            self.put_all(control_plane::configured(config, minor));
            self.put_all(secrets::roots(config, minor));
        }
    }

    /// The volumes of the system are mounted.
    pub(crate) fn show_mounts(&self) {
        if self.node.in_container() {
            return;
        }
        let system = self.node.disk().storage.disks.iter().find(|disk| disk.system).cloned();
        self.put_all(system.iter().flat_map(|disk| block::mounts(disk, self.minor())));
    }

    /// etcd runs with this member, so static pods are given to the kubelet.
    pub(crate) fn show_etcd(&self, member: &crate::etcd::EtcdMember) {
        self.put_all([etcd::pki(), etcd::member(member)]);
        self.put_all(control_plane::rendered(&self.static_pods()));
    }

    /// The kubelet became healthy, or stopped.
    pub(crate) fn show_kubelet(&self, runs: bool) {
        if !runs {
            self.store.remove_all(kubernetes::LIFECYCLES);
            self.store.remove_all(kubernetes::STATUSES);
            self.store.remove_all(control_plane::STATIC_POD_STATUSES);
            return;
        }
        let Some(config) = self.config() else { return };
        self.put_all([
            kubernetes::kubelet_runs(),
            kubernetes::kubelet_status(&config.components.kubelet.image),
        ]);
        for pod in self.static_pods() {
            let status = crate::kubernetes::pod_status(&pod, self.address(), true, self.now(), self.now());
            self.put(control_plane::static_pod_status(&pod, &status));
        }
    }

    fn static_pods(&self) -> Vec<Pod> {
        self.config().map(|config| static_pods(&self.node.hostname(), &config)).unwrap_or_default()
    }
}
