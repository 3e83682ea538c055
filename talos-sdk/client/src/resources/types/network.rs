//! Resources of the package `network`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::network:
    AddressSpecSpec = "AddressSpecs.net.talos.dev" in "network", since 9;
    AddressStatusSpec = "AddressStatuses.net.talos.dev" in "network", since 9;
    BgpInstanceConfigSpec = "BGPInstanceConfigs.net.talos.dev" in "network", since 14;
    BgpPeerStatusSpec = "BGPPeerStatuses.net.talos.dev" in "network", since 14;
    DnsResolveCacheSpec = "DNSResolveCaches.net.talos.dev" in "network", since 9;
    EthernetSpecSpec = "EthernetSpecs.net.talos.dev" in "network", since 10;
    EthernetStatusSpec = "EthernetStatuses.net.talos.dev" in "network", since 10;
    HardwareAddrSpec = "HardwareAddresses.net.talos.dev" in "network", since 9;
    HostDnsConfigSpec = "HostDNSConfigs.net.talos.dev" in "network", since 9, id "config";
    HostnameSpecSpec = "HostnameSpecs.net.talos.dev" in "network", since 9, id "hostname";
    HostnameStatusSpec = "HostnameStatuses.net.talos.dev" in "network", since 9, id "hostname";
    LinkAliasSpecSpec = "LinkAliasSpecs.net.talos.dev" in "network", since 12;
    LinkRefreshSpec = "LinkRefreshes.net.talos.dev" in "network", since 9;
    LinkSpecSpec = "LinkSpecs.net.talos.dev" in "network", since 9, sensitive true, older LINK_SPEC;
    LinkStatusSpec = "LinkStatuses.net.talos.dev" in "network", since 9, older LINK_STATUS;
    StatusSpec = "NetworkStatuses.net.talos.dev" in "network", since 9, id "status";
    NfTablesChainSpec = "NfTablesChains.net.talos.dev" in "network", since 9, older CHAIN;
    NodeAddressFilterSpec = "NodeAddressFilters.net.talos.dev" in "network", since 9;
    NodeAddressSortAlgorithmSpec = "NodeAddressSortAlgorithms.net.talos.dev" in "network", since 9, id "default";
    NodeAddressSpec = "NodeAddresses.net.talos.dev" in "network", since 9;
    OperatorSpecSpec = "OperatorSpecs.net.talos.dev" in "network", since 9, sensitive true;
    PlatformConfigSpec = "PlatformConfigs.net.talos.dev" in "network", since 12;
    ProbeSpecSpec = "ProbeSpecs.net.talos.dev" in "network", since 9;
    ProbeStatusSpec = "ProbeStatuses.net.talos.dev" in "network", since 9;
    ResolverSpecSpec = "ResolverSpecs.net.talos.dev" in "network", since 9, id "resolvers";
    ResolverStatusSpec = "ResolverStatuses.net.talos.dev" in "network", since 9, id "resolvers";
    RouteSpecSpec = "RouteSpecs.net.talos.dev" in "network", since 9;
    RouteStatusSpec = "RouteStatuses.net.talos.dev" in "network", since 9;
    RoutingRuleSpecSpec = "RoutingRuleSpecs.net.talos.dev" in "network", since 13;
    RoutingRuleStatusSpec = "RoutingRuleStatuses.net.talos.dev" in "network", since 13;
    StaticHostSpec = "StaticHosts.net.talos.dev" in "network", since 14;
    TimeServerSpecSpec = "TimeServerSpecs.net.talos.dev" in "network", since 9, id "timeservers";
    TimeServerStatusSpec = "TimeServerStatuses.net.talos.dev" in "network", since 9, id "timeservers";
}
