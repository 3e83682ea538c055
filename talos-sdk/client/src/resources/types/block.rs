//! Resources of the package `block`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::block:
    DeviceSpec = "BlockDevices.block.talos.dev" in "runtime", since 9;
    SymlinkSpec = "BlockSymlinks.block.talos.dev" in "runtime", since 10;
    DiscoveredVolumeSpec = "DiscoveredVolumes.block.talos.dev" in "runtime", since 9;
    DiscoveredVolumesStatusSpec = "DiscoveredVolumesStatuses.block.talos.dev" in "runtime", since 14, id "discovered-volumes-status";
    DiscoveryRefreshRequestSpec = "DiscoveryRefreshRequests.block.talos.dev" in "runtime", since 9, id "refresh";
    DiscoveryRefreshStatusSpec = "DiscoveryRefreshStatuses.block.talos.dev" in "runtime", since 9;
    DiskSpec = "Disks.block.talos.dev" in "runtime", since 9;
    FsScrubScheduleSpec = "FSScrubSchedules.block.talos.dev" in "runtime", since 14;
    FsScrubStatusSpec = "FSScrubStatuses.block.talos.dev" in "runtime", since 14;
    MountRequestSpec = "MountRequests.block.talos.dev" in "runtime", since 10;
    MountStatusSpec = "MountStatuses.block.talos.dev" in "runtime", since 10;
    SwapStatusSpec = "SwapStatuses.block.talos.dev" in "runtime", since 11;
    SystemDiskSpec = "SystemDisks.block.talos.dev" in "runtime", since 9, id "system-disk";
    UserDiskConfigStatusSpec = "UserDiskConfigStatuses.block.talos.dev" in "runtime", since 9, id "user-disks";
    VolumeConfigSpec = "VolumeConfigs.block.talos.dev" in "runtime", since 9, sensitive true;
    VolumeMountRequestSpec = "VolumeMountRequests.block.talos.dev" in "runtime", since 10;
    VolumeMountStatusSpec = "VolumeMountStatuses.block.talos.dev" in "runtime", since 10;
    VolumeStatusSpec = "VolumeStatuses.block.talos.dev" in "runtime", since 9;
    VolumeTrimScheduleSpec = "VolumeTrimSchedules.block.talos.dev" in "runtime", since 14;
    ZswapStatusSpec = "ZswapStatuses.block.talos.dev" in "runtime", since 11, id "zswap";
}
