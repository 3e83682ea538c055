//! The steps up to the first contact, on a simulated cloud whose servers do nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::LazyLock;
use std::time::Duration;

use openstack_sdk::image::{NewImage, UploadOptions};
use openstack_sdk::network::{Filter, NewPort};
use openstack_sdk::{Cloud, CloudConfig, CloudOptions, RetryPolicy};
use openstack_sim::{Effect, Fault, OpenStackSim, Options, Quota, Service};
use talos_cluster::talos_client::talos_pki::SystemClock;
use talos_cluster::talos_machineconfig::{Contract, SecretsBundle};
use talos_openstack::{
    Error, ErrorKind, Event, FolderStore, ImageSource, NetworkOptions, PatchText, Resource, SecretString,
    Spec, StateFile, Step, Store as _, Timeouts, bring_up, tear_down,
};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Made once: an RSA key takes its time.
static SECRETS: LazyLock<SecretString> =
    LazyLock::new(|| SecretsBundle::generate(Contract::CURRENT, &SystemClock).unwrap().to_yaml().unwrap());

struct Lab {
    sim: OpenStackSim,
    cloud: Cloud,
    dir: TempDir,
    store: FolderStore,
    spec: Spec,
}

impl Lab {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let sim = OpenStackSim::start(options).await.unwrap();
        let config = CloudConfig::from_yaml(&sim.clouds_yaml(), "sim").unwrap();
        let retry = RetryPolicy::default().with_pauses(Duration::from_millis(1), Duration::from_millis(20));
        let cloud = Cloud::connect_with(config, CloudOptions::default().with_retry(retry)).await.unwrap();
        let image = cloud.image().create_image(&NewImage::new("talos")).await.unwrap();
        let bytes = bytes::Bytes::from_static(b"disk");
        cloud
            .image()
            .upload(&image.id, &bytes, UploadOptions::default(), Duration::from_secs(60))
            .await
            .unwrap();

        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path(), "prod");
        let lease = store.lock().await.unwrap();
        store.write(StateFile::Secrets, &SECRETS).await.unwrap();
        drop(lease);
        let mut timeouts = Timeouts::all(Duration::from_secs(60));
        timeouts.first_contact = Duration::from_secs(1);
        let spec =
            Spec::new("prod").with_image(ImageSource::Existing("talos".into())).with_timeouts(timeouts);
        Self { sim, cloud, dir, store, spec }
    }

    /// Runs until the first contact, which nobody answers here, or an earlier error.
    async fn run(&self) -> Error {
        self.run_spec(&self.spec).await
    }

    async fn run_spec(&self, spec: &Spec) -> Error {
        bring_up(spec, &self.cloud, &self.store, &|_: &Event| {}).await.unwrap_err()
    }

    async fn read(&self, file: StateFile) -> String {
        self.store.read(file).await.unwrap().unwrap().expose().to_owned()
    }

    /// The ports of the cluster: the router has one too.
    fn ports(&self) -> Vec<openstack_sim::Port> {
        let mut ports = self.sim.ports();
        ports.retain(|port| port.name.starts_with("prod-"));
        ports
    }

    fn count(&self, method: &str, path: &str) -> usize {
        self.sim.calls().iter().filter(|call| call.method == method && call.path.ends_with(path)).count()
    }

    /// Every node has one server, on one port, and there is nothing else.
    async fn assert_complete(&self, error: &Error) {
        assert_eq!(error.step(), Some(Step::FirstContact), "{error}");
        let mut names: Vec<_> = self.sim.servers().into_iter().map(|server| server.name).collect();
        names.sort();
        assert_eq!(
            names,
            [
                "prod-control-plane-1",
                "prod-control-plane-2",
                "prod-control-plane-3",
                "prod-worker-1",
                "prod-worker-2"
            ]
        );
        assert!(self.sim.servers().iter().all(|server| server.status == "ACTIVE"));
        assert_eq!(self.ports().len(), 5);
        let groups =
            self.cloud.network().security_groups(&Filter::new().with_name("talos-prod")).await.unwrap();
        assert_eq!(groups.len(), 1);
        assert_eq!(self.cloud.compute().server_groups().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn servers_are_made_once_with_the_stored_configuration() {
    let lab = Lab::new().await;
    let error = lab.run().await;
    lab.assert_complete(&error).await;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("prod-"), "{error}");

    let (control_plane, worker) =
        (lab.read(StateFile::ControlPlane).await, lab.read(StateFile::Worker).await);
    for server in lab.sim.servers() {
        let config = if server.name.contains("worker") { &worker } else { &control_plane };
        assert!(*server.user_data.unwrap() == *config.as_bytes(), "{}", server.name);
        assert_eq!(server.server_group.is_some(), !server.name.contains("worker"));
    }
    let haproxy = lab.read(StateFile::Haproxy).await;
    for port in lab.ports().iter().filter(|port| port.name.contains("control-plane")) {
        assert!(
            haproxy.contains(&format!("server {} {}:6443 check", port.name, port.addresses[0])),
            "{haproxy}"
        );
        assert!(control_plane.contains(&port.addresses[0].to_string()));
    }
    assert!(!lab.read(StateFile::State).await.contains("BEGIN"));

    let before: Vec<_> = lab.sim.servers().into_iter().map(|server| server.id).collect();
    let talosconfig = lab.read(StateFile::Talosconfig).await;
    lab.assert_complete(&lab.run().await).await;
    let after: Vec<_> = lab.sim.servers().into_iter().map(|server| server.id).collect();
    assert_eq!(before, after);
    assert_eq!(lab.count("POST", "/servers"), 5);
    assert!(talosconfig == lab.read(StateFile::Talosconfig).await, "a good talosconfig is kept");
}

#[tokio::test]
async fn a_run_that_is_cut_off_anywhere_is_taken_up_again() {
    let lab = Lab::new().await;
    let cuts = Step::ALL.iter().take_while(|step| **step != Step::FirstContact);
    for step in cuts {
        let cut = Notify::new();
        let observer = |event: &Event| {
            if matches!(event, Event::StepDone { step: done } if done == step) {
                cut.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = cut.notified() => {}
            outcome = bring_up(&lab.spec, &lab.cloud, &lab.store, &observer) => panic!("{step}: {outcome:?}"),
        }
    }
    lab.assert_complete(&lab.run().await).await;
    assert_eq!(lab.count("POST", "/servers"), 5);
    assert_eq!(lab.count("POST", "/ports"), 5);
}

#[tokio::test]
async fn passing_failures_are_tried_again_and_make_nothing_twice() {
    let lab = Lab::new().await;
    for path in ["/ports", "/servers", "/security-groups", "/os-server-groups"] {
        let faults = [
            Effect::Unavailable { retry_after: None },
            Effect::TooManyRequests { retry_after: 0 },
            Effect::LoseReply,
        ];
        for effect in faults {
            lab.sim.faults().add(Fault::new(effect).method("POST").path(path));
        }
    }
    let error = lab.run().await;
    assert_eq!(lab.sim.faults().pending(), [], "every fault was met");
    lab.assert_complete(&error).await;
}

#[tokio::test]
async fn a_failed_server_tells_why_and_is_built_again_on_its_port() {
    let lab = Lab::new().await;
    let text = "No valid host was found.";
    lab.sim.faults().add(Fault::new(Effect::ServerError { text: text.into() }).on(Service::Compute));
    let error = lab.run().await;
    assert_eq!((error.kind(), error.step()), (ErrorKind::ServerFailed, Some(Step::Servers)), "{error}");
    assert!(error.to_string().contains(text) && error.to_string().contains("prod-"), "{error}");
    let ports: Vec<_> = lab.ports().into_iter().map(|port| port.id).collect();

    lab.assert_complete(&lab.run().await).await;
    assert_eq!(ports, lab.ports().into_iter().map(|port| port.id).collect::<Vec<_>>());
    assert_eq!(lab.count("POST", "/servers"), 6);
}

#[tokio::test]
async fn what_the_cloud_lost_is_made_again_from_the_same_secrets() {
    let lab = Lab::new().await;
    lab.run().await;
    let other = NewPort::new("mine", &lab.ports()[0].network_id);
    let other = lab.cloud.network().create_port(&other).await.unwrap();
    let ids: Vec<_> = lab.sim.servers().into_iter().map(|server| server.id).collect();

    let deleted = std::sync::Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Deleted { resource, .. } = event {
            deleted.lock().unwrap().push(*resource);
        }
    };
    tear_down(&lab.spec, &lab.cloud, &lab.store, &observer).await.unwrap();
    tear_down(&lab.spec, &lab.cloud, &lab.store, &observer).await.unwrap();
    assert!(lab.sim.servers().is_empty());
    assert!(lab.ports().is_empty());
    assert!(lab.cloud.compute().server_groups().await.unwrap().is_empty());
    assert!(
        lab.cloud.network().security_groups(&Filter::new().with_name("talos-prod")).await.unwrap().is_empty()
    );
    assert_eq!(lab.sim.images().len(), 1, "the image may be used by others");
    assert_eq!(deleted.lock().unwrap().iter().filter(|resource| **resource == Resource::Server).count(), 5);
    assert_eq!(lab.read(StateFile::Secrets).await, SECRETS.expose());

    lab.cloud.network().delete_port(&other.id).await.unwrap();
    lab.assert_complete(&lab.run().await).await;
    assert!(lab.sim.servers().iter().all(|server| !ids.contains(&server.id)));
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_created() {
    let mut quota = Quota::default();
    quota.instances = 5;
    let lab = Lab::with(Options::default().with_quota(quota)).await;
    let made = |lab: &Lab| {
        lab.sim
            .calls()
            .iter()
            .filter(|call| call.method != "GET" && !call.path.ends_with("/auth/tokens"))
            .count()
    };
    let before = made(&lab);

    let spec = |change: fn(Spec) -> Spec| change(lab.spec.clone());
    let mut state = 1u64;
    let noise: String = (0..90_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(state % 64) as usize],
            )
        })
        .collect();
    let manifest = format!("cluster:\n  inlineManifests:\n    - name: big\n      contents: {noise}\n");
    let cases = [
        (spec(|spec| spec.with_workers(3)), ErrorKind::Quota, "quota is 5 servers"),
        (spec(|spec| spec.with_flavors("m1.medium", "x9.huge")), ErrorKind::MissingResource, "x9.huge"),
        (
            spec(|spec| spec.with_image(ImageSource::Existing("none".into()))),
            ErrorKind::MissingResource,
            "none",
        ),
        (spec(|spec| spec.with_endpoint("host:6443")), ErrorKind::InvalidSpec, "https://host:6443"),
        (spec(|spec| spec.with_talos_version("v0.1")), ErrorKind::InvalidSpec, "v0.1"),
        (
            spec(|spec| spec.with_patch(PatchText::new("a.yaml", "machin: {}"))),
            ErrorKind::InvalidSpec,
            "a.yaml",
        ),
        (
            lab.spec.clone().with_control_plane_patch(PatchText::new("b.yaml", &manifest)),
            ErrorKind::UserDataTooLarge,
            "65535",
        ),
    ];
    for (spec, kind, part) in cases {
        let error = lab.run_spec(&spec).await;
        assert_eq!((error.kind(), error.step()), (kind, Some(Step::Plan)), "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    }
    assert_eq!(made(&lab), before);
}

#[tokio::test]
async fn another_runner_and_another_cluster_of_the_name_are_refused() {
    let lab = Lab::new().await;
    let lease = lab.store.lock().await.unwrap();
    assert!(lab.run().await.is_locked());
    assert!(tear_down(&lab.spec, &lab.cloud, &lab.store, &|_: &Event| {}).await.unwrap_err().is_locked());
    drop(lease);

    lab.run().await;
    let elsewhere = FolderStore::new(lab.dir.path().join("elsewhere"), "prod");
    let error = bring_up(&lab.spec, &lab.cloud, &elsewhere, &|_: &Event| {}).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NameTaken, "{error}");
}

#[tokio::test]
async fn a_project_without_a_network_gets_one_with_a_router_and_floating_addresses() {
    let lab = Lab::new().await;
    let network = lab.cloud.network();
    for router in network.routers(&Filter::new()).await.unwrap() {
        for port in network.ports(&Filter::new().with_field("device_id", &router.id)).await.unwrap() {
            if let Some(subnet) = port.fixed_ips.first().and_then(|fixed| fixed.subnet_id.clone()) {
                let _ = network.remove_router_interface(&router.id, &subnet).await;
            }
        }
        network.delete_router(&router.id).await.unwrap();
    }
    for ready_made in
        network.networks(&Filter::new()).await.unwrap().iter().filter(|network| !network.is_external)
    {
        network.delete_network(&ready_made.id).await.unwrap();
    }
    let outside = network.external_network().await.unwrap();
    let options = NetworkOptions::default().with_floating_network(&outside.name).with_cidr("10.9.0.0/24");
    let spec = lab.spec.clone().with_network(options);

    for _ in 0..2 {
        let error = lab.run_spec(&spec).await;
        lab.assert_complete(&error).await;
    }
    let floating = network.floating_ips(&Filter::new().with_tag("talos-cluster=prod")).await.unwrap();
    assert_eq!(floating.len(), 3);
    let control_plane = lab.read(StateFile::ControlPlane).await;
    assert!(floating.iter().all(|floating| control_plane.contains(&floating.address)));
    assert_eq!(network.routers(&Filter::new()).await.unwrap().len(), 1);

    tear_down(&spec, &lab.cloud, &lab.store, &|_: &Event| {}).await.unwrap();
    assert!(network.floating_ips(&Filter::new()).await.unwrap().is_empty());
    assert!(network.routers(&Filter::new()).await.unwrap().is_empty());
    assert!(network.networks(&Filter::new()).await.unwrap().iter().all(|network| network.is_external));
}
