//! Resources in the state that Talos itself keeps them in.

use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::json;
use talos_client::resources::types::{network::HostnameStatusSpec, runtime::BootIdSpec};
use talos_client::resources::{
    Change, ExpectedPhase, LabelQuery, MachineStatus, NodeAddress, Phase, Resource, ResourceDefinition,
    WatchEvent, WatchOptions,
};
use talos_client::{Error, ErrorKind, MachineStage};

use crate::server::{GoServer, HOSTNAMES};

#[tokio::test]
async fn resources_are_got_and_listed() {
    let Some(mut server) = GoServer::start(&["-resources", "1000"]) else { return };
    let node = server.node();
    let status = node.resources::<MachineStatus>().get(MachineStatus::ID).await.unwrap();
    assert_eq!((status.spec.stage, status.spec.ready), (MachineStage::Running, true));
    assert_eq!((status.metadata.version, status.metadata.id.as_str()), (Some(1), "machine"));
    assert!(status.metadata.created.is_some());

    let addresses = node.resources_untyped("network", "AddressStatuses.net.talos.dev").list().await.unwrap();
    assert_eq!(addresses.len(), 1000);
    assert!(addresses.is_sorted_by_key(|address| &address.metadata.id));
    assert!(addresses[7].spec.yaml.contains("address: 10.0.0.7/24"), "{}", addresses[7].spec.yaml);
    assert!(!addresses[7].spec.proto.is_empty() && !format!("{:?}", addresses[7]).contains("10.0.0.7"));

    assert!(node.resources::<MachineStatus>().get("other").await.unwrap_err().is_not_found());
    let own = node.resources::<NodeAddress>().list().await.unwrap();
    assert_eq!(own[0].spec.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1/8"]);
    let nothing = node.resources_untyped("runtime", "Diagnostics.runtime.talos.dev").list().await.unwrap();
    assert!(nothing.is_empty());
    let unknown = node.resources_untyped("network", "Nothings.net.talos.dev").list().await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unimplemented, "{unknown}");

    server.put("a", "hostname: a\n", json!({"app": "web", "size": "9"}));
    server.put("b", "hostname: b\n", json!({"app": "db", "size": "10"}));
    for (query, want) in [
        (LabelQuery::new().exists("app"), &["a", "b"] as &[&str]),
        (LabelQuery::new().not_exists("app"), &["hostname"]),
        (LabelQuery::new().equal("app", "web"), &["a"]),
        (LabelQuery::new().exists("app").not_equal("app", "web"), &["b"]),
        (LabelQuery::new().one_of("app", ["web", "db"]), &["a", "b"]),
        (LabelQuery::new().not_one_of("app", ["web", "x"]), &["b", "hostname"]),
        (LabelQuery::new().exists("app").less_number("size", 10).negated(), &["b"]),
        (LabelQuery::new().less("size", "2"), &["b"]),
        (LabelQuery::new().less_or_equal("size", "9"), &["a", "b"]),
        (LabelQuery::new().less_number("size", 10), &["a"]),
        (LabelQuery::new().less_or_equal_number("size", 10), &["a", "b"]),
    ] {
        let found =
            node.resources_untyped("network", HOSTNAMES).with_labels(query.clone()).list().await.unwrap();
        let ids: Vec<&str> = found.iter().map(|resource| resource.metadata.id.as_str()).collect();
        assert_eq!(ids, want, "{query:?}");
    }
    let either = node
        .resources_untyped("network", HOSTNAMES)
        .with_labels(LabelQuery::new().equal("app", "web"))
        .with_labels(LabelQuery::new().equal("app", "db"))
        .with_ids("^[b-z]");
    assert_eq!(either.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn types_are_found_by_short_names() {
    let Some(server) = GoServer::start(&[]) else { return };
    let node = server.node();
    for name in ["machinestatus", "MachineStatuses", "machinestatuses.runtime.talos.dev"] {
        let definition = node.resource_definition(name).await.unwrap();
        assert_eq!(
            (definition.kind.as_str(), definition.default_namespace.as_str()),
            ("MachineStatuses.runtime.talos.dev", "runtime")
        );
        assert_eq!(definition.on(&node).list().await.unwrap().len(), 1);
    }
    assert!(node.resource_definition("nothing").await.unwrap_err().is_not_found());
    let config = node.resource_definition("mc").await.unwrap();
    assert!(config.sensitive, "{config:?}");
    let all = node.resources::<ResourceDefinition>().list().await.unwrap();
    assert!(all.iter().all(|definition| definition.metadata.id == definition.spec.kind.to_lowercase()));
}

#[tokio::test]
async fn a_watch_tells_contents_and_changes() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let hostnames = node.resources_untyped("network", HOSTNAMES);
    let mut watch = hostnames.watch().await.unwrap();
    assert!(
        matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(r)) if r.metadata.id == "hostname")
    );
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)));
    let bookmark = watch.bookmark().cloned().unwrap();

    server.put("x", "hostname: one\n", json!({}));
    server.put("x", "hostname: two\n", json!({}));
    server.delete("x");
    for resumed in [false, true] {
        if resumed {
            watch = hostnames.watch_with(WatchOptions::From(bookmark.clone())).await.unwrap();
        }
        assert!(
            matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(r)) if r.spec.yaml.contains("one"))
        );
        match watch.try_next().await.unwrap() {
            Some(WatchEvent::Updated { resource, old: Some(old) }) => {
                assert!(resource.spec.yaml.contains("two") && old.spec.yaml.contains("one"));
                assert_eq!((resource.metadata.version, old.metadata.version), (Some(2), Some(1)));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(m)) if m.id == "x"));
        assert!(watch.bookmark().is_some_and(|now| *now != bookmark));
    }

    let mut tail = hostnames.watch_with(WatchOptions::Tail(1)).await.unwrap();
    assert!(matches!(tail.try_next().await.unwrap(), Some(WatchEvent::Destroyed(_))));
    let mut changes = hostnames.watch_with(WatchOptions::Changes).await.unwrap();
    assert!(matches!(changes.try_next().await.unwrap(), Some(WatchEvent::Noop)));
    assert!(changes.bookmark().is_some());
}

#[tokio::test]
async fn a_watch_of_one_id_begins_with_what_is_there() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources_untyped("network", HOSTNAMES);
    let mut watch = hostnames.watch_one("x").await.unwrap();
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(m)) if m.id == "x"));
    server.put("x", "hostname: one\n", json!({}));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
    let mut again = hostnames.watch_one("x").await.unwrap();
    assert!(matches!(again.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
}

#[tokio::test]
async fn a_selecting_watch_turns_changes_into_coming_and_going() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let selected = server
        .node()
        .resources_untyped("network", HOSTNAMES)
        .with_labels(LabelQuery::new().equal("app", "web"));
    let mut watch = selected.watch().await.unwrap();
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)));
    server.put("x", "hostname: x\n", json!({}));
    server.put("x", "hostname: x\n", json!({"app": "web"}));
    server.put("x", "hostname: x\n", json!({"app": "db"}));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(_))));
}

#[tokio::test]
async fn a_bookmark_of_another_run_is_lost() {
    let Some(first) = GoServer::start(&[]) else { return };
    let mut watch = first.node().resources::<MachineStatus>().watch().await.unwrap();
    while !matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)) {}
    let bookmark = watch.bookmark().cloned().unwrap();
    let Some(second) = GoServer::start(&[]) else { return };
    let lost = second
        .node()
        .resources::<MachineStatus>()
        .watch_with(WatchOptions::From(bookmark))
        .await
        .unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::WatchLost, "{lost}");
}

#[tokio::test]
async fn resources_are_written_where_the_server_lets_it() {
    let Some(server) = GoServer::start(&["-cosi-writes"]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let spec = |name: &str| HostnameStatusSpec { hostname: name.to_owned(), ..Default::default() };
    let made = hostnames.create(&Resource::new("w", spec("one"))).await.unwrap();
    assert_eq!((made.metadata.version, made.metadata.kind.as_str()), (Some(1), HOSTNAMES));
    assert_eq!(hostnames.get("w").await.unwrap(), made);
    assert!(hostnames.create(&Resource::new("w", spec("two"))).await.unwrap_err().is_already_exists());

    let mut newer = made.clone();
    newer.spec.hostname = "two".to_owned();
    newer.metadata.labels.insert("app".to_owned(), "web".to_owned());
    let newer = hostnames.update(&newer, ExpectedPhase::Running).await.unwrap();
    assert_eq!((newer.metadata.version, newer.spec.hostname.as_str()), (Some(2), "two"));
    assert_eq!(newer.metadata.labels["app"], "web");
    let kind = |error: Error| error.kind();
    let stale = hostnames.update(&made, ExpectedPhase::Any).await;
    assert_eq!(stale.map_err(kind).unwrap_err(), ErrorKind::Conflict);
    let phase = hostnames.update(&newer, ExpectedPhase::TearingDown).await;
    assert_eq!(phase.map_err(kind).unwrap_err(), ErrorKind::WrongPhase);
    assert!(
        hostnames
            .update(&Resource::new("none", spec("")), ExpectedPhase::Any)
            .await
            .unwrap_err()
            .is_not_found()
    );

    // Writers that get in each other's way all get through.
    let writers = (0..4)
        .map(|_| hostnames.modify("w", ExpectedPhase::Running, |resource| resource.spec.hostname.push('!')));
    futures_util::future::try_join_all(writers).await.unwrap();
    assert_eq!(hostnames.get("w").await.unwrap().spec.hostname, "two!!!!");

    hostnames.add_finalizers("w", ["a", "b", "a"]).await.unwrap();
    assert_eq!(hostnames.destroy("w").await.map_err(kind).unwrap_err(), ErrorKind::FinalizersPending);
    assert!(!hostnames.teardown("w").await.unwrap());
    assert!(!hostnames.teardown("w").await.unwrap(), "it is no error twice");
    let torn = hostnames.get("w").await.unwrap();
    assert_eq!((torn.metadata.phase, torn.metadata.finalizers.len()), (Phase::TearingDown, 2));
    assert_eq!(torn.spec.hostname, "two!!!!");
    let late = hostnames.teardown_and_destroy("w", Duration::from_millis(200)).await;
    assert_eq!(late.map_err(kind).unwrap_err(), ErrorKind::DeadlineExceeded);
    let (destroyed, freed) = tokio::join!(
        hostnames.teardown_and_destroy("w", Duration::from_secs(60)),
        hostnames.remove_finalizers("w", ["b", "a"]),
    );
    destroyed.unwrap();
    freed.unwrap();
    assert!(hostnames.get("w").await.unwrap_err().is_not_found());
    assert!(hostnames.destroy("w").await.unwrap_err().is_not_found());

    let theirs = hostnames.clone().with_owner("they");
    theirs.create(&Resource::new("theirs", spec("x"))).await.unwrap();
    assert_eq!(hostnames.destroy("theirs").await.map_err(kind).unwrap_err(), ErrorKind::WrongOwner);
    hostnames.add_finalizers("theirs", ["a"]).await.unwrap();
    hostnames.remove_finalizers("theirs", ["a"]).await.unwrap();
    theirs.teardown_and_destroy("theirs", Duration::from_secs(60)).await.unwrap();
}

#[tokio::test]
async fn talos_lets_nobody_write() {
    let Some(server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let refused = hostnames.create(&Resource::new("w", HostnameStatusSpec::default())).await.unwrap_err();
    assert!(refused.is_permission_denied() && refused.to_string().contains("lets nobody write"), "{refused}");
    let refused = hostnames.destroy("hostname").await.unwrap_err();
    assert!(refused.is_permission_denied() && refused.to_string().contains("lets nobody write"), "{refused}");
}

#[tokio::test]
async fn changes_are_told_and_waited_for() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let cache = hostnames.cache();
    cache.ready().await.unwrap();
    let mut changes = hostnames.clone().with_labels(LabelQuery::new().equal("app", "web")).changes();
    assert!(matches!(changes.try_next().await.unwrap(), Some(Change::Synced)));

    server.put("x.y+z", "hostname: one\n", json!({"app": "web"}));
    server.put("x.y+z", "hostname: two\n", json!({"app": "web"}));
    server.put("x.y+z", "hostname: two\n", json!({}));
    let two =
        |found: Option<&Resource<HostnameStatusSpec>>| found.is_some_and(|it| it.spec.hostname == "two");
    let found = hostnames.wait_for("x.y+z", two, Duration::from_secs(60)).await.unwrap().unwrap();
    assert_eq!(found.metadata.version, Some(3));
    assert!(
        matches!(changes.try_next().await.unwrap(), Some(Change::Created(new)) if new.spec.hostname == "one")
    );
    match changes.try_next().await.unwrap() {
        Some(Change::Updated { old, new }) => {
            assert_eq!((old.metadata.version, new.metadata.version), (Some(1), Some(2)));
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(changes.try_next().await.unwrap(), Some(Change::Destroyed(old)) if old.metadata.version == Some(2))
    );
    let all = cache.wait_until(|all| two(all.get("x.y+z").map(|it| &**it)), Duration::from_secs(60)).await;
    assert_eq!(all.unwrap().len(), 2);
    server.delete("x.y+z");
    let gone = hostnames.wait_until(|all| all.get("x.y+z").is_none(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(gone.len(), 1);
    let late = hostnames.wait_for("x.y+z", two, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::DeadlineExceeded, "{late}");

    let unknown = server.node().resources_untyped("network", "Nothings.net.talos.dev");
    let unknown = unknown.wait_until(|_| true, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unimplemented, "{unknown}");
    let newer = server.node().resources::<BootIdSpec>().get_single().await.unwrap_err();
    assert!(newer.to_string().contains("needs Talos 1.14 or later"), "{newer}");
}
