//! Resources of the package `containers`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::containers:
    ContainerSpecSpec = "ContainerSpecs.containers.talos.dev" in "containers", since 14;
}
