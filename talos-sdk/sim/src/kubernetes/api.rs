//! What each path of the API answers.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use talos_pki::Certificate;

use super::budget::Budget;
use super::discovery;
use super::node::merge;
use super::pod::KubernetesPod;
use super::registry::{Kind, NAMESPACES};
use super::reply::{Body, Failure, alone, json, list, respond, row, success, table};
use super::request::Call;
use super::watch::Watch;
use crate::cluster::Cluster;
use crate::pods::NAMESPACE;
use crate::simulation::World;

/// The API of one cluster.
pub(super) struct Api {
    pub(super) world: Arc<World>,
    pub(super) cluster: Arc<Cluster>,
    /// The version of Kubernetes, `v1.34.0`.
    pub(super) version: String,
}

type Answer = Result<Response<Body>, Failure>;

fn ok(body: &Value) -> Answer {
    Ok(json(StatusCode::OK, body))
}

impl Api {
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        caller: Option<&Certificate>,
    ) -> Response<Body> {
        let answer = match authorize(request.uri().path(), caller) {
            Ok(()) => Call::read(request).await.and_then(|call| self.route(&call)),
            Err(failure) => Err(failure),
        };
        answer.unwrap_or_else(Response::from)
    }

    fn route(&self, call: &Call) -> Answer {
        let parts: Vec<&str> = call.path.split('/').skip(1).collect();
        match call.method {
            Method::GET => match parts[..] {
                ["readyz" | "healthz" | "livez"] => {
                    Ok(respond(StatusCode::OK, "text/plain; charset=utf-8", "ok".into()))
                }
                ["version"] => ok(&discovery::version(&self.version)),
                ["api"] => ok(&discovery::versions()),
                ["apis"] => ok(&discovery::groups()),
                ["api", "v1"] => ok(&discovery::core()),
                ["apis", "apps", "v1"] => ok(&discovery::apps()),
                ["apis", "policy", "v1"] => ok(&discovery::policy()),
                ["api", "v1", "nodes"] => self.list(call, Kind::Node, None),
                ["api", "v1", "pods"] => self.list(call, Kind::Pod, None),
                ["api", "v1", "namespaces", namespace, "pods"] => self.list(call, Kind::Pod, Some(namespace)),
                ["api", "v1", "nodes", name] => self.node(call, name),
                ["api", "v1", "namespaces", namespace, "pods", name] => self.pod(call, namespace, name),
                _ if call.is_watch() => Err(Failure::not_allowed()),
                ["api", "v1", "namespaces"] => ok(&list("v1", "Namespace", 1, namespaces().collect())),
                ["api", "v1", "namespaces", name] => {
                    let found = namespaces().find(|namespace| namespace["metadata"]["name"] == name);
                    let found = found.ok_or_else(|| Failure::not_found(&format!("namespace {name}")))?;
                    ok(&alone(found, "v1", "Namespace"))
                }
                ["apis", "apps", "v1", ref rest @ ..] => self.owners(rest),
                ["apis", "policy", "v1", ref rest @ ..] => self.budgets(rest),
                _ => Err(Failure::not_found(&call.path)),
            },
            Method::PATCH | Method::PUT => match parts[..] {
                ["api", "v1", "nodes", name] => self.change_node(call, name),
                _ => Err(Failure::not_allowed()),
            },
            Method::POST => match parts[..] {
                ["api", "v1", "namespaces", namespace, "pods"] => self.create_pod(call, namespace),
                ["api", "v1", "namespaces", namespace, "pods", name, "eviction"] => {
                    let body = call.json()?;
                    self.delete_pod(call, namespace, name, &body["deleteOptions"], true)
                }
                ["apis", "policy", "v1", "namespaces", namespace, "poddisruptionbudgets"] => {
                    self.create_budget(call, namespace)
                }
                _ => Err(Failure::not_allowed()),
            },
            Method::DELETE => match parts[..] {
                ["api", "v1", "nodes", name] => self.delete_node(call, name),
                ["api", "v1", "namespaces", namespace, "pods", name] => {
                    self.delete_pod(call, namespace, name, &call.json()?, false)
                }
                ["apis", "policy", "v1", "namespaces", namespace, "poddisruptionbudgets", name] => {
                    self.delete_budget(call, namespace, name)
                }
                _ => Err(Failure::not_allowed()),
            },
            _ => Err(Failure::not_allowed()),
        }
    }

    /// A list as JSON, as the table that `kubectl` asks for, or as a watch.
    fn list(&self, call: &Call, kind: Kind, namespace: Option<&str>) -> Answer {
        let selection = call.selection(kind.fields())?;
        if call.is_watch() {
            // Clients that ask for this list and watch instead when it is refused so.
            if call.parameter("sendInitialEvents").is_some() {
                return Err(Failure::invalid("sendInitialEvents is not served; list first"));
            }
            let after = call.parameter("resourceVersion").and_then(|version| version.parse().ok());
            let watch = Watch {
                cluster: self.cluster.clone(),
                clock: self.world.clock.clone(),
                kind,
                namespace: namespace.map(str::to_owned),
                selection,
                table: call.table,
                after: after.unwrap_or(0),
            };
            return Ok(watch.response());
        }
        let (mut shown, revision) = {
            let state = self.cluster.kubernetes.state();
            (state.show(kind, self.world.clock.now()), state.revision)
        };
        let own = |value: &Value| namespace.is_none_or(|name| value["metadata"]["namespace"] == name);
        shown.retain(|shown| own(&shown.value) && selection.has(&shown.value));
        ok(&if call.table {
            let rows = shown.iter().map(|shown| row(&shown.cells, &shown.value)).collect();
            table(kind.columns(), revision, rows)
        } else {
            list("v1", kind.name(), revision, shown.into_iter().map(|shown| shown.value).collect())
        })
    }

    /// One object of a list, as JSON or as a table.
    fn one(&self, call: &Call, kind: Kind, is_it: impl Fn(&Value) -> bool, what: &str) -> Answer {
        let shown = self.cluster.kubernetes.state().show(kind, self.world.clock.now());
        let found = shown.into_iter().find(|shown| is_it(&shown.value["metadata"]));
        let found = found.ok_or_else(|| Failure::not_found(what))?;
        ok(&if call.table {
            table(kind.columns(), found.revision, vec![row(&found.cells, &found.value)])
        } else {
            alone(found.value, "v1", kind.name())
        })
    }

    fn node(&self, call: &Call, name: &str) -> Answer {
        self.one(call, Kind::Node, |metadata| metadata["name"] == name, &format!("node {name}"))
    }

    fn pod(&self, call: &Call, namespace: &str, name: &str) -> Answer {
        let is_it = |metadata: &Value| metadata["namespace"] == namespace && metadata["name"] == name;
        self.one(call, Kind::Pod, is_it, &format!("pod {namespace}/{name}"))
    }

    fn change_node(&self, call: &Call, name: &str) -> Answer {
        let body = call.json()?;
        if call.method == Method::PATCH
            && !matches!(
                call.content_type.as_str(),
                "application/strategic-merge-patch+json" | "application/merge-patch+json"
            )
        {
            return Err(Failure::media_type("the simulator takes strategic and JSON merge patches"));
        }
        if !body.is_object() {
            return Err(Failure::bad_request("a node, or a patch of one, is an object"));
        }
        let changed = self.cluster.kubernetes.change(|state| {
            let node = state.node(name).ok_or_else(|| Failure::not_found(&format!("node {name}")))?;
            let wanted = match call.method {
                Method::PATCH => {
                    let mut wanted = node.value();
                    merge(&mut wanted, &body);
                    wanted
                }
                _ => body,
            };
            let mut changed = node.changed(&wanted)?;
            if !call.is_dry_run(&Value::Null) && changed.value() != node.value() {
                changed.revision = state.put_node(changed.clone());
            }
            Ok(changed)
        })?;
        ok(&alone(changed.value(), "v1", "Node"))
    }

    fn delete_node(&self, call: &Call, name: &str) -> Answer {
        let options = call.json()?;
        let now = self.world.clock.now();
        self.cluster.kubernetes.change(|state| {
            let node = state.node(name).ok_or_else(|| Failure::not_found(&format!("node {name}")))?;
            same_uid(&options, &node.uid)?;
            if !call.is_dry_run(&options) {
                state.delete_node(name, now);
            }
            Ok(success(StatusCode::OK))
        })
    }

    fn create_pod(&self, call: &Call, namespace: &str) -> Answer {
        let body = call.json()?;
        known_namespace(namespace)?;
        let now = self.world.clock.now();
        let created = self.cluster.kubernetes.change(|state| {
            let seed = state.revision.to_string();
            let pod = KubernetesPod::created(namespace, &body, &seed, now)?;
            if call.is_dry_run(&Value::Null) {
                return Ok(pod.value(None));
            }
            let key = state.create_pod(pod)?;
            Ok(state.pod_value(&key).unwrap_or_default())
        })?;
        Ok(json(StatusCode::CREATED, &alone(created, "v1", "Pod")))
    }

    /// Deletes a pod at once, without a time in which it ends; an eviction only if the budgets let it go.
    fn delete_pod(
        &self,
        call: &Call,
        namespace: &str,
        name: &str,
        options: &Value,
        eviction: bool,
    ) -> Answer {
        let key = (namespace.to_owned(), name.to_owned());
        let now = self.world.clock.now();
        self.cluster.kubernetes.change(|state| {
            let pod =
                state.pod(&key).ok_or_else(|| Failure::not_found(&format!("pod {namespace}/{name}")))?;
            same_uid(options, &pod.pod.uid)?;
            let value = state.pod_value(&key).unwrap_or_default();
            if eviction {
                state.may_evict(&key)?;
            }
            if !call.is_dry_run(options) {
                state.remove_pod(&key, now);
            }
            if eviction { Ok(success(StatusCode::CREATED)) } else { ok(&alone(value, "v1", "Pod")) }
        })
    }

    /// DaemonSets and Deployments, which are all in one namespace.
    fn owners(&self, path: &[&str]) -> Answer {
        let (kind, all) = match path {
            ["daemonsets"] | ["namespaces", _, "daemonsets", ..] => ("DaemonSet", true),
            ["deployments"] | ["namespaces", _, "deployments", ..] => ("Deployment", false),
            _ => return Err(Failure::not_found(&path.join("/"))),
        };
        let (mut owners, revision) = {
            let state = self.cluster.kubernetes.state();
            (state.owners(all), state.revision)
        };
        if let ["namespaces", namespace, ..] = path
            && *namespace != NAMESPACE
        {
            owners.clear();
        }
        match path {
            ["namespaces", _, _, name] => {
                let found = owners.into_iter().find(|owner| owner["metadata"]["name"] == *name);
                let found = found.ok_or_else(|| Failure::not_found(&format!("{kind} {name}")))?;
                ok(&alone(found, "apps/v1", kind))
            }
            ["namespaces", _, _, _, ..] => Err(Failure::not_found(&path.join("/"))),
            _ => ok(&list("apps/v1", kind, revision, owners)),
        }
    }

    fn budgets(&self, path: &[&str]) -> Answer {
        let state = self.cluster.kubernetes.state();
        let list = |namespace| {
            ok(&list("policy/v1", "PodDisruptionBudget", state.revision, state.budgets(namespace)))
        };
        match path {
            ["poddisruptionbudgets"] => list(None),
            ["namespaces", namespace, "poddisruptionbudgets"] => list(Some(namespace)),
            ["namespaces", namespace, "poddisruptionbudgets", name] => {
                let found = state.budget(&((*namespace).to_owned(), (*name).to_owned()));
                let found = found
                    .ok_or_else(|| Failure::not_found(&format!("disruption budget {namespace}/{name}")))?;
                ok(&alone(found, "policy/v1", "PodDisruptionBudget"))
            }
            _ => Err(Failure::not_found(&path.join("/"))),
        }
    }

    fn create_budget(&self, call: &Call, namespace: &str) -> Answer {
        let body = call.json()?;
        known_namespace(namespace)?;
        let now = self.world.clock.now();
        let created = self.cluster.kubernetes.change(|state| {
            let budget = Budget::created(namespace, &body, state.revision, now)?;
            if call.is_dry_run(&Value::Null) {
                return Ok(body);
            }
            let key = state.create_budget(budget)?;
            Ok(state.budget(&key).unwrap_or_default())
        })?;
        Ok(json(StatusCode::CREATED, &alone(created, "policy/v1", "PodDisruptionBudget")))
    }

    fn delete_budget(&self, call: &Call, namespace: &str, name: &str) -> Answer {
        let options = call.json()?;
        let key = (namespace.to_owned(), name.to_owned());
        self.cluster.kubernetes.change(|state| {
            let known = match call.is_dry_run(&options) {
                true => state.budget(&key).is_some(),
                false => state.delete_budget(&key),
            };
            let what = || Failure::not_found(&format!("disruption budget {namespace}/{name}"));
            if known { Ok(success(StatusCode::OK)) } else { Err(what()) }
        })
    }
}

/// Only administrators by certificate: what others may do is written in objects that the simulator does not keep.
fn authorize(path: &str, caller: Option<&Certificate>) -> Result<(), Failure> {
    let caller = caller.ok_or_else(Failure::unauthorized)?;
    if caller.organizations().iter().any(|group| group == "system:masters") {
        return Ok(());
    }
    let user = caller.common_name().unwrap_or_default();
    Err(Failure::forbidden(format!("user {user:?} may not use {path}")))
}

/// Refuses to delete another object than the one that is meant.
fn same_uid(options: &Value, uid: &str) -> Result<(), Failure> {
    match options["preconditions"]["uid"].as_str() {
        Some(wanted) if wanted != uid => Err(Failure::conflict(format!("the uid is {uid}, not {wanted}"))),
        _ => Ok(()),
    }
}

fn known_namespace(name: &str) -> Result<(), Failure> {
    match NAMESPACES.contains(&name) {
        true => Ok(()),
        false => Err(Failure::not_found(&format!("namespace {name}"))),
    }
}

fn namespaces() -> impl Iterator<Item = Value> {
    let namespace = |name| json!({"metadata": {"name": name}, "status": {"phase": "Active"}});
    NAMESPACES.into_iter().map(namespace)
}
