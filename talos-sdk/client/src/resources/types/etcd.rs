//! Resources of the package `etcd`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::etcd:
    ConfigSpec = "EtcdConfigs.etcd.talos.dev" in "etcd", since 9, id "etcd", older ETCD_ARGUMENTS;
    MemberSpec = "EtcdMembers.etcd.talos.dev" in "etcd", since 9, id "local";
    SpecSpec = "EtcdSpecs.etcd.talos.dev" in "etcd", since 9, id "etcd", older ETCD_ARGUMENTS;
    PkiStatusSpec = "PKIStatuses.etcd.talos.dev" in "etcd", since 9, id "etcd";
}
