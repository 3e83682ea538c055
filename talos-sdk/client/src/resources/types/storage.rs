//! Resources of the package `storage`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::storage:
    LvmLogicalVolumeSpecSpec = "LVMLogicalVolumeSpecs.storage.talos.dev" in "storage", since 14;
    LvmLogicalVolumeStatusSpec = "LVMLogicalVolumeStatuses.storage.talos.dev" in "storage", since 14;
    LvmPhysicalVolumeSpecSpec = "LVMPhysicalVolumeSpecs.storage.talos.dev" in "storage", since 14;
    LvmPhysicalVolumeStatusSpec = "LVMPhysicalVolumeStatuses.storage.talos.dev" in "storage", since 14;
    LvmRefreshRequestSpec = "LVMRefreshRequests.storage.talos.dev" in "storage", since 14, id "refresh";
    LvmValidationErrorSpec = "LVMValidationErrors.storage.talos.dev" in "storage", since 14;
    LvmVolumeGroupSpecSpec = "LVMVolumeGroupSpecs.storage.talos.dev" in "storage", since 14;
    LvmVolumeGroupStatusSpec = "LVMVolumeGroupStatuses.storage.talos.dev" in "storage", since 14;
    MdArraySpecSpec = "MDArraySpecs.storage.talos.dev" in "storage", since 14;
    MdArrayStatusSpec = "MDArrayStatuses.storage.talos.dev" in "storage", since 14;
    MdRefreshRequestSpec = "MDRefreshRequests.storage.talos.dev" in "storage", since 14;
}
