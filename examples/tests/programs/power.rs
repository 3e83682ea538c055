use crate::lab::{Lab, MACHINE, POWER};

#[tokio::test(flavor = "multi_thread")]
async fn reboots_are_followed_to_their_end() {
    let lab = Lab::new(1, 2).await;
    let workers = format!("{},{}", lab.address(1), lab.address(2));
    let boot = "/proc/sys/kernel/random/boot_id";
    let before = lab.ok(MACHINE, &lab.address(1), &["read", boot]).await;
    let ran = lab.run(POWER, &["-n", &workers, "reboot", "--timeout", "100s", "--output", "json"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let done: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for node in [0, 1] {
        assert_eq!(done[node]["result"], "the machine is up", "{done}");
        assert!(!done[node]["actor_id"].as_str().unwrap().is_empty());
    }
    // Not on a terminal, so progress is plain lines, each with its machine.
    assert!(
        ran.stderr.lines().any(|line| line.starts_with(&format!("{}: ", lab.address(2)))),
        "{}",
        ran.stderr
    );
    assert_ne!(lab.ok(MACHINE, &lab.address(1), &["read", boot]).await, before);

    let accepted = lab.ok(POWER, &lab.address(1), &["reboot", "--wait=false"]).await;
    assert!(accepted.contains("accepted"), "{accepted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_says_what_is_deleted() {
    let lab = Lab::new(1, 1).await;
    let worker = lab.address(1);
    let silent = lab.fails(POWER, &worker, &["reset"]).await;
    assert!(silent.stderr.contains("--system-labels-to-wipe"), "{}", silent.stderr);
    let disks = lab.fails(POWER, &worker, &["reset", "--wipe-mode", "user-disks"]).await;
    assert!(disks.stderr.contains("--user-disks-to-wipe"), "{}", disks.stderr);
    let unnamed = lab.run(POWER, &["reset", "--wipe-mode", "all"]).await;
    assert!(unnamed.status == 1 && unnamed.stderr.contains("-n"), "{}", unnamed.stderr);

    let arguments = ["reset", "--system-labels-to-wipe", "STATE,EPHEMERAL", "--reboot", "--timeout", "100s"];
    let text = lab.ok(POWER, &worker, &arguments).await;
    assert!(text.contains("the machine is up"), "it boots from its user data again: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_and_the_way_back() {
    let lab = Lab::new(1, 1).await;
    let worker = lab.address(1);
    let image = "ghcr.io/siderolabs/installer:v1.13.8";
    let text = lab.ok(POWER, &worker, &["upgrade", "--image", image, "--timeout", "100s"]).await;
    assert!(text.contains("the machine is up"), "{text}");
    let version = lab.json(MACHINE, &worker, &["version"]).await;
    assert_eq!(version["servers"][0]["tag"], "v1.13.8");
    lab.ok(POWER, &worker, &["rollback", "--timeout", "100s"]).await;
    let version = lab.json(MACHINE, &worker, &["version"]).await;
    assert_ne!(version["servers"][0]["tag"], "v1.13.8");
    lab.ok(POWER, &worker, &["shutdown", "--timeout", "100s"]).await;
    lab.fails(MACHINE, &worker, &["version"]).await;
}
