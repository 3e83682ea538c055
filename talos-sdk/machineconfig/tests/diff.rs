//! Differences of configurations: what counts, how it is printed, and that no secret comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{ChangeKind, Config, Contract, Diff, GenerateOptions, SecretsBundle, generate};
use talos_pki::SystemClock;

fn diff(before: &str, after: &str) -> Diff {
    Config::from_yaml(before).unwrap().diff(&Config::from_yaml(after).unwrap()).unwrap()
}

fn plan(before: &str, after: &str) -> String {
    diff(before, after).to_string()
}

#[test]
fn form_makes_no_difference() {
    let before = "machine:\n  type: worker\n  env: {b: x, a: y}\n  kubelet: {}\n";
    let after = "# a comment\nversion: ''\ncluster: null\nmachine:\n  kubelet:\n    image: ''\n  certSANs: []\n  env:\n    a: 'y'\n    b: x\n  type: worker\n";
    assert!(diff(before, after).is_empty());
    let documents = [
        "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n",
        "apiVersion: v1alpha1\nkind: ZswapConfig\nmaxPoolPercent: 25\n",
    ];
    assert!(diff(&documents.join("---\n"), &[documents[1], documents[0]].join("---\n")).is_empty());
}

#[test]
fn presence_makes_a_difference_where_talos_sees_one() {
    let plan = plan(
        "machine:\n  systemDiskEncryption:\n    state:\n      provider: luks2\n      keys: [{slot: 0}]\n  features: {rbac: false}\n",
        "machine:\n  systemDiskEncryption:\n    state:\n      provider: luks2\n      keys: [{slot: 0, nodeID: {}}]\n",
    );
    assert_eq!(
        plan,
        "~ v1alpha1\n    + machine.systemDiskEncryption.state.keys[0].nodeID: {}\n    - machine.features:\n        rbac: false\n"
    );
}

#[test]
fn entries_of_lists_are_found_again() {
    let plan = plan(
        "machine:\n  network:\n    nameservers: [10.0.0.1, 10.0.0.2]\n    interfaces:\n      - interface: eth0\n        mtu: 1500\n      \
         - interface: eth1\n  kernel:\n    modules: [{name: a}, {name: b}]\n",
        "machine:\n  network:\n    nameservers: [10.0.0.9, 10.0.0.1, 10.0.0.2]\n    interfaces:\n      - interface: eth9\n      \
         - interface: eth0\n        mtu: 9000\n      - interface: eth1\n  kernel:\n    modules: [{name: b}, {name: a}]\n",
    );
    assert_eq!(
        plan,
        "~ v1alpha1\n    \
             + machine.network.interfaces[0]:\n        interface: eth9\n    \
             ~ machine.network.interfaces[1].mtu: 1500 -> 9000\n    \
             + machine.network.nameservers[0]: 10.0.0.9\n    \
             - machine.kernel.modules[0]:\n        name: a\n    \
             + machine.kernel.modules[1]:\n        name: a\n"
    );
}

#[test]
fn documents_come_and_go() {
    let before = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n---\n\
                  apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: a\nendpoints:\n  - url: https://a\n";
    let after = "apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: b\n---\n\
                 apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: b\n";
    let diff = diff(before, after);
    let facts: Vec<_> =
        diff.changes().iter().map(|c| (c.document.as_str(), c.path.to_string(), c.kind)).collect();
    assert_eq!(
        facts,
        [
            ("HostnameConfig", "hostname".to_owned(), ChangeKind::Changed),
            ("RegistryMirrorConfig a", String::new(), ChangeKind::Removed),
            ("RegistryMirrorConfig b", String::new(), ChangeKind::Added),
        ]
    );
    assert_eq!(
        diff.to_string(),
        "~ HostnameConfig\n    ~ hostname: a -> b\n\
         - RegistryMirrorConfig a\n    apiVersion: v1alpha1\n    kind: RegistryMirrorConfig\n    name: a\n    endpoints:\n        - url: https://a\n\
         + RegistryMirrorConfig b\n    apiVersion: v1alpha1\n    kind: RegistryMirrorConfig\n    name: b\n"
    );
}

#[test]
fn keys_with_dots_and_texts_of_several_lines() {
    let plan = plan(
        "machine:\n  sysctls: {net.core.somaxconn: 1}\ncluster:\n  inlineManifests:\n    - name: a\n      contents: |\n        x\n        y\n",
        "machine:\n  sysctls: {net.core.somaxconn: 2}\ncluster:\n  inlineManifests:\n    - name: a\n      contents: |\n        x\n        z\n",
    );
    assert_eq!(
        plan,
        "~ v1alpha1\n    ~ machine.sysctls.\"net.core.somaxconn\": \"1\" -> \"2\"\n    \
         ~ cluster.inlineManifests[0].contents:\n        \
         - |\n        -     x\n        -     y\n        + |\n        +     x\n        +     z\n"
    );
}

#[test]
fn secrets_stay_inside() {
    let document = |token: &str, name: &str| {
        format!(
            "apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: https://h?jointoken={token}\nuniqueToken: {token}\n---\n\
             apiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\nconfig:\n  keys:\n    - name: {name}\n      secret: {token}\n---\n\
             apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: {name}\npassword: {token}\n"
        )
    };
    let diff = diff(&document("old", "a"), &document("new", "a"));
    assert_eq!(diff.changes().len(), 4, "{diff}");
    assert!(diff.changes().iter().all(|change| change.secret));
    let all = format!("{diff}{}{diff:?}", serde_json::to_string(&diff).unwrap());
    assert!(!all.contains("old") && !all.contains("new"), "{all}");
    assert_eq!(diff.to_string().matches("(secret)").count(), 4, "{diff}");

    let renamed = Config::from_yaml(&document("old", "a")).unwrap();
    let renamed = renamed.diff(&Config::from_yaml(&document("new", "b")).unwrap()).unwrap();
    let all = format!("{renamed}{}", serde_json::to_string(&renamed).unwrap());
    assert!(!all.contains("old") && !all.contains("new"), "{all}");
    assert!(all.contains("******"), "{all}");
}

#[test]
fn no_secret_of_a_cluster_is_in_the_difference_to_another() {
    for contract in [Contract::V1_6, Contract::CURRENT] {
        let make = || {
            let secrets = SecretsBundle::generate(contract, &SystemClock).unwrap();
            let options = GenerateOptions::new("lab", "https://10.0.0.1:6443").with_contract(contract);
            (generate(&secrets, &options, &SystemClock).unwrap(), secrets.to_yaml().unwrap())
        };
        let ((one, one_secrets), (other, other_secrets)) = (make(), make());
        let empty = Config::from_yaml("apiVersion: v1alpha1\nkind: ZswapConfig\n").unwrap();
        for diff in [
            one.control_plane.diff(&other.control_plane).unwrap(),
            one.control_plane.diff(&other.worker).unwrap(),
            one.control_plane.diff(&empty).unwrap(),
            empty.diff(&other.control_plane).unwrap(),
        ] {
            let all = format!("{diff}{}", serde_json::to_string(&diff).unwrap());
            let lines = one_secrets.expose().lines().chain(other_secrets.expose().lines());
            let words = lines.filter_map(|line| line.trim().split_once(": "));
            for (key, word) in words.filter(|(key, word)| !["crt", "id"].contains(key) && word.len() > 15) {
                assert!(!all.contains(word), "{contract}: {key}");
            }
            assert!(!all.contains("PRIVATE KEY"), "{contract}");
        }
        assert!(one.control_plane.diff(&one.control_plane).unwrap().is_empty());
    }
}

#[test]
fn as_json() {
    let diff = diff(
        "machine:\n  install: {disk: a}\n",
        "machine:\n  install: {disk: b, wipe: true}\n  env: {A: b}\n",
    );
    let wanted = serde_json::json!([
        { "document": "v1alpha1", "path": "machine.install.disk", "kind": "changed", "secret": false, "before": "a", "after": "b" },
        { "document": "v1alpha1", "path": "machine.install.wipe", "kind": "added", "secret": false, "after": true },
        { "document": "v1alpha1", "path": "machine.env", "kind": "added", "secret": false, "after": { "A": "b" } },
    ]);
    assert_eq!(serde_json::to_value(&diff).unwrap(), wanted);
}
