//! Configurations that a machine makes for others, as Talos did up to 1.12.

use serde::Serialize;
use talos_machineconfig::{Cni, Contract, GenerateOptions, Patch, SecretsBundle, generate};
use talos_pki::Clock;
use talos_proto::machine::{self, machine_config::MachineType};
use tonic::Status;

use super::Context;
use crate::grpc::Answer;

/// The release whose configurations they all make.
const CONTRACT: Contract = Contract::V1_11;

/// One configuration, with the secrets of the machine or, in maintenance mode, new ones.
pub(super) async fn configuration(
    cx: &Context<'_>,
    request: machine::GenerateConfigurationRequest,
) -> Result<Answer, Status> {
    let config = cx.run.config();
    if config.as_ref().is_some_and(|config| !config.control_plane) {
        return Err(Status::unknown("a worker has no secrets to generate a configuration with"));
    }
    let (Some(machine), Some(cluster)) = (request.machine_config, request.cluster_config) else {
        return Err(Status::unknown("machine_config and cluster_config must be set"));
    };
    if request.config_version != "v1alpha1" {
        return Err(Status::unknown(format!("there is no config version {:?}", request.config_version)));
    }
    let clock = cx.run.node.world.clock.clone();
    // New secrets hold an RSA key, which takes a while.
    let made = tokio::task::spawn_blocking(move || {
        let secrets = match config {
            Some(config) => talos_machineconfig::Config::from_yaml(config.text.expose())
                .and_then(|config| SecretsBundle::from_config(&config)),
            None => SecretsBundle::generate(CONTRACT, &clock),
        };
        secrets.map_err(unknown).and_then(|secrets| make(&secrets, machine, cluster, &clock))
    });
    let reply = made.await.map_err(unknown)??;
    Ok(Answer::one(&machine::GenerateConfigurationResponse { messages: vec![reply] }))
}

fn unknown(error: impl std::fmt::Display) -> Status {
    Status::unknown(error.to_string())
}

fn make(
    secrets: &SecretsBundle,
    machine: machine::MachineConfig,
    cluster: machine::ClusterConfig,
    clock: &dyn Clock,
) -> Result<machine::GenerateConfiguration, Status> {
    let worker = match machine.r#type() {
        MachineType::TypeWorker => true,
        MachineType::TypeInit | MachineType::TypeControlPlane => false,
        MachineType::TypeUnknown => return Err(Status::unknown("the type of the machine is missing")),
    };
    let endpoint = cluster.control_plane.unwrap_or_default().endpoint;
    let host =
        endpoint.split("://").last().and_then(|rest| rest.rsplit_once(':')).map(|(host, _)| host.to_owned());
    let mut options = GenerateOptions::new(cluster.name, endpoint)
        .with_contract(CONTRACT)
        .with_allow_scheduling_on_control_planes(cluster.allow_scheduling_on_control_planes)
        .with_talosconfig_endpoints(host);
    if !machine.kubernetes_version.is_empty() {
        options = options.with_kubernetes_version(machine.kubernetes_version.trim_start_matches('v'));
    }
    let install = machine.install_config.unwrap_or_default();
    if !install.install_disk.is_empty() {
        options = options.with_install_disk(install.install_disk);
    }
    if !install.install_image.is_empty() {
        options = options.with_install_image(install.install_image);
    }
    let network = cluster.cluster_network.unwrap_or_default();
    if !network.dns_domain.is_empty() {
        options = options.with_dns_domain(network.dns_domain);
    }
    if let Some(cni) = network.cni_config {
        options = options.with_cni(cni_of(cni)?);
    }
    if let Some(network) = machine.network_config {
        options = options.with_patches([patch(network)?]);
    }
    let made = generate(secrets, &options, clock).map_err(unknown)?;
    let config = if worker { &made.worker } else { &made.control_plane };
    let text = config.to_yaml().map_err(unknown)?;
    Ok(machine::GenerateConfiguration {
        metadata: None,
        data: vec![text.expose().to_owned().into()],
        talosconfig: made.talosconfig.to_yaml().map_err(unknown)?.expose().to_owned().into(),
    })
}

fn cni_of(cni: machine::CniConfig) -> Result<Cni, Status> {
    Ok(match cni.name.as_str() {
        "flannel" => Cni::Flannel,
        "none" => Cni::None,
        "custom" => Cni::Custom(cni.urls),
        other => return Err(Status::unknown(format!("there is no CNI {other:?}"))),
    })
}

/// The hostname and the interfaces of a machine, as a patch.
fn patch(network: machine::NetworkConfig) -> Result<Patch, Status> {
    #[derive(Serialize)]
    struct Whole {
        machine: Machine,
    }
    #[derive(Serialize)]
    struct Machine {
        network: Network,
    }
    #[derive(Serialize)]
    struct Network {
        #[serde(skip_serializing_if = "String::is_empty")]
        hostname: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        interfaces: Vec<Interface>,
    }
    #[derive(Serialize)]
    struct Interface {
        interface: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        routes: Vec<Route>,
        #[serde(skip_serializing_if = "is_zero")]
        mtu: i32,
        dhcp: bool,
        ignore: bool,
    }
    #[derive(Serialize)]
    struct Route {
        network: String,
        gateway: String,
        metric: u32,
    }
    let route = |route: machine::RouteConfig| Route {
        network: route.network,
        gateway: route.gateway,
        metric: route.metric,
    };
    let interface = |device: machine::NetworkDeviceConfig| Interface {
        interface: device.interface,
        addresses: Some(device.cidr).filter(|cidr| !cidr.is_empty()).into_iter().collect(),
        routes: device.routes.into_iter().map(route).collect(),
        mtu: device.mtu,
        dhcp: device.dhcp,
        ignore: device.ignore,
    };
    let interfaces = network.interfaces.into_iter().map(interface).collect();
    let whole = Whole { machine: Machine { network: Network { hostname: network.hostname, interfaces } } };
    Patch::parse(&talos_yaml::to_string(&whole).map_err(unknown)?).map_err(unknown)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}
