//! What validation finds in documents of Kubernetes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod table;

use table::{check, check_sections};
use talos_machineconfig::{Config, Mode, ValidateOptions};
use talos_pki::{Algorithm, CaOptions, CertificateAuthority, PrivateKey, SystemClock};

/// Text below `indent` blanks, as a block of YAML.
fn block(text: &str, indent: usize) -> String {
    text.lines().map(|line| format!("\n{:indent$}{line}", "")).collect()
}

#[test]
fn cluster_and_node() {
    check(&[
        ("KubeClusterConfig", "clusterName: a\nendpoint: https://a:6443", &[]),
        ("KubeClusterConfig", "", &["error clusterName", "error endpoint"]),
        ("KubeClusterConfig", "clusterName: a\nendpoint: https://:6443", &["error endpoint"]),
        ("KubeClusterConfig", "clusterName: a\nendpoint: https://a:65536", &["error endpoint"]),
        ("KubeNodeConfig", "labels:\n  a.example/b: c\ntaints:\n  a: NoSchedule\n  b: x:NoExecute", &[]),
        (
            "KubeNodeConfig",
            "nodeIP:\n  validSubnets: [10.0.0.0/8, '!x']\nlabels:\n  a/b/c: d\n  e: _\nannotations:\n  talos.dev/owned-labels: x\n  /f: x\ntaints:\n  g: 'x:Never'\n  h: '_:NoSchedule'\n  i_: NoSchedule",
            &[
                "error nodeIP.validSubnets[1]",
                "error labels.a/b/c",
                "error labels.e",
                "error annotations./f",
                "error annotations.\"talos.dev/owned-labels\"",
                "error taints.g",
                "error taints.h",
                "error taints.i_",
            ],
        ),
        ("KubeNodeConfig", &format!("annotations:\n  a: {}", "x".repeat(256 << 10)), &["error annotations"]),
        ("KubePrismConfig", "port: 7445", &[]),
        ("KubePrismConfig", "port: 65536", &["error port"]),
        ("KubePrismConfig", "tlsServerName: a", &["error port"]),
        (
            "KubeTalosAPIAccessConfig",
            "allowedRoles: [os:reader, os:meta:writer, admin]",
            &["error allowedRoles[2]"],
        ),
    ]);
}

#[test]
fn networks() {
    let network = |text: &str, expected: &[&str]| check(&[("KubeNetworkConfig", text, expected)]);
    network("podSubnets: [10.244.0.0/16]\nserviceSubnets: [10.96.0.0/12]", &[]);
    network("podSubnets: [10.244.0.0/16, fd00::/56]\nserviceSubnets: [fd01::/112, 10.96.0.0/12]", &[]);
    network("dnsDomain: a", &["error podSubnets", "error serviceSubnets"]);
    network(
        "podSubnets: [10.0.0.0/16, 11.0.0.0/16, fd00::/64]\nserviceSubnets: [10.96.0.0/12, 10.0.0.0/16]",
        &["error podSubnets", "error serviceSubnets", "error serviceSubnets"],
    );
    network(
        "podSubnets: [10.244.0.1/16]\nserviceSubnets: ['']",
        &["error podSubnets[0]", "error serviceSubnets[0]"],
    );
    // Smaller than a node, too large for the nodes, too small, too large for services.
    network(
        "podSubnets: [10.0.0.0/25]\nserviceSubnets: [10.96.0.0/29]",
        &["error podSubnets[0]", "error serviceSubnets[0]"],
    );
    network(
        "podSubnets: [fd00::/47]\nserviceSubnets: [10.0.0.0/11]",
        &["error podSubnets[0]", "error serviceSubnets[0]"],
    );
    network("podSubnets: [fd00::/48]\nserviceSubnets: [fd01::/108]", &[]);
    network("podSubnets: [10.0.0.0/25]\nserviceSubnets: [10.96.0.0/28]\nnodeCIDRMaskSizeIPv4: 26", &[]);
    network(
        "podSubnets: [10.0.0.0/8]\nserviceSubnets: [10.96.0.0/28]\nnodeCIDRMaskSizeIPv4: 33\nnodeCIDRMaskSizeIPv6: -1",
        &["error nodeCIDRMaskSizeIPv4", "error nodeCIDRMaskSizeIPv6"],
    );
}

#[test]
fn components() {
    check(&[
        ("KubeletConfig", "image: a", &[]),
        ("KubeletConfig", "config:\n  port: 1\n  maxPods: 3", &["error image", "error config.port"]),
        (
            "KubeControllerManagerConfig",
            "resources:\n  requests:\n    disk: 1\n  limits:\n    cpu: 1",
            &["error image", "error resources.requests.disk"],
        ),
        ("KubeControllerManagerConfig", "enabled: false\nresources:\n  requests:\n    disk: 1", &[]),
        (
            "KubeSchedulerConfig",
            "enabled: true\nresources:\n  limits:\n    disk: 1",
            &["error image", "error resources.limits.disk"],
        ),
        ("KubeSchedulerConfig", "enabled: false", &[]),
        ("KubeProxyConfig", "mode: nftables", &["error image"]),
        (
            "KubeProxyConfig",
            "image: a\nmode: ipvs\nextraArgs:\n  a: b",
            &["warning mode", "warning extraArgs"],
        ),
        ("KubeProxyConfig", "image: a\nmode: other", &["error mode"]),
        ("KubeProxyConfig", "enabled: false\nmode: other", &[]),
        (
            "KubeAPIServerConfig",
            "extraArgs:\n  anonymous-auth: false\n  audit-log-path: a\n  oidc-x.y: a\n  authorization-mode: RBAC",
            &[
                "error image",
                "error extraArgs.anonymous-auth",
                "error extraArgs.authorization-mode",
                "error extraArgs.\"oidc-x.y\"",
            ],
        ),
        ("KubeFlannelCNIConfig", "backendType: vxlan", &[]),
        (
            "KubeFlannelCNIConfig",
            "resources:\n  limits:\n    a: 1",
            &["error backendType", "error resources.limits.a"],
        ),
        ("KubeAdmissionControlConfig", "configuration: {}", &["error name"]),
        ("KubeAuthorizerConfig", "name: a\ntype: Node", &[]),
        ("KubeAuthorizerConfig", "webhook:\n  a: b", &["error name", "error type", "warning webhook"]),
        ("KubeAuthorizerConfig", "name: a\ntype: Webhook", &["error webhook"]),
        ("KubeEtcdEncryptionConfig", "config: {}", &["error config"]),
        ("KubeExternalManifestConfig", "name: a.b\nurl: http://a", &[]),
        ("KubeExternalManifestConfig", "headers: {}", &["error name", "error url"]),
        ("KubeExternalManifestConfig", "name: a_b\nurl: ftp://a", &["error name", "error url"]),
        ("KubeInlineManifestConfig", "name: A", &["error name"]),
        ("KubeStaticPodConfig", "name: a\npod:\n  kind: Pod", &[]),
        ("KubeStaticPodConfig", "pod: {}", &["error name", "error pod"]),
    ]);
}

#[test]
fn authorities_and_keys() {
    let authority = CertificateAuthority::generate(&CaOptions::new("kubernetes"), &SystemClock).unwrap();
    let (certificate, key) = (authority.certificate.to_pem(), authority.key.to_pem());
    let key = key.expose();
    let pair = |certificate: &str, key: &str| {
        format!("issuingCA:\n  cert: |{}\n  key: |{}", block(certificate, 4), block(key, 4))
    };
    check(&[
        ("KubeAPIServerCAConfig", "acceptedCAs: []", &[]),
        ("KubeAPIServerCAConfig", &pair(&certificate, key), &[]),
        ("KubeAPIServerCAConfig", "issuingCA: {}", &["error issuingCA.cert", "error issuingCA.key"]),
        ("KubeAPIServerCAConfig", &pair(key, &certificate), &["error issuingCA.cert", "error issuingCA.key"]),
        ("KubeAPIServerCAConfig", &pair("x", "x"), &["error issuingCA.cert", "error issuingCA.key"]),
        ("KubeAggregatorCAConfig", "", &["error issuingCA"]),
        (
            "KubeAggregatorCAConfig",
            &format!("{}\nacceptedCAs: ['', x]", pair(&certificate, key)),
            &["error acceptedCAs[0]", "error acceptedCAs[1]"],
        ),
        ("KubeServiceAccountConfig", "", &["error issuer.privateKey", "error issuer.issuerURL"]),
    ]);
    // Keys of every kind under the labels that tell how they are encoded, and under others.
    for (algorithm, label) in [
        (Algorithm::Ed25519, "ED25519 PRIVATE KEY"),
        (Algorithm::EcdsaP256, "EC PRIVATE KEY"),
        (Algorithm::Rsa2048, "RSA PRIVATE KEY"),
    ] {
        let text = PrivateKey::generate(algorithm).unwrap().to_pem();
        for other in ["ED25519 PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY", "SECRET"] {
            let is_right = other == label || (algorithm == Algorithm::Ed25519 && other == "PRIVATE KEY");
            let expected: &[&str] = if is_right { &[] } else { &["error issuer.privateKey"] };
            let key = text.expose().replace(label, other);
            let document = format!("issuer:\n  issuerURL: https://a\n  privateKey: |{}", block(&key, 4));
            check(&[("KubeServiceAccountConfig", &document, expected)]);
        }
    }
}

/// Made by openssl, for tests alone.
const P521: &str = "MIHcAgEBBEIAw1tbYEEg6fccVPpavZAKo0qkx92wAcX76Zzwrpet+KpBINLLS9r6
md2HLeguFtv/H5zMgU+r/LyGfq+yBMVnZ8egBwYFK4EEACOhgYkDgYYABAFbnwfg
fPka3Rt1tDkfCN7X07NPWObzGQGwP+JQZSFao8G+paGwaGqKizkcKHr8G+he0xOA
MyRyUVN0fqQ86Y+VbgDf9FgtYZNlHvUYkkWNmgyo+JDIFGanaw2LHabAx+yoGJb1
ZJt1RUV63oM6Tc63S9T+5SIDAX5tHdfk+YSzZq44pg==";
const X25519: &str = "MC4CAQAwBQYDK2VuBCIEIBDvbGNzZ3jytP9MEuYRIX7t9rGh2be9ZwL6LcEOQ+p3";

/// Checks a key as one of an authority, and as one that signs tokens.
fn check_key(label: &str, body: &str, authority: &[&str], signs: &[&str]) {
    let key = block(&format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----"), 4);
    check(&[
        ("KubeAPIServerCAConfig", &format!("issuingCA:\n  key: |{key}"), authority),
        (
            "KubeServiceAccountConfig",
            &format!("issuer:\n  issuerURL: https://a\n  privateKey: |{key}"),
            signs,
        ),
    ]);
}

#[test]
fn keys_of_kinds_that_only_talos_works_with() {
    let (good, bad) = (&["error issuingCA.cert"], &["error issuingCA.cert", "error issuingCA.key"]);
    let refused = &["error issuer.privateKey"];
    check_key("EC PRIVATE KEY", P521, good, &[]);
    check_key("PRIVATE KEY", P521, bad, refused);
    check_key("PRIVATE KEY", X25519, good, refused);
    check_key("ED25519 PRIVATE KEY", X25519, bad, refused);
}

#[test]
fn damaged_keys_are_refused() {
    for body in ["", "AAAA", "MIHcAgEB", "MP8=", "MAMCAQE=", "MIT/////AgEB"] {
        for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"] {
            let bad = &["error issuingCA.cert", "error issuingCA.key"];
            check_key(label, body, bad, &["error issuer.privateKey"]);
        }
    }
}

#[test]
fn no_finding_shows_a_secret() {
    for (kind, body) in [
        ("KubeServiceAccountConfig", "issuer:\n  privateKey: hunter2"),
        ("KubeAPIServerCAConfig", "issuingCA:\n  cert: a\n  key: hunter2"),
        ("WireguardConfig", "privateKey: hunter2\npeers:\n  - presharedKey: hunter2"),
        ("HCloudVIPConfig", "name: a\napiToken: hunter2"),
    ] {
        let text = format!("apiVersion: v1alpha1\nkind: {kind}\n{body}\n");
        let report = Config::from_yaml(&text).unwrap().validate(&ValidateOptions::new(Mode::Metal));
        assert!(!report.findings().is_empty());
        assert!(
            report.findings().iter().all(|finding| !finding.to_string().contains("hunter2")),
            "{report:?}"
        );
    }
}

#[test]
fn sections_must_not_say_the_same() {
    let control_plane = "cluster:\n  controlPlane:\n    endpoint: https://a\n    localAPIServerPort: 6443\n  clusterName: a\n  network: {}\n  apiServer:\n    admissionControl: [{name: a}]\n    auditPolicy: {a: b}\n  controllerManager: {}\n  scheduler: {}\n  proxy: {}\n  coreDNS: {}\n  ca: {}\n  aggregatorCA: {}\n  serviceAccount: {}\n  aescbcEncryptionSecret: a\n  secretboxEncryptionSecret: a\n  allowSchedulingOnMasters: false\n  allowSchedulingOnControlPlanes: false";
    let machine = "machine:\n  kubelet:\n    skipNodeRegistration: false\n    registerWithFQDN: false\n    nodeIP: {}\n  nodeLabels: {a: b}\n  nodeAnnotations: {a: b}\n  nodeTaints: {a: NoSchedule}\n  controlPlane:\n    controllerManager: {}\n    scheduler: {}\n  features:\n    kubePrism: {}\n    kubernetesTalosAPIAccess: {}";
    let both = format!("{machine}\n{control_plane}");
    let sections = both.as_str();
    check_sections(&[
        ("KubeAdmissionControlConfig\nname: a", sections, &["cluster.apiServer.admissionControl"]),
        ("KubeAuthorizerConfig\nname: a\ntype: Node", sections, &["cluster.apiServer.admissionControl"]),
        ("KubeAuditPolicyConfig", sections, &["cluster.apiServer.auditPolicy"]),
        ("KubeAuthenticationConfig", sections, &[]),
        (
            "KubeEtcdEncryptionConfig\nconfig: {a: b}",
            sections,
            &["cluster.aescbcEncryptionSecret", "cluster.secretboxEncryptionSecret"],
        ),
        ("KubeAPIServerCAConfig", sections, &["cluster.ca"]),
        (
            "KubeAPIServerConfig\nimage: a",
            sections,
            &["cluster.apiServer", "cluster.controlPlane.localAPIServerPort"],
        ),
        (
            "KubeClusterConfig\nclusterName: a\nendpoint: https://a",
            sections,
            &["cluster.clusterName", "cluster.controlPlane.endpoint"],
        ),
        (
            "KubeNodeConfig",
            sections,
            &[
                "cluster.allowSchedulingOnControlPlanes",
                "cluster.allowSchedulingOnMasters",
                "machine.kubelet.skipNodeRegistration",
                "machine.kubelet.registerWithFQDN",
                "machine.kubelet.nodeIP",
                "machine.nodeLabels",
                "machine.nodeAnnotations",
                "machine.nodeTaints",
            ],
        ),
        (
            "KubeNetworkConfig\npodSubnets: [10.0.0.0/16]\nserviceSubnets: [10.1.0.0/16]",
            sections,
            &["cluster.network"],
        ),
        ("KubeFlannelCNIConfig\nbackendType: vxlan", sections, &["cluster.network"]),
        ("KubeCoreDNSConfig", sections, &["cluster.coreDNS"]),
        ("KubePrismConfig\nport: 1", sections, &["machine.features.kubePrism"]),
        ("KubeTalosAPIAccessConfig", sections, &["machine.features.kubernetesTalosAPIAccess"]),
        ("KubeletConfig\nimage: a", sections, &["machine.kubelet"]),
        ("KubeCredentialProviderConfig", sections, &["machine.kubelet"]),
        (
            "KubeControllerManagerConfig\nimage: a",
            sections,
            &["cluster.controllerManager", "machine.controlPlane.controllerManager"],
        ),
        ("KubeSchedulerConfig\nimage: a", sections, &["cluster.scheduler", "machine.controlPlane.scheduler"]),
        ("KubeProxyConfig\nimage: a", sections, &["cluster.proxy"]),
        ("KubePrismConfig\nport: 1", "machine:\n  features: {}", &[]),
        (
            "KubeNodeConfig",
            "machine:\n  nodeLabels: {}\n  nodeAnnotations: {}\n  nodeTaints: null",
            &["machine.nodeLabels", "machine.nodeAnnotations"],
        ),
    ]);
}
