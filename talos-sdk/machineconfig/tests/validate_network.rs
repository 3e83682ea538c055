//! What validation finds in documents of the network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod table;

use table::{check, check_sections};

/// 32 bytes.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn links() {
    check(&[
        ("LinkConfig", "name: eth0", &[]),
        ("LinkConfig", "mtu: 1500", &["error name"]),
        ("DummyLinkConfig", "up: true", &["error name"]),
        ("BridgeConfig", "links: [eth0]", &["error name"]),
        (
            "LinkConfig",
            "name: eth0\naddresses:\n  - address: 10.0.0.1/24\n  - routePriority: 1\n  - address: 0.0.0.0/0\n  - address: ::/64",
            &["error addresses[1].address", "error addresses[2].address", "error addresses[3].address"],
        ),
        (
            "LinkConfig",
            "name: eth0\nroutes:\n  - destination: 10.0.0.0/8\n    gateway: 10.0.0.1\n  - destination: 0.0.0.0/0\n    gateway: 0.0.0.0\n    source: '::'\n  - gateway: ::%eth0",
            &["error routes[1].destination", "error routes[1].gateway", "error routes[1].source"],
        ),
        ("VLANConfig", "name: v\nvlanID: 4094\nparent: eth0", &[]),
        ("VLANConfig", "mtu: 1", &["error name", "error vlanID", "error parent"]),
        ("VLANConfig", "name: v\nvlanID: 4095\nparent: eth0", &["error vlanID"]),
        ("VRFConfig", "name: v\ntable: 123", &[]),
        ("VRFConfig", "table: main", &["error name", "error table"]),
        ("VRFConfig", "name: v", &["error table"]),
        ("VethConfig", "name: veth0\npeer:\n  name: veth1", &[]),
        ("VethConfig", "name: veth0", &["error peer.name"]),
        ("VethConfig", "peer:\n  name: veth1", &["error name"]),
        (
            "VethConfig",
            "name: '..'\npeer:\n  name: a/b\n  addresses:\n    - routePriority: 2",
            &["error name", "error peer.name", "error peer.addresses[0].address"],
        ),
        ("VethConfig", "name: a234567890123456\npeer:\n  name: 'a b'", &["error name", "error peer.name"]),
        ("VethConfig", "name: \"a\\u200b\"\npeer:\n  name: \"ä'\\\"\"", &["error name"]),
        ("LinkAliasConfig", "name: net0\nselector:\n  match: 'true'", &[]),
        ("LinkAliasConfig", "name: net%d\nselector:\n  match: 'true'", &[]),
        ("LinkAliasConfig", "name: net%s", &["error name", "error selector.match"]),
        ("LinkAliasConfig", "name: '%d'\nselector:\n  match: '1'", &["error name", "error selector.match"]),
        ("EthernetConfig", "wakeOnLan: [magic]", &["error name"]),
    ]);
}

#[test]
fn bonds() {
    check(&[
        ("BondConfig", "name: bond0\nlinks: [a, b]\nbondMode: active-backup\nprimary: b", &[]),
        ("BondConfig", "mtu: 9000", &["error name", "error links", "error bondMode"]),
        (
            "BondConfig",
            "name: bond0\nlinks: [a]\nbondMode: 802.3ad",
            &["warning miimon", "warning updelay", "warning downdelay"],
        ),
        ("BondConfig", "name: bond0\nlinks: [a]\nbondMode: balance-tlb\nprimary: b", &["error primary"]),
        ("BondConfig", "name: bond0\nlinks: [a]\nbondMode: balance-alb\nprimary: ''", &["error primary"]),
        ("BondConfig", "name: bond0\nlinks: [a]\nbondMode: balance-rr\nprimary: a", &["error primary"]),
        (
            "BondConfig",
            "name: bond0\nlinks: [a]\nbondMode: active-backup\nprimaryReselect: always",
            &["warning primaryReselect"],
        ),
        ("BondConfig", "name: bond0\nlinks: [a]\nbondMode: broadcast\nprimaryReselect: always", &[]),
    ]);
}

#[test]
fn wireguard() {
    check(&[
        ("WireguardConfig", &format!("name: wg0\nprivateKey: {KEY}"), &[]),
        ("WireguardConfig", "listenPort: 65536", &["error name", "error privateKey", "error listenPort"]),
        (
            "WireguardConfig",
            &format!(
                "name: wg0\nprivateKey: short\nlistenPort: -1\npeers:\n  - presharedKey: eA==\n    persistentKeepaliveInterval: -1s\n  - publicKey: {KEY}\n  - publicKey: '*'"
            ),
            &[
                "error privateKey",
                "error listenPort",
                "error peers[0].publicKey",
                "error peers[0].presharedKey",
                "error peers[0].persistentKeepaliveInterval",
                "error peers[2].publicKey",
            ],
        ),
    ]);
}

#[test]
fn routing() {
    check(&[
        ("BlackholeRouteConfig", "name: 10.0.0.0/8", &[]),
        ("BlackholeRouteConfig", "name: 10.0.0.1", &["error name"]),
        ("BlackholeRouteConfig", "metric: 1", &["error name"]),
        ("RoutingRuleConfig", "name: '1000'\ntable: main", &[]),
        ("RoutingRuleConfig", "name: '1000'\naction: blackhole", &[]),
        ("RoutingRuleConfig", "name: '1000'\naction: unicast", &["error table"]),
        ("RoutingRuleConfig", "name: '+1'\ntable: 7", &["error name"]),
        ("RoutingRuleConfig", "name: '4294967296'\ntable: 7", &["error name"]),
        ("RoutingRuleConfig", "name: '32500'\ntable: 7\nfwMask: 1", &["error name", "error fwMask"]),
        ("RoutingRuleConfig", "name: '0'\ntable: 7\nfwMask: 1\nfwMark: 1", &["error name"]),
    ]);
}

#[test]
fn bgp() {
    check(&[
        ("BGPInstanceConfig", "name: a\nlocalASN: 1\nneighbors:\n  - link: eth0\n  - address: 10.0.0.1", &[]),
        (
            "BGPInstanceConfig",
            "routerID: ::1",
            &["error name", "error localASN", "error routerID", "warning neighbors"],
        ),
        (
            "BGPInstanceConfig",
            "name: a\nlocalASN: 1\nvrf: red\nneighbors:\n  - peerASN: 2\n  - link: eth0\n    address: 10.0.0.1\n  - link: eth0\n    holdTime: -1s\n  - link: eth0\n    bfd:\n      transmitInterval: -1s\n      receiveInterval: -1s",
            &[
                "error neighbors[0]",
                "error neighbors[1]",
                "error neighbors[2].holdTime",
                "error neighbors[3].bfd",
                "error neighbors[3].bfd.transmitInterval",
                "error neighbors[3].bfd.receiveInterval",
                "error neighbors[3]",
            ],
        ),
        (
            "BGPInstanceConfig",
            "name: a\nlocalASN: 1\nneighbors: [{link: e}]\nimportRoutes:\n  - prefixes: [10.0.0.0/8, 11.0.0.0/8]\n  - bgpInstance: a\n    prefixes: []\n  - bgpInstance: b\n    prefixes: [10.1.0.1/16, '', 10.1.0.0/24]\n  - bgpInstance: b\n    prefixes: ['::/0']",
            &[
                "error importRoutes[0].bgpInstance",
                "error importRoutes[1].bgpInstance",
                "error importRoutes[1].prefixes",
                "error importRoutes[2].prefixes[0]",
                "error importRoutes[2].prefixes[1]",
                "error importRoutes[2].prefixes[2]",
                "error importRoutes[2].prefixes",
                "error importRoutes[3].bgpInstance",
            ],
        ),
    ]);
}

#[test]
fn addresses_from_outside() {
    check(&[
        ("DHCPv4Config", "name: eth0\nclientIdentifier: mac", &[]),
        ("DHCPv4Config", "clientIdentifier: duid", &["error name", "error duidRaw"]),
        ("DHCPv4Config", "name: eth0\nduidRaw: 00:01", &["error duidRaw"]),
        ("DHCPv6Config", "name: eth0\nclientIdentifier: duid\nduidRaw: 00:01", &[]),
        ("DHCPv6Config", "name: eth0\nclientIdentifier: none\nduidRaw: 00:01", &["error duidRaw"]),
        ("Layer2VIPConfig", "name: 10.0.0.1\nlink: eth0", &[]),
        ("Layer2VIPConfig", "name: host", &["error name", "error link"]),
        ("HCloudVIPConfig", "name: fd00::1\nlink: eth0\napiToken: secret", &[]),
        ("HCloudVIPConfig", "link: eth0", &["error name", "error apiToken"]),
    ]);
}

#[test]
fn names() {
    check(&[
        ("HostnameConfig", "auto: 'off'\nhostname: h", &[]),
        ("HostnameConfig", "", &["error "]),
        ("HostnameConfig", "auto: talos-addr", &["error auto"]),
        ("StaticHostConfig", "name: fe80::1%eth0\nhostnames: [a]", &[]),
        ("StaticHostConfig", "name: a", &["error name", "error hostnames"]),
        ("ResolverConfig", "nameservers:\n  - address: 10.0.0.1", &[]),
        (
            "ResolverConfig",
            "hostDNS:\n  forwardKubeDNSToHost: true\n  resolveMemberNames: true",
            &["error hostDNS.forwardKubeDNSToHost", "error hostDNS.resolveMemberNames"],
        ),
        (
            "ResolverConfig",
            "hostDNS:\n  enabled: true\nnameservers:\n  - tlsServerName: a\n  - address: 10.0.0.1\n    protocol: DoT",
            &[
                "error nameservers[0].tlsServerName",
                "error nameservers[0].address",
                "error nameservers[1].tlsServerName",
            ],
        ),
        (
            "ResolverConfig",
            "hostDNS:\n  enabled: true\nnameservers:\n  - address: 10.0.0.1\n    protocol: DoH\n    tlsServerName: a",
            &["warning nameservers"],
        ),
    ]);
}

#[test]
fn time_probes_and_firewall() {
    check(&[
        ("TimeSyncConfig", "ntp:\n  servers: [10.0.0.1]", &[]),
        ("TimeSyncConfig", "bootTimeout: -1s\nntp: {}\nptp: {}", &["error bootTimeout", "error ptp"]),
        (
            "TimeSyncConfig",
            "ntp:\n  useNTS: true\n  servers: [time.example, '::1', fe80::1%eth0]",
            &["error ntp.servers[1]"],
        ),
        ("TCPProbeConfig", "name: a\nendpoint: a:1", &[]),
        (
            "TCPProbeConfig",
            "timeout: -1s\ninterval: -1s\nfailureThreshold: -1",
            &["error name", "error endpoint", "error timeout", "error interval", "error failureThreshold"],
        ),
        ("HTTPProbeConfig", "name: a\nurl: https://a/b", &[]),
        ("HTTPProbeConfig", "interval: 1s", &["error name", "error url"]),
        ("HTTPProbeConfig", "name: a\nurl: tcp://a", &["error url"]),
        ("HTTPProbeConfig", "name: a\nurl: 'http:a'\ntimeout: -1ms", &["error url", "error timeout"]),
        ("NetworkDefaultActionConfig", "ingress: block", &[]),
        (
            "NetworkRuleConfig",
            "name: a\nportSelector:\n  ports: [1, 2-3]\n  protocol: tcp\ningress:\n  - subnet: 0.0.0.0/0",
            &[],
        ),
        (
            "NetworkRuleConfig",
            "ingress:\n  - except: 10.0.0.0/8",
            &["error name", "error portSelector.ports", "error ingress[0].subnet"],
        ),
        (
            "NetworkRuleConfig",
            "name: a\nportSelector:\n  ports: [90-80, 100-200, 200]",
            &["error portSelector.ports[0]", "error portSelector.ports"],
        ),
        ("KubeSpanConfig", "mtu: 1280\nfilters:\n  endpoints: ['!10.0.0.0/8', '10.0.0.1']", &[]),
        (
            "KubeSpanConfig",
            "mtu: 1279\nfilters:\n  endpoints: [a, '!']",
            &["error mtu", "error filters.endpoints[0]", "error filters.endpoints[1]"],
        ),
        ("KubeSpanEndpointsConfig", "extraAnnouncedEndpoints: [10.0.0.1:51820]", &[]),
    ]);
}

#[test]
fn sections_must_not_say_the_same() {
    check_sections(&[
        (
            "HostnameConfig\nhostname: h",
            "machine:\n  network:\n    hostname: h\n  features:\n    stableHostname: true",
            &["machine.network.hostname", "machine.features.stableHostname"],
        ),
        (
            "ResolverConfig\nhostDNS:\n  enabled: true",
            "machine:\n  network:\n    searchDomains: [a]\n    nameservers: [10.0.0.1]\n    disableSearchDomain: true\n  features:\n    hostDNS: {}",
            &[
                "machine.network.searchDomains",
                "machine.network.nameservers",
                "machine.network.disableSearchDomain",
                "machine.features.hostDNS",
            ],
        ),
        (
            "ResolverConfig",
            "machine:\n  network:\n    nameservers: [host]\n  features:\n    hostDNS: {}",
            &[],
        ),
        (
            "TimeSyncConfig",
            "machine:\n  time:\n    disabled: true\n    servers: [a]\n    bootTimeout: 1s",
            &["machine.time.disabled", "machine.time.servers", "machine.time.bootTimeout"],
        ),
        // Talos takes an empty list for one that was given.
        ("ResolverConfig", "machine:\n  network:\n    searchDomains: []", &["machine.network.searchDomains"]),
        ("ResolverConfig", "machine:\n  network:\n    searchDomains: null", &[]),
        ("KubeSpanConfig", "machine:\n  network:\n    kubespan: {}", &["machine.network.kubespan"]),
    ]);
}
