//! A small Kubernetes API: enough to find out that it is up and which nodes are Ready.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use talos_pki::Certificate;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::cluster::{Cluster, ClusterKey, KubernetesNode};
use crate::config::NodeConfig;
use crate::identity::kubernetes_tls;
use crate::run::Run;
use crate::server::bind;

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
    let api = Arc::new(Api { cluster: cluster.clone(), version: config.kubernetes_version.clone() });
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

struct Api {
    cluster: Arc<Cluster>,
    version: String,
}

impl Api {
    fn answer(&self, request: &Request<Incoming>, caller: Option<&Certificate>) -> Response<Full<Bytes>> {
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
            "/api/v1/nodes" => self.nodes(request.uri().query().unwrap_or_default()),
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

    fn nodes(&self, query: &str) -> Value {
        let (nodes, revision) = self.cluster.kubernetes_nodes();
        let wanted = query.split('&').find_map(|pair| pair.strip_prefix("fieldSelector=metadata.name%3D"));
        let nodes = nodes.iter().filter(|node| wanted.is_none_or(|name| node.name == name));
        list("NodeList", revision, nodes.map(node).collect())
    }

    fn node(&self, name: &str) -> Option<Value> {
        let (nodes, _) = self.cluster.kubernetes_nodes();
        let found = nodes.iter().find(|node| node.name == name)?;
        let mut value = node(found);
        value["kind"] = "Node".into();
        value["apiVersion"] = "v1".into();
        Some(value)
    }
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn failure(status: StatusCode, reason: &str, message: &str) -> Response<Full<Bytes>> {
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

fn timestamp(at: SystemTime) -> String {
    let whole = OffsetDateTime::from(at).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    whole.format(&Rfc3339).unwrap_or_default()
}

fn node(node: &KubernetesNode) -> Value {
    let changed = timestamp(node.changed);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": changed,
            "lastTransitionTime": changed,
        })
    };
    let ready = if node.ready {
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    } else {
        condition("Ready", "False", "KubeletNotReady", "the network is not ready, or the machine is down")
    };
    let taints = match (node.control_plane && node.unschedulable, node.ready) {
        (true, _) => json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]),
        (false, false) => json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]),
        (false, true) => json!([]),
    };
    json!({
        "metadata": {
            "name": node.name,
            "uid": node.uid,
            "resourceVersion": node.revision.to_string(),
            "creationTimestamp": timestamp(node.created),
            "labels": node.labels,
        },
        "spec": {"taints": taints},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address.to_string()},
                {"type": "Hostname", "address": node.name},
            ],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "memory is sufficient"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "disk is sufficient"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "processes are few enough"),
                ready,
            ],
            "capacity": {"cpu": "2", "memory": "4194304Ki", "pods": "110"},
            "allocatable": {"cpu": "2", "memory": "4194304Ki", "pods": "110"},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": node.boot_id,
                "machineID": node.machine_id,
                "systemUUID": node.machine_id,
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0-talos",
                "kubeProxyVersion": node.kubelet_version,
                "kubeletVersion": node.kubelet_version,
                "operatingSystem": "linux",
                "osImage": node.os_image,
            },
        },
    })
}
