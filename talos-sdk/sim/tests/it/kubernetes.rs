//! Changes through the Kubernetes API.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use talos_sim::{ClusterOptions, Simulation, SimulationOptions};
use tonic::codegen::Service;

use crate::harness::{channel_to, soon, tls};

#[tokio::test]
async fn nodes_are_cordoned_and_pods_are_evicted() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let cluster = soon(simulation.cluster(ClusterOptions::default().with_workers(1))).await.unwrap();
    let kubeconfig = cluster.kubeconfig().unwrap();
    let field = |name: &str| {
        use base64::Engine as _;
        let line = kubeconfig.expose().lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(line.trim()).unwrap()).unwrap()
    };
    let crt = field("client-certificate-data:");
    let identity = talos_pki::Identity::from_pem(&crt, &field("client-key-data:")).unwrap();
    let authority = talos_pki::Certificate::from_pem(&field("certificate-authority-data:")).unwrap();
    let address = cluster.control_planes()[0].address();
    let channel = channel_to(address, 6443, tls(Some(&identity), Some(&authority))).await.unwrap();
    let ask = |method: &'static str, path: String, body: Value| {
        let mut channel = channel.clone();
        async move {
            let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
            let request = http::Request::builder().method(method).uri(path);
            let request = request.body(tonic::body::Body::new(Full::new(body))).unwrap();
            std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
            let (parts, body) = soon(channel.call(request)).await.unwrap().into_parts();
            let body = soon(body.collect()).await.unwrap().to_bytes();
            (parts.status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap_or_default())
        }
    };
    let name = cluster.workers()[0].hostname();
    let node = format!("/api/v1/nodes/{name}");
    let pods = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{name}");
    let running = || async {
        let (_, list) = ask("GET", pods.clone(), Value::Null).await;
        let names = list["items"].as_array().unwrap().iter();
        names.map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = running().await;
    assert!(!all.is_empty());

    for unschedulable in [true, false, true] {
        let patch = json!({"spec": {"unschedulable": unschedulable}});
        let (status, body) = ask("PATCH", node.clone(), patch).await;
        assert_eq!(status, 200);
        assert_eq!(body["spec"]["unschedulable"] == true, unschedulable, "{body}");
    }
    let eviction = |pod: &str| {
        let path = format!("/api/v1/namespaces/kube-system/pods/{pod}/eviction");
        let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
        ask("POST", path, body)
    };
    assert_eq!(eviction(&all[0]).await.0, 201);
    assert_eq!(eviction(&all[0]).await.0, 404);
    assert_eq!(running().await, all[1..]);
    assert_eq!(
        ask("PATCH", "/api/v1/nodes/nobody".to_owned(), json!({"spec": {"unschedulable": true}})).await.0,
        404
    );
    assert_eq!(ask("PATCH", node.clone(), json!({"spec": {"unschedulable": false}})).await.0, 200);
    assert_eq!(running().await, all);
    assert_eq!(ask("PUT", node, json!({})).await.0, 405);
}
