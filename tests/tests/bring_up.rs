//! The whole bring-up on the whole simulated cloud, and what may go wrong on the way. That it succeeds, resumes after
//! each step and is removed again is tested beside `bring_up` itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use openstack_sdk::{Cloud, CloudConfig, CloudOptions as OpenStackOptions, RetryPolicy};
use openstack_sim::{Effect, Fault as CloudFault, Service};
use talos_examples::cloud::HttpBalancer;
use talos_machineconfig::{Config, Contract, SecretsBundle};
use talos_openstack::{
    Error, Event, FolderStore, ImageSource, PatchText, Report, SecretString, Spec, StateFile, Step,
    Store as _, Timeouts, bring_up,
};
use talos_pki::SystemClock;
use talos_sim::{CloudOptions, Code, Fault, FaultRule, SimulatedCloud};
use tokio::sync::Notify;

/// Made once: an RSA key takes its time.
static SECRETS: LazyLock<SecretString> =
    LazyLock::new(|| SecretsBundle::generate(Contract::CURRENT, &SystemClock).unwrap().to_yaml().unwrap());

/// A simulated cloud and a cluster to be brought up on it.
struct Lab {
    simulated: SimulatedCloud,
    cloud: Cloud,
    folder: tempfile::TempDir,
    spec: Spec,
}

impl Lab {
    async fn new(seed: u64) -> Self {
        eprintln!("seed {seed}");
        let simulated = SimulatedCloud::start(CloudOptions::default().with_seed(seed)).await.unwrap();
        let config = CloudConfig::from_yaml(&simulated.clouds_yaml(), simulated.cloud_name()).unwrap();
        let retry = RetryPolicy::default().with_pauses(Duration::from_millis(1), Duration::from_millis(50));
        let cloud = Cloud::connect_with(config, OpenStackOptions::default().with_retry(retry)).await.unwrap();
        let balancer = HttpBalancer {
            address: simulated.load_balancer_address().into(),
            config_url: simulated.load_balancer_config_url(),
        };
        let address = balancer.address.to_string();
        let spec = Spec::new("lab")
            .with_image(ImageSource::Factory {
                url: simulated.factory_url(),
                schematic: talos_factory::DEFAULT_SCHEMATIC_ID.into(),
            })
            .with_endpoint(format!("https://{address}:6443"))
            .with_talos_endpoints([address])
            .with_load_balancer(balancer)
            .with_timeouts(
                Timeouts::all(Duration::from_secs(120)).with_bootstrap_settle(Duration::from_secs(1)),
            );
        let lab = Self { simulated, cloud, folder: tempfile::tempdir().unwrap(), spec };
        let store = lab.store();
        let lease = store.lock().await.unwrap();
        store.write(StateFile::Secrets, &SECRETS).await.unwrap();
        drop(lease);
        lab
    }

    fn store(&self) -> FolderStore {
        FolderStore::new(self.folder.path(), &self.spec.name)
    }

    async fn run(&self) -> Result<Report, Error> {
        bring_up(&self.spec, &self.cloud, &self.store(), &|_: &Event| {}).await
    }

    fn bootstrap_calls(&self) -> usize {
        self.simulated.simulation().calls().iter().filter(|call| call.method() == "Bootstrap").count()
    }

    fn assert_complete(&self, report: &Report) {
        assert_eq!(report.nodes.len(), 5);
        let images = self.simulated.openstack().images();
        assert_eq!(images.iter().map(|image| image.status.as_str()).collect::<Vec<_>>(), ["active"]);
        assert_eq!(self.simulated.openstack().servers().len(), 5);
        assert_eq!(self.simulated.openstack().ports().len(), 5);
        let nodes = self.simulated.simulation().nodes();
        assert_eq!(nodes.len(), 5);
        assert!(nodes.iter().all(|node| node.is_ready()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_at_any_event_it_goes_on() {
    for seed in 1..=6 {
        let lab = Lab::new(seed).await;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut runs = 0;
        let report = loop {
            runs += 1;
            // Later runs get further: a bring-up that starts over each time would never end.
            let last = random.usize(1..12 * runs);
            let (events, cut, store) = (AtomicUsize::new(0), Notify::new(), lab.store());
            let observer = |_: &Event| {
                if events.fetch_add(1, Ordering::Relaxed) + 1 == last {
                    cut.notify_one();
                }
            };
            tokio::select! {
                biased;
                () = cut.notified() => {}
                outcome = bring_up(&lab.spec, &lab.cloud, &store, &observer) => break outcome.unwrap(),
            }
        };
        lab.assert_complete(&report);
        assert_eq!(lab.bootstrap_calls(), 1, "in {runs} runs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bootstrap_whose_answer_is_lost_is_not_repeated() {
    for fault in [Fault::FailAfter(Code::Unavailable), Fault::DropConnectionAfter] {
        let lab = Lab::new(4).await;
        lab.simulated.simulation().faults().add(FaultRule::new("Bootstrap", fault));
        lab.assert_complete(&lab.run().await.unwrap());
        assert_eq!(lab.bootstrap_calls(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_fail_for_a_while_are_waited_for() {
    let lab = Lab::new(5).await;
    let faults = lab.simulated.simulation().faults();
    faults.fail("Version", Code::Unavailable, 3);
    faults.fail("Bootstrap", Code::FailedPrecondition, 2);
    faults.fail("EtcdMemberList", Code::Unavailable, 2);
    faults.fail("Kubeconfig", Code::Unavailable, 1);
    lab.assert_complete(&lab.run().await.unwrap());
    assert_eq!(faults.pending(), 0, "every fault was met");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_restarts_between_the_steps_is_waited_for() {
    for step in [Step::Servers, Step::FirstContact, Step::Bootstrap, Step::KubernetesApi, Step::Kubeconfig] {
        let lab = Lab::new(6).await;
        let simulation = lab.simulated.simulation().clone();
        let observer = |event: &Event| {
            if matches!(event, Event::StepDone { step: done } if *done == step) {
                simulation.nodes()[1].restart();
            }
        };
        let outcome = bring_up(&lab.spec, &lab.cloud, &lab.store(), &observer).await;
        lab.assert_complete(&outcome.unwrap_or_else(|error| panic!("restarted after {step}: {error}")));
        assert_eq!(lab.bootstrap_calls(), 1, "restarted after {step}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_at_any_step_is_renewed() {
    let lab = Lab::new(7).await;
    let observer = |event: &Event| {
        if matches!(event, Event::StepStarted { .. }) {
            lab.simulated.openstack().expire_tokens();
        }
    };
    let report = bring_up(&lab.spec, &lab.cloud, &lab.store(), &observer).await.unwrap();
    lab.assert_complete(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_cloud_is_asked_again() {
    let lab = Lab::new(8).await;
    for service in [Service::Identity, Service::Image, Service::Compute, Service::Network] {
        for effect in [
            Effect::TooManyRequests { retry_after: 0 },
            Effect::Unavailable { retry_after: None },
            Effect::Unavailable { retry_after: Some(0) },
        ] {
            lab.simulated.openstack().faults().add(CloudFault::new(effect).on(service).after(2));
        }
    }
    lab.simulated.openstack().expire_tokens();
    lab.assert_complete(&lab.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_breaks_is_started_again() {
    let lab = Lab::new(9).await;
    lab.simulated.openstack().faults().add(
        CloudFault::new(Effect::CutUpload { bytes: 300_000 }).on(Service::Image).method("PUT").path("/file"),
    );
    lab.assert_complete(&lab.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_quota_is_told_and_nothing_is_left_behind() {
    let lab = Lab::new(10).await;
    lab.simulated.openstack().faults().add(
        CloudFault::new(Effect::QuotaExceeded).on(Service::Compute).method("POST").path("/servers").times(50),
    );
    let error = lab.run().await.unwrap_err();
    assert_eq!(error.step(), Some(Step::Servers), "{error}");
    assert!(error.to_string().to_lowercase().contains("quota"), "{error}");

    lab.simulated.openstack().faults().clear();
    lab.assert_complete(&lab.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owners_patches_reach_the_machines() {
    let mut lab = Lab::new(13).await;
    lab.spec = lab
        .spec
        .with_patch(PatchText::new("all", "machine:\n  sysctls:\n    user.max_user_namespaces: \"11255\"\n"))
        .with_control_plane_patch(PatchText::new("control plane", "machine:\n  features:\n    rbac: true\n"))
        .with_worker_patch(PatchText::new("worker", "machine:\n  nodeLabels:\n    a: b\n"));
    lab.run().await.unwrap();
    for server in lab.simulated.openstack().servers() {
        let data = String::from_utf8(server.user_data.unwrap().to_vec()).unwrap();
        assert!(Config::from_yaml(&data).is_ok());
        assert!(data.contains("user.max_user_namespaces: \"11255\""), "{}", server.name);
        assert_eq!(data.contains("    a: b"), server.name.contains("worker"), "{}", server.name);
    }
}
