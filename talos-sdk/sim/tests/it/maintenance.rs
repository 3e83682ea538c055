//! Machines without a configuration.

use talos_proto::machine::*;
use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
use tonic::Code;

use crate::harness::{admin, configs, insecure, soon, with};

fn apply(data: &str, mode: i32) -> ApplyConfigurationRequest {
    ApplyConfigurationRequest { data: data.to_owned().into(), mode, ..Default::default() }
}

const REBOOT: i32 = 0;
const AUTO: i32 = 1;
const NO_REBOOT: i32 = 2;

#[tokio::test]
async fn anybody_may_read_and_configure() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let node = simulation.add_node(NodeOptions::default().with_name("fresh")).unwrap();
    soon(node.wait_for(Stage::Maintenance)).await;
    let fingerprint = node.fingerprint().unwrap().to_string();
    assert!(node.console().lines().any(|line| line.ends_with(&fingerprint)), "{}", node.console());

    let mut client = insecure(node.address()).await;
    // Headers that would route a call are ignored here.
    client.version(with((), &[("node", "10.9.9.9")])).await.unwrap();
    let read = ReadRequest { path: "/etc/hostname".into() };
    assert_eq!(client.read(read).await.err().map(|s| s.code()), Some(Code::PermissionDenied));
    let refused = client.bootstrap(BootstrapRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = client.apply_configuration(apply("machine: [", AUTO)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);

    let (control_plane, _) = configs(node.address(), &[]);
    let dry = ApplyConfigurationRequest { dry_run: true, ..apply(&control_plane, AUTO) };
    client.apply_configuration(dry).await.unwrap();
    assert_eq!(node.stage(), Stage::Maintenance);
    client.apply_configuration(apply(&control_plane, AUTO)).await.unwrap();
    soon(node.wait_for(Stage::Installing)).await;
    // The certificate is another one now, and clients need one too.
    let mut client = admin(node.address()).await;
    client.version(()).await.unwrap();
    assert_eq!(node.boots(), 2);
    assert_ne!(node.fingerprint().unwrap().to_string(), fingerprint);
}

#[tokio::test]
async fn early_versions_serve_little() {
    let version = "v1.9.4".parse().unwrap();
    let simulation = Simulation::start(SimulationOptions::default().with_talos_version(version)).unwrap();
    let node = simulation.add_node(NodeOptions::default().with_installed(true)).unwrap();
    let mut client = insecure(node.address()).await;
    assert_eq!(client.version(()).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(client.service_list(()).await.unwrap_err().code(), Code::Unimplemented);
    let request = GenerateConfigurationRequest {
        config_version: "v1alpha1".to_owned(),
        cluster_config: Some(ClusterConfig {
            name: "made".to_owned(),
            control_plane: Some(ControlPlaneConfig { endpoint: "https://10.5.0.2:6443".to_owned() }),
            ..Default::default()
        }),
        machine_config: Some(MachineConfig {
            r#type: machine_config::MachineType::TypeControlPlane.into(),
            network_config: Some(NetworkConfig { hostname: "cp-1".to_owned(), interfaces: Vec::new() }),
            kubernetes_version: "1.32.0".to_owned(),
            ..Default::default()
        }),
        override_time: None,
    };
    let made = soon(client.generate_configuration(request)).await.unwrap().into_inner().messages.remove(0);
    let text = std::str::from_utf8(&made.data[0]).unwrap();
    let config = talos_machineconfig::Config::from_yaml(text).unwrap();
    assert_eq!((config.cluster_name(), config.hostname()), (Some("made"), Some("cp-1")));
    assert!(std::str::from_utf8(&made.talosconfig).unwrap().contains("10.5.0.2"));
    let nothing = client.generate_configuration(GenerateConfigurationRequest::default()).await;
    assert_eq!(nothing.unwrap_err().code(), Code::Unknown);

    let (_, worker) = configs(node.address(), &[]);
    let refused = client.apply_configuration(apply(&worker, NO_REBOOT)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    client.apply_configuration(apply(&worker, REBOOT)).await.unwrap();
    soon(node.wait_for(Stage::Booting)).await;
}

#[tokio::test]
async fn user_data_that_is_no_configuration_is_named_on_the_console() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let options = NodeOptions::default().with_user_data("#cloud-config\nusers: []\n").with_installed(true);
    let node = simulation.add_node(options).unwrap();
    soon(node.wait_for(Stage::Maintenance)).await;
    assert!(node.console().contains("user data"), "{}", node.console());
}
