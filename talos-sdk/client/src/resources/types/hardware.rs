//! Resources of the package `hardware`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::hardware:
    CpuCoreSpec = "CPUCores.hardware.talos.dev" in "hardware", since 14;
    MemoryModuleSpec = "MemoryModules.hardware.talos.dev" in "hardware", since 9;
    PciDeviceSpec = "PCIDevices.hardware.talos.dev" in "hardware", since 9;
    PciDriverRebindConfigSpec = "PCIDriverRebindConfigs.runtime.talos.dev" in "hardware", since 10;
    PciDriverRebindStatusSpec = "PCIDriverRebindStatuses.runtime.talos.dev" in "hardware", since 10;
    ProcessorSpec = "Processors.hardware.talos.dev" in "hardware", since 9;
    SystemInformationSpec = "SystemInformations.hardware.talos.dev" in "hardware", since 9, id "systeminformation";
}
