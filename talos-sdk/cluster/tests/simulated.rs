//! Work on simulated clusters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::Mutex;
use std::time::Duration;

use talos_cluster::talos_client::talos_pki::SystemClock;
use talos_cluster::talos_client::{Client, ClientOptions};
use talos_cluster::talos_machineconfig::{Contract, GenerateOptions, SecretsBundle, generate};
use talos_cluster::{BootstrapOptions, Cluster, ErrorKind, Event, Kubernetes, wait_for_kubernetes_api};
use talos_sim::{Code, NodeOptions, SimNode, Simulation, SimulationOptions};

const LIMIT: Duration = Duration::from_secs(60);

struct Lab {
    sim: Simulation,
    nodes: Vec<SimNode>,
    cluster: Cluster,
    endpoint: String,
    authority: String,
}

/// Three control planes that have their configuration and wait for a bootstrap.
fn lab() -> Lab {
    let sim = Simulation::start(SimulationOptions::default()).unwrap();
    let secrets = SecretsBundle::generate(Contract::CURRENT, &SystemClock).unwrap();
    let addresses: Vec<_> = (2..5).map(|number| sim.reserved_address(number)).collect();
    let endpoint = format!("https://{}:6443", addresses[0]);
    let options = GenerateOptions::new("lab", &endpoint)
        .with_talosconfig_endpoints(addresses.iter().map(ToString::to_string));
    let configs = generate(&secrets, &options, &SystemClock).unwrap();
    let user_data = configs.control_plane.to_yaml().unwrap().expose().as_bytes().to_vec();
    let mut cluster = Cluster::new(Client::connect(&configs.talosconfig, ClientOptions::default()).unwrap());
    let mut nodes = Vec::new();
    for (number, address) in addresses.into_iter().enumerate() {
        let mut options = NodeOptions::default().with_name(format!("cp-{number}")).with_address(address);
        options.user_data = Some(user_data.clone().into());
        options.installed = true;
        nodes.push(sim.add_node(options).unwrap());
        cluster = cluster.with_control_plane(format!("cp-{number}"), address.to_string());
    }
    let authority = secrets.certs.k8s.unwrap().crt;
    Lab { sim, nodes, cluster, endpoint, authority }
}

impl Lab {
    fn bootstraps(&self) -> usize {
        self.sim.calls().iter().filter(|call| call.method() == "Bootstrap").count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_bootstrapped_once_and_its_missing_node_is_named() {
    let lab = lab();
    let told = Mutex::new(Vec::new());
    let observer = |event: &Event| told.lock().unwrap().push(event.clone());
    let options = BootstrapOptions::default().with_timeout(LIMIT);
    lab.cluster.bootstrap(&options, &observer).await.unwrap();
    lab.cluster.wait_for_etcd(LIMIT, &observer).await.unwrap();
    lab.cluster.bootstrap(&options.clone().with_node("cp-2"), &observer).await.unwrap();
    assert_eq!(lab.bootstraps(), 1);
    assert!(told.lock().unwrap().contains(&Event::BootstrapSent { node: "cp-0".into() }));

    let anonymous = Kubernetes::anonymous(&lab.endpoint, &lab.authority).unwrap();
    wait_for_kubernetes_api(&anonymous, LIMIT, &observer).await.unwrap();
    assert_eq!(anonymous.nodes().await.unwrap_err().kind(), ErrorKind::Kubernetes);
    let kubeconfig = lab.cluster.kubeconfig(LIMIT, &observer).await.unwrap();
    let kubernetes = Kubernetes::from_kubeconfig(kubeconfig.expose()).unwrap();
    assert_eq!(lab.cluster.wait_for_nodes_ready(&kubernetes, LIMIT, &observer).await.unwrap().len(), 3);
    let health = lab.cluster.health(Some(&kubernetes)).await;
    assert!(health.is_healthy(), "{health}");

    lab.nodes[2].power_off();
    let error = lab.cluster.wait_for_etcd(Duration::from_secs(3), &observer).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("cp-2"), "{error}");
    let health = lab.cluster.health(None).await;
    assert!(!health.is_healthy() && health.to_string().contains("cp-2"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_waited_for() {
    let lab = lab();
    let quiet = |_: &Event| {};
    let options = BootstrapOptions::default().with_timeout(LIMIT);
    let error = lab.cluster.bootstrap(&options.clone().with_node("cp-9"), &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCluster);

    lab.sim.faults().fail("Bootstrap", Code::PermissionDenied, 1);
    let error = lab.cluster.bootstrap(&options, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("cp-0"), "{error}");

    // A passing refusal is: the node did not take the call.
    lab.sim.faults().fail("Bootstrap", Code::FailedPrecondition, 1);
    lab.cluster.bootstrap(&options, &quiet).await.unwrap();
}
