//! A small Kubernetes API: enough to see nodes and the pods of kube-system, and to cordon and drain a node.

mod node;
mod pod;

pub(crate) use pod::status as pod_status;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use talos_pki::Certificate;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::cluster::{Cluster, ClusterKey, Cordon, KubernetesNode};
use crate::config::NodeConfig;
use crate::identity::kubernetes_tls;
use crate::pods::{NAMESPACE, Pod};
use crate::run::Run;
use crate::server::bind;
use crate::simulation::World;

/// The port of the Kubernetes API.
const PORT: u16 = 6443;

/// Starts the API server, and returns as soon as it listens.
pub(crate) async fn serve(run: &Arc<Run>, config: &NodeConfig, hostname: &str) {
    let tls = match kubernetes_tls(config, run.address(), hostname, &run.node.world.clock) {
        Ok(tls) => TlsAcceptor::from(tls),
        Err(error) => return run.console(&format!("[talos] no certificate for kube-apiserver: {error}")),
    };
    let cluster = run.node.world.cluster(&ClusterKey::of(config));
    let listener = bind(run.address(), PORT).await;
    let api = Arc::new(Api {
        world: run.node.world.clone(),
        cluster: cluster.clone(),
        version: config.kubernetes_version.clone(),
    });
    let spawner = run.tasks.spawner();
    run.tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, api, connections) = (tls.clone(), api.clone(), spawner.clone());
            spawner.spawn(async move {
                if let Err(error) = connection(tls, api, connections, stream).await {
                    tracing::debug!(%error, "Kubernetes connection ended");
                }
            });
        }
    });
    cluster.api_up(run.address());
}

/// What Kubernetes keeps in etcd: a key and a value for each of its objects.
pub(crate) fn keys(cluster: &Cluster) -> Vec<(String, Vec<u8>)> {
    let (nodes, _) = cluster.kubernetes_nodes();
    let node = |node: &KubernetesNode| {
        (format!("/registry/minions/{}", node.name), whole(node).to_string().into_bytes())
    };
    nodes.iter().map(node).collect()
}

async fn connection(
    tls: TlsAcceptor,
    api: Arc<Api>,
    spawner: crate::tasks::Spawner,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tls.accept(stream).await?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let caller = leaf.and_then(|leaf| Certificate::from_der(leaf).ok()).map(Arc::new);
    let service = service_fn(move |request: Request<Incoming>| {
        let (api, caller) = (api.clone(), caller.clone());
        async move { Ok::<_, Infallible>(api.answer(request, caller.as_deref()).await) }
    });
    let mut builder = auto::Builder::new(spawner);
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    builder.serve_connection(TokioIo::new(stream), service).await
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

struct Api {
    world: Arc<World>,
    cluster: Arc<Cluster>,
    version: String,
}

impl Api {
    async fn answer(&self, request: Request<Incoming>, caller: Option<&Certificate>) -> Response<Body> {
        let path = request.uri().path().trim_end_matches('/').to_owned();
        let path = path.as_str();
        let Some(caller) = caller else {
            return failure(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized");
        };
        if !caller.organizations().iter().any(|group| group == "system:masters") {
            let user = caller.common_name().unwrap_or_default();
            return failure(
                StatusCode::FORBIDDEN,
                "Forbidden",
                &format!("user {user:?} may not read {path}"),
            );
        }
        if request.method() != Method::GET {
            return self.change(request).await;
        }
        if let "/readyz" | "/healthz" | "/livez" = path {
            return respond(StatusCode::OK, "text/plain; charset=utf-8", "ok".into());
        }
        let owners = |kind: &str, names: &[&'static str]| {
            list(kind, 1, names.iter().map(|name| self.owner(name)).collect())
        };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let body = match parts[..] {
            ["version"] => self.version(),
            ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
            ["apis"] => groups(),
            ["api", "v1"] => resources(),
            ["apis", "apps", "v1"] => apps(),
            ["api", "v1", "nodes"] => return self.nodes(&request),
            ["api", "v1", "namespaces"] => list("NamespaceList", 1, namespaces()),
            ["api", "v1", "pods"] | ["api", "v1", "namespaces", NAMESPACE, "pods"] => {
                return self.pods(&request);
            }
            ["api", "v1", "namespaces", _, "pods"] => list("PodList", 1, Vec::new()),
            ["apis", "apps", "v1", "daemonsets"]
            | ["apis", "apps", "v1", "namespaces", NAMESPACE, "daemonsets"] => {
                owners("DaemonSetList", &pod::DAEMON_SETS)
            }
            ["apis", "apps", "v1", "deployments"]
            | ["apis", "apps", "v1", "namespaces", NAMESPACE, "deployments"] => {
                owners("DeploymentList", &pod::DEPLOYMENTS)
            }
            ["apis", "apps", "v1", "namespaces", NAMESPACE, "daemonsets", name]
                if pod::DAEMON_SETS.contains(&name) =>
            {
                stand_alone(self.owner(name), "DaemonSet", "apps/v1")
            }
            ["apis", "apps", "v1", "namespaces", NAMESPACE, "deployments", name]
                if pod::DEPLOYMENTS.contains(&name) =>
            {
                stand_alone(self.owner(name), "Deployment", "apps/v1")
            }
            ["api", "v1", "nodes", name] => match self.node(name) {
                Some(node) => node,
                None => return not_found(path),
            },
            ["api", "v1", "namespaces", NAMESPACE, "pods", name] => match self.pod(name) {
                Some((node, found)) => stand_alone(pod::value(&node, &found), "Pod", "v1"),
                None => return not_found(path),
            },
            _ => return not_found(path),
        };
        respond(StatusCode::OK, "application/json", body.to_string().into())
    }

    /// What a user of Kubernetes can change: whether a node takes pods, and where a pod is not any more.
    async fn change(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().trim_end_matches('/').to_owned();
        let names: Vec<&str> = path.split('/').skip(1).collect();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        match (&parts.method, &names[..]) {
            (&Method::PATCH, ["api", "v1", "nodes", name]) => {
                let Ok(patch) = serde_json::from_slice::<Value>(&body) else {
                    return failure(StatusCode::BAD_REQUEST, "BadRequest", "the patch is not JSON");
                };
                if let Some(unschedulable) = patch.pointer("/spec/unschedulable") {
                    let cordon = if unschedulable == true { Cordon::User } else { Cordon::No };
                    if !self.cluster.cordon(name, cordon) {
                        return not_found(&path);
                    }
                }
                match self.node(name) {
                    Some(node) => respond(StatusCode::OK, "application/json", node.to_string().into()),
                    None => not_found(&path),
                }
            }
            (&Method::POST, ["api", "v1", "namespaces", NAMESPACE, "pods", name, "eviction"])
            | (&Method::DELETE, ["api", "v1", "namespaces", NAMESPACE, "pods", name]) => {
                if self.pod(name).is_none() {
                    return not_found(&path);
                }
                self.cluster.evict(name);
                let status =
                    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
                respond(StatusCode::CREATED, "application/json", status.to_string().into())
            }
            _ => {
                let message = "the simulated Kubernetes API changes nodes by PATCH and evicts pods";
                failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
            }
        }
    }

    /// All pods with their nodes.
    fn all_pods(&self) -> Vec<(KubernetesNode, Pod)> {
        let (nodes, _) = self.cluster.kubernetes_nodes();
        let mut pods = Vec::new();
        for node in nodes {
            let own = pod::of(&node).into_iter().filter(|pod| !self.cluster.is_evicted(&node, &pod.name));
            pods.extend(own.map(|pod| (node.clone(), pod)));
        }
        pods
    }

    fn pod(&self, name: &str) -> Option<(KubernetesNode, Pod)> {
        self.all_pods().into_iter().find(|(_, pod)| pod.name == name)
    }

    /// A DaemonSet or Deployment.
    fn owner(&self, name: &str) -> Value {
        let pods: Vec<_> = self.all_pods().into_iter().filter(|(_, pod)| pod.container == name).collect();
        pod::owner(name, pods.len(), pods.iter().filter(|(node, _)| node.ready).count())
    }

    /// The list of pods as JSON or as the table that `kubectl` asks for; by node, name or labels.
    fn pods(&self, request: &Request<Incoming>) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(|text| text.replace("%3D", "=").replace("%2C", ",").replace("%2F", "/"))
        };
        let (fields, labels) = (parameter("fieldSelector"), parameter("labelSelector"));
        let holds = |selector: &Option<String>, value: &dyn Fn(&str) -> Option<String>| {
            selector.iter().flat_map(|text| text.split(',')).filter(|term| !term.is_empty()).all(|term| {
                let (key, wanted) = term.split_once('=').unwrap_or((term, ""));
                match key.strip_suffix('!') {
                    Some(key) => value(key).as_deref() != Some(wanted),
                    None => value(key).as_deref() == Some(wanted.trim_start_matches('=')),
                }
            })
        };
        let mut pods = self.all_pods();
        pods.retain(|(node, pod)| {
            let value = pod::value(node, pod);
            let field = |name: &str| {
                let found = value.pointer(&format!("/{}", name.replace('.', "/")));
                found.and_then(Value::as_str).map(str::to_owned)
            };
            let label = |name: &str| value["metadata"]["labels"][name].as_str().map(str::to_owned);
            holds(&fields, &field) && holds(&labels, &label)
        });
        let (_, revision) = self.cluster.kubernetes_nodes();
        let now = self.world.clock.now();
        let body = if wants_table(request) {
            table(&pod::COLUMNS, revision, pods.iter().map(|(node, pod)| pod::row(node, pod, now)).collect())
        } else {
            list("PodList", revision, pods.iter().map(|(node, pod)| pod::value(node, pod)).collect())
        };
        respond(StatusCode::OK, "application/json", body.to_string().into())
    }

    fn version(&self) -> Value {
        let bare = self.version.trim_start_matches('v');
        let mut parts = bare.split('.');
        json!({
            "major": parts.next().unwrap_or_default(),
            "minor": parts.next().unwrap_or_default(),
            "gitVersion": format!("v{bare}"),
            "gitCommit": "simulated",
            "gitTreeState": "clean",
            "platform": "linux/amd64",
        })
    }

    /// The list of nodes as JSON, as the table that `kubectl` asks for, or as a watch.
    fn nodes(&self, request: &Request<Incoming>) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default();
        let parameter =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let name = parameter("fieldSelector").and_then(|field| field.strip_prefix("metadata.name%3D"));
        if matches!(parameter("watch"), Some("true" | "1")) {
            let after = parameter("resourceVersion").and_then(|version| version.parse().ok());
            return self.watch(name.map(str::to_owned), after.unwrap_or(0));
        }
        let (nodes, revision) = self.cluster.kubernetes_nodes();
        let nodes: Vec<_> = nodes.iter().filter(|node| name.is_none_or(|name| node.name == name)).collect();
        let body = if wants_table(request) {
            node::table(&nodes, revision, self.world.clock.now())
        } else {
            list("NodeList", revision, nodes.into_iter().map(node::value).collect())
        };
        respond(StatusCode::OK, "application/json", body.to_string().into())
    }

    /// Every change of a node after this revision, one JSON text a line.
    fn watch(&self, name: Option<String>, after: u64) -> Response<Body> {
        let (cluster, changes) = (self.cluster.clone(), self.cluster.revisions());
        let lines = stream::unfold(
            (cluster, changes, name, after),
            |(cluster, mut changes, name, after)| async move {
                loop {
                    changes.borrow_and_update();
                    let (nodes, revision) = cluster.kubernetes_nodes();
                    let wanted = |node: &&KubernetesNode| name.as_ref().is_none_or(|name| node.name == *name);
                    let changed = nodes.iter().filter(|node| node.revision > after).filter(wanted);
                    let line = |node: &KubernetesNode| {
                        let kind = if after == 0 { "ADDED" } else { "MODIFIED" };
                        format!("{}\n", json!({"type": kind, "object": whole(node)}))
                    };
                    let text: String = changed.map(line).collect();
                    if !text.is_empty() {
                        let frame = Frame::data(Bytes::from(text));
                        return Some((Ok(frame), (cluster, changes, name, revision)));
                    }
                    changes.changed().await.ok()?;
                }
            },
        );
        let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    fn node(&self, name: &str) -> Option<Value> {
        let (nodes, _) = self.cluster.kubernetes_nodes();
        nodes.iter().find(|node| node.name == name).map(whole)
    }
}

/// A node with its kind, as it stands alone.
fn whole(node: &KubernetesNode) -> Value {
    stand_alone(node::value(node), "Node", "v1")
}

/// An object with its kind.
fn stand_alone(mut value: Value, kind: &str, version: &str) -> Value {
    value["kind"] = kind.into();
    value["apiVersion"] = version.into();
    value
}

fn wants_table(request: &Request<Incoming>) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("as=Table"))
}

/// A table with these columns, by name and priority.
fn table(columns: &[(&str, i32)], revision: u64, rows: Vec<Value>) -> Value {
    let column = |(name, priority): &(&str, i32)| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision.max(1).to_string()},
        "columnDefinitions": columns.iter().map(column).collect::<Vec<_>>(),
        "rows": rows,
    })
}

fn not_found(path: &str) -> Response<Body> {
    failure(StatusCode::NOT_FOUND, "NotFound", &format!("{path} is not found"))
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn failure(status: StatusCode, reason: &str, message: &str) -> Response<Body> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status.as_u16(),
    });
    respond(status, "application/json", body.to_string().into())
}

fn list(kind: &str, revision: u64, items: Vec<Value>) -> Value {
    json!({
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {"resourceVersion": revision.max(1).to_string()},
        "items": items,
    })
}

fn namespaces() -> Vec<Value> {
    let namespace = |name: &str| json!({"metadata": {"name": name}, "status": {"phase": "Active"}});
    ["default", "kube-node-lease", "kube-public", "kube-system"].map(namespace).into()
}

/// The groups of the API beside the first one.
fn groups() -> Value {
    let group = |name: &str| {
        let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps"), group("policy")]})
}

/// A resource: its name, its name for one, its kind, its short names, its verbs.
fn resource(
    name: &str,
    singular: &str,
    kind: &str,
    short: &[&str],
    namespaced: bool,
    verbs: &[&str],
) -> Value {
    json!({
        "name": name,
        "singularName": singular,
        "namespaced": namespaced,
        "kind": kind,
        "verbs": verbs,
        "shortNames": short,
    })
}

/// What `kubectl` asks for before it lists anything.
fn resources() -> Value {
    let mut eviction = resource("pods/eviction", "", "Eviction", &[], true, &["create"]);
    eviction["group"] = "policy".into();
    eviction["version"] = "v1".into();
    json!({
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            resource("nodes", "node", "Node", &["no"], false, &["get", "list", "patch", "watch"]),
            resource("namespaces", "namespace", "Namespace", &["ns"], false, &["get", "list"]),
            resource("pods", "pod", "Pod", &["po"], true, &["get", "list", "delete"]),
            eviction,
        ],
    })
}

fn apps() -> Value {
    json!({
        "kind": "APIResourceList",
        "groupVersion": "apps/v1",
        "resources": [
            resource("daemonsets", "daemonset", "DaemonSet", &["ds"], true, &["get", "list"]),
            resource("deployments", "deployment", "Deployment", &["deploy"], true, &["get", "list"]),
        ],
    })
}
