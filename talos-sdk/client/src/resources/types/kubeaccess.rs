//! Resources of the package `kubeaccess`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::kubeaccess:
    ConfigSpec = "KubernetesAccessConfigs.cluster.talos.dev" in "config", since 9, id "config";
}
