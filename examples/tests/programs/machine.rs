use std::fs;

use serde_json::Value;

use crate::lab::{Lab, MACHINE, files};

#[tokio::test(flavor = "multi_thread")]
async fn each_machine_answers_for_itself() {
    let lab = Lab::new(1, 1).await;
    let absent = "127.0.0.99";
    let nodes = format!("{},{absent},{}", lab.address(0), lab.address(1));
    for arguments in [&["version"][..], &["services"], &["memory"], &["list", "/"], &["logs", "machined"]] {
        let ran = lab.fails(MACHINE, &nodes, arguments).await;
        for node in [lab.address(0), lab.address(1)] {
            assert!(ran.stdout.contains(&node), "{arguments:?}: {}", ran.stdout);
        }
        let errors: Vec<&str> = ran.stderr.lines().collect();
        assert!(errors.len() == 1 && errors[0].contains(absent), "{arguments:?}: {}", ran.stderr);
    }
    let twice = format!("{0},{0}", lab.address(0));
    assert!(lab.fails(MACHINE, &twice, &["version"]).await.stderr.contains("twice"));
    let nobody = lab.run(MACHINE, &["version"]).await;
    assert!(nobody.status == 1 && nobody.stderr.contains("-n"), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_as_json() {
    let lab = Lab::new(1, 1).await;
    let nodes = lab.addresses();
    for arguments in [
        &["services"][..],
        &["service", "kubelet"],
        &["list", "-l", "/etc"],
        &["usage", "-a", "/etc"],
        &["memory"],
        &["processes", "--sort", "cpu"],
        &["mounts"],
        &["stats"],
        &["containers"],
        &["netstat", "-a"],
        &["time"],
        &["disks"],
        &["cpu"],
        &["load"],
    ] {
        let Value::Array(objects) = lab.json(MACHINE, &nodes, arguments).await else {
            panic!("{arguments:?}")
        };
        for number in [0, 1] {
            let of_node = |object: &&Value| object["node"] == lab.address(number).as_str();
            let found = objects.iter().find(of_node).unwrap_or_else(|| panic!("{arguments:?}: {objects:?}"));
            assert!(found.as_object().unwrap().len() > 1, "{arguments:?}: {found}");
        }
    }
    let lines = lab.ok(MACHINE, &nodes, &["dmesg", "-o", "json"]).await;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["node"].is_string() && line["text"].is_string(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_the_machine_are_of_no_pod() {
    let lab = Lab::new(1, 0).await;
    let sockets = lab.json(MACHINE, &lab.address(0), &["netstat", "-a", "-k", "-p"]).await;
    let api = |socket: &&Value| socket["local"].as_str().is_some_and(|local| local.ends_with(":50000"));
    let api = sockets.as_array().unwrap().iter().find(api).unwrap();
    assert!(api["pod"].is_null() && api["process"]["pid"].is_number(), "{api}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_over_whole() {
    let lab = Lab::new(1, 0).await;
    let node = lab.address(0);
    let hostname = lab.ok(MACHINE, &node, &["read", "/etc/hostname"]).await;
    assert!(hostname.starts_with("sim-cp-1"), "{hostname}");
    let absent = lab.fails(MACHINE, &node, &["read", "/etc/nothing"]).await;
    assert!(absent.stdout.is_empty() && absent.stderr.contains("Read"), "{}", absent.stderr);

    let copied = lab.json(MACHINE, &node, &["copy", "/etc", "etc"]).await;
    assert!(copied["files"].as_u64().unwrap() > 1, "{copied}");
    let copy = files(&lab.folder().join("etc"));
    assert!(copy.iter().any(|path| fs::read_to_string(path).is_ok_and(|text| text == hostname)), "{copy:?}");

    let only_folders = lab.json(MACHINE, &node, &["list", "-t", "d", "--recurse", "/etc"]).await;
    assert!(
        only_folders.as_array().unwrap().iter().all(|file| file["mode"].as_str().unwrap().starts_with('d'))
    );
    assert!(lab.fails(MACHINE, &node, &["list", "-t", "x"]).await.stderr.contains("f, d or l"));

    let folder = lab.json(MACHINE, &node, &["usage", "-d", "0", "/etc"]).await;
    assert_eq!(folder.as_array().unwrap().len(), 1, "{folder}");
    assert!(lab.json(MACHINE, &node, &["usage", "-a", "/etc"]).await.as_array().unwrap().len() > 1);

    lab.ok(MACHINE, &node, &["pcap", "-i", "eth0", "--duration", "1s", "-o", "eth0.pcap"]).await;
    let capture = fs::read(lab.folder().join("eth0.pcap")).unwrap();
    assert_eq!(capture[..4], 0xa1b2_c3d4_u32.to_le_bytes(), "the beginning of a pcap file");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_and_images_change() {
    let lab = Lab::new(1, 0).await;
    let node = lab.address(0);
    let status = lab.ok(MACHINE, &node, &["service", "kubelet"]).await;
    assert!(status.contains("STATE") && status.contains("Running"), "{status}");
    let unknown = lab.fails(MACHINE, &node, &["service", "nothing"]).await;
    assert!(unknown.stderr.contains("nothing"), "{}", unknown.stderr);
    lab.ok(MACHINE, &node, &["service", "kubelet", "restart"]).await;

    let image = "registry.k8s.io/e2e-test-images/agnhost:2.53";
    let before = lab.ok(MACHINE, &node, &["image", "list"]).await;
    assert!(!before.contains(image));
    let pulled = lab.json(MACHINE, &node, &["image", "pull", image]).await;
    assert!(
        pulled[0]["image"].as_str().unwrap().starts_with("registry.k8s.io/e2e-test-images/agnhost"),
        "{pulled}"
    );
    assert!(lab.ok(MACHINE, &node, &["image", "ls"]).await.contains("agnhost"));
    lab.ok(MACHINE, &node, &["image", "rm", image]).await;
}
