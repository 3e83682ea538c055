//! Containers beside Kubernetes.

use crate::of_kind;

/// A name and an image that are right.
const BASE: &str =
    "name: web\nimage: a@sha256:0000000000000000000000000000000000000000000000000000000000000000\n";

fn beside_name_and_image(cases: &[(&str, &[&str])]) {
    for (body, expected) in cases {
        let body = format!("{}{body}\n", BASE.replace("image: a@", "image: nginx@"));
        of_kind("ContainerConfig", &[(&body, expected)]);
    }
}

#[test]
fn name_and_image() {
    of_kind(
        "ContainerConfig",
        &[
            (&BASE.replace("image: a@", "image: nginx@"), &[]),
            (BASE, &["image"]),
            ("", &["name", "image"]),
            ("name: Web\nimage: nginx\n", &["name", "? image"]),
            (&format!("name: {}\nimage: NGINX\n", "a".repeat(64)), &["name", "image"]),
        ],
    );
}

#[test]
fn mounts() {
    beside_name_and_image(&[
        (
            "mounts: [{tmpfs: {destination: /a, options: [ro, noexec]}}, {hostPath: {source: /a, destination: /b}}]",
            &[],
        ),
        (
            "mounts: [{}, {tmpfs: {destination: /a}, hostPath: {source: /a, destination: /b}}]",
            &["mounts[0]", "mounts[1]"],
        ),
        (
            "mounts: [{tmpfs: {destination: /a}}, {userVolume: {name: b, destination: /a}}]",
            &["mounts[1].userVolume.destination"],
        ),
        (
            "mounts: [{tmpfs: {destination: /a}}, {userVolume: {destination: /a}}, {hostPath: {}}]",
            &["mounts[1].userVolume.name", "mounts[2].hostPath.source", "mounts[2].hostPath.destination"],
        ),
        (
            "mounts: [{tmpfs: {destination: /a, options: [ro, sync, rw]}}]",
            &["mounts[0].tmpfs.options[1]", "mounts[0].tmpfs.options"],
        ),
    ]);
}

#[test]
fn restrictions() {
    beside_name_and_image(&[
        ("security: {profile: privileged, capabilities: {add: [NET_ADMIN], drop: [ALL]}}", &[]),
        (
            "security: {profile: open, capabilities: {add: [ALL, net, CAP_X, ''], drop: [X1]}}",
            &[
                "security.profile",
                "security.capabilities.add[0]",
                "security.capabilities.add[1]",
                "security.capabilities.add[2]",
                "security.capabilities.add[3]",
                "security.capabilities.drop[0]",
            ],
        ),
        ("security: {capabilities: {add: [SYS_TIME], drop: [SYS_TIME]}}", &["security.capabilities.add[0]"]),
        ("network: {mode: host}", &[]),
        ("network: {mode: bridge}", &["network.mode"]),
        ("runAs: {uid: 0, gid: 0}", &[]),
        ("runAs: {uid: -1, gid: -1}", &["runAs.uid", "runAs.gid"]),
        ("environment: [A=, B]", &["environment[1]"]),
    ]);
}

#[test]
fn resources_and_dependencies() {
    beside_name_and_image(&[
        ("resources: {limits: {cpu: 1500m, memory: 512MiB}}", &[]),
        ("resources: {limits: {cpu: 0m, memory: a}}", &["resources.limits.memory", "resources.limits.cpu"]),
        ("resources: {limits: {cpu: '1'}}", &["resources.limits.cpu"]),
        ("resources: {limits: {cpu: +1m}}", &["resources.limits.cpu"]),
        (
            "dependsOn: {paths: [/a, b], networks: [hostname, x], containers: ['', web]}",
            &[
                "dependsOn.paths[1]",
                "dependsOn.networks[1]",
                "dependsOn.containers[0]",
                "dependsOn.containers[1]",
            ],
        ),
    ]);
}
