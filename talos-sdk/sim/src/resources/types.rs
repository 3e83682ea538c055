//! The types of resources: where they live, who may read them, and since when they exist.

/// One type, as Talos 1.9 to 1.15 serve it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
    /// Only administrators may read it.
    pub(crate) sensitive: bool,
    pub(super) aliases: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
    minors: (u16, u16),
}

const fn t(name: &'static str, namespace: &'static str) -> ResourceType {
    ResourceType { name, namespace, sensitive: false, aliases: &[], columns: &[], minors: (0, u16::MAX) }
}

impl ResourceType {
    const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    const fn since(mut self, minor: u16) -> Self {
        self.minors.0 = minor;
        self
    }

    const fn last(mut self, minor: u16) -> Self {
        self.minors.1 = minor;
        self
    }

    /// The type with this full name, if Talos 1.`minor` has it.
    pub(crate) fn find(name: &str, minor: u16) -> Option<&'static Self> {
        let index = TYPES.binary_search_by(|kind| kind.name.cmp(name)).ok()?;
        TYPES.get(index).filter(|kind| kind.exists_in(minor))
    }

    /// The types of Talos 1.`minor`.
    pub(super) fn all(minor: u16) -> impl Iterator<Item = &'static Self> {
        TYPES.iter().filter(move |kind| kind.exists_in(minor))
    }

    fn exists_in(&self, minor: u16) -> bool {
        (self.minors.0..=self.minors.1).contains(&minor)
    }
}

/// The namespaces of Talos 1.`minor`.
pub(crate) fn namespaces(minor: u16) -> std::collections::BTreeSet<&'static str> {
    // These two hold second copies of types that are at home elsewhere.
    let copies = ["cluster-raw", "network-config"];
    ResourceType::all(minor).map(|kind| kind.namespace).chain(copies).collect()
}

/// In the order of the names.
static TYPES: &[ResourceType] = &[
    t("APIServerConfigs.kubernetes.talos.dev", "controlplane").sensitive(),
    t("APIServiceConfigs.runtime.talos.dev", "runtime").since(13),
    t("AcquireConfigSpecs.v1alpha1.talos.dev", "runtime"),
    t("AcquireConfigStatuses.v1alpha1.talos.dev", "runtime"),
    t("AddressSpecs.net.talos.dev", "network"),
    t("AddressStatuses.net.talos.dev", "network")
        .aliases(&["address", "addresses"])
        .columns(&["Address", "Link"]),
    t("AdjtimeStatuses.v1alpha1.talos.dev", "runtime")
        .columns(&["Offset", "EstError", "MaxError", "Status", "Sync"]),
    t("AdmissionControlConfigs.kubernetes.talos.dev", "controlplane"),
    t("Affiliates.cluster.talos.dev", "cluster").columns(&["Hostname", "Machine Type", "Addresses"]),
    t("ApiCertificates.secrets.talos.dev", "secrets").sensitive(),
    t("AuditPolicyConfigs.kubernetes.talos.dev", "controlplane").sensitive(),
    t("AuthenticationConfigs.kubernetes.talos.dev", "controlplane").sensitive().since(14),
    t("AuthorizationConfigs.kubernetes.talos.dev", "controlplane").sensitive(),
    t("BGPInstanceConfigs.net.talos.dev", "network")
        .columns(&["Local ASN", "Router ID", "VRF", "Neighbors"])
        .since(14),
    t("BGPPeerStatuses.net.talos.dev", "network")
        .columns(&["Instance", "Peer", "Peer AS", "State", "Since", "Received"])
        .since(14),
    t("BaseRuntimeSpecConfigs.cri.talos.dev", "cri").since(14),
    t("BlockDevices.block.talos.dev", "runtime").columns(&["Type", "PartitionName", "Generation"]),
    t("BlockSymlinks.block.talos.dev", "runtime").since(10),
    t("BootIDs.runtime.talos.dev", "runtime").columns(&["Boot ID"]).since(14),
    t("BootedEntries.talos.dev", "runtime").columns(&["Booted Entry"]).since(11),
    t("BootstrapManifestsConfigs.kubernetes.talos.dev", "controlplane"),
    t("CPUCores.hardware.talos.dev", "hardware")
        .aliases(&["cpucore", "cpucores"])
        .columns(&["Socket", "Core", "Model", "Logical CPUs"])
        .since(14),
    t("CPUStats.perf.talos.dev", "perf").columns(&["User", "System"]),
    t("CertSANs.secrets.talos.dev", "secrets").sensitive(),
    t("ConfigStatuses.kubernetes.talos.dev", "controlplane").columns(&["Ready", "Secrets Version"]),
    t("ContainerImageStatuses.containers.talos.dev", "containers")
        .aliases(&["containerimagestatus", "containerimagestatuses"])
        .columns(&["Phase", "Digest"])
        .since(15),
    t("ContainerInstanceSpecs.containers.talos.dev", "containers")
        .aliases(&["containerinstancespec", "containerinstancespecs"])
        .columns(&["Container", "Generation", "Image"])
        .since(15),
    t("ContainerSpecs.containers.talos.dev", "containers")
        .aliases(&["containerspec", "containerspecs"])
        .columns(&["Image"])
        .since(14),
    t("ControllerManagerConfigs.kubernetes.talos.dev", "controlplane"),
    t("CustomizationConfigs.cri.talos.dev", "cri").sensitive().since(14),
    t("DNSResolveCaches.net.talos.dev", "network").columns(&["Status"]),
    t("DNSUpstreams.net.talos.dev", "network").columns(&["Healthy", "Address"]),
    t("DeviceConfigSpecs.net.talos.dev", "network").sensitive(),
    t("DevicesStatuses.runtime.talos.dev", "runtime").columns(&["Ready"]),
    t("Diagnostics.runtime.talos.dev", "runtime").columns(&["Message"]),
    t("DiscoveredVolumes.block.talos.dev", "runtime").columns(&[
        "Type",
        "Size",
        "Discovered",
        "Label",
        "PartitionLabel",
    ]),
    t("DiscoveredVolumesStatuses.block.talos.dev", "runtime").columns(&["Ready"]).since(14),
    t("DiscoveryConfigs.cluster.talos.dev", "config").sensitive(),
    t("DiscoveryRefreshRequests.block.talos.dev", "runtime").columns(&["Request"]),
    t("DiscoveryRefreshStatuses.block.talos.dev", "runtime").columns(&["Request"]),
    t("Disks.block.talos.dev", "runtime").columns(&[
        "Size",
        "Read Only",
        "Transport",
        "Rotational",
        "WWID",
        "Model",
        "Serial",
    ]),
    t("EncryptionSalts.secrets.talos.dev", "secrets").sensitive().since(11),
    t("Endpoints.kubernetes.talos.dev", "controlplane").columns(&["Addresses", "Hosts"]),
    t("Environments.runtime.talos.dev", "runtime").aliases(&["env"]).columns(&["Variables"]).since(13),
    t("EtcFileSpecs.files.talos.dev", "files").sensitive(),
    t("EtcFileStatuses.files.talos.dev", "files"),
    t("EtcdConfigs.etcd.talos.dev", "etcd").columns(&["Image"]),
    t("EtcdEncryptionConfigs.kubernetes.talos.dev", "k8s").sensitive().since(14),
    t("EtcdMembers.etcd.talos.dev", "etcd").columns(&["Member ID"]),
    t("EtcdRootSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("EtcdSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("EtcdSpecs.etcd.talos.dev", "etcd").columns(&[
        "Name",
        "AdvertisedAddresses",
        "ListenPeerAddresses",
        "ListenClientAddresses",
    ]),
    t("EthernetSpecs.net.talos.dev", "network").since(10),
    t("EthernetStatuses.net.talos.dev", "network")
        .aliases(&["ethtool"])
        .columns(&["Link", "Speed"])
        .since(10),
    t("EventSinkConfigs.runtime.talos.dev", "runtime"),
    t("ExtensionServiceConfigStatuses.runtime.talos.dev", "runtime"),
    t("ExtensionServiceConfigs.runtime.talos.dev", "runtime").sensitive(),
    t("ExtensionStatuses.runtime.talos.dev", "runtime")
        .aliases(&["extensions"])
        .columns(&["Name", "Version"]),
    t("ExtraManifestsConfigs.kubernetes.talos.dev", "controlplane"),
    t("FSScrubSchedules.block.talos.dev", "runtime")
        .columns(&["Filesystem", "Interval", "Next Scrub"])
        .since(14),
    t("FSScrubStatuses.block.talos.dev", "runtime")
        .columns(&["Mountpoint", "Interval", "Latest start time", "Latest run duration", "Latest status"])
        .since(14),
    t("HardwareAddresses.net.talos.dev", "network"),
    t("HostDNSConfigs.net.talos.dev", "network").columns(&["Enabled"]),
    t("HostnameSpecs.net.talos.dev", "network"),
    t("HostnameStatuses.net.talos.dev", "network")
        .aliases(&["hostname"])
        .columns(&["Hostname", "Domainname"]),
    t("Identities.cluster.talos.dev", "cluster").columns(&["ID"]),
    t("ImageCacheConfigs.cri.talos.dev", "cri").columns(&["Status", "CopyStatus", "Roots"]),
    t("ImageFactorySchematics.runtime.talos.dev", "runtime")
        .columns(&["Schematic ID", "Flavor", "API URL"])
        .since(14),
    t("ImageVerificationRules.security.talos.dev", "security")
        .columns(&["Pattern", "Skip", "Deny"])
        .since(13),
    t("Infos.cluster.talos.dev", "cluster").columns(&["Cluster ID", "Cluster Name"]),
    t("KernelCmdlines.runtime.talos.dev", "runtime").aliases(&["cmdline"]).columns(&["Cmdline"]).since(11),
    t("KernelModuleSpecs.runtime.talos.dev", "runtime"),
    t("KernelModuleStatuses.runtime.talos.dev", "runtime")
        .aliases(&["module", "modules"])
        .columns(&["Type", "State"])
        .since(14),
    t("KernelParamDefaultSpecs.runtime.talos.dev", "runtime"),
    t("KernelParamSpecs.runtime.talos.dev", "runtime"),
    t("KernelParamStatuses.runtime.talos.dev", "runtime")
        .aliases(&["sysctls", "kernelparameters", "kernelparams"])
        .columns(&["Current", "Default", "Unsupported"]),
    t("KmsgLogConfigs.runtime.talos.dev", "runtime"),
    t("KubePrismConfigs.kubernetes.talos.dev", "k8s").columns(&["Host", "Port", "Endpoints"]),
    t("KubePrismEndpoints.kubernetes.talos.dev", "k8s").columns(&["Hosts", "Ports"]),
    t("KubePrismStatuses.kubernetes.talos.dev", "k8s").columns(&["HOST", "HEALTHY"]),
    t("KubeSpanConfigs.kubespan.talos.dev", "config").sensitive(),
    t("KubeSpanEndpoints.kubespan.talos.dev", "kubespan").columns(&["Endpoint", "Affiliate ID"]),
    t("KubeSpanIdentities.kubespan.talos.dev", "kubespan").sensitive().columns(&["Address", "PublicKey"]),
    t("KubeSpanPeerSpecs.kubespan.talos.dev", "kubespan").columns(&["Label", "Endpoints"]),
    t("KubeSpanPeerStatuses.kubespan.talos.dev", "kubespan")
        .columns(&["Label", "Endpoint", "State", "Rx", "Tx"]),
    t("KubeletConfigs.kubernetes.talos.dev", "k8s").sensitive(),
    t("KubeletKubeconfigs.kubernetes.talos.dev", "k8s").columns(&["Hash"]).since(12),
    t("KubeletLifecycles.kubernetes.talos.dev", "k8s"),
    t("KubeletSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("KubeletSpecs.kubernetes.talos.dev", "k8s").sensitive(),
    t("KubeletStatuses.kubernetes.talos.dev", "k8s").columns(&["Image"]).since(14),
    t("KubernetesAccessConfigs.cluster.talos.dev", "config"),
    t("KubernetesDynamicCerts.secrets.talos.dev", "secrets").sensitive(),
    t("KubernetesRootSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("KubernetesSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("LVMLogicalVolumeSpecs.storage.talos.dev", "storage").columns(&["VG", "Name", "Type"]).since(14),
    t("LVMLogicalVolumeStatuses.storage.talos.dev", "storage")
        .aliases(&["lvs"])
        .columns(&["Path", "VG", "Layout", "Size", "Active"])
        .since(14),
    t("LVMPhysicalVolumeSpecs.storage.talos.dev", "storage").columns(&["Device", "VG"]).since(14),
    t("LVMPhysicalVolumeStatuses.storage.talos.dev", "storage")
        .aliases(&["pvs"])
        .columns(&["Device", "VG", "Size", "Free", "Allocatable"])
        .since(14),
    t("LVMRefreshRequests.storage.talos.dev", "storage").columns(&["Request"]).since(14),
    t("LVMValidationErrors.storage.talos.dev", "storage").columns(&["VG", "Message"]).since(14),
    t("LVMVolumeGroupSpecs.storage.talos.dev", "storage").columns(&["Name"]).since(14),
    t("LVMVolumeGroupStatuses.storage.talos.dev", "storage")
        .aliases(&["vgs"])
        .columns(&["Name", "Permissions", "Size", "Free", "PVs", "LVs"])
        .since(14),
    t("LinkAliasSpecs.net.talos.dev", "network").columns(&["Alias"]).since(12),
    t("LinkRefreshes.net.talos.dev", "network"),
    t("LinkSpecs.net.talos.dev", "network").sensitive(),
    t("LinkStatuses.net.talos.dev", "network").aliases(&["link", "links"]).columns(&[
        "Alias",
        "Type",
        "Kind",
        "Hw Addr",
        "Oper State",
        "Link State",
    ]),
    t("LoadedKernelModules.runtime.talos.dev", "runtime").columns(&["State"]).since(11),
    t("MDArraySpecs.storage.talos.dev", "storage").columns(&["Level"]).since(14),
    t("MDArrayStatuses.storage.talos.dev", "storage")
        .columns(&["Level", "Status", "Sync", "Device"])
        .since(14),
    t("MDRefreshRequests.storage.talos.dev", "storage").columns(&["Request"]).since(14),
    t("MachineConfigs.config.talos.dev", "config").sensitive(),
    t("MachineResetSignals.runtime.talos.dev", "runtime"),
    t("MachineStatuses.runtime.talos.dev", "runtime").columns(&["Stage", "Ready"]),
    t("MachineTypes.config.talos.dev", "config").columns(&["Type"]),
    t("MaintenanceRootSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("MaintenanceServiceCertificates.secrets.talos.dev", "secrets").sensitive().last(12),
    t("MaintenanceServiceConfigs.runtime.talos.dev", "runtime"),
    t("MaintenanceServiceRequests.runtime.talos.dev", "runtime"),
    t("ManifestStatuses.kubernetes.talos.dev", "controlplane"),
    t("Manifests.kubernetes.talos.dev", "controlplane"),
    t("Members.cluster.talos.dev", "cluster").columns(&["Hostname", "Machine Type", "OS", "Addresses"]),
    t("MemoryModules.hardware.talos.dev", "hardware").aliases(&["memorymodules", "ram"]).columns(&[
        "Manufacturer",
        "Model",
        "SizeMiB",
    ]),
    t("MemoryStats.perf.talos.dev", "perf").columns(&["Used", "Total"]),
    t("MetaKeys.runtime.talos.dev", "runtime").aliases(&["meta"]).columns(&["Value"]),
    t("MetaLoads.runtime.talos.dev", "runtime").columns(&["Done"]),
    t("MountRequests.block.talos.dev", "runtime").columns(&["Volume", "Parent", "Requesters"]).since(10),
    t("MountStatuses.block.talos.dev", "runtime")
        .columns(&["Source", "Target", "Filesystem", "Volume"])
        .since(10),
    t("MountStatuses.runtime.talos.dev", "runtime").aliases(&["mounts"]).columns(&[
        "Source",
        "Target",
        "Filesystem Type",
    ]),
    t("NTPStatuses.v1alpha1.talos.dev", "runtime")
        .columns(&["Spike Detected", "Consecutive Spikes"])
        .since(15),
    t("Namespaces.meta.cosi.dev", "meta").aliases(&["ns"]),
    t("NetworkStatuses.net.talos.dev", "network").aliases(&["netstatus", "netstatuses"]).columns(&[
        "Address",
        "Connectivity",
        "Hostname",
        "Etc",
    ]),
    t("NfTablesChains.net.talos.dev", "network")
        .aliases(&["chain", "chains"])
        .columns(&["Type", "Hook", "Priority", "Policy"]),
    t("NodeAddressFilters.net.talos.dev", "network").columns(&["Include Subnets", "Exclude Subnets"]),
    t("NodeAddressSortAlgorithms.net.talos.dev", "network").columns(&["Algorithm"]),
    t("NodeAddresses.net.talos.dev", "network").columns(&["Addresses", "SortAlgorithm"]),
    t("NodeAnnotationSpecs.k8s.talos.dev", "k8s").sensitive().columns(&["Value"]),
    t("NodeCordonedSpecs.k8s.talos.dev", "k8s").sensitive(),
    t("NodeIPConfigs.kubernetes.talos.dev", "k8s"),
    t("NodeIPs.kubernetes.talos.dev", "k8s"),
    t("NodeLabelSpecs.k8s.talos.dev", "k8s").sensitive().columns(&["Value"]),
    t("NodeStatuses.kubernetes.talos.dev", "k8s").columns(&["Ready", "Unschedulable"]),
    t("NodeTaintSpecs.k8s.talos.dev", "k8s").sensitive().columns(&["Effect", "Value"]),
    t("Nodenames.kubernetes.talos.dev", "k8s").columns(&["Nodename"]),
    t("OOMActions.talos.dev", "runtime").sensitive().columns(&["Time", "Score"]).since(12),
    t("OSRootSecrets.secrets.talos.dev", "secrets").sensitive(),
    t("OperatorSpecs.net.talos.dev", "network").sensitive(),
    t("PCIDevices.hardware.talos.dev", "hardware")
        .aliases(&["devices", "device"])
        .columns(&["Class", "Subclass", "Vendor", "Product"]),
    t("PCIDriverRebindConfigs.runtime.talos.dev", "hardware")
        .columns(&["Name", "PCI ID", "TargetDriver"])
        .since(10),
    t("PCIDriverRebindStatuses.runtime.talos.dev", "hardware")
        .aliases(&["pcidriverrebinds"])
        .columns(&["Name", "PCI ID", "TargetDriver"])
        .since(10),
    t("PCRStatuses.hardware.talos.dev", "hardware").since(10),
    t("PKIStatuses.etcd.talos.dev", "etcd").columns(&["Ready", "Secrets Version"]),
    t("PlatformConfigs.net.talos.dev", "network").since(12),
    t("PlatformMetadatas.talos.dev", "runtime").columns(&["Platform", "Type", "Region", "Zone"]),
    t("ProbeSpecs.net.talos.dev", "network"),
    t("ProbeStatuses.net.talos.dev", "network").aliases(&["probe", "probes"]).columns(&["Success"]),
    t("Processors.hardware.talos.dev", "hardware").aliases(&["cpus", "cpu"]).columns(&[
        "Manufacturer",
        "Model",
        "Cores",
        "Threads",
    ]),
    t("RebootRequests.runtime.talos.dev", "runtime").since(14),
    t("RegistryConfigs.cri.talos.dev", "cri").sensitive(),
    t("ResolverSpecs.net.talos.dev", "network").columns(&["Layer", "Resolvers", "Search Domains"]),
    t("ResolverStatuses.net.talos.dev", "network")
        .aliases(&["resolvers"])
        .columns(&["Resolvers", "Search Domains"]),
    t("ResourceDefinitions.meta.cosi.dev", "meta").aliases(&["api-resources"]),
    t("RouteSpecs.net.talos.dev", "network"),
    t("RouteStatuses.net.talos.dev", "network").aliases(&["route", "routes"]).columns(&[
        "Destination",
        "Gateway",
        "Link",
        "Metric",
    ]),
    t("RoutingRuleSpecs.net.talos.dev", "network").since(13),
    t("RoutingRuleStatuses.net.talos.dev", "network")
        .aliases(&["routingrule", "routingrules"])
        .columns(&["Src", "Dst", "Table", "Priority"])
        .since(13),
    t("SBOMItems.talos.dev", "runtime").columns(&["Version", "License", "Extension"]).since(11),
    t("SchedulerConfigs.kubernetes.talos.dev", "controlplane"),
    t("SeccompProfiles.cri.talos.dev", "cri"),
    t("SecretStatuses.kubernetes.talos.dev", "controlplane").columns(&["Ready", "Secrets Version"]),
    t("SecurityStates.talos.dev", "runtime").columns(&[
        "SecureBoot",
        "UKISigningKeyFingerprint",
        "PCRSigningKeyFingerprint",
        "SELinuxState",
        "ModuleSignatureEnforced",
    ]),
    t("ServicePIDs.runtime.talos.dev", "runtime").columns(&["PID"]).since(13),
    t("Services.v1alpha1.talos.dev", "runtime").aliases(&["svc"]).columns(&[
        "Running",
        "Healthy",
        "Health Unknown",
    ]),
    t("SiderolinkConfigs.siderolink.talos.dev", "config").sensitive().columns(&["API Endpoint", "Tunnel"]),
    t("SiderolinkStatuses.siderolink.talos.dev", "config").columns(&["Host", "Connected"]),
    t("SiderolinkTunnels.siderolink.talos.dev", "config").sensitive().columns(&[
        "API Endpoint",
        "Link name",
        "MTU",
        "Node address",
    ]),
    t("StaticHosts.net.talos.dev", "network").columns(&["Addresses"]).since(14),
    t("StaticPodServerStatuses.kubernetes.talos.dev", "k8s"),
    t("StaticPodStatuses.kubernetes.talos.dev", "k8s").aliases(&["podstatus"]).columns(&["Ready"]),
    t("StaticPods.kubernetes.talos.dev", "k8s"),
    t("SwapStatuses.block.talos.dev", "runtime")
        .aliases(&["swap", "swaps"])
        .columns(&["Device", "Size", "Used", "Priority"])
        .since(11),
    t("SystemDisks.block.talos.dev", "runtime").columns(&["Disk"]),
    t("SystemInformations.hardware.talos.dev", "hardware").aliases(&["systeminformation"]).columns(&[
        "Manufacturer",
        "ProductName",
        "Version",
        "SerialNumber",
        "UUID",
        "WakeUpType",
        "SKUNumber",
    ]),
    t("TUFTrustedRoots.security.talos.dev", "security").columns(&["Last Refresh"]).since(13),
    t("TimeServerSpecs.net.talos.dev", "network").columns(&["Timeservers", "UseNTS"]),
    t("TimeServerStatuses.net.talos.dev", "network")
        .aliases(&["timeserver", "timeservers"])
        .columns(&["Timeservers", "UseNTS"]),
    t("TimeStatuses.v1alpha1.talos.dev", "runtime").columns(&["Synced"]),
    t("TrustdCertificates.secrets.talos.dev", "secrets").sensitive(),
    t("UnattendedInstallStatuses.runtime.talos.dev", "runtime").columns(&["Phase"]).since(14),
    t("UniqueMachineTokens.runtime.talos.dev", "runtime").columns(&["Token"]),
    t("UserDiskConfigStatuses.block.talos.dev", "runtime").columns(&["Ready"]),
    t("Versions.runtime.talos.dev", "runtime").columns(&["Name", "Version"]).since(10),
    t("VolumeConfigs.block.talos.dev", "runtime").sensitive(),
    t("VolumeLifecycles.block.talos.dev", "runtime"),
    t("VolumeMountRequests.block.talos.dev", "runtime").columns(&["Volume ID", "Requester"]).since(10),
    t("VolumeMountStatuses.block.talos.dev", "runtime")
        .columns(&["Volume ID", "Requester", "Target"])
        .since(10),
    t("VolumeStatuses.block.talos.dev", "runtime").columns(&["Type", "Phase", "Location", "Size"]),
    t("VolumeTrimSchedules.block.talos.dev", "runtime")
        .columns(&["Filesystem", "Interval", "Next Trim"])
        .since(14),
    t("WatchdogTimerConfigs.runtime.talos.dev", "runtime").columns(&["Device", "Timeout"]),
    t("WatchdogTimerStatuses.runtime.talos.dev", "runtime").columns(&["Device", "Timeout"]),
    t("ZswapStatuses.block.talos.dev", "runtime")
        .columns(&["Total Size", "Stored Pages", "Written Back", "Pool Limit Hit"])
        .since(11),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn versions_and_sensitivity() {
        assert!(ResourceType::find("MachineConfigs.config.talos.dev", 9).unwrap().sensitive);
        assert!(!ResourceType::find("Members.cluster.talos.dev", 9).unwrap().sensitive);
        assert!(ResourceType::find("BootIDs.runtime.talos.dev", 13).is_none());
        assert!(ResourceType::find("BootIDs.runtime.talos.dev", 14).is_some());
        assert!(namespaces(13).contains("cluster"));
    }
}
