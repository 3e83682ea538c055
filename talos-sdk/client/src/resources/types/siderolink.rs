//! Resources of the package `siderolink`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::siderolink:
    ConfigSpec = "SiderolinkConfigs.siderolink.talos.dev" in "config", since 9, sensitive true, id "siderolink";
    StatusSpec = "SiderolinkStatuses.siderolink.talos.dev" in "config", since 9, id "siderolink-status";
    TunnelSpec = "SiderolinkTunnels.siderolink.talos.dev" in "config", since 9, sensitive true, id "siderolink-tunnel";
}
