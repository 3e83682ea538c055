//! The operating system, and membership of the cluster.

use crate::{beside, of_kind};

#[test]
fn kernel_and_environment() {
    of_kind("KernelModuleConfig", &[("name: btrfs\n", &[]), ("name: ''\n", &["name"])]);
    of_kind("SysctlConfig", &[("params: {a.b: '1'}\n", &[]), ("params: {'': '1'}\n", &["params.\"\""])]);
    of_kind("SysfsConfig", &[("params: {a.b: '1'}\n", &[]), ("params: {'': '1'}\n", &["params.\"\""])]);
    of_kind(
        "EnvironmentConfig",
        &[
            ("variables: {https_proxy: a, _A1: b}\n", &[]),
            ("variables: {'': a, 1A: b, a.b: c}\n", &["variables.\"\"", "variables.1A", "variables.\"a.b\""]),
        ],
    );
    for kind in ["UdevRulesConfig", "SecurityProfileConfig"] {
        of_kind(kind, &[("", &[])]);
    }
    of_kind("PCIDriverRebindConfig", &[("name: ''\ntargetDriver: ''\n", &[])]);
}

#[test]
fn files() {
    let cases = ["nfsmount.conf", "a/../b", "a/.b", "cnix", "x/hosts", "hosts/"];
    for name in cases {
        of_kind("EtcFileConfig", &[(&format!("name: {name}\nmode: 0o644\ncontents: ''\n"), &[])]);
    }
    for name in ["''", "/etc/a", "..", "a/../../b", ".a", "hosts", "cni", "pki/a/b", "ssl/"] {
        of_kind("EtcFileConfig", &[(&format!("name: {name}\nmode: 0o644\ncontents: ''\n"), &["name"])]);
    }
    of_kind(
        "ExtensionServiceConfig",
        &[
            ("name: nut\nenvironment: [A=b]\n", &[]),
            ("name: ''\nconfigFiles: [{content: a, mountPath: /a}]\n", &["name"]),
            ("name: nut\n", &[""]),
            (
                "name: nut\nconfigFiles: [{content: a}, {mountPath: /a}]\n",
                &["configFiles[0].mountPath", "configFiles[1].content"],
            ),
        ],
    );
}

#[test]
fn receivers() {
    for endpoint in ["10.0.0.1:3247", "'[fd00::1]:3247'", "'[x:y]:'"] {
        of_kind("EventSinkConfig", &[(&format!("endpoint: {endpoint}\n"), &[])]);
    }
    for endpoint in ["10.0.0.1", "fd00::1:3247", "''", "'[fd00::1]'"] {
        of_kind("EventSinkConfig", &[(&format!("endpoint: {endpoint}\n"), &["endpoint"])]);
    }
    of_kind(
        "KmsgLogConfig",
        &[
            ("name: a\nurl: udp://10.0.0.1:3478/\n", &[]),
            ("name: ''\nurl: https://10.0.0.1:3478/\n", &["name", "url"]),
            ("name: a\nurl: tcp://10.0.0.1:3478/x\n", &["url"]),
            ("name: a\nurl: tcp://10.0.0.1\n", &["url"]),
            ("name: a\n", &["url"]),
        ],
    );
    of_kind(
        "SideroLinkConfig",
        &[
            ("apiUrl: grpc://10.0.0.1?jointoken=a\n", &[]),
            ("apiUrl: http://10.0.0.1\n", &["apiUrl"]),
            ("apiUrl: https://10.0.0.1/a\n", &["apiUrl"]),
            ("", &["apiUrl"]),
        ],
    );
}

#[test]
fn memory_and_watchdog() {
    of_kind(
        "OOMConfig",
        &[
            ("triggerExpression: memory_full_avg10 > 12.0\ncgroupRankingExpression: '1.0'\n", &[]),
            (
                "triggerExpression: '1'\ncgroupRankingExpression: 'true'\nsampleInterval: -1s\n",
                &["triggerExpression", "cgroupRankingExpression", "sampleInterval"],
            ),
        ],
    );
    of_kind(
        "WatchdogTimerConfig",
        &[
            ("device: /dev/watchdog0\ntimeout: 10s\n", &[]),
            ("device: ''\ntimeout: 9s\n", &["device", "timeout"]),
            ("device: /dev/watchdog0\ntimeout: 0s\n", &[]),
        ],
    );
}

#[test]
fn installation() {
    let disk = "provisioning: {diskSelector: {match: disk.rotational}}";
    of_kind(
        "UnattendedInstallConfig",
        &[
            (&format!("installer: {{image: a}}\n{disk}\n"), &[]),
            ("", &["? installer.image", "provisioning.diskSelector.match"]),
            (
                "installer: {image: a}\nprovisioning: {diskSelector: {match: volume.name}}\n",
                &["provisioning.diskSelector.match"],
            ),
        ],
    );
    let sections = "machine:\n  install: {disk: /dev/sda}\n---\n";
    beside(sections, "UnattendedInstallConfig", &[(&format!("installer: {{image: a}}\n{disk}\n"), &[""])]);
}

#[test]
fn discovery() {
    let secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    of_kind(
        "DiscoveryIdentityConfig",
        &[
            (&format!("clusterID: a\nclusterSecret: {secret}\n"), &[]),
            ("", &["clusterID", "clusterSecret"]),
            ("clusterID: a\nclusterSecret: AAAA\n", &["clusterSecret"]),
            ("clusterID: a\nclusterSecret: '!'\n", &["clusterSecret"]),
        ],
    );
    beside(
        "cluster:\n  id: a\n  secret: b\n---\n",
        "DiscoveryIdentityConfig",
        &[(&format!("clusterID: a\nclusterSecret: {secret}\n"), &["", ""])],
    );
    let identity =
        "apiVersion: v1alpha1\nkind: DiscoveryIdentityConfig\nclusterID: a\nclusterSecret: b\n---\n";
    beside(
        identity,
        "DiscoveryServiceConfig",
        &[
            ("name: a\nendpoint: grpc://discovery.example\n", &[]),
            ("name: ''\n", &["name", "endpoint"]),
            ("name: a\nendpoint: tcp://discovery.example\n", &["endpoint"]),
            ("name: a\nendpoint: https://:443\n", &["endpoint"]),
        ],
    );
    beside(
        "cluster:\n  id: a\n  secret: b\n  discovery: {enabled: false}\n---\n",
        "DiscoveryServiceConfig",
        &[("name: a\nendpoint: https://discovery.example\n", &[""])],
    );
}
