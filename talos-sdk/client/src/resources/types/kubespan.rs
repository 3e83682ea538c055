//! Resources of the package `kubespan`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::kubespan:
    ConfigSpec = "KubeSpanConfigs.kubespan.talos.dev" in "config", since 9, sensitive true, id "kubespan";
    EndpointSpec = "KubeSpanEndpoints.kubespan.talos.dev" in "kubespan", since 9;
    IdentitySpec = "KubeSpanIdentities.kubespan.talos.dev" in "kubespan", since 9, sensitive true, id "local";
    PeerSpecSpec = "KubeSpanPeerSpecs.kubespan.talos.dev" in "kubespan", since 9;
    PeerStatusSpec = "KubeSpanPeerStatuses.kubespan.talos.dev" in "kubespan", since 9;
}
