//! Resources of the package `runtime`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::runtime:
    ApiServiceConfigSpec = "APIServiceConfigs.runtime.talos.dev" in "runtime", since 13, id "apid";
    BootIdSpec = "BootIDs.runtime.talos.dev" in "runtime", since 14, id "boot-id";
    BootedEntrySpec = "BootedEntries.talos.dev" in "runtime", since 11, id "bootedentry";
    DevicesStatusSpec = "DevicesStatuses.runtime.talos.dev" in "runtime", since 9, id "devices";
    DiagnosticSpec = "Diagnostics.runtime.talos.dev" in "runtime", since 9;
    EnvironmentSpec = "Environments.runtime.talos.dev" in "runtime", since 13;
    EventSinkConfigSpec = "EventSinkConfigs.runtime.talos.dev" in "runtime", since 9, id "event-sink";
    ExtensionServiceConfigStatusSpec = "ExtensionServiceConfigStatuses.runtime.talos.dev" in "runtime", since 9;
    ExtensionServiceConfigSpec = "ExtensionServiceConfigs.runtime.talos.dev" in "runtime", since 9, sensitive true;
    ImageFactorySchematicSpec = "ImageFactorySchematics.runtime.talos.dev" in "runtime", since 14, id "image-factory-schematic";
    KernelCmdlineSpec = "KernelCmdlines.runtime.talos.dev" in "runtime", since 11, id "cmdline";
    KernelModuleSpecSpec = "KernelModuleSpecs.runtime.talos.dev" in "runtime", since 9;
    KernelModuleStatusSpec = "KernelModuleStatuses.runtime.talos.dev" in "runtime", since 14;
    KernelParamSpecSpec = "KernelParamSpecs.runtime.talos.dev" in "runtime", since 9;
    KernelParamStatusSpec = "KernelParamStatuses.runtime.talos.dev" in "runtime", since 9;
    KmsgLogConfigSpec = "KmsgLogConfigs.runtime.talos.dev" in "runtime", since 9, id "kmsg-log";
    LoadedKernelModuleSpec = "LoadedKernelModules.runtime.talos.dev" in "runtime", since 11;
    MachineStatusSpec = "MachineStatuses.runtime.talos.dev" in "runtime", since 9, id "machine";
    MaintenanceServiceConfigSpec = "MaintenanceServiceConfigs.runtime.talos.dev" in "runtime", since 9, id "maintenance";
    MetaKeySpec = "MetaKeys.runtime.talos.dev" in "runtime", since 9;
    MetaLoadedSpec = "MetaLoads.runtime.talos.dev" in "runtime", since 9, id "meta-loaded";
    MountStatusSpec = "MountStatuses.runtime.talos.dev" in "runtime", since 9;
    OomActionSpec = "OOMActions.talos.dev" in "runtime", since 12, sensitive true;
    PlatformMetadataSpec = "PlatformMetadatas.talos.dev" in "runtime", since 9, id "platformmetadata";
    SbomItemSpec = "SBOMItems.talos.dev" in "runtime", since 11;
    SecurityStateSpec = "SecurityStates.talos.dev" in "runtime", since 9, id "securitystate";
    ServicePidSpec = "ServicePIDs.runtime.talos.dev" in "runtime", since 13;
    UnattendedInstallStatusSpec = "UnattendedInstallStatuses.runtime.talos.dev" in "runtime", since 14, id "unattended-install";
    UniqueMachineTokenSpec = "UniqueMachineTokens.runtime.talos.dev" in "runtime", since 9, id "unique-machine-token";
    VersionSpec = "Versions.runtime.talos.dev" in "runtime", since 10;
    WatchdogTimerConfigSpec = "WatchdogTimerConfigs.runtime.talos.dev" in "runtime", since 9, id "timer";
    WatchdogTimerStatusSpec = "WatchdogTimerStatuses.runtime.talos.dev" in "runtime", since 9;
}
