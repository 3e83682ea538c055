//! Every method of the machine API: since when it exists, whether it streams, and who may call it.

use talos_pki::Role::{self, Admin, EtcdBackup, ImageVerifier, MetaWriter, Operator, Reader};
use talos_pki::RoleSet;

use Streaming::{Both, Client, Server, Unary};

/// Which side of a method sends more than one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streaming {
    Unary,
    Server,
    Client,
    Both,
}

/// One method as Talos 1.9 to 1.14 serve it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    /// The gRPC path.
    pub(crate) path: &'static str,
    streaming: Streaming,
    roles: &'static [Role],
    /// Before this minor other roles counted.
    earlier: Option<(u16, &'static [Role])>,
    /// First and last minor that serves it.
    minors: (u16, u16),
}

const ADMIN: &[Role] = &[Admin];
const ADMIN_READER: &[Role] = &[Admin, Reader];
const OPERATORS: &[Role] = &[Admin, Operator];
const READERS: &[Role] = &[Admin, Operator, Reader];
const ETCD_BACKUP: &[Role] = &[Admin, Operator, EtcdBackup];
const ETCD_READERS: &[Role] = &[Admin, Operator, Reader, EtcdBackup];
const VERIFIERS: &[Role] = &[Admin, Operator, Reader, ImageVerifier];
const META_WRITERS: &[Role] = &[Admin, MetaWriter];

const fn m(path: &'static str, streaming: Streaming, roles: &'static [Role]) -> Method {
    Method { path, streaming, roles, earlier: None, minors: (0, u16::MAX) }
}

impl Method {
    const fn since(mut self, minor: u16) -> Self {
        self.minors.0 = minor;
        self
    }

    const fn last(mut self, minor: u16) -> Self {
        self.minors.1 = minor;
        self
    }

    const fn roles_before(mut self, minor: u16, roles: &'static [Role]) -> Self {
        self.earlier = Some((minor, roles));
        self
    }

    /// The method at `path`, if Talos 1.`minor` serves it.
    pub(crate) fn find(path: &str, minor: u16) -> Option<&'static Self> {
        let index = METHODS.binary_search_by(|method| method.path.cmp(path)).ok()?;
        METHODS.get(index).filter(|method| (method.minors.0..=method.minors.1).contains(&minor))
    }

    /// Whether the server may answer with more than one message.
    pub(crate) fn server_streaming(&self) -> bool {
        matches!(self.streaming, Server | Both)
    }

    /// Whether the caller may send more than one message.
    pub(crate) fn client_streaming(&self) -> bool {
        matches!(self.streaming, Client | Both)
    }

    /// Whether one of `roles` may call it on Talos 1.`minor`.
    pub(crate) fn allows(&self, roles: &RoleSet, minor: u16) -> bool {
        let allowed = match self.earlier {
            Some((until, earlier)) if minor < until => earlier,
            _ => self.roles,
        };
        roles.contains_any(allowed.iter().copied())
    }
}

/// In the order of the paths.
static METHODS: &[Method] = &[
    m("/cluster.ClusterService/HealthCheck", Server, READERS),
    m("/cosi.resource.State/Create", Unary, ADMIN),
    m("/cosi.resource.State/Destroy", Unary, ADMIN),
    m("/cosi.resource.State/Get", Unary, READERS),
    m("/cosi.resource.State/List", Server, READERS),
    m("/cosi.resource.State/Teardown", Unary, ADMIN).since(14),
    m("/cosi.resource.State/TeardownAndDestroy", Unary, ADMIN).since(14),
    m("/cosi.resource.State/Update", Unary, ADMIN),
    m("/cosi.resource.State/Watch", Server, READERS),
    m("/inspect.InspectService/ControllerRuntimeDependencies", Unary, READERS),
    m("/machine.DebugService/ContainerRun", Both, ADMIN).since(13),
    m("/machine.ImageService/Import", Client, ADMIN).since(13),
    m("/machine.ImageService/List", Server, READERS).since(13),
    m("/machine.ImageService/Pull", Server, OPERATORS).since(13),
    m("/machine.ImageService/Remove", Unary, ADMIN).since(13),
    m("/machine.ImageService/Verify", Unary, VERIFIERS).since(13),
    m("/machine.LVMService/LogicalVolumeRemove", Unary, ADMIN_READER).since(14),
    m("/machine.LVMService/PhysicalVolumeRemove", Unary, ADMIN_READER).since(14),
    m("/machine.LVMService/VolumeGroupRemove", Unary, ADMIN_READER).since(14),
    m("/machine.LifecycleService/Install", Server, ADMIN).since(13),
    m("/machine.LifecycleService/Upgrade", Server, ADMIN).since(13),
    m("/machine.MDService/Destroy", Unary, ADMIN_READER).since(14),
    m("/machine.MachineService/ApplyConfiguration", Unary, ADMIN_READER).roles_before(13, ADMIN),
    m("/machine.MachineService/Bootstrap", Unary, ADMIN),
    m("/machine.MachineService/CPUFreqStats", Unary, READERS),
    m("/machine.MachineService/CPUInfo", Unary, READERS),
    m("/machine.MachineService/Containers", Unary, READERS),
    m("/machine.MachineService/Copy", Server, ADMIN),
    m("/machine.MachineService/DiskStats", Unary, READERS),
    m("/machine.MachineService/DiskUsage", Server, READERS),
    m("/machine.MachineService/Dmesg", Server, READERS),
    m("/machine.MachineService/EtcdAlarmDisarm", Unary, OPERATORS),
    m("/machine.MachineService/EtcdAlarmList", Unary, ETCD_READERS),
    m("/machine.MachineService/EtcdDefragment", Unary, OPERATORS),
    m("/machine.MachineService/EtcdDowngradeCancel", Unary, ADMIN).since(11),
    m("/machine.MachineService/EtcdDowngradeEnable", Unary, ADMIN).since(11),
    m("/machine.MachineService/EtcdDowngradeValidate", Unary, ADMIN).since(11),
    m("/machine.MachineService/EtcdForfeitLeadership", Unary, ADMIN),
    m("/machine.MachineService/EtcdLeaveCluster", Unary, ADMIN),
    m("/machine.MachineService/EtcdMemberList", Unary, ETCD_READERS),
    m("/machine.MachineService/EtcdRecover", Client, ADMIN),
    m("/machine.MachineService/EtcdRemoveMemberByID", Unary, ADMIN),
    m("/machine.MachineService/EtcdSnapshot", Server, ETCD_BACKUP),
    m("/machine.MachineService/EtcdStatus", Unary, ETCD_READERS),
    m("/machine.MachineService/Events", Server, READERS),
    m("/machine.MachineService/GenerateClientConfiguration", Unary, ADMIN),
    m("/machine.MachineService/GenerateConfiguration", Unary, ADMIN).last(12),
    m("/machine.MachineService/Hostname", Unary, READERS),
    m("/machine.MachineService/ImageList", Server, READERS),
    m("/machine.MachineService/ImagePull", Unary, OPERATORS),
    m("/machine.MachineService/Kubeconfig", Server, ADMIN),
    m("/machine.MachineService/List", Server, READERS),
    m("/machine.MachineService/LoadAvg", Unary, READERS),
    m("/machine.MachineService/Logs", Server, READERS),
    m("/machine.MachineService/LogsContainers", Unary, READERS),
    m("/machine.MachineService/Memory", Unary, READERS),
    m("/machine.MachineService/MetaDelete", Unary, META_WRITERS).roles_before(13, ADMIN),
    m("/machine.MachineService/MetaWrite", Unary, META_WRITERS).roles_before(13, ADMIN),
    m("/machine.MachineService/Mounts", Unary, READERS),
    m("/machine.MachineService/Netstat", Unary, READERS),
    m("/machine.MachineService/NetworkDeviceStats", Unary, READERS),
    m("/machine.MachineService/PacketCapture", Server, OPERATORS),
    m("/machine.MachineService/Processes", Unary, READERS),
    m("/machine.MachineService/Read", Server, ADMIN),
    m("/machine.MachineService/Reboot", Unary, OPERATORS),
    m("/machine.MachineService/Reset", Unary, ADMIN),
    m("/machine.MachineService/Restart", Unary, OPERATORS),
    m("/machine.MachineService/Rollback", Unary, ADMIN),
    m("/machine.MachineService/ServiceList", Unary, READERS),
    m("/machine.MachineService/ServiceRestart", Unary, OPERATORS),
    m("/machine.MachineService/ServiceStart", Unary, OPERATORS),
    m("/machine.MachineService/ServiceStop", Unary, OPERATORS),
    m("/machine.MachineService/Shutdown", Unary, OPERATORS),
    m("/machine.MachineService/Stats", Unary, READERS),
    m("/machine.MachineService/SystemStat", Unary, READERS),
    m("/machine.MachineService/Upgrade", Unary, ADMIN),
    m("/machine.MachineService/Version", Unary, READERS),
    m("/storage.StorageService/BlockDeviceWipe", Unary, ADMIN_READER).roles_before(13, ADMIN),
    m("/storage.StorageService/Disks", Unary, READERS),
    m("/time.TimeService/Time", Unary, READERS),
    m("/time.TimeService/TimeCheck", Unary, READERS),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// `1.13` as 13, and what lies before 1.9 as 0.
    fn minor(version: &str) -> u16 {
        let minor = version.strip_prefix("1.").unwrap().parse().unwrap();
        if minor <= 9 { 0 } else { minor }
    }

    fn roles(names: &str) -> RoleSet {
        RoleSet::parse(names.split(',')).unwrap()
    }

    #[test]
    fn the_table_says_what_the_facts_of_the_project_say() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/facts/methods.tsv");
        let text = std::fs::read_to_string(path).unwrap();
        let mut seen = 0;
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [path, _, _, _, streaming, since, removed, now, history] = columns[..] else {
                unreachable!("{line}")
            };
            // The signer and trustd are no part of the machine API.
            if path.starts_with("/signerapi.") || path.starts_with("/securityapi.") {
                continue;
            }
            seen += 1;
            let removed = if removed.is_empty() { u16::MAX } else { minor(removed) };
            for version in 9..=15 {
                let found = Method::find(path, version);
                let exists = (minor(since)..removed).contains(&version);
                assert_eq!(found.is_some(), exists, "{path} in 1.{version}");
                let Some(method) = found else { continue };
                assert_eq!(method.server_streaming(), streaming == "true", "{path}");
                let mut steps = history.split(';').filter_map(|step| step.split_once('='));
                let allowed = steps.rfind(|(from, _)| minor(from) <= version).map_or(now, |(_, roles)| roles);
                for role in Role::ALL {
                    let wanted = roles(allowed).contains(role);
                    assert_eq!(
                        method.allows(&[role].into(), version),
                        wanted,
                        "{path} as {role} in 1.{version}"
                    );
                }
            }
        }
        assert_eq!(seen, METHODS.len());
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(METHODS.is_sorted_by(|a, b| a.path < b.path));
    }

    #[test]
    fn versions_and_roles() {
        let reader = RoleSet::from([Reader]);
        let apply = "/machine.MachineService/ApplyConfiguration";
        assert!(!Method::find(apply, 12).unwrap().allows(&reader, 12));
        assert!(Method::find(apply, 13).unwrap().allows(&reader, 13));
        assert!(Method::find("/machine.MachineService/GenerateConfiguration", 12).is_some());
        assert!(Method::find("/machine.MachineService/GenerateConfiguration", 13).is_none());
        assert!(Method::find("/machine.ImageService/Pull", 12).is_none());
        assert!(Method::find("/machine.ImageService/Pull", 13).unwrap().server_streaming());
        assert!(Method::find("/machine.MachineService/Nosuch", 13).is_none());
    }
}
