use std::fs;

use crate::lab::{ETCD, Lab, MACHINE, files, mode};

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go() {
    let lab = Lab::new(3, 0).await;
    let first = lab.address(0);

    let members = lab.json(ETCD, &first, &["members"]).await;
    assert_eq!(members.as_array().unwrap().len(), 3);
    let status = lab.json(ETCD, &lab.addresses(), &["status"]).await;
    let leaders: std::collections::BTreeSet<_> =
        status.as_array().unwrap().iter().map(|s| s["leader"].as_str().unwrap().to_owned()).collect();
    assert_eq!(leaders.len(), 1, "{status}");

    let leader = leaders.first().unwrap();
    let of_leader = |s: &&serde_json::Value| s["member"] == leader.as_str();
    let leading = status.as_array().unwrap().iter().find(of_leader).unwrap()["node"].as_str().unwrap();
    let forfeit = lab.json(ETCD, leading, &["forfeit-leadership"]).await;
    assert!(forfeit[0]["new_leader"].is_string(), "{forfeit}");

    let freed = lab.ok(ETCD, &lab.addresses(), &["defrag"]).await;
    assert_eq!(freed.lines().count(), 4, "{freed}");

    // Not by the nodes of a context.
    let config = lab.folder().join("talosconfig");
    let with_nodes = fs::read_to_string(&config)
        .unwrap()
        .replace("endpoints:", &format!("nodes: [{first}]\n        endpoints:"));
    fs::write(&config, with_nodes).unwrap();
    assert!(lab.run(ETCD, &["members"]).await.status == 0);
    let refused = lab.run(ETCD, &["leave"]).await;
    assert!(refused.status == 1 && refused.stderr.contains("-n"), "{}", refused.stderr);

    lab.ok(ETCD, &lab.address(2), &["leave"]).await;
    let left = lab.json(ETCD, &first, &["members"]).await;
    assert_eq!(left.as_array().unwrap().len(), 2);
    let other = left.as_array().unwrap().iter().find(|m| m["hostname"] == "sim-cp-2").unwrap();
    lab.ok(ETCD, &first, &["remove-member", other["id"].as_str().unwrap()]).await;
    assert_eq!(lab.json(ETCD, &first, &["members"]).await.as_array().unwrap().len(), 1);
    let nobody = lab.fails(ETCD, &first, &["remove-member", "0000000000000abc"]).await;
    assert!(nobody.stderr.contains("EtcdRemoveMemberByID"), "{}", nobody.stderr);
    let nonsense = lab.fails(ETCD, &first, &["remove-member", "member"]).await;
    assert!(nonsense.stderr.contains("hexadecimal"), "{}", nonsense.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_private_and_brings_etcd_back() {
    let lab = Lab::new(1, 1).await;
    let (first, worker) = (lab.address(0), lab.address(1));
    let path = lab.folder().join("etcd.db");
    let text = lab.ok(ETCD, &first, &["snapshot", "etcd.db"]).await;
    assert!(text.contains("etcd.db") && text.contains("sha256"), "{text}");
    assert_eq!(mode(&path), 0o600);
    let saved = lab.json(ETCD, &first, &["snapshot", "again.db"]).await;
    assert_eq!(saved["size"], fs::metadata(lab.folder().join("again.db")).unwrap().len());

    // What is cut off is found before anything is recovered, and no part of it stays.
    let before = files(lab.folder());
    lab.fails(ETCD, &worker, &["snapshot", "worker.db"]).await;
    assert_eq!(files(lab.folder()), before);
    let half = fs::read(&path).unwrap();
    fs::write(lab.folder().join("half.db"), &half[..half.len() - 100]).unwrap();
    lab.fails(ETCD, &first, &["recover", "half.db"]).await;

    let several = lab.fails(ETCD, &format!("{first},{worker}"), &["snapshot", "two.db"]).await;
    assert!(several.stderr.contains("one machine"), "{}", several.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_and_versions() {
    let lab = Lab::new(1, 0).await;
    let first = lab.address(0);
    assert_eq!(lab.json(ETCD, &first, &["alarm", "list"]).await, serde_json::json!([]));
    lab.ok(ETCD, &first, &["alarm", "disarm"]).await;
    let status = lab.json(ETCD, &first, &["status"]).await;
    let version = status[0]["protocol_version"].as_str().unwrap().to_owned();
    let (major, minor) = version.split_once('.').unwrap();
    let minor: u32 = minor.split('.').next().unwrap().parse().unwrap();
    let earlier = format!("{major}.{}", minor - 1);
    let valid = lab.ok(ETCD, &first, &["downgrade", "validate", &earlier]).await;
    assert!(valid.contains(&earlier), "{valid}");
    lab.ok(ETCD, &first, &["downgrade", "enable", &earlier]).await;
    lab.ok(ETCD, &first, &["downgrade", "cancel"]).await;
    lab.fails(ETCD, &first, &["downgrade", "validate", "3.6.1"]).await;
    lab.ok(MACHINE, &first, &["version"]).await;
}
