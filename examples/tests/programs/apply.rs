use std::fs;
use std::time::Duration;

use talos_sim::ClusterOptions;

use crate::lab::{APPLY, ETCD, HEALTH, Lab, PATIENCE, RESOURCES, files, mode};

const PATCH: &str = "machine:\n  sysctls:\n    vm.swappiness: \"1\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_patched_and_applied() {
    let lab = Lab::new(1, 1).await;
    let (first, both) = (lab.address(0), lab.addresses());
    let secret = lab.cluster.secrets().os_ca().unwrap().certificate.to_pem();

    let dry = lab.ok(APPLY, &both, &["patch", "-p", PATCH, "--dry-run"]).await;
    assert!(dry.contains("vm.swappiness"), "{dry}");
    assert!(!dry.contains(secret.as_str()));
    let unchanged = lab.ok(RESOURCES, &first, &["get", "mc", "-o", "yaml"]).await;
    assert!(!unchanged.contains("swappiness"));

    let done = lab.json(APPLY, &both, &["patch", "-p", PATCH]).await;
    assert_eq!(done.as_array().unwrap().len(), 2);
    assert_eq!(done[1]["mode"], "no-reboot", "{done}");
    let again = lab.json(APPLY, &first, &["patch", "-p", PATCH]).await;
    assert_eq!(again[0]["result"], "nothing to change", "{again}");
    assert!(lab.ok(RESOURCES, &first, &["get", "mc", "-o", "yaml"]).await.contains("swappiness"));

    fs::write(lab.folder().join("cp.yaml"), lab.cluster.control_plane_config().expose()).unwrap();
    let dry = lab.json(APPLY, &first, &["config", "-f", "cp.yaml", "--dry-run"]).await;
    assert_eq!(dry[0]["changes"][0]["path"], "machine.sysctls", "{dry}");
    lab.ok(APPLY, &first, &["config", "-f", "cp.yaml", "-p", PATCH, "--mode", "staged"]).await;
    let wrong = lab.fails(APPLY, &first, &["config", "-f", "cp.yaml", "-p", "machine: {typ: x}"]).await;
    assert!(wrong.stderr.contains("typ"), "{}", wrong.stderr);
    assert!(lab.fails(APPLY, &first, &["patch"]).await.stderr.contains("--patch-file"));
    assert!(lab.fails(APPLY, &first, &["config", "-f", "absent.yaml"]).await.stderr.contains("absent.yaml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_bootstrapped_checked_and_its_kubeconfig_kept() {
    let lab = Lab::of(ClusterOptions::default().with_workers(1).with_bootstrap(false)).await;
    let first = lab.address(0);
    let sick = lab.fails(HEALTH, &first, &["--wait-timeout", "1s"]).await;
    assert!(!sick.stdout.contains("healthy"), "{}", sick.stdout);

    // The machine still boots.
    let bootstrap = async {
        while lab.run(APPLY, &["-n", &first, "bootstrap"]).await.status != 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, bootstrap).await.unwrap();
    lab.fails(APPLY, &first, &["bootstrap"]).await;
    let well = lab.ok(HEALTH, &first, &["--wait-timeout", "100s"]).await;
    assert!(well.contains("healthy"), "{well}");
    let nodes = lab.json(HEALTH, &first, &["--server=false", "--wait-timeout", "100s"]).await;
    assert_eq!(
        (nodes["healthy"].as_bool(), nodes["nodes"].as_array().unwrap().len()),
        (Some(true), 2),
        "{nodes}"
    );
    assert!(lab.ok(ETCD, &first, &["members"]).await.contains("sim-cp-1"));

    let text = lab.ok(APPLY, &first, &["kubeconfig", "kube"]).await;
    let path = lab.folder().join("kube");
    assert!(text.contains("kube") && mode(&path) == 0o600, "{text}");
    let merged = lab.json(APPLY, &first, &["kubeconfig", "kube"]).await;
    assert!(!merged["context"].as_str().unwrap().is_empty(), "{merged}");
    assert!(fs::read_to_string(&path).unwrap().contains("client-key-data"));
    let taken = lab.fails(APPLY, &first, &["kubeconfig", "kube", "--merge=false"]).await;
    assert!(taken.stderr.contains("--force"), "{}", taken.stderr);
    lab.ok(APPLY, &first, &["kubeconfig", "kube", "--merge=false", "--force"]).await;
    assert_eq!(mode(&path), 0o600);
    let before = files(lab.folder());
    lab.fails(APPLY, &lab.address(1), &["kubeconfig", "worker"]).await;
    assert_eq!(files(lab.folder()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_configuration_gets_one() {
    let lab = Lab::new(1, 0).await;
    let simulation = lab.cluster.simulation();
    let machine = simulation.add_node(talos_sim::NodeOptions::default().with_name("new")).unwrap();
    machine.wait_for(talos_sim::Stage::Maintenance).await;
    let address = machine.address().to_string();
    let fingerprint = machine.fingerprint().unwrap().to_string();
    fs::write(lab.folder().join("worker.yaml"), lab.cluster.worker_config().expose()).unwrap();

    let wrong = fingerprint.replace(char::is_alphabetic, "A");
    let arguments = ["config", "--insecure", "-f", "worker.yaml", "--cert-fingerprint"];
    lab.fails(APPLY, &address, &[&arguments[..], &[wrong.as_str()]].concat()).await;
    lab.ok(RESOURCES, &address, &["get", "--insecure", "machinestatus"]).await;
    lab.ok(APPLY, &address, &[&arguments[..], &[fingerprint.as_str()]].concat()).await;
    tokio::time::timeout(PATIENCE, machine.wait_until_ready()).await.unwrap();
}
