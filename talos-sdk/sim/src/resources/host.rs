//! What a machine says about its network, its disks and its hardware.

use std::net::Ipv4Addr;

use bytes::Bytes;
use prost::Message;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use talos_proto::common;
use talos_proto::talos::resource::definitions::{block, cluster, hardware, network, runtime, time};

use super::collection::Spec;
use super::specs::yaml;
use crate::storage::{PARTITIONS, SimDisk};

/// A YAML mapping in this order.
struct Ordered(Vec<(&'static str, Value)>);

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A resource: its type, its id and what it says.
pub(crate) type Item = (&'static str, String, Spec);

fn item(
    kind: &'static str,
    id: impl Into<String>,
    proto: &impl Message,
    fields: Vec<(&'static str, Value)>,
) -> Item {
    let spec = Spec { proto: proto.encode_to_vec().into(), yaml: yaml(&Ordered(fields)), ..Spec::default() };
    (kind, id.into(), spec)
}

fn ip(address: Ipv4Addr) -> Option<common::NetIp> {
    Some(common::NetIp { ip: Bytes::copy_from_slice(&address.octets()) })
}

fn prefix(address: Ipv4Addr, bits: i32) -> Option<common::NetIpPrefix> {
    Some(common::NetIpPrefix { ip: Bytes::copy_from_slice(&address.octets()), prefix_length: bits })
}

/// The two links of a machine, its addresses, its route, and what it asks for names and for the time.
pub(crate) fn network(address: Ipv4Addr) -> Vec<Item> {
    let gateway = Ipv4Addr::from(u32::from(address) & !0xff | 1);
    let [_, second, third, last] = address.octets();
    let hardware = [0x02, 0, 0x7f, second, third, last];
    let hardware_text = hardware.map(|byte| format!("{byte:02x}")).join(":");
    let mut items = Vec::new();
    for (index, name, kind, mac, mtu) in
        [(1, "lo", 772, &[][..], 65_536), (2, "eth0", 1, &hardware[..], 1500)]
    {
        let proto = network::LinkStatusSpec {
            index,
            r#type: kind,
            flags: 65_605,
            hardware_addr: Bytes::copy_from_slice(mac),
            mtu,
            operational_state: 6,
            link_state: true,
            ..network::LinkStatusSpec::default()
        };
        let fields = vec![
            ("index", json!(index)),
            ("type", json!(if index == 1 { "loopback" } else { "ether" })),
            ("flags", json!("UP,RUNNING,LOWER_UP")),
            ("hardwareAddr", json!(if mac.is_empty() { "" } else { &hardware_text })),
            ("mtu", json!(mtu)),
            ("operationalState", json!("up")),
            ("linkState", json!(true)),
        ];
        items.push(item("LinkStatuses.net.talos.dev", name, &proto, fields));
    }
    for (link, name, own, bits) in [(1, "lo", Ipv4Addr::LOCALHOST, 8), (2, "eth0", address, 24)] {
        let proto = network::AddressStatusSpec {
            address: prefix(own, bits),
            local: ip(own),
            link_index: link,
            link_name: name.to_owned(),
            family: 2,
            flags: 128,
            ..network::AddressStatusSpec::default()
        };
        let fields = vec![
            ("address", json!(format!("{own}/{bits}"))),
            ("local", json!(own.to_string())),
            ("linkIndex", json!(link)),
            ("linkName", json!(name)),
            ("family", json!("inet4")),
            ("scope", json!("global")),
            ("flags", json!("permanent")),
        ];
        items.push(item("AddressStatuses.net.talos.dev", format!("{name}/{own}/{bits}"), &proto, fields));
    }
    let route = network::RouteStatusSpec {
        family: 2,
        gateway: ip(gateway),
        out_link_index: 2,
        out_link_name: "eth0".to_owned(),
        table: 254,
        priority: 1024,
        r#type: 1,
        protocol: 3,
        ..network::RouteStatusSpec::default()
    };
    let fields = vec![
        ("family", json!("inet4")),
        ("dst", json!("")),
        ("src", json!("")),
        ("gateway", json!(gateway.to_string())),
        ("outLinkIndex", json!(2)),
        ("outLinkName", json!("eth0")),
        ("table", json!("main")),
        ("priority", json!(1024)),
        ("scope", json!("global")),
        ("type", json!("unicast")),
        ("flags", json!("")),
        ("protocol", json!("boot")),
    ];
    items.push(item("RouteStatuses.net.talos.dev", format!("inet4/{gateway}//1024"), &route, fields));
    let resolver =
        network::ResolverStatusSpec { dns_servers: ip(gateway).into_iter().collect(), ..Default::default() };
    let fields = vec![("dnsServers", json!([gateway.to_string()])), ("searchDomains", json!([]))];
    items.push(item("ResolverStatuses.net.talos.dev", "resolvers", &resolver, fields));
    let servers =
        network::TimeServerStatusSpec { ntp_servers: vec!["time.cloudflare.com".to_owned()], use_nts: false };
    let fields = vec![("timeServers", json!(["time.cloudflare.com"]))];
    items.push(item("TimeServerStatuses.net.talos.dev", "timeservers", &servers, fields));
    let ready = network::StatusSpec {
        address_ready: true,
        connectivity_ready: true,
        hostname_ready: true,
        etc_files_ready: true,
    };
    let fields = ["addressReady", "connectivityReady", "hostnameReady", "etcFilesReady"];
    let fields = fields.map(|field| (field, json!(true))).to_vec();
    items.push(item("NetworkStatuses.net.talos.dev", "status", &ready, fields));
    let synced = time::StatusSpec { synced: true, epoch: 0, ..time::StatusSpec::default() };
    let fields = vec![("synced", json!(true)), ("epoch", json!(0)), ("syncDisabled", json!(false))];
    items.push(item("TimeStatuses.v1alpha1.talos.dev", "node", &synced, fields));
    items
}

/// Who the machine is to its firmware and its platform.
pub(crate) fn machine(uuid: &str, platform: &str, hostname: &str) -> Vec<Item> {
    let information = hardware::SystemInformationSpec {
        manufacturer: "Simulated".to_owned(),
        product_name: "Simulated machine".to_owned(),
        uuid: uuid.to_owned(),
        ..hardware::SystemInformationSpec::default()
    };
    let fields = vec![
        ("manufacturer", json!("Simulated")),
        ("productName", json!("Simulated machine")),
        ("uuid", json!(uuid)),
    ];
    let metadata = runtime::PlatformMetadataSpec {
        platform: platform.to_owned(),
        hostname: hostname.to_owned(),
        ..runtime::PlatformMetadataSpec::default()
    };
    let platform = vec![("platform", json!(platform)), ("hostname", json!(hostname))];
    let security = vec![("secureBoot", json!(false))];
    vec![
        item("SystemInformations.hardware.talos.dev", "systeminformation", &information, fields),
        item("PlatformMetadatas.talos.dev", "platformmetadata", &metadata, platform),
        item("SecurityStates.talos.dev", "securitystate", &runtime::SecurityStateSpec::default(), security),
    ]
}

/// Bytes as people read them.
fn pretty(bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{} GB", bytes / 1_000_000_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// The disks, and the volumes on the system disk once Talos is on it.
pub(crate) fn storage(disks: &[SimDisk], installed: bool) -> Vec<Item> {
    let mut items = Vec::new();
    for disk in disks {
        let proto = block::DiskSpec {
            size: disk.size,
            io_size: 512,
            sector_size: 512,
            readonly: disk.readonly,
            model: disk.model.clone(),
            serial: disk.serial.clone(),
            transport: "virtio".to_owned(),
            dev_path: disk.path(),
            pretty_size: pretty(disk.size),
            ..block::DiskSpec::default()
        };
        let fields = vec![
            ("dev_path", json!(disk.path())),
            ("size", json!(disk.size)),
            ("pretty_size", json!(pretty(disk.size))),
            ("io_size", json!(512)),
            ("sector_size", json!(512)),
            ("readonly", json!(disk.readonly)),
            ("cdrom", json!(false)),
            ("model", json!(disk.model)),
            ("serial", json!(disk.serial)),
            ("transport", json!("virtio")),
        ];
        items.push(item("Disks.block.talos.dev", &disk.name, &proto, fields));
        if disk.system && installed {
            let system = block::SystemDiskSpec { disk_id: disk.name.clone(), dev_path: disk.path() };
            let fields = vec![("diskID", json!(disk.name)), ("devPath", json!(disk.path()))];
            items.push(item("SystemDisks.block.talos.dev", "system-disk", &system, fields));
            items.extend(PARTITIONS.iter().flat_map(|partition| volume(disk, partition)));
        }
    }
    items
}

fn volume(disk: &SimDisk, (number, label, size): &(u32, &'static str, u64)) -> Vec<Item> {
    let path = format!("{}{number}", disk.path());
    let name = format!("{}{number}", disk.name);
    let found = block::DiscoveredVolumeSpec {
        size: *size,
        sector_size: 512,
        name: "xfs".to_owned(),
        partition_label: (*label).to_owned(),
        partition_index: u64::from(*number),
        r#type: "partition".to_owned(),
        dev_path: path.clone(),
        parent: disk.name.clone(),
        ..block::DiscoveredVolumeSpec::default()
    };
    let fields = vec![
        ("dev_path", json!(path)),
        ("type", json!("partition")),
        ("parent", json!(disk.name)),
        ("size", json!(size)),
        ("name", json!("xfs")),
        ("partitionLabel", json!(label)),
        ("partitionIndex", json!(number)),
    ];
    let mut items = vec![item("DiscoveredVolumes.block.talos.dev", name, &found, fields)];
    if matches!(*label, "META" | "STATE" | "EPHEMERAL") {
        let status = block::VolumeStatusSpec {
            phase: 6,
            location: path.clone(),
            parent_location: disk.path(),
            partition_index: i64::from(*number),
            size: *size,
            pretty_size: pretty(*size),
            ..block::VolumeStatusSpec::default()
        };
        let fields = vec![
            ("phase", json!("ready")),
            ("type", json!("partition")),
            ("location", json!(path)),
            ("parentLocation", json!(disk.path())),
            ("partitionIndex", json!(number)),
            ("size", json!(size)),
            ("prettySize", json!(pretty(*size))),
        ];
        items.push(item("VolumeStatuses.block.talos.dev", *label, &status, fields));
    }
    items
}

/// Which cluster the machine belongs to.
pub(crate) fn cluster(id: &str, name: &str) -> Item {
    let proto = cluster::InfoSpec { cluster_id: id.to_owned(), cluster_name: name.to_owned() };
    item(
        "Infos.cluster.talos.dev",
        "current",
        &proto,
        vec![("clusterId", json!(id)), ("clusterName", json!(name))],
    )
}
