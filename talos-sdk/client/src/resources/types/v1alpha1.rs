//! Resources of the package `v1alpha1`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::v1alpha1:
    ServiceSpec = "Services.v1alpha1.talos.dev" in "runtime", since 9;
}
