//! Resources of the package `time`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::time:
    AdjtimeStatusSpec = "AdjtimeStatuses.v1alpha1.talos.dev" in "runtime", since 9, id "node";
    StatusSpec = "TimeStatuses.v1alpha1.talos.dev" in "runtime", since 9, id "node";
}
