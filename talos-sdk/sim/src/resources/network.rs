//! What a machine says about its network.

use std::net::Ipv4Addr;

use super::fields::{Fields, prefix};
use super::item::{Item, item};

/// Numbers of Linux and the words for them.
const INET4: (u32, &str) = (2, "inet4");
const PERMANENT: (u32, &str) = (0x80, "permanent");
const SCOPES: [(u32, &str); 2] = [(254, "host"), (0, "global")];

/// The two links of a machine, its addresses, its route, and what it asks for names and for the time; `minor` is that
/// of Talos.
pub(crate) fn network(address: Ipv4Addr, minor: u16) -> Vec<Item> {
    let gateway = Ipv4Addr::from(u32::from(address) & !0xff | 1);
    let [_, second, third, last] = address.octets();
    let mut items = vec![
        link(1, "lo", &[0; 6], (772, "loopback"), 65_536),
        link(2, "eth0", &[0x02, 0, 0x7f, second, third, last], (1, "ether"), 1500),
        address_status(1, "lo", Ipv4Addr::LOCALHOST, 8, minor),
        address_status(2, "eth0", address, 24, minor),
        route(gateway),
        item(
            "ResolverStatuses.net.talos.dev",
            "resolvers",
            Fields::new().addresses(1, "dnsServers", &[gateway]).texts::<&str>(2, "searchDomains", &[]),
        ),
        item(
            "TimeServerStatuses.net.talos.dev",
            "timeservers",
            Fields::new()
                .texts(1, "timeServers", &["time.cloudflare.com"])
                .when(minor >= 14, |fields| fields.flag(2, "useNTS", false)),
        ),
        item(
            "NetworkStatuses.net.talos.dev",
            "status",
            Fields::new()
                .flag(1, "addressReady", true)
                .flag(2, "connectivityReady", true)
                .flag(3, "hostnameReady", true)
                .flag(4, "etcFilesReady", true),
        ),
        item(
            "TimeStatuses.v1alpha1.talos.dev",
            "node",
            Fields::new().flag(1, "synced", true).number(2, "epoch", 0u32).flag(3, "syncDisabled", false),
        ),
    ];
    items.extend(["current", "accumulative", "default", "routed"].map(|id| {
        let fields =
            Fields::new().prefixes(1, "addresses", &[(address, 24)]).word(2, "sortAlgorithm", 0u32, "v1");
        item("NodeAddresses.net.talos.dev", id, fields)
    }));
    items
}

fn link(index: u32, name: &str, hardware: &[u8; 6], (kind, word): (u32, &str), mtu: u32) -> Item {
    let text = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":");
    let broadcast = if index == 1 { [0; 6] } else { [0xff; 6] };
    let flags: (u32, &str) = match index {
        1 => (0x1_0049, "UP,LOOPBACK,RUNNING,LOWER_UP"),
        _ => (0x1_1043, "UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP"),
    };
    let fields = Fields::new()
        .number(1, "index", index)
        .word(2, "type", kind, word)
        .number(3, "linkIndex", 0u32)
        .word(4, "flags", flags.0, flags.1)
        .bytes(5, "hardwareAddr", hardware, &text(hardware))
        .bytes(30, "permanentAddr", hardware, &text(hardware))
        .bytes(6, "broadcastAddr", &broadcast, &text(&broadcast))
        .number(7, "mtu", mtu)
        .text(8, "queueDisc", if index == 1 { "noqueue" } else { "pfifo_fast" })
        .word(10, "operationalState", 6u32, "up")
        .text(11, "kind", "")
        .text(12, "slaveKind", "")
        .flag(22, "linkState", true)
        .word(24, "port", 255u32, "Other")
        .word(25, "duplex", 255u32, "Unknown");
    item("LinkStatuses.net.talos.dev", name, fields)
}

fn address_status(link: u32, name: &str, own: Ipv4Addr, bits: u8, minor: u16) -> Item {
    let scope = SCOPES[usize::from(own != Ipv4Addr::LOCALHOST)];
    let text = format!("{own}/{bits}");
    let fields = Fields::new()
        .message(1, "address", prefix(own, bits), &text)
        .address(2, "", own)
        .number(6, "linkIndex", link)
        .text(7, "linkName", name)
        .word(8, "family", INET4.0, INET4.1)
        .word(9, "scope", scope.0, scope.1)
        .word(10, "flags", PERMANENT.0, PERMANENT.1)
        .when(minor >= 10, |fields| fields.number(11, "priority", 0u32));
    item("AddressStatuses.net.talos.dev", format!("{name}/{text}"), fields)
}

/// The default route.
fn route(gateway: Ipv4Addr) -> Item {
    let fields = Fields::new()
        .word(1, "family", INET4.0, INET4.1)
        .message(2, "dst", Fields::new(), "")
        .message(3, "src", Fields::new(), "")
        .address(4, "gateway", gateway)
        .number(5, "outLinkIndex?", 2u32)
        .text(6, "outLinkName?", "eth0")
        .word(7, "table", 254u32, "main")
        .number(8, "priority", 1024u32)
        .word(9, "scope", SCOPES[1].0, SCOPES[1].1)
        .word(10, "type", 1u32, "unicast")
        .word(11, "flags", 0u32, "")
        .word(12, "protocol", 3u32, "boot");
    item("RouteStatuses.net.talos.dev", format!("inet4/{gateway}//1024"), fields)
}

/// The hostname, apart from its domain.
pub(crate) fn hostname(name: &str) -> Item {
    let (host, domain) = name.split_once('.').unwrap_or((name, ""));
    let fields = Fields::new().text(1, "hostname", host).text(2, "domainname", domain);
    item("HostnameStatuses.net.talos.dev", "hostname", fields)
}
