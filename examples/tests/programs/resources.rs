use serde_json::Value;

use crate::lab::{Lab, RESOURCES};

#[tokio::test(flavor = "multi_thread")]
async fn resources_in_every_form() {
    let lab = Lab::new(1, 1).await;
    let (first, both) = (lab.address(0), lab.addresses());

    let table = lab.ok(RESOURCES, &both, &["get", "members"]).await;
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header.join(" "), "NODE NAMESPACE TYPE ID VERSION HOSTNAME MACHINE TYPE OS ADDRESSES");
    assert_eq!(table.lines().count(), 5, "two members, as two machines know them: {table}");

    let one = lab.json(RESOURCES, &first, &["get", "hostname", "hostname"]).await;
    assert_eq!(one["spec"]["hostname"], "sim-cp-1", "{one}");
    assert_eq!(one["metadata"]["type"], "HostnameStatuses.net.talos.dev");
    let yaml = lab.ok(RESOURCES, &first, &["get", "hostname", "-o", "yaml"]).await;
    assert!(
        yaml.contains(&format!("node: {first}\nmetadata:\n")) && yaml.contains("hostname: sim-cp-1"),
        "{yaml}"
    );
    let value = lab.ok(RESOURCES, &first, &["get", "hostname", "-o", "jsonpath={.spec.hostname}"]).await;
    assert_eq!(value, "sim-cp-1\n");

    let similar = lab.fails(RESOURCES, &first, &["get", "membres"]).await;
    assert!(similar.stderr.contains("Members.cluster.talos.dev"), "{}", similar.stderr);
    lab.fails(RESOURCES, &first, &["get", "members", "nobody"]).await;
    assert!(lab.fails(RESOURCES, &first, &["get", "members", "-o", "xml"]).await.stderr.contains("jsonpath"));

    let types = lab.json(RESOURCES, &first, &["definitions", "cluster.talos.dev"]).await;
    let members = |found: &&Value| found["type"] == "Members.cluster.talos.dev";
    let members = types.as_array().unwrap().iter().find(members).unwrap();
    assert!(members["aliases"].as_array().unwrap().contains(&"members".into()), "{members}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_shows_what_is_there_and_what_changes() {
    let lab = Lab::new(1, 1).await;
    let worker = lab.address(1);
    let mut watch = lab.start(RESOURCES, &worker, &["watch", "machinestatus", "-o", "json"]).await;
    let created = watch.until("\"event\": \"created\"").await;
    assert!(created.contains(&worker), "{created}");
    lab.ok(crate::lab::POWER, &worker, &["reboot", "--wait=false"]).await;
    watch.until("\"event\": \"updated\"").await;
}
