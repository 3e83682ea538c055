//! The table of all types of resources.

use super::resource_type::{ResourceType, t};

/// In the order of the names.
pub(super) static TYPES: &[ResourceType] = &[
    t("APIServerConfigs.kubernetes.talos.dev", "controlplane", "k8s.ControlPlaneAPIServerController")
        .sensitive(),
    t("APIServiceConfigs.runtime.talos.dev", "runtime", "runtime.APIServiceConfigController").since(13),
    t("AcquireConfigSpecs.v1alpha1.talos.dev", "runtime", ""),
    t("AcquireConfigStatuses.v1alpha1.talos.dev", "runtime", "config.AcquireController"),
    t("AddressSpecs.net.talos.dev", "network", "AddressMergeControllers.net.talos.dev"),
    t("AddressStatuses.net.talos.dev", "network", "network.AddressStatusController")
        .aliases(&["address", "addresses"])
        .columns(&["Address", "Link"]),
    t("AdjtimeStatuses.v1alpha1.talos.dev", "runtime", "time.AdjtimeStatusController")
        .columns(&["Offset", "EstError", "MaxError", "Status", "Sync"]),
    t(
        "AdmissionControlConfigs.kubernetes.talos.dev",
        "controlplane",
        "k8s.ControlPlaneAdmissionControlController",
    ),
    t("Affiliates.cluster.talos.dev", "cluster", "cluster.AffiliateMergeController").columns(&[
        "Hostname",
        "Machine Type",
        "Addresses",
    ]),
    t("ApiCertificates.secrets.talos.dev", "secrets", "secrets.APIController").sensitive(),
    t("AuditPolicyConfigs.kubernetes.talos.dev", "controlplane", "k8s.ControlPlaneAuditPolicyController")
        .sensitive(),
    t(
        "AuthenticationConfigs.kubernetes.talos.dev",
        "controlplane",
        "k8s.ControlPlaneAuthenticationController",
    )
    .sensitive()
    .since(14),
    t("AuthorizationConfigs.kubernetes.talos.dev", "controlplane", "k8s.ControlPlaneAuthorizationController")
        .sensitive(),
    t("BGPInstanceConfigs.net.talos.dev", "network", "network.BGPInstanceConfigController")
        .columns(&["Local ASN", "Router ID", "VRF", "Neighbors"])
        .since(14),
    t("BGPPeerStatuses.net.talos.dev", "network", "network.BGPController")
        .columns(&["Instance", "Peer", "Peer AS", "State", "Since", "Received"])
        .since(14),
    t("BaseRuntimeSpecConfigs.cri.talos.dev", "cri", "cri.RuntimeSpecConfigController").since(14),
    t("BlockDevices.block.talos.dev", "runtime", "block.DevicesController").columns(&[
        "Type",
        "PartitionName",
        "Generation",
    ]),
    t("BlockSymlinks.block.talos.dev", "runtime", "block.SymlinksController").since(10),
    t("BootIDs.runtime.talos.dev", "runtime", "runtime.BootIDController").columns(&["Boot ID"]).since(14),
    t("BootedEntries.talos.dev", "runtime", "runtime.BootedEntryController")
        .columns(&["Booted Entry"])
        .since(11),
    t(
        "BootstrapManifestsConfigs.kubernetes.talos.dev",
        "controlplane",
        "k8s.ControlPlaneBootstrapManifestsController",
    ),
    t("CPUCores.hardware.talos.dev", "hardware", "hardware.CPUInfoController")
        .aliases(&["cpucore", "cpucores"])
        .columns(&["Socket", "Core", "Model", "Logical CPUs"])
        .since(14),
    t("CPUStats.perf.talos.dev", "perf", "perf.StatsController").columns(&["User", "System"]),
    t("CertSANs.secrets.talos.dev", "secrets", "secrets.APICertSANsController").sensitive(),
    t("ConfigStatuses.kubernetes.talos.dev", "controlplane", "k8s.RenderConfigsStaticPodController")
        .columns(&["Ready", "Secrets Version"]),
    t("ContainerImageStatuses.containers.talos.dev", "containers", "containers.ImageController")
        .aliases(&["containerimagestatus", "containerimagestatuses"])
        .columns(&["Phase", "Digest"])
        .since(15),
    t("ContainerInstanceSpecs.containers.talos.dev", "containers", "containers.InstanceController")
        .aliases(&["containerinstancespec", "containerinstancespecs"])
        .columns(&["Container", "Generation", "Image"])
        .since(15),
    t("ContainerSpecs.containers.talos.dev", "containers", "containers.ConfigController")
        .aliases(&["containerspec", "containerspecs"])
        .columns(&["Image"])
        .since(14),
    t(
        "ControllerManagerConfigs.kubernetes.talos.dev",
        "controlplane",
        "k8s.ControlPlaneControllerManagerController",
    ),
    t("CustomizationConfigs.cri.talos.dev", "cri", "cri.CustomizationConfigController").sensitive().since(14),
    t("DNSResolveCaches.net.talos.dev", "network", "network.DNSResolveCacheController").columns(&["Status"]),
    t("DNSUpstreams.net.talos.dev", "network", "network.DNSUpstreamController")
        .columns(&["Healthy", "Address"]),
    t("DeviceConfigSpecs.net.talos.dev", "network", "network.DeviceConfigController").sensitive(),
    t("DevicesStatuses.runtime.talos.dev", "runtime", "runtime.DevicesStatusController").columns(&["Ready"]),
    t("Diagnostics.runtime.talos.dev", "runtime", "runtime.DiagnosticsController").columns(&["Message"]),
    t("DiscoveredVolumes.block.talos.dev", "runtime", "block.DiscoveryController").columns(&[
        "Type",
        "Size",
        "Discovered",
        "Label",
        "PartitionLabel",
    ]),
    t("DiscoveredVolumesStatuses.block.talos.dev", "runtime", "block.DiscoveredVolumesStatusController")
        .columns(&["Ready"])
        .since(14),
    t("DiscoveryConfigs.cluster.talos.dev", "config", "cluster.ConfigController").sensitive(),
    t("DiscoveryRefreshRequests.block.talos.dev", "runtime", "block.DiscoveredVolumesStatusController")
        .columns(&["Request"]),
    t("DiscoveryRefreshStatuses.block.talos.dev", "runtime", "block.DiscoveryController")
        .columns(&["Request"]),
    t("Disks.block.talos.dev", "runtime", "block.DisksController").columns(&[
        "Size",
        "Read Only",
        "Transport",
        "Rotational",
        "WWID",
        "Model",
        "Serial",
    ]),
    t("EncryptionSalts.secrets.talos.dev", "secrets", "secrets.EncryptionSaltController")
        .sensitive()
        .since(11),
    t("Endpoints.kubernetes.talos.dev", "controlplane", "k8s.EndpointController")
        .columns(&["Addresses", "Hosts"]),
    t("Environments.runtime.talos.dev", "runtime", "runtime.EnvironmentController")
        .aliases(&["env"])
        .columns(&["Variables"])
        .since(13),
    t("EtcFileSpecs.files.talos.dev", "files", "files.EtcFileConfigController").sensitive(),
    t("EtcFileStatuses.files.talos.dev", "files", "files.EtcFileController"),
    t("EtcdConfigs.etcd.talos.dev", "etcd", "etcd.ConfigController").columns(&["Image"]),
    t("EtcdEncryptionConfigs.kubernetes.talos.dev", "k8s", "k8s.EtcdEncryptionConfigController")
        .sensitive()
        .since(14),
    t("EtcdMembers.etcd.talos.dev", "etcd", "etcd.MemberController").columns(&["Member ID"]),
    t("EtcdRootSecrets.secrets.talos.dev", "secrets", "secrets.RootEtcdController").sensitive(),
    t("EtcdSecrets.secrets.talos.dev", "secrets", "secrets.EtcdController").sensitive(),
    t("EtcdSpecs.etcd.talos.dev", "etcd", "etcd.SpecController").columns(&[
        "Name",
        "AdvertisedAddresses",
        "ListenPeerAddresses",
        "ListenClientAddresses",
    ]),
    t("EthernetSpecs.net.talos.dev", "network", "network.EthernetConfigController").since(10),
    t("EthernetStatuses.net.talos.dev", "network", "network.EthernetStatusController")
        .aliases(&["ethtool"])
        .columns(&["Link", "Speed"])
        .since(10),
    t("EventSinkConfigs.runtime.talos.dev", "runtime", "runtime.EventsSinkConfigController"),
    t(
        "ExtensionServiceConfigStatuses.runtime.talos.dev",
        "runtime",
        "runtime.ExtensionServiceConfigFilesController",
    ),
    t("ExtensionServiceConfigs.runtime.talos.dev", "runtime", "runtime.ExtensionServiceConfigController")
        .sensitive(),
    t("ExtensionStatuses.runtime.talos.dev", "runtime", "runtime.ExtensionStatusController")
        .aliases(&["extensions"])
        .columns(&["Name", "Version"]),
    t(
        "ExtraManifestsConfigs.kubernetes.talos.dev",
        "controlplane",
        "k8s.ControlPlaneExtraManifestsController",
    ),
    t("FSScrubSchedules.block.talos.dev", "runtime", "block.FSScrubScheduleController")
        .columns(&["Filesystem", "Interval", "Next Scrub"])
        .since(14),
    t("FSScrubStatuses.block.talos.dev", "runtime", "block.FSScrubController")
        .columns(&["Mountpoint", "Interval", "Latest start time", "Latest run duration", "Latest status"])
        .since(14),
    t("HardwareAddresses.net.talos.dev", "network", "network.HardwareAddrController"),
    t("HostDNSConfigs.net.talos.dev", "network", "network.HostDNSConfigController").columns(&["Enabled"]),
    t("HostnameSpecs.net.talos.dev", "network", "HostnameMergeControllers.net.talos.dev"),
    t("HostnameStatuses.net.talos.dev", "network", "network.HostnameSpecController")
        .aliases(&["hostname"])
        .columns(&["Hostname", "Domainname"]),
    t("Identities.cluster.talos.dev", "cluster", "cluster.NodeIdentityController").columns(&["ID"]),
    t("ImageCacheConfigs.cri.talos.dev", "cri", "cri.ImageCacheConfigController").columns(&[
        "Status",
        "CopyStatus",
        "Roots",
    ]),
    t("ImageFactorySchematics.runtime.talos.dev", "runtime", "runtime.ImageFactorySchematicController")
        .columns(&["Schematic ID", "Flavor", "API URL"])
        .since(14),
    t("ImageVerificationRules.security.talos.dev", "security", "security.ImageVerificationConfigController")
        .columns(&["Pattern", "Skip", "Deny"])
        .since(13),
    t("Infos.cluster.talos.dev", "cluster", "cluster.InfoController")
        .columns(&["Cluster ID", "Cluster Name"]),
    t("KernelCmdlines.runtime.talos.dev", "runtime", "runtime.KernelCmdlineController")
        .aliases(&["cmdline"])
        .columns(&["Cmdline"])
        .since(11),
    t("KernelModuleSpecs.runtime.talos.dev", "runtime", "runtime.KernelModuleConfigController"),
    t("KernelModuleStatuses.runtime.talos.dev", "runtime", "runtime.KernelModuleStatusController")
        .aliases(&["module", "modules"])
        .columns(&["Type", "State"])
        .since(14),
    t("KernelParamDefaultSpecs.runtime.talos.dev", "runtime", "runtime.KernelParamDefaultsController"),
    t("KernelParamSpecs.runtime.talos.dev", "runtime", "runtime.KernelParamConfigController"),
    t("KernelParamStatuses.runtime.talos.dev", "runtime", "runtime.KernelParamSpecController")
        .aliases(&["sysctls", "kernelparameters", "kernelparams"])
        .columns(&["Current", "Default", "Unsupported"]),
    t("KmsgLogConfigs.runtime.talos.dev", "runtime", "runtime.KmsgLogConfigController"),
    t("KubePrismConfigs.kubernetes.talos.dev", "k8s", "k8s.KubePrismConfigController").columns(&[
        "Host",
        "Port",
        "Endpoints",
    ]),
    t("KubePrismEndpoints.kubernetes.talos.dev", "k8s", "k8s.KubePrismEndpointsController")
        .columns(&["Hosts", "Ports"]),
    t("KubePrismStatuses.kubernetes.talos.dev", "k8s", "k8s.KubePrismController")
        .columns(&["HOST", "HEALTHY"]),
    t("KubeSpanConfigs.kubespan.talos.dev", "config", "kubespan.ConfigController").sensitive(),
    t("KubeSpanEndpoints.kubespan.talos.dev", "kubespan", "kubespan.EndpointController")
        .columns(&["Endpoint", "Affiliate ID"]),
    t("KubeSpanIdentities.kubespan.talos.dev", "kubespan", "kubespan.IdentityController")
        .sensitive()
        .columns(&["Address", "PublicKey"]),
    t("KubeSpanPeerSpecs.kubespan.talos.dev", "kubespan", "kubespan.PeerSpecController")
        .columns(&["Label", "Endpoints"]),
    t("KubeSpanPeerStatuses.kubespan.talos.dev", "kubespan", "kubespan.ManagerController")
        .columns(&["Label", "Endpoint", "State", "Rx", "Tx"]),
    t("KubeletConfigs.kubernetes.talos.dev", "k8s", "k8s.KubeletConfigController").sensitive(),
    t("KubeletKubeconfigs.kubernetes.talos.dev", "k8s", "k8s.KubeletKubeconfigController")
        .columns(&["Hash"])
        .since(12),
    t("KubeletLifecycles.kubernetes.talos.dev", "k8s", ""),
    t("KubeletSecrets.secrets.talos.dev", "secrets", "secrets.KubeletController").sensitive(),
    t("KubeletSpecs.kubernetes.talos.dev", "k8s", "k8s.KubeletSpecController").sensitive(),
    t("KubeletStatuses.kubernetes.talos.dev", "k8s", "k8s.KubeletStatusController")
        .columns(&["Image"])
        .since(14),
    t("KubernetesAccessConfigs.cluster.talos.dev", "config", "kubeaccess.ConfigController"),
    t("KubernetesDynamicCerts.secrets.talos.dev", "secrets", "secrets.KubernetesDynamicCertsController")
        .sensitive(),
    t("KubernetesRootSecrets.secrets.talos.dev", "secrets", "secrets.RootKubernetesController").sensitive(),
    t("KubernetesSecrets.secrets.talos.dev", "secrets", "secrets.KubernetesController").sensitive(),
    t("LVMLogicalVolumeSpecs.storage.talos.dev", "storage", "storage.LVMLogicalVolumeSpecController")
        .columns(&["VG", "Name", "Type"])
        .since(14),
    t("LVMLogicalVolumeStatuses.storage.talos.dev", "storage", "storage.LVMScanController")
        .aliases(&["lvs"])
        .columns(&["Path", "VG", "Layout", "Size", "Active"])
        .since(14),
    t("LVMPhysicalVolumeSpecs.storage.talos.dev", "storage", "storage.LVMPhysicalVolumeSpecController")
        .columns(&["Device", "VG"])
        .since(14),
    t("LVMPhysicalVolumeStatuses.storage.talos.dev", "storage", "storage.LVMScanController")
        .aliases(&["pvs"])
        .columns(&["Device", "VG", "Size", "Free", "Allocatable"])
        .since(14),
    t("LVMRefreshRequests.storage.talos.dev", "storage", "storage.LVMRefreshTriggerController")
        .columns(&["Request"])
        .since(14),
    t("LVMValidationErrors.storage.talos.dev", "storage", "storage.LVMPhysicalVolumeSpecController")
        .columns(&["VG", "Message"])
        .since(14),
    t("LVMVolumeGroupSpecs.storage.talos.dev", "storage", "storage.LVMVolumeGroupSpecController")
        .columns(&["Name"])
        .since(14),
    t("LVMVolumeGroupStatuses.storage.talos.dev", "storage", "storage.LVMScanController")
        .aliases(&["vgs"])
        .columns(&["Name", "Permissions", "Size", "Free", "PVs", "LVs"])
        .since(14),
    t("LinkAliasSpecs.net.talos.dev", "network", "network.LinkAliasConfigController")
        .columns(&["Alias"])
        .since(12),
    t("LinkRefreshes.net.talos.dev", "network", "network.LinkSpecController"),
    t("LinkSpecs.net.talos.dev", "network", "LinkMergeControllers.net.talos.dev").sensitive(),
    t("LinkStatuses.net.talos.dev", "network", "network.LinkStatusController")
        .aliases(&["link", "links"])
        .columns(&["Alias", "Type", "Kind", "Hw Addr", "Oper State", "Link State"]),
    t("LoadedKernelModules.runtime.talos.dev", "runtime", "runtime.LoadedKernelModuleController")
        .columns(&["State"])
        .since(11),
    t("MDArraySpecs.storage.talos.dev", "storage", "storage.MDArraySpecController")
        .columns(&["Level"])
        .since(14),
    t("MDArrayStatuses.storage.talos.dev", "storage", "storage.MDArrayReconcileController")
        .columns(&["Level", "Status", "Sync", "Device"])
        .since(14),
    t("MDRefreshRequests.storage.talos.dev", "storage", "storage.MDMonitorController")
        .columns(&["Request"])
        .since(14),
    t("MachineConfigs.config.talos.dev", "config", "").sensitive(),
    t("MachineResetSignals.runtime.talos.dev", "runtime", ""),
    t("MachineStatuses.runtime.talos.dev", "runtime", "runtime.MachineStatusController")
        .columns(&["Stage", "Ready"]),
    t("MachineTypes.config.talos.dev", "config", "config.MachineTypeController").columns(&["Type"]),
    t("MaintenanceRootSecrets.secrets.talos.dev", "secrets", "secrets.MaintenanceRootController").sensitive(),
    t("MaintenanceServiceCertificates.secrets.talos.dev", "secrets", "secrets.MaintenanceController")
        .sensitive()
        .last(12),
    t("MaintenanceServiceConfigs.runtime.talos.dev", "runtime", "runtime.MaintenanceConfigController"),
    t("MaintenanceServiceRequests.runtime.talos.dev", "runtime", "config.AcquireController"),
    t("ManifestStatuses.kubernetes.talos.dev", "controlplane", "k8s.ManifestApplyController"),
    t("Manifests.kubernetes.talos.dev", "controlplane", "k8s.ManifestController"),
    t("Members.cluster.talos.dev", "cluster", "cluster.MemberController").columns(&[
        "Hostname",
        "Machine Type",
        "OS",
        "Addresses",
    ]),
    t("MemoryModules.hardware.talos.dev", "hardware", "hardware.SystemInfoController")
        .aliases(&["memorymodules", "ram"])
        .columns(&["Manufacturer", "Model", "SizeMiB"]),
    t("MemoryStats.perf.talos.dev", "perf", "perf.StatsController").columns(&["Used", "Total"]),
    t("MetaKeys.runtime.talos.dev", "runtime", "").aliases(&["meta"]).columns(&["Value"]),
    t("MetaLoads.runtime.talos.dev", "runtime", "").columns(&["Done"]),
    t("MountRequests.block.talos.dev", "runtime", "block.MountRequestController")
        .columns(&["Volume", "Parent", "Requesters"])
        .since(10),
    t("MountStatuses.block.talos.dev", "runtime", "block.MountController")
        .columns(&["Source", "Target", "Filesystem", "Volume"])
        .since(10),
    t("MountStatuses.runtime.talos.dev", "runtime", "runtime.MountStatusController")
        .aliases(&["mounts"])
        .columns(&["Source", "Target", "Filesystem Type"]),
    t("NTPStatuses.v1alpha1.talos.dev", "runtime", "time.SyncController")
        .columns(&["Spike Detected", "Consecutive Spikes"])
        .since(15),
    t("Namespaces.meta.cosi.dev", "meta", "meta").aliases(&["ns"]),
    t("NetworkStatuses.net.talos.dev", "network", "network.StatusController")
        .aliases(&["netstatus", "netstatuses"])
        .columns(&["Address", "Connectivity", "Hostname", "Etc"]),
    t("NfTablesChains.net.talos.dev", "network", "network.NfTablesChainConfigController")
        .aliases(&["chain", "chains"])
        .columns(&["Type", "Hook", "Priority", "Policy"]),
    t("NodeAddressFilters.net.talos.dev", "network", "k8s.AddressFilterController")
        .columns(&["Include Subnets", "Exclude Subnets"]),
    t("NodeAddressSortAlgorithms.net.talos.dev", "network", "network.NodeAddressSortAlgorithmController")
        .columns(&["Algorithm"]),
    t("NodeAddresses.net.talos.dev", "network", "network.NodeAddressController")
        .columns(&["Addresses", "SortAlgorithm"]),
    t("NodeAnnotationSpecs.k8s.talos.dev", "k8s", "k8s.NodeAnnotationSpecController")
        .sensitive()
        .columns(&["Value"]),
    t("NodeCordonedSpecs.k8s.talos.dev", "k8s", "k8s.NodeCordonedSpecController").sensitive(),
    t("NodeIPConfigs.kubernetes.talos.dev", "k8s", "k8s.NodeIPConfigController"),
    t("NodeIPs.kubernetes.talos.dev", "k8s", "k8s.NodeIPController"),
    t("NodeLabelSpecs.k8s.talos.dev", "k8s", "k8s.NodeLabelSpecController").sensitive().columns(&["Value"]),
    t("NodeStatuses.kubernetes.talos.dev", "k8s", "k8s.NodeStatusController")
        .columns(&["Ready", "Unschedulable"]),
    t("NodeTaintSpecs.k8s.talos.dev", "k8s", "k8s.NodeTaintSpecController")
        .sensitive()
        .columns(&["Effect", "Value"]),
    t("Nodenames.kubernetes.talos.dev", "k8s", "k8s.NodenameController").columns(&["Nodename"]),
    t("OOMActions.talos.dev", "runtime", "runtime.OOMController")
        .sensitive()
        .columns(&["Time", "Score"])
        .since(12),
    t("OSRootSecrets.secrets.talos.dev", "secrets", "secrets.RootOSController").sensitive(),
    t("OperatorSpecs.net.talos.dev", "network", "OperatorMergeControllers.net.talos.dev").sensitive(),
    t("PCIDevices.hardware.talos.dev", "hardware", "hardware.PCIDevicesController")
        .aliases(&["devices", "device"])
        .columns(&["Class", "Subclass", "Vendor", "Product"]),
    t("PCIDriverRebindConfigs.runtime.talos.dev", "hardware", "hardware.PCIDriverRebindConfigController")
        .columns(&["Name", "PCI ID", "TargetDriver"])
        .since(10),
    t("PCIDriverRebindStatuses.runtime.talos.dev", "hardware", "hardware.PCIDriverRebindController")
        .aliases(&["pcidriverrebinds"])
        .columns(&["Name", "PCI ID", "TargetDriver"])
        .since(10),
    t("PCRStatuses.hardware.talos.dev", "hardware", "hardware.PCRStatusController").since(10),
    t("PKIStatuses.etcd.talos.dev", "etcd", "etcd.PKIController").columns(&["Ready", "Secrets Version"]),
    t("PlatformConfigs.net.talos.dev", "network", "network.PlatformConfigController").since(12),
    t("PlatformMetadatas.talos.dev", "runtime", "network.PlatformConfigApplyController")
        .columns(&["Platform", "Type", "Region", "Zone"]),
    t("ProbeSpecs.net.talos.dev", "network", "ProbeMergeControllers.net.talos.dev"),
    t("ProbeStatuses.net.talos.dev", "network", "network.ProbeController")
        .aliases(&["probe", "probes"])
        .columns(&["Success"]),
    t("Processors.hardware.talos.dev", "hardware", "hardware.SystemInfoController")
        .aliases(&["cpus", "cpu"])
        .columns(&["Manufacturer", "Model", "Cores", "Threads"]),
    t("RebootRequests.runtime.talos.dev", "runtime", "runtime.UnattendedInstallController").since(14),
    t("RegistryConfigs.cri.talos.dev", "cri", "cri.RegistriesConfigController").sensitive(),
    t("ResolverSpecs.net.talos.dev", "network", "ResolverMergeControllers.net.talos.dev").columns(&[
        "Layer",
        "Resolvers",
        "Search Domains",
    ]),
    t("ResolverStatuses.net.talos.dev", "network", "network.ResolverSpecController")
        .aliases(&["resolvers"])
        .columns(&["Resolvers", "Search Domains"]),
    t("ResourceDefinitions.meta.cosi.dev", "meta", "meta").aliases(&["api-resources"]),
    t("RouteSpecs.net.talos.dev", "network", "RouteMergeControllers.net.talos.dev"),
    t("RouteStatuses.net.talos.dev", "network", "network.RouteStatusController")
        .aliases(&["route", "routes"])
        .columns(&["Destination", "Gateway", "Link", "Metric"]),
    t("RoutingRuleSpecs.net.talos.dev", "network", "RoutingRuleMergeControllers.net.talos.dev").since(13),
    t("RoutingRuleStatuses.net.talos.dev", "network", "network.RoutingRuleStatusController")
        .aliases(&["routingrule", "routingrules"])
        .columns(&["Src", "Dst", "Table", "Priority"])
        .since(13),
    t("SBOMItems.talos.dev", "runtime", "runtime.SBOMItemController")
        .columns(&["Version", "License", "Extension"])
        .since(11),
    t("SchedulerConfigs.kubernetes.talos.dev", "controlplane", "k8s.ControlPlaneSchedulerController"),
    t("SeccompProfiles.cri.talos.dev", "cri", "cri.SeccompProfileController"),
    t("SecretStatuses.kubernetes.talos.dev", "controlplane", "k8s.RenderSecretsStaticPodController")
        .columns(&["Ready", "Secrets Version"]),
    t("SecurityStates.talos.dev", "runtime", "runtime.SecurityStateController").columns(&[
        "SecureBoot",
        "UKISigningKeyFingerprint",
        "PCRSigningKeyFingerprint",
        "SELinuxState",
        "ModuleSignatureEnforced",
    ]),
    t("ServicePIDs.runtime.talos.dev", "runtime", "").columns(&["PID"]).since(13),
    t("Services.v1alpha1.talos.dev", "runtime", "v1alpha1.ServiceController").aliases(&["svc"]).columns(&[
        "Running",
        "Healthy",
        "Health Unknown",
    ]),
    t("SiderolinkConfigs.siderolink.talos.dev", "config", "siderolink.ConfigController")
        .sensitive()
        .columns(&["API Endpoint", "Tunnel"]),
    t("SiderolinkStatuses.siderolink.talos.dev", "config", "siderolink.StatusController")
        .columns(&["Host", "Connected"]),
    t("SiderolinkTunnels.siderolink.talos.dev", "config", "siderolink.ManagerController")
        .sensitive()
        .columns(&["API Endpoint", "Link name", "MTU", "Node address"]),
    t("StaticHosts.net.talos.dev", "network", "network.StaticHostController")
        .columns(&["Addresses"])
        .since(14),
    t("StaticPodServerStatuses.kubernetes.talos.dev", "k8s", "k8s.StaticPodServerController"),
    t("StaticPodStatuses.kubernetes.talos.dev", "k8s", "k8s.KubeletStaticPodController")
        .aliases(&["podstatus"])
        .columns(&["Ready"]),
    t("StaticPods.kubernetes.talos.dev", "k8s", "k8s.ControlPlaneStaticPodController"),
    t("SwapStatuses.block.talos.dev", "runtime", "block.SwapStatusController")
        .aliases(&["swap", "swaps"])
        .columns(&["Device", "Size", "Used", "Priority"])
        .since(11),
    t("SystemDisks.block.talos.dev", "runtime", "block.SystemDiskController").columns(&["Disk"]),
    t("SystemInformations.hardware.talos.dev", "hardware", "hardware.SystemInfoController")
        .aliases(&["systeminformation"])
        .columns(&[
            "Manufacturer",
            "ProductName",
            "Version",
            "SerialNumber",
            "UUID",
            "WakeUpType",
            "SKUNumber",
        ]),
    t("TUFTrustedRoots.security.talos.dev", "security", "security.TUFTrustedRootController")
        .columns(&["Last Refresh"])
        .since(13),
    t("TimeServerSpecs.net.talos.dev", "network", "TimeServerMergeControllers.net.talos.dev")
        .columns(&["Timeservers", "UseNTS"]),
    t("TimeServerStatuses.net.talos.dev", "network", "network.TimeServerSpecController")
        .aliases(&["timeserver", "timeservers"])
        .columns(&["Timeservers", "UseNTS"]),
    t("TimeStatuses.v1alpha1.talos.dev", "runtime", "time.SyncController").columns(&["Synced"]),
    t("TrustdCertificates.secrets.talos.dev", "secrets", "secrets.TrustdController").sensitive(),
    t("UnattendedInstallStatuses.runtime.talos.dev", "runtime", "runtime.UnattendedInstallController")
        .columns(&["Phase"])
        .since(14),
    t("UniqueMachineTokens.runtime.talos.dev", "runtime", "runtime.UniqueMachineTokenController")
        .columns(&["Token"]),
    t("UserDiskConfigStatuses.block.talos.dev", "runtime", "block.UserDiskConfigController")
        .columns(&["Ready"]),
    t("Versions.runtime.talos.dev", "runtime", "runtime.VersionController")
        .columns(&["Name", "Version"])
        .since(10),
    t("VolumeConfigs.block.talos.dev", "runtime", "block.VolumeConfigController").sensitive(),
    t("VolumeLifecycles.block.talos.dev", "runtime", ""),
    t("VolumeMountRequests.block.talos.dev", "runtime", "block.VolumeConfigController")
        .columns(&["Volume ID", "Requester"])
        .since(10),
    t("VolumeMountStatuses.block.talos.dev", "runtime", "block.MountStatusController")
        .columns(&["Volume ID", "Requester", "Target"])
        .since(10),
    t("VolumeStatuses.block.talos.dev", "runtime", "block.VolumeManagerController")
        .columns(&["Type", "Phase", "Location", "Size"]),
    t("VolumeTrimSchedules.block.talos.dev", "runtime", "block.VolumeTrimScheduleController")
        .columns(&["Filesystem", "Interval", "Next Trim"])
        .since(14),
    t("WatchdogTimerConfigs.runtime.talos.dev", "runtime", "runtime.WatchdogTimerConfigController")
        .columns(&["Device", "Timeout"]),
    t("WatchdogTimerStatuses.runtime.talos.dev", "runtime", "runtime.WatchdogTimerController")
        .columns(&["Device", "Timeout"]),
    t("ZswapStatuses.block.talos.dev", "runtime", "block.ZswapStatusController")
        .columns(&["Total Size", "Stored Pages", "Written Back", "Pool Limit Hit"])
        .since(11),
];
