//! What the live resources of a machine say.

use std::net::Ipv4Addr;

use bytes::Bytes;
use prost::Message;
use serde::Serialize;
use talos_proto::common;
use talos_proto::resource::config;
use talos_proto::talos::resource::definitions::{cluster, etcd, k8s, network, runtime, secrets, v1alpha1};

use super::collection::Spec;
use crate::config::NodeConfig;
use crate::etcd::EtcdMember;
use crate::stage::Stage;

/// YAML as Talos writes it.
pub(super) fn yaml(value: &impl Serialize) -> String {
    // Plain structs and lists of text, numbers and booleans always have a YAML form.
    talos_yaml::to_string(value).unwrap_or_default()
}

fn spec(proto: &impl Message, yaml_value: &impl Serialize) -> Spec {
    Spec { proto: proto.encode_to_vec().into(), yaml: yaml(yaml_value), ..Spec::default() }
}

fn ip(address: Ipv4Addr) -> common::NetIp {
    common::NetIp { ip: Bytes::copy_from_slice(&address.octets()) }
}

pub(crate) fn machine_status(stage: Stage, ready: bool, unmet: &[(String, String)]) -> Spec {
    #[derive(Serialize)]
    struct Yaml<'a> {
        stage: &'a str,
        status: Status<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Status<'a> {
        ready: bool,
        unmet_conditions: Vec<Unmet<'a>>,
    }
    #[derive(Serialize)]
    struct Unmet<'a> {
        name: &'a str,
        reason: &'a str,
    }
    let conditions = unmet.iter().map(|(name, reason)| Unmet { name, reason }).collect();
    let proto = runtime::MachineStatusSpec {
        stage: stage.number(),
        status: Some(runtime::MachineStatusStatus {
            ready,
            unmet_conditions: unmet
                .iter()
                .map(|(name, reason)| runtime::UnmetCondition { name: name.clone(), reason: reason.clone() })
                .collect(),
        }),
    };
    spec(&proto, &Yaml { stage: stage.word(), status: Status { ready, unmet_conditions: conditions } })
}

pub(crate) fn service(healthy: bool, unknown: bool) -> Spec {
    #[derive(Serialize)]
    struct Yaml {
        running: bool,
        healthy: bool,
        unknown: bool,
    }
    spec(
        &v1alpha1::ServiceSpec { running: true, healthy, unknown },
        &Yaml { running: true, healthy, unknown },
    )
}

pub(crate) fn hostname(hostname: &str) -> Spec {
    #[derive(Serialize)]
    struct Yaml<'a> {
        hostname: &'a str,
        domainname: &'a str,
    }
    let (host, domain) = hostname.split_once('.').unwrap_or((hostname, ""));
    let proto = network::HostnameStatusSpec { hostname: host.to_owned(), domainname: domain.to_owned() };
    spec(&proto, &Yaml { hostname: host, domainname: domain })
}

pub(crate) fn node_addresses(addresses: &[Ipv4Addr]) -> Spec {
    #[derive(Serialize)]
    struct Yaml {
        addresses: Vec<String>,
    }
    let prefix = |address: &Ipv4Addr| common::NetIpPrefix { ip: ip(*address).ip, prefix_length: 24 };
    let proto =
        network::NodeAddressSpec { addresses: addresses.iter().map(prefix).collect(), sort_algorithm: 0 };
    spec(&proto, &Yaml { addresses: addresses.iter().map(|address| format!("{address}/24")).collect() })
}

pub(crate) fn nodename(name: &str) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        nodename: &'a str,
        hostname_version: &'a str,
        skip_node_registration: bool,
    }
    let proto = k8s::NodenameSpec {
        nodename: name.to_owned(),
        hostname_version: "1".to_owned(),
        skip_node_registration: false,
    };
    spec(&proto, &Yaml { nodename: name, hostname_version: "1", skip_node_registration: false })
}

pub(crate) fn node_status(name: &str, ready: bool) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        nodename: &'a str,
        node_ready: bool,
        unschedulable: bool,
    }
    let proto = k8s::NodeStatusSpec {
        nodename: name.to_owned(),
        node_ready: ready,
        ..k8s::NodeStatusSpec::default()
    };
    spec(&proto, &Yaml { nodename: name, node_ready: ready, unschedulable: false })
}

pub(crate) fn member(
    node_id: &str,
    hostname: &str,
    address: Ipv4Addr,
    control_plane: bool,
    version: &str,
) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        node_id: &'a str,
        addresses: [String; 1],
        hostname: &'a str,
        machine_type: &'a str,
        operating_system: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        control_plane: Option<ControlPlane>,
    }
    #[derive(Serialize)]
    struct ControlPlane {
        port: u16,
    }
    let system = format!("Talos ({version})");
    let proto = cluster::MemberSpec {
        node_id: node_id.to_owned(),
        addresses: vec![ip(address)],
        hostname: hostname.to_owned(),
        machine_type: machine_type_number(control_plane),
        operating_system: system.clone(),
        control_plane: control_plane.then_some(cluster::ControlPlane { api_server_port: 6443 }),
    };
    let yaml = Yaml {
        node_id,
        addresses: [address.to_string()],
        hostname,
        machine_type: if control_plane { "controlplane" } else { "worker" },
        operating_system: &system,
        control_plane: control_plane.then_some(ControlPlane { port: 6443 }),
    };
    spec(&proto, &yaml)
}

fn machine_type_number(control_plane: bool) -> i32 {
    (if control_plane { config::MachineType::ControlPlane } else { config::MachineType::Worker }).into()
}

pub(crate) fn machine_type(control_plane: bool) -> Spec {
    let word = if control_plane { "controlplane" } else { "worker" };
    spec(&config::MachineTypeSpec { machine_type: machine_type_number(control_plane) }, &word)
}

pub(crate) fn machine_config(config: &NodeConfig) -> Spec {
    config_text(config.text.expose())
}

pub(crate) fn config_text(text: &str) -> Spec {
    let proto = config::MachineConfigSpec { yaml_marshalled: Bytes::copy_from_slice(text.as_bytes()) };
    Spec { proto: proto.encode_to_vec().into(), yaml: text.to_owned(), ..Spec::default() }
}

pub(crate) fn etcd_member(member: &EtcdMember) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml {
        member_id: String,
    }
    let id = format!("{:016x}", member.id);
    spec(&etcd::MemberSpec { member_id: id.clone() }, &Yaml { member_id: id })
}

pub(crate) fn identity(node_id: &str) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        node_id: &'a str,
    }
    spec(&cluster::IdentitySpec { node_id: node_id.to_owned() }, &Yaml { node_id })
}

pub(crate) fn version(tag: &str) -> Spec {
    #[derive(Serialize)]
    struct Yaml<'a> {
        version: &'a str,
        name: &'a str,
    }
    let proto = runtime::VersionSpec { version: tag.to_owned(), name: "Talos".to_owned() };
    spec(&proto, &Yaml { version: tag, name: "Talos" })
}

/// The id of a META value.
pub(crate) fn meta_id(key: u8) -> String {
    format!("{key:#04x}")
}

pub(crate) fn meta_key(value: &str) -> Spec {
    #[derive(Serialize)]
    struct Yaml<'a> {
        value: &'a str,
    }
    spec(&runtime::MetaKeySpec { value: value.to_owned() }, &Yaml { value })
}

pub(crate) fn boot_id(id: &str) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        boot_id: &'a str,
    }
    spec(&runtime::BootIdSpec { boot_id: id.to_owned() }, &Yaml { boot_id: id })
}

pub(crate) fn os_root(config: &NodeConfig, addresses: &[Ipv4Addr], names: &[String]) -> Spec {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Yaml<'a> {
        issuing_ca: Pair,
        #[serde(rename = "certSANIPs")]
        ips: Vec<String>,
        #[serde(rename = "certSANDNSNames")]
        names: &'a [String],
        token: &'a str,
    }
    #[derive(Serialize)]
    struct Pair {
        crt: String,
        key: String,
    }
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let crt = config.machine_ca.to_pem();
    let key = config.machine_authority.as_ref().map(|authority| authority.key.to_pem());
    let key = key.as_ref().map_or("", |key| key.expose());
    let proto = secrets::OsRootSpec {
        issuing_ca: Some(common::PemEncodedCertificateAndKey {
            crt: crt.clone().into(),
            key: key.to_owned().into(),
        }),
        cert_sani_ps: addresses.iter().copied().map(ip).collect(),
        cert_sandns_names: names.to_vec(),
        token: config.token.expose().to_owned(),
        ..secrets::OsRootSpec::default()
    };
    let yaml = Yaml {
        issuing_ca: Pair { crt: base64.encode(crt), key: base64.encode(key) },
        ips: addresses.iter().map(Ipv4Addr::to_string).collect(),
        names,
        token: config.token.expose(),
    };
    spec(&proto, &yaml)
}
