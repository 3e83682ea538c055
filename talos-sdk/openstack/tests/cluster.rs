//! Whole bring-ups on the simulated cloud.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use openstack_sdk::{Cloud, CloudConfig};
use talos_openstack::{
    BoxFuture, Error, ErrorKind, Event, FolderStore, Haproxy, ImageSource, LoadBalancer, Report, Result,
    Spec, StateFile, Step, Store as _, Timeouts, bring_up, tear_down,
};
use talos_sim::{CloudOptions, SimulatedCloud};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Sends the configuration to the simulated load balancer.
#[derive(Debug)]
struct Put {
    url: String,
}

impl LoadBalancer for Put {
    fn apply<'a>(&'a self, haproxy: &'a Haproxy) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (host, path) = self.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
            let body = haproxy.to_config();
            let mut stream = TcpStream::connect(host).await.unwrap();
            let head = format!(
                "PUT /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let status = answer.split_whitespace().nth(1).unwrap_or_default();
            if status.starts_with('2') {
                return Ok(());
            }
            Err(Error::new(ErrorKind::LoadBalancer, format!("the balancer answers {answer}")))
        })
    }
}

struct Lab {
    sim: SimulatedCloud,
    cloud: Cloud,
    store: FolderStore,
    spec: Spec,
    _dir: TempDir,
}

impl Lab {
    async fn new() -> Self {
        let sim = SimulatedCloud::start(CloudOptions::default()).await.unwrap();
        let cloud = Cloud::connect(CloudConfig::from_yaml(&sim.clouds_yaml(), "sim").unwrap()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let schematic = talos_openstack::talos_factory::DEFAULT_SCHEMATIC_ID.to_owned();
        let spec = Spec::new("prod")
            .with_image(ImageSource::Factory { url: sim.factory_url(), schematic })
            .with_endpoint(format!("https://{}:6443", sim.load_balancer_address()))
            .with_load_balancer(Put { url: sim.load_balancer_config_url() })
            .with_timeouts(
                Timeouts::all(Duration::from_secs(90)).with_bootstrap_settle(Duration::from_secs(3)),
            );
        Self { sim, cloud, store: FolderStore::new(dir.path(), "prod"), spec, _dir: dir }
    }

    async fn run(&self) -> Result<Report> {
        bring_up(&self.spec, &self.cloud, &self.store, &|event: &Event| eprintln!("{event}")).await
    }

    /// Runs until `cut` says so, and drops everything in its tracks.
    async fn run_until(&self, cut: impl Fn(&Event) -> bool + Send + Sync) {
        let now = Notify::new();
        let observer = |event: &Event| {
            if cut(event) {
                now.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = now.notified() => {}
            outcome = bring_up(&self.spec, &self.cloud, &self.store, &observer) => panic!("not cut off: {outcome:?}"),
        }
    }

    fn bootstraps(&self) -> usize {
        self.sim.simulation().calls().iter().filter(|call| call.path.ends_with("/Bootstrap")).count()
    }

    fn assert_one_of_each(&self) {
        assert_eq!(self.sim.openstack().images().len(), 1);
        assert_eq!(self.sim.openstack().servers().len(), 5);
        assert_eq!(self.bootstraps(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_comes_up_and_a_second_run_changes_nothing() {
    let lab = Lab::new().await;
    let report = lab.run().await.unwrap();
    lab.assert_one_of_each();
    assert_eq!(report.nodes.len(), 5);
    assert!(report.nodes.iter().all(|node| node.talos_version == "v1.13.9"));
    let kubeconfig = std::fs::read_to_string(&report.kubeconfig).unwrap();
    assert!(kubeconfig.contains(&lab.spec.endpoint.clone().unwrap()));

    assert_eq!(lab.run().await.unwrap(), report);
    assert_eq!(kubeconfig, std::fs::read_to_string(&report.kubeconfig).unwrap());
    lab.assert_one_of_each();
    assert_eq!(lab.sim.factory_downloads().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_off_anywhere_ends_with_the_same_cluster() {
    let lab = Lab::new().await;
    for step in Step::ALL {
        lab.run_until(|event| matches!(event, Event::StepStarted { step: started } if *started == step))
            .await;
    }
    lab.run().await.unwrap();
    lab.assert_one_of_each();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_off_in_upload_creation_and_bootstrap_ends_with_the_same_cluster() {
    let lab = Lab::new().await;
    lab.run_until(|event| matches!(event, Event::ImageProgress { .. })).await;
    lab.run_until(|event| matches!(event, Event::Created { name, .. } if name == "prod-worker-1")).await;
    lab.run_until(|event| matches!(event, Event::ServerStatus { .. })).await;
    for word in ["bootstrap sent", "starts etcd"] {
        lab.run_until(|event| matches!(event, Event::Cluster(inner) if inner.to_string().contains(word)))
            .await;
        if lab.bootstraps() == 1 {
            break;
        }
    }
    lab.run().await.unwrap();
    lab.assert_one_of_each();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_bootstrap_is_made_again_and_a_lost_cloud_too() {
    let lab = Lab::new().await;
    lab.sim.simulation().faults().lose_bootstrap();
    lab.run().await.unwrap();
    assert_eq!(lab.bootstraps(), 2);
    let secrets = lab.store.read(StateFile::Secrets).await.unwrap().unwrap();

    tear_down(&lab.spec, &lab.cloud, &lab.store, &|_: &Event| {}).await.unwrap();
    assert!(lab.sim.openstack().servers().is_empty());
    lab.run().await.unwrap();
    assert_eq!(lab.bootstraps(), 3);
    assert!(lab.store.read(StateFile::Secrets).await.unwrap().unwrap() == secrets);
    assert_eq!(lab.sim.openstack().images().len(), 1);
}
