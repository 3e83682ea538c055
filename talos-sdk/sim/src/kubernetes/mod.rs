//! A small Kubernetes API: enough to find out that it is up and which nodes are Ready.

mod node;

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

use crate::cluster::{Cluster, ClusterKey, KubernetesNode};
use crate::config::NodeConfig;
use crate::identity::kubernetes_tls;
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
    run.node.world.notify();
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
        async move { Ok::<_, Infallible>(api.answer(&request, caller.as_deref())) }
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
    fn answer(&self, request: &Request<Incoming>, caller: Option<&Certificate>) -> Response<Body> {
        let path = request.uri().path().trim_end_matches('/');
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
            let message = "the simulated Kubernetes API only reads";
            return failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        }
        if let "/readyz" | "/healthz" | "/livez" = path {
            return respond(StatusCode::OK, "text/plain; charset=utf-8", "ok".into());
        }
        let body = match path {
            "/version" => self.version(),
            "/api" => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
            "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}),
            "/api/v1" => resources(),
            "/api/v1/nodes" => return self.nodes(request),
            "/api/v1/namespaces" => list("NamespaceList", 1, namespaces()),
            "/api/v1/pods" | "/api/v1/namespaces/kube-system/pods" | "/api/v1/namespaces/default/pods" => {
                list("PodList", 1, Vec::new())
            }
            path => match path.strip_prefix("/api/v1/nodes/").and_then(|name| self.node(name)) {
                Some(node) => node,
                None => {
                    let message = format!("{path} is not found");
                    return failure(StatusCode::NOT_FOUND, "NotFound", &message);
                }
            },
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
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let body = if accept.is_some_and(|accept| accept.contains("as=Table")) {
            node::table(&nodes, revision, self.world.clock.now())
        } else {
            list("NodeList", revision, nodes.into_iter().map(node::value).collect())
        };
        respond(StatusCode::OK, "application/json", body.to_string().into())
    }

    /// Every change of a node after this revision, one JSON text a line.
    fn watch(&self, name: Option<String>, after: u64) -> Response<Body> {
        let (cluster, changes) = (self.cluster.clone(), self.world.changes());
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
    let mut value = node::value(node);
    value["kind"] = "Node".into();
    value["apiVersion"] = "v1".into();
    value
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

/// What `kubectl` asks for before it lists anything.
fn resources() -> Value {
    let resource = |name: &str, singular: &str, kind: &str, short: &str, namespaced: bool| {
        json!({
            "name": name,
            "singularName": singular,
            "namespaced": namespaced,
            "kind": kind,
            "verbs": ["get", "list"],
            "shortNames": [short],
        })
    };
    json!({
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            resource("nodes", "node", "Node", "no", false),
            resource("namespaces", "namespace", "Namespace", "ns", false),
            resource("pods", "pod", "Pod", "po", true),
        ],
    })
}
