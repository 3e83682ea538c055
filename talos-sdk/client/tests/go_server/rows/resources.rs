//! Resources, in the state that Talos itself keeps them in. Those who write clear up after themselves.

use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use talos_client::resources::types::network::HostnameStatusSpec;
use talos_client::resources::{
    Change, ChangesOptions, ExpectedPhase, LabelQuery, MachineStatus, Resource, Resources, WatchEvent,
    WatchOptions,
};
use talos_client::{Error, Node};

use super::{Row, row};
use crate::server::HOSTNAMES;

const GET: &str = "cosi.resource.State/Get";
const LIST: &str = "cosi.resource.State/List";
const WATCH: &str = "cosi.resource.State/Watch";
const CREATE: &str = "cosi.resource.State/Create";
const UPDATE: &str = "cosi.resource.State/Update";
const DESTROY: &str = "cosi.resource.State/Destroy";
const TEARDOWN: &str = "cosi.resource.State/Teardown";
const TEARDOWN_AND_DESTROY: &str = "cosi.resource.State/TeardownAndDestroy";

/// More than any of it takes.
const SOON: Duration = Duration::from_secs(60);

pub(super) fn rows() -> Vec<Row> {
    let mut rows = reads();
    rows.extend(watches());
    rows.extend(writes());
    rows.extend(ends());
    rows
}

fn of(kind: &str) -> Value {
    let namespace = if kind == HOSTNAMES { "network" } else { "runtime" };
    json!({"namespace": namespace, "type": kind})
}

fn one(kind: &str, id: &str) -> Value {
    let mut value = of(kind);
    value["id"] = json!(id);
    value
}

const STATUSES: &str = "MachineStatuses.runtime.talos.dev";

fn reads() -> Vec<Row> {
    vec![
        row("resources", GET, |node| async move {
            assert!(node.resources::<MachineStatus>().get(MachineStatus::ID).await?.spec.ready);
            Ok(())
        })
        .of("Resources::get")
        .asks_at_least(one(STATUSES, "machine")),
        row("resources", GET, |node| async move {
            assert_eq!(node.resources::<MachineStatus>().get_single().await?.metadata.id, "machine");
            Ok(())
        })
        .of("Resources::get_single")
        .asks_at_least(one(STATUSES, "machine")),
        row("resources", LIST, |node| async move {
            let labels = LabelQuery::new().not_exists("nosuch").equal("app", "web").negated();
            let all = node.resources_untyped("network", HOSTNAMES).with_labels(labels).with_ids("^host");
            assert_eq!(all.list().await?.len(), 1);
            Ok(())
        })
        .of("Resources::list")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", LIST, |node| async move {
            let all: Vec<_> = node.resources::<HostnameStatusSpec>().stream().await?.try_collect().await?;
            assert_eq!(all.len(), 1);
            Ok(())
        })
        .of("Resources::stream")
        .asks_at_least(of(HOSTNAMES)),
        row("resource_definitions", LIST, |node| async move {
            assert!(node.resource_definitions().await?.iter().any(|definition| definition.kind == HOSTNAMES));
            Ok(())
        })
        .asks_at_least(json!({"namespace": "meta", "type": "ResourceDefinitions.meta.cosi.dev"})),
        row("resource_definition", LIST, |node| async move {
            assert_eq!(node.resource_definition("hostnamestatus").await?.kind, HOSTNAMES);
            Ok(())
        })
        .asks_at_least(json!({"namespace": "meta", "type": "ResourceDefinitions.meta.cosi.dev"})),
    ]
}

async fn first(
    watch: impl TryStreamExt<Ok = WatchEvent<HostnameStatusSpec>, Error = Error> + Unpin,
) -> Result<(), Error> {
    let mut watch = watch;
    let event = watch.try_next().await?;
    assert!(matches!(event, Some(WatchEvent::Created(_) | WatchEvent::Noop)), "{event:?}");
    Ok(())
}

fn watches() -> Vec<Row> {
    let hostnames = |node: Node| node.resources::<HostnameStatusSpec>();
    vec![
        row("resources", WATCH, move |node| async move { first(hostnames(node).watch().await?).await })
            .of("Resources::watch")
            .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            first(hostnames(node).watch_with(WatchOptions::Changes).await?).await
        })
        .of("Resources::watch_with")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            first(hostnames(node).watch_one("hostname").await?).await
        })
        .of("Resources::watch_one")
        .asks_at_least(one(HOSTNAMES, "hostname")),
        row("resources", WATCH, move |node| async move {
            let change = hostnames(node).changes().try_next().await?;
            assert!(matches!(change, Some(Change::Created(_))), "{change:?}");
            Ok(())
        })
        .of("Resources::changes")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            let options = ChangesOptions::default().with_give_up_after(SOON);
            let change = hostnames(node).changes_with(options).try_next().await?;
            assert!(matches!(change, Some(Change::Created(_))), "{change:?}");
            Ok(())
        })
        .of("Resources::changes_with")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            let cache = hostnames(node).cache();
            cache.ready().await?;
            assert_eq!(cache.list().len(), 1);
            Ok(())
        })
        .of("Resources::cache")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            hostnames(node).cache_with(ChangesOptions::default()).ready().await
        })
        .of("Resources::cache_with")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            assert_eq!(hostnames(node).wait_until(|all| all.len() == 1, SOON).await?.len(), 1);
            Ok(())
        })
        .of("Resources::wait_until")
        .asks_at_least(of(HOSTNAMES)),
        row("resources", WATCH, move |node| async move {
            let found = hostnames(node).wait_for("hostname", |found| found.is_some(), SOON).await?;
            assert_eq!(found.unwrap().metadata.id, "hostname");
            Ok(())
        })
        .of("Resources::wait_for")
        .asks_at_least(of(HOSTNAMES)),
    ]
}

/// Resources with a new one among them, `w`.
async fn with_one(node: Node) -> Result<Resources<HostnameStatusSpec>, Error> {
    let all = node.resources::<HostnameStatusSpec>();
    let spec = HostnameStatusSpec { hostname: "one".to_owned(), ..Default::default() };
    all.create(&Resource::new("w", spec)).await?;
    Ok(all)
}

fn writes() -> Vec<Row> {
    let new = |version: &str| {
        json!({"metadata": {
            "namespace": "network", "type": HOSTNAMES, "id": "w", "version": version, "phase": "running",
        }})
    };
    vec![
        row("resources", CREATE, |node| async move { with_one(node).await?.destroy("w").await })
            .of("Resources::create")
            .asks_at_least(json!({"resource": new("undefined")}))
            .and_calls([DESTROY]),
        row("resources", UPDATE, |node| async move {
            let all = with_one(node).await?;
            let mut resource = all.get("w").await?;
            resource.spec.hostname.push('!');
            assert_eq!(all.update(&resource, ExpectedPhase::Running).await?.spec.hostname, "one!");
            all.destroy("w").await
        })
        .of("Resources::update")
        .asks_at_least(json!({"new_resource": new("1"), "options": {"expected_phase": "running"}}))
        .and_calls([CREATE, GET, DESTROY]),
        row("resources", UPDATE, |node| async move {
            let all = with_one(node).await?;
            let change = |resource: &mut Resource<HostnameStatusSpec>| resource.spec.hostname.push('!');
            assert_eq!(all.modify("w", ExpectedPhase::Any, change).await?.metadata.version, Some(2));
            all.destroy("w").await
        })
        .of("Resources::modify")
        .asks_at_least(json!({"new_resource": new("1")}))
        .and_calls([CREATE, GET, DESTROY]),
        row("resources", UPDATE, |node| async move {
            let all = with_one(node).await?;
            all.add_finalizers("w", ["f"]).await?;
            assert_eq!(all.get("w").await?.metadata.finalizers, ["f"]);
            all.remove_finalizers("w", ["f"]).await?;
            all.destroy("w").await
        })
        .of("Resources::add_finalizers")
        .asks_at_least(json!({"new_resource": {"metadata": {"id": "w", "version": "2"}}}))
        .and_calls([CREATE, GET, DESTROY]),
        row("resources", UPDATE, |node| async move {
            let all = with_one(node).await?;
            all.add_finalizers("w", ["f", "g"]).await?;
            all.remove_finalizers("w", ["f"]).await?;
            assert_eq!(all.get("w").await?.metadata.finalizers, ["g"]);
            all.remove_finalizers("w", ["g"]).await?;
            all.destroy("w").await
        })
        .of("Resources::remove_finalizers")
        .asks_at_least(json!({"new_resource": {"metadata": {"id": "w", "version": "3"}}}))
        .and_calls([CREATE, GET, DESTROY]),
    ]
}

fn ends() -> Vec<Row> {
    vec![
        row("resources", DESTROY, |node| async move { with_one(node).await?.destroy("w").await })
            .of("Resources::destroy")
            .asks_at_least(one(HOSTNAMES, "w"))
            .and_calls([CREATE]),
        // Go's state of v1.13.9 has no such calls, so that the client reads and updates.
        row("resources", TEARDOWN, |node| async move {
            let all = with_one(node).await?;
            assert!(all.teardown("w").await?);
            all.destroy("w").await
        })
        .of("Resources::teardown")
        .asks(one(HOSTNAMES, "w"))
        .and_calls([CREATE, GET, UPDATE, DESTROY]),
        row("resources", TEARDOWN_AND_DESTROY, |node| async move {
            with_one(node).await?.teardown_and_destroy("w", SOON).await
        })
        .of("Resources::teardown_and_destroy")
        .asks(one(HOSTNAMES, "w"))
        .and_calls([CREATE, TEARDOWN, GET, UPDATE, DESTROY]),
    ]
}
