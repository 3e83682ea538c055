//! What reading refuses, how it says so, and what must never be printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{Config, ErrorKind, MachineType, Patch};

#[test]
fn what_is_wrong_is_said_with_line_and_path_and_what_was_perhaps_meant() {
    for (text, kind, message) in [
        (
            "machine:\n  kublet: {}\n",
            ErrorKind::UnknownKey,
            "line 2: machine.kublet: unknown key, did you mean \"kubelet\"?",
        ),
        (
            "machine:\n  network:\n    interfaces:\n      - bogus: 1\n      - bogus: 2\n",
            ErrorKind::UnknownKey,
            "line 4: machine.network.interfaces[0].bogus: unknown key (and 1 more)",
        ),
        (
            "apiVersion: v1alpha1\nkind: HostnamConfig\n",
            ErrorKind::UnknownKind,
            "line 1: there is no kind \"HostnamConfig\", did you mean \"HostnameConfig\"?",
        ),
        (
            "machine: {}\n---\nkind: HostnameConfig\n",
            ErrorKind::UnknownKind,
            "line 3: the document of kind \"HostnameConfig\" has no apiVersion, add \"apiVersion: v1alpha1\"",
        ),
        (
            "apiVersion: v2\nkind: HostnameConfig\n",
            ErrorKind::UnknownKind,
            "line 1: kind \"HostnameConfig\" has no version \"v2\", use v1alpha1",
        ),
        (
            "version: v1alpha1\n",
            ErrorKind::UnknownKind,
            "line 1: a document needs one of the sections machine and cluster, or apiVersion and kind",
        ),
        (
            "machine: {}\n---\ncluster: {}\n",
            ErrorKind::DuplicateDocument,
            "line 3: there already is a document v1alpha1",
        ),
        ("# nothing\n", ErrorKind::NoDocuments, "there is no document in the text"),
        ("[]\n", ErrorKind::Syntax, "line 1: expected a document, which is a mapping of keys to values"),
    ] {
        let error = Config::from_yaml(text).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message), "{text}");
    }
}

#[test]
fn values_of_the_wrong_form_are_refused_where_they_stand() {
    for (text, kind, place) in [
        ("machine: {type: [a]}\n", ErrorKind::InvalidValue, "machine.type"),
        ("machine:\n  certSANs: x\n", ErrorKind::InvalidValue, "machine.certSANs"),
        ("cluster: {adminKubeconfig: {certLifetime: 5}}\n", ErrorKind::InvalidValue, "certLifetime"),
        ("machine: {features: {rbac: maybe}}\n", ErrorKind::InvalidValue, "machine.features.rbac"),
        ("cluster: {controlPlane: {endpoint: 'https://h:x'}}\n", ErrorKind::InvalidValue, "endpoint"),
        ("machine: {ca: {crt: '-'}}\n", ErrorKind::InvalidValue, "machine.ca.crt"),
        ("machine: {type: a, type: b}\n", ErrorKind::Syntax, "type"),
        ("machine: {a\n", ErrorKind::Syntax, "line"),
    ] {
        let error = Config::from_yaml(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}: {error}");
        let message = error.to_string();
        assert!(message.contains(place) && !message.contains('\n'), "{text}: {message}");
    }
}

#[test]
fn aliases_are_read_as_what_they_stand_for() {
    let text = "machine:\n  sysctls: &a {x: y}\n  sysfs: *a\n  env:\n    <<: *a\n    z: w\n";
    let config = Config::from_yaml(text).unwrap();
    let machine = config.v1alpha1().unwrap().machine.clone().unwrap();
    assert_eq!(machine.sysctls, machine.sysfs);
    assert_eq!(machine.env.len(), 2);
}

#[test]
fn text_is_kept_until_something_changes() {
    let text = "# a comment\nmachine: {type: worker}\n";
    let config = Config::from_yaml(text).unwrap();
    assert_eq!(config.to_yaml().unwrap().expose(), text);
    assert_eq!(config.patch(&[]).unwrap().config.to_yaml().unwrap().expose(), text);
    let patched = config.patch(&[Patch::parse("machine: {token: t}\n").unwrap()]).unwrap();
    let wanted = "version: \"\"\nmachine:\n    type: worker\n    token: t\n    certSANs: []\ncluster: null\n";
    assert_eq!(patched.config.to_yaml().unwrap().expose(), wanted);
}

#[test]
fn what_others_need_is_found() {
    let text = "machine:\n  type: controlplane\n  token: abc\n  certSANs: [a.example]\n  ca: {crt: Y2VydA==, key: a2V5}\n  \
                kubelet: {image: 'ghcr.io/siderolabs/kubelet:v1.30.4@sha256:00'}\n  network: {hostname: h}\n  \
                install: {disk: /dev/vda, image: 'i:v1'}\ncluster:\n  clusterName: c\n  \
                controlPlane: {endpoint: 'https://k:6443'}\n  network: {cni: {name: none}}\n  \
                apiServer: {certSANs: [b.example]}\n";
    let config = Config::from_yaml(text).unwrap();
    assert_eq!(config.machine_type(), Some(MachineType::ControlPlane));
    assert_eq!(config.cluster_name(), Some("c"));
    assert_eq!(config.endpoint().unwrap().to_string(), "https://k:6443");
    assert_eq!(config.machine_token().unwrap().expose(), "abc");
    let (certificate, key) = config.machine_ca().unwrap();
    assert_eq!((certificate.as_str(), key.unwrap().expose()), ("cert", "key"));
    assert_eq!(config.cert_sans(), ["a.example"]);
    assert_eq!(config.api_server_cert_sans(), ["b.example"]);
    assert_eq!(config.kubernetes_version(), Some("1.30.4"));
    assert_eq!(config.hostname(), Some("h"));
    assert_eq!((config.install_disk(), config.install_image()), (Some("/dev/vda"), Some("i:v1")));
    assert_eq!(config.cni_name(), "none");
    assert!(config.kubernetes_ca().is_none());
}

#[test]
fn a_deletion_without_a_target_says_where() {
    let config = Config::from_yaml("machine: {network: {interfaces: [{interface: eth0}]}}\n").unwrap();
    for (patch, message) in [
        (
            "machine:\n  network:\n    interfaces:\n      - interface: eth1\n        $patch: delete\n",
            "patch 1, line 5: v1alpha1: machine.network.interfaces[0], selected by interface: there is nothing to \
             delete, leave it out",
        ),
        (
            "machine:\n  kubelet:\n    image:\n      $patch: delete\n",
            "patch 1, line 4: v1alpha1: machine.kubelet.image: there is nothing to delete, leave it out",
        ),
    ] {
        let error = config.patch(&[Patch::parse(patch).unwrap()]).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::PatchTargetMissing, message));
    }
}

#[test]
fn secrets_are_never_printed() {
    let text = "machine: {token: hush-1, ca: {crt: YQ==, key: aHVzaC0y}}\ncluster:\n  secret: hush-3\n  token: hush-4\n  \
                secretboxEncryptionSecret: hush-5\n---\napiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\n\
                privateKey: hush-6\n";
    let config = Config::from_yaml(text).unwrap();
    let patch = Patch::parse(text).unwrap();
    let printed = format!("{config:?} {:?} {patch:?}", config.documents());
    assert!(!printed.contains("hush") && printed.contains("[redacted]"), "{printed}");

    for broken in [
        "machine: {token: {a: hush}}",
        "machine: {ca: {crt: YQ==, key: '!hush!'}}",
        "machine: {type: worker, hush-key: hush}",
        "cluster: {secret: [hush]}",
    ] {
        let error = Config::from_yaml(broken).unwrap_err();
        let printed = format!("{error} {error:?}").replace("hush-key", "");
        assert!(!printed.contains("hush"), "{printed}");
    }
}

#[test]
fn a_link_belongs_to_one_document() {
    let header = |kind: &str, name: &str| format!("---\napiVersion: v1alpha1\nkind: {kind}\nname: {name}\n");
    let veth = |name: &str, peer: &str| format!("{}peer:\n  name: {peer}\n", header("VethConfig", name));
    let kinds =
        ["BondConfig", "BridgeConfig", "DummyLinkConfig", "VLANConfig", "VRFConfig", "WireguardConfig"];
    for text in kinds.map(|kind| header("LinkConfig", "a") + &header(kind, "a")).into_iter().chain([
        header("LinkConfig", "b") + &veth("a", "b"),
        veth("a", "b") + &veth("c", "b"),
        veth("a", "a"),
    ]) {
        let error = Config::from_yaml(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConflictingDocuments, "{text}");
    }
    Config::from_yaml(&(veth("a", "b") + &veth("c", "d") + &header("EthernetConfig", "a"))).unwrap();
}
