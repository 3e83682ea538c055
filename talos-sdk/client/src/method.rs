//! What is known of every method before it is called.

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
}

impl Method {
    /// The method behind a path, if it is one of the API.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        METHODS.binary_search_by_key(&path, |method| method.path).ok().map(|index| &METHODS[index])
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

const ADMIN: &[&str] = &["os:admin"];
const OPERATOR: &[&str] = &["os:admin", "os:operator"];
const OPERATOR_OR_BACKUP: &[&str] = &["os:admin", "os:operator", "os:etcd:backup"];
const READER: &[&str] = &["os:admin", "os:operator", "os:reader"];
const READER_OR_BACKUP: &[&str] = &["os:admin", "os:operator", "os:reader", "os:etcd:backup"];
const READER_OR_VERIFIER: &[&str] = &["os:admin", "os:operator", "os:reader", "os:image:verifier"];
const META_WRITER: &[&str] = &["os:admin", "os:meta:writer"];

const fn reads(path: &'static str, flow: Flow, roles: &'static [&'static str]) -> Method {
    Method { path, flow, idempotent: true, roles }
}

const fn acts(path: &'static str, flow: Flow, roles: &'static [&'static str]) -> Method {
    Method { path, flow, idempotent: false, roles }
}

/// Every method, in order of its path.
#[rustfmt::skip]
const METHODS: &[Method] = &[
    reads("/cluster.ClusterService/HealthCheck", Flow::Replies, READER),
    acts("/cosi.resource.State/Create", Flow::Unary, ADMIN),
    acts("/cosi.resource.State/Destroy", Flow::Unary, ADMIN),
    reads("/cosi.resource.State/Get", Flow::Unary, READER),
    reads("/cosi.resource.State/List", Flow::Replies, READER),
    acts("/cosi.resource.State/Teardown", Flow::Unary, ADMIN),
    acts("/cosi.resource.State/TeardownAndDestroy", Flow::Unary, ADMIN),
    acts("/cosi.resource.State/Update", Flow::Unary, ADMIN),
    reads("/cosi.resource.State/Watch", Flow::Replies, READER),
    reads("/inspect.InspectService/ControllerRuntimeDependencies", Flow::Unary, READER),
    acts("/machine.DebugService/ContainerRun", Flow::Requests, ADMIN),
    acts("/machine.ImageService/Import", Flow::Requests, ADMIN),
    reads("/machine.ImageService/List", Flow::Replies, READER),
    acts("/machine.ImageService/Pull", Flow::Replies, OPERATOR),
    acts("/machine.ImageService/Remove", Flow::Unary, ADMIN),
    reads("/machine.ImageService/Verify", Flow::Unary, READER_OR_VERIFIER),
    acts("/machine.LVMService/LogicalVolumeRemove", Flow::Unary, ADMIN),
    acts("/machine.LVMService/PhysicalVolumeRemove", Flow::Unary, ADMIN),
    acts("/machine.LVMService/VolumeGroupRemove", Flow::Unary, ADMIN),
    acts("/machine.LifecycleService/Install", Flow::Replies, ADMIN),
    acts("/machine.LifecycleService/Upgrade", Flow::Replies, ADMIN),
    acts("/machine.MDService/Destroy", Flow::Unary, ADMIN),
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
    acts("/machine.MachineService/EtcdDowngradeCancel", Flow::Unary, ADMIN),
    acts("/machine.MachineService/EtcdDowngradeEnable", Flow::Unary, ADMIN),
    reads("/machine.MachineService/EtcdDowngradeValidate", Flow::Unary, ADMIN),
    acts("/machine.MachineService/EtcdForfeitLeadership", Flow::Unary, ADMIN),
    acts("/machine.MachineService/EtcdLeaveCluster", Flow::Unary, ADMIN),
    reads("/machine.MachineService/EtcdMemberList", Flow::Unary, READER_OR_BACKUP),
    acts("/machine.MachineService/EtcdRecover", Flow::Requests, ADMIN),
    acts("/machine.MachineService/EtcdRemoveMemberByID", Flow::Unary, ADMIN),
    reads("/machine.MachineService/EtcdSnapshot", Flow::Replies, OPERATOR_OR_BACKUP),
    reads("/machine.MachineService/EtcdStatus", Flow::Unary, READER_OR_BACKUP),
    reads("/machine.MachineService/Events", Flow::Replies, READER),
    reads("/machine.MachineService/GenerateClientConfiguration", Flow::Unary, ADMIN),
    reads("/machine.MachineService/GenerateConfiguration", Flow::Unary, ADMIN),
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
