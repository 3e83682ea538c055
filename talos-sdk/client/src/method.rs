//! What is known of every method before it is called.

use crate::TalosVersion;

/// How the messages of a method flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// One request, one reply.
    Unary,
    /// One request, any number of replies.
    Replies,
    /// The caller streams.
    Requests,
}

/// A method of the API.
#[derive(Debug)]
pub(crate) struct Method {
    /// As on the wire: `/package.Service/Name`.
    pub(crate) path: &'static str,
    pub(crate) flow: Flow,
    /// Whether doing it twice is the same as doing it once, so that it may be sent again after a broken connection.
    pub(crate) idempotent: bool,
    /// The roles that may call it on a configured machine of the newest version.
    pub(crate) roles: &'static [&'static str],
    /// The first minor release of Talos 1 that has it; 9 also stands for any before.
    pub(crate) since: u64,
    /// The first minor release of Talos 1 without it.
    pub(crate) removed: Option<u64>,
}

impl Method {
    /// The method behind a path, if it is one of the API.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        METHODS.binary_search_by_key(&path, |method| method.path).ok().map(|index| &METHODS[index])
    }

    /// Whether a version of Talos has it.
    pub(crate) fn is_in(&self, version: &TalosVersion) -> bool {
        version.is_at_least(1, self.since) && !self.removed.is_some_and(|minor| version.is_at_least(1, minor))
    }

    const fn since(mut self, minor: u64) -> Self {
        self.since = minor;
        self
    }

    const fn removed(mut self, minor: u64) -> Self {
        self.removed = Some(minor);
        self
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Older machines are not told apart.
const OLDEST: u64 = 9;

const ADMIN: &[&str] = &["os:admin"];
const OPERATOR: &[&str] = &["os:admin", "os:operator"];
const OPERATOR_OR_BACKUP: &[&str] = &["os:admin", "os:operator", "os:etcd:backup"];
const READER: &[&str] = &["os:admin", "os:operator", "os:reader"];
const READER_OR_BACKUP: &[&str] = &["os:admin", "os:operator", "os:reader", "os:etcd:backup"];
const READER_OR_VERIFIER: &[&str] = &["os:admin", "os:operator", "os:reader", "os:image:verifier"];
const META_WRITER: &[&str] = &["os:admin", "os:meta:writer"];

const fn reads(path: &'static str, flow: Flow, roles: &'static [&'static str]) -> Method {
    Method { path, flow, idempotent: true, roles, since: OLDEST, removed: None }
}

const fn acts(path: &'static str, flow: Flow, roles: &'static [&'static str]) -> Method {
    Method { path, flow, idempotent: false, roles, since: OLDEST, removed: None }
}

/// Every method, in order of its path.
#[rustfmt::skip]
const METHODS: &[Method] = &[
    reads("/cluster.ClusterService/HealthCheck", Flow::Replies, READER),
    acts("/cosi.resource.State/Create", Flow::Unary, ADMIN),
    acts("/cosi.resource.State/Destroy", Flow::Unary, ADMIN),
    reads("/cosi.resource.State/Get", Flow::Unary, READER),
    reads("/cosi.resource.State/List", Flow::Replies, READER),
    acts("/cosi.resource.State/Teardown", Flow::Unary, ADMIN).since(14),
    acts("/cosi.resource.State/TeardownAndDestroy", Flow::Unary, ADMIN).since(14),
    acts("/cosi.resource.State/Update", Flow::Unary, ADMIN),
    reads("/cosi.resource.State/Watch", Flow::Replies, READER),
    reads("/inspect.InspectService/ControllerRuntimeDependencies", Flow::Unary, READER),
    acts("/machine.DebugService/ContainerRun", Flow::Requests, ADMIN).since(13),
    acts("/machine.ImageService/Import", Flow::Requests, ADMIN).since(13),
    reads("/machine.ImageService/List", Flow::Replies, READER).since(13),
    acts("/machine.ImageService/Pull", Flow::Replies, OPERATOR).since(13),
    acts("/machine.ImageService/Remove", Flow::Unary, ADMIN).since(13),
    reads("/machine.ImageService/Verify", Flow::Unary, READER_OR_VERIFIER).since(13),
    acts("/machine.LVMService/LogicalVolumeRemove", Flow::Unary, ADMIN).since(14),
    acts("/machine.LVMService/PhysicalVolumeRemove", Flow::Unary, ADMIN).since(14),
    acts("/machine.LVMService/VolumeGroupRemove", Flow::Unary, ADMIN).since(14),
    acts("/machine.LifecycleService/Install", Flow::Replies, ADMIN).since(13),
    acts("/machine.LifecycleService/Upgrade", Flow::Replies, ADMIN).since(13),
    acts("/machine.MDService/Destroy", Flow::Unary, ADMIN).since(14),
    acts("/machine.MachineService/ApplyConfiguration", Flow::Unary, ADMIN),
    acts("/machine.MachineService/Bootstrap", Flow::Unary, ADMIN),
    reads("/machine.MachineService/CPUFreqStats", Flow::Unary, READER),
    reads("/machine.MachineService/CPUInfo", Flow::Unary, READER),
    reads("/machine.MachineService/Containers", Flow::Unary, READER),
    reads("/machine.MachineService/Copy", Flow::Replies, ADMIN),
    reads("/machine.MachineService/DiskStats", Flow::Unary, READER),
    reads("/machine.MachineService/DiskUsage", Flow::Replies, READER),
    reads("/machine.MachineService/Dmesg", Flow::Replies, READER),
    acts("/machine.MachineService/EtcdAlarmDisarm", Flow::Unary, OPERATOR),
    reads("/machine.MachineService/EtcdAlarmList", Flow::Unary, READER_OR_BACKUP),
    acts("/machine.MachineService/EtcdDefragment", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/EtcdDowngradeCancel", Flow::Unary, ADMIN).since(11),
    acts("/machine.MachineService/EtcdDowngradeEnable", Flow::Unary, ADMIN).since(11),
    reads("/machine.MachineService/EtcdDowngradeValidate", Flow::Unary, ADMIN).since(11),
    acts("/machine.MachineService/EtcdForfeitLeadership", Flow::Unary, ADMIN),
    acts("/machine.MachineService/EtcdLeaveCluster", Flow::Unary, ADMIN),
    reads("/machine.MachineService/EtcdMemberList", Flow::Unary, READER_OR_BACKUP),
    acts("/machine.MachineService/EtcdRecover", Flow::Requests, ADMIN),
    acts("/machine.MachineService/EtcdRemoveMemberByID", Flow::Unary, ADMIN),
    reads("/machine.MachineService/EtcdSnapshot", Flow::Replies, OPERATOR_OR_BACKUP),
    reads("/machine.MachineService/EtcdStatus", Flow::Unary, READER_OR_BACKUP),
    reads("/machine.MachineService/Events", Flow::Replies, READER),
    reads("/machine.MachineService/GenerateClientConfiguration", Flow::Unary, ADMIN),
    reads("/machine.MachineService/GenerateConfiguration", Flow::Unary, ADMIN).removed(13),
    reads("/machine.MachineService/Hostname", Flow::Unary, READER),
    reads("/machine.MachineService/ImageList", Flow::Replies, READER),
    acts("/machine.MachineService/ImagePull", Flow::Unary, OPERATOR),
    reads("/machine.MachineService/Kubeconfig", Flow::Replies, ADMIN),
    reads("/machine.MachineService/List", Flow::Replies, READER),
    reads("/machine.MachineService/LoadAvg", Flow::Unary, READER),
    reads("/machine.MachineService/Logs", Flow::Replies, READER),
    reads("/machine.MachineService/LogsContainers", Flow::Unary, READER),
    reads("/machine.MachineService/Memory", Flow::Unary, READER),
    acts("/machine.MachineService/MetaDelete", Flow::Unary, META_WRITER),
    acts("/machine.MachineService/MetaWrite", Flow::Unary, META_WRITER),
    reads("/machine.MachineService/Mounts", Flow::Unary, READER),
    reads("/machine.MachineService/Netstat", Flow::Unary, READER),
    reads("/machine.MachineService/NetworkDeviceStats", Flow::Unary, READER),
    reads("/machine.MachineService/PacketCapture", Flow::Replies, OPERATOR),
    reads("/machine.MachineService/Processes", Flow::Unary, READER),
    reads("/machine.MachineService/Read", Flow::Replies, ADMIN),
    acts("/machine.MachineService/Reboot", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/Reset", Flow::Unary, ADMIN),
    acts("/machine.MachineService/Restart", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/Rollback", Flow::Unary, ADMIN),
    reads("/machine.MachineService/ServiceList", Flow::Unary, READER),
    acts("/machine.MachineService/ServiceRestart", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/ServiceStart", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/ServiceStop", Flow::Unary, OPERATOR),
    acts("/machine.MachineService/Shutdown", Flow::Unary, OPERATOR),
    reads("/machine.MachineService/Stats", Flow::Unary, READER),
    reads("/machine.MachineService/SystemStat", Flow::Unary, READER),
    acts("/machine.MachineService/Upgrade", Flow::Unary, ADMIN),
    reads("/machine.MachineService/Version", Flow::Unary, READER),
    acts("/storage.StorageService/BlockDeviceWipe", Flow::Unary, ADMIN),
    reads("/storage.StorageService/Disks", Flow::Unary, READER),
    reads("/time.TimeService/Time", Flow::Unary, READER),
    reads("/time.TimeService/TimeCheck", Flow::Unary, READER),
];

#[cfg(test)]
#[allow(clippy::panic, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_complete() {
        assert!(METHODS.is_sorted_by(|a, b| a.path < b.path));
        assert_eq!(METHODS.len(), 81);
        assert_eq!(Method::find("/machine.MachineService/Version").map(|m| m.idempotent), Some(true));
        assert_eq!(Method::find("/machine.MachineService/Bootstrap").map(|m| m.idempotent), Some(false));
        assert!(Method::find("/machine.MachineService/Nope").is_none());
    }

    #[test]
    fn the_table_says_what_the_facts_say() {
        let facts = include_str!("../../../proto/facts/methods.tsv").lines().skip(1);
        let mut known = 0;
        for fact in facts {
            let [path, _, _, client_streams, server_streams, since, removed, roles, ..] =
                fact.split('\t').collect::<Vec<_>>()[..]
            else {
                panic!("{fact}");
            };
            // Other servers have these: trustd, and a socket of the imager.
            if path.starts_with("/securityapi.") || path.starts_with("/signerapi.") {
                continue;
            }
            known += 1;
            let method = Method::find(path).unwrap_or_else(|| panic!("{path}"));
            let flow = match (client_streams, server_streams) {
                ("true", _) => Flow::Requests,
                (_, "true") => Flow::Replies,
                _ => Flow::Unary,
            };
            assert_eq!(method.flow, flow, "{path}");
            assert_eq!(format!("1.{}", method.since), since, "{path}");
            assert_eq!(
                method.removed.map(|minor| format!("1.{minor}")).unwrap_or_default(),
                removed,
                "{path}"
            );
            // Where a machine in maintenance mode allows more, the table has a configured one.
            if !method.roles.iter().all(|role| roles.split(',').any(|fact| fact == *role)) {
                assert_eq!(roles, "", "{path}");
            }
        }
        assert_eq!(known, METHODS.len());
    }

    #[test]
    fn nothing_that_changes_a_machine_is_sent_twice() {
        for method in METHODS.iter().filter(|method| method.idempotent) {
            let name = name(method.path);
            for verb in
                ["Apply", "Bootstrap", "Reset", "Reboot", "Upgrade", "Remove", "Wipe", "Create", "Destroy"]
            {
                assert!(!name.contains(verb), "{name}");
            }
        }
    }
}
