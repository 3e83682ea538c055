//! Resources of the package `cluster`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::cluster:
    AffiliateSpec = "Affiliates.cluster.talos.dev" in "cluster", since 9;
    ConfigSpec = "DiscoveryConfigs.cluster.talos.dev" in "config", since 9, sensitive true, id "cluster";
    IdentitySpec = "Identities.cluster.talos.dev" in "cluster", since 9, id "local";
    InfoSpec = "Infos.cluster.talos.dev" in "cluster", since 9, id "current";
    MemberSpec = "Members.cluster.talos.dev" in "cluster", since 9;
}
