//! Verdicts of validation, and what findings say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{Config, Contract, ErrorKind, Mode, Severity, ValidateOptions};

fn options() -> ValidateOptions {
    ValidateOptions::new(Mode::Metal)
}

#[test]
fn a_finding_says_document_line_and_path() {
    let text = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\nauto: stable\n";
    let report = Config::from_yaml(text).unwrap().validate(&options());
    let finding = report.errors().next().unwrap();
    assert!(finding.to_string().starts_with("line 4: HostnameConfig: auto: "), "{finding}");
    let error = report.clone().into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(error.to_string(), finding.to_string());
}

#[test]
fn kinds_newer_than_the_machine_are_warned_of() {
    let config = Config::from_yaml("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n").unwrap();
    assert!(config.validate(&options().with_contract(Contract::V1_12)).findings().is_empty());
    let report = config.validate(&options().with_contract(Contract::V1_11));
    assert!(report.is_valid());
    let finding = &report.findings()[0];
    assert_eq!((finding.severity, finding.line), (Severity::Warning, Some(2)));
}

#[test]
fn kubernetes_versions_have_to_suit_the_talos_version() {
    let check = |image: &str| {
        let text = format!("apiVersion: v1alpha1\nkind: KubeletConfig\nimage: {image}\n");
        let report = Config::from_yaml(&text).unwrap().validate(&options().with_contract(Contract::V1_14));
        report.errors().map(ToString::to_string).collect::<Vec<_>>()
    };
    for image in ["kubelet:v1.34.1", "r:5000/kubelet:v1.32.0@sha256:00", "kubelet:v1.37.0-rc.1"] {
        assert_eq!(check(image), Vec::<String>::new(), "{image}");
    }
    for image in ["kubelet", "kubelet:1.34.1", "kubelet:v1.31.0", "kubelet:v1.38.0", "kubelet:vnext"] {
        let errors = check(image);
        assert!(
            matches!(&errors[..], [one] if one.starts_with("line 3: KubeletConfig: image: ")),
            "{errors:?}"
        );
    }
    let legacy = |role: &str| {
        let text = format!(
            "machine:\n  type: {role}\n  kubelet:\n    image: a:v1.29.0\ncluster:\n  apiServer:\n    image: a:v1.30.0\n  scheduler: {{}}\n"
        );
        let report = Config::from_yaml(&text).unwrap().validate(&options().with_contract(Contract::V1_9));
        report.errors().filter(|error| error.path.to_string().ends_with("image")).count()
    };
    assert_eq!((legacy("controlplane"), legacy("worker")), (0, 0));
    let text = "machine:\n  type: controlplane\ncluster:\n  apiServer:\n    image: a:v1.26.0\n";
    let report = Config::from_yaml(text).unwrap().validate(&options().with_contract(Contract::V1_9));
    assert!(
        report
            .errors()
            .any(|error| error.to_string().contains("line 5: v1alpha1: cluster.apiServer.image: Talos v1.9"))
    );
}

#[test]
fn findings_about_the_sections_say_what_to_write() {
    let text = "machine:
  type: worker
  ca: {crt: Zm9v, key: YmFy}
  install: {disk: ''}
  network:
    interfaces:
      - interface: eth0
        addresses: [10.0.0.2, 10.0.0.2/33]
        vip: {ip: 10.0.0.1}
      -
      - bond: {mode: 802.3as, interfaces: [eth0], primary: eth0}
  features:
    kubernetesTalosAPIAccess: {enabled: true, allowedRoles: [os:reeder]}
  nodeTaints: {a: NoShedule}
  registries:
    mirrors: {docker.io: null}
cluster:
  controlPlane: {endpoint: https://}
  etcd: {}
---
apiVersion: v1alpha1
kind: KubeSchedulerConfig
image: a:v1.34.0
";
    let report = Config::from_yaml(text).unwrap().validate(&options());
    let found: Vec<String> = report.findings().iter().map(ToString::to_string).collect();
    for expected in [
        "line 3: v1alpha1: machine.ca.key: only control planes have the key of the Talos API's authority: remove it",
        "line 4: v1alpha1: machine.install: the disk to install to is missing: set disk, such as /dev/sda, or diskSelector",
        "line 8: v1alpha1: machine.network.interfaces[0].addresses[1]: \"10.0.0.2/33\" is not an address: write one such as 10.0.0.2/24",
        "line 9: v1alpha1: machine.network.interfaces[0].vip: only control planes share an address: remove it",
        "line 10: v1alpha1: machine.network.interfaces[1]: this entry is empty: fill or remove it",
        "line 11: v1alpha1: machine.network.interfaces[2].bond.mode: mode \"802.3as\" is unknown, did you mean \"802.3ad\"?: use one of balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb, balance-alb",
        "line 13: v1alpha1: machine.features.kubernetesTalosAPIAccess.allowedRoles[0]: role \"os:reeder\" is unknown, did you mean \"os:reader\"?: use one of os:admin, os:etcd:backup, os:image:verifier, os:impersonator, os:meta:writer, os:operator, os:reader",
        "line 14: v1alpha1: machine.nodeTaints.a: effect \"NoShedule\" is unknown, did you mean \"NoSchedule\"?: use one of NoSchedule, PreferNoSchedule, NoExecute",
        "line 16: v1alpha1: machine.registries.mirrors.\"docker.io\": this entry is empty: fill or remove it",
        "line 18: v1alpha1: cluster.controlPlane.endpoint: the host is missing, write a URL such as https://cluster.example.com:6443",
        "line 19: v1alpha1: cluster.etcd: only control planes run etcd: remove it",
        "line 22: KubeSchedulerConfig: kind: only control planes may have a document of this kind: remove it",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected}\nis not in\n{}", found.join("\n"));
    }
}

#[test]
fn strict_makes_errors_of_warnings_about_the_sections_only() {
    let text = "machine:\n  type: join\n  acceptedCAs: [{crt: Zm9v}]\ncluster: {}\n---\napiVersion: v1alpha1\nkind: BondConfig\nname: b\nlinks: [a]\nbondMode: 802.3ad\n";
    let config = Config::from_yaml(text).unwrap();
    let report = config.validate(&options());
    assert!(report.is_valid(), "{report:?}");
    let documents = |severity: Severity, strict: bool| {
        let report = config.validate(&options().with_strict(strict));
        let mut documents: Vec<String> = report
            .findings()
            .iter()
            .filter(|finding| finding.severity == severity)
            .map(|finding| finding.document.clone())
            .collect();
        documents.dedup();
        documents
    };
    assert_eq!(documents(Severity::Warning, false), ["v1alpha1", "BondConfig b"]);
    assert_eq!(documents(Severity::Warning, true), ["BondConfig b"]);
    assert_eq!(documents(Severity::Error, true), ["v1alpha1"]);
}
