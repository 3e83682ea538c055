//! The Kubernetes API, asked as `kubectl` asks.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use talos_pki::{LeafOptions, Role, SystemClock};
use talos_proto::common::ContainerDriver;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_proto::machine::{ContainersRequest, ShutdownRequest};
use talos_sim::{ClusterOptions, SimCluster, SimNode, Simulation, SimulationOptions};
use tonic::codegen::Service;
use tonic::transport::Channel;

use crate::harness::{channel, channel_to, eventually, soon, tls};

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";

/// A cluster, and a connection to the API of its first control plane.
struct Kubernetes {
    cluster: SimCluster,
    channel: Channel,
    _simulation: Simulation,
}

impl Kubernetes {
    async fn start(control_planes: usize, workers: usize) -> Self {
        let simulation = Simulation::start(SimulationOptions::default()).unwrap();
        let options = ClusterOptions::default().with_control_planes(control_planes).with_workers(workers);
        let cluster = soon(simulation.cluster(options)).await.unwrap();
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
        Self { cluster, channel, _simulation: simulation }
    }

    /// The machine API of a node.
    async fn machine(&self, node: &SimNode) -> MachineServiceClient<Channel> {
        let authority = self.cluster.secrets().os_ca().unwrap();
        let options = LeafOptions::client([Role::Admin]);
        let identity = authority.issue(&options, &SystemClock).unwrap();
        let config = tls(Some(&identity), Some(&authority.certificate));
        MachineServiceClient::new(channel(node.address(), config).await.unwrap())
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> http::Response<tonic::body::Body> {
        let mut channel = self.channel.clone();
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(tonic::body::Body::new(Full::new(body))).unwrap();
        std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
        soon(channel.call(request)).await.unwrap()
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: Value) -> (u16, Value) {
        let (parts, body) = self.send(method, path, &[("content-type", kind)], &body).await.into_parts();
        let body = soon(body.collect()).await.unwrap().to_bytes();
        (parts.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "", Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask("POST", path, "application/json", body).await
    }

    async fn patch(&self, node: &SimNode, body: Value) -> (u16, Value) {
        self.ask("PATCH", &format!("/api/v1/nodes/{}", node.hostname()), STRATEGIC, body).await
    }

    async fn cordon(&self, node: &SimNode, cordon: bool) {
        // What kubectl sends to take it back is null.
        let wanted = if cordon { Value::from(true) } else { Value::Null };
        let (status, node) = self.patch(node, json!({"spec": {"unschedulable": wanted}})).await;
        assert_eq!((status, node["spec"]["unschedulable"] == true), (200, cordon), "{node}");
    }

    /// The pods on a node, or those on none.
    async fn pods_on(&self, node: &str) -> Vec<Value> {
        let (status, list) =
            self.get(&format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}&limit=500")).await;
        assert_eq!(status, 200);
        list["items"].as_array().unwrap().clone()
    }

    async fn evict(&self, pod: &Value) -> (u16, Value) {
        let (path, name) = (path_of(pod), &pod["metadata"]["name"]);
        let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": {}});
        self.post(&format!("{path}/eviction"), body).await
    }

    /// Cordons a node and evicts what `kubectl drain` evicts. Says how much that was.
    async fn drain(&self, node: &SimNode) -> usize {
        self.cordon(node, true).await;
        let mut evicted = 0;
        for pod in &self.pods_on(&node.hostname()).await {
            let owner = &pod["metadata"]["ownerReferences"][0];
            match controller(pod) {
                "Node" => assert!(
                    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string(),
                    "{pod}"
                ),
                "DaemonSet" => {
                    let path = "/apis/apps/v1/namespaces/kube-system/daemonsets";
                    let (status, set) =
                        self.get(&format!("{path}/{}", owner["name"].as_str().unwrap())).await;
                    assert_eq!((status, &set["metadata"]["uid"]), (200, &owner["uid"]));
                }
                "ReplicaSet" => {
                    assert_eq!(self.evict(pod).await.0, 201);
                    assert_eq!(self.get(&path_of(pod)).await.0, 404);
                    assert_eq!(self.evict(pod).await.0, 404);
                    evicted += 1;
                }
                other => panic!("{other} keeps {pod}"),
            }
        }
        evicted
    }

    /// A pod without a controller.
    async fn run(&self, name: &str, spec: Value) -> Value {
        let mut spec = spec;
        spec["containers"] = json!([{"name": "main", "image": "registry.k8s.io/pause:3.10"}]);
        let body = json!({"metadata": {"name": name, "labels": {"app": "bare"}}, "spec": spec});
        let (status, pod) = self.post("/api/v1/namespaces/default/pods", body).await;
        assert_eq!((status, &pod["kind"]), (201, &json!("Pod")), "{pod}");
        // It is placed in a moment of its own.
        self.get(&path_of(&pod)).await.1
    }
}

fn path_of(pod: &Value) -> String {
    let text = |name: &str| pod["metadata"][name].as_str().unwrap().to_owned();
    format!("/api/v1/namespaces/{}/pods/{}", text("namespace"), text("name"))
}

fn names(pods: &[Value]) -> Vec<&str> {
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap()).collect()
}

/// What a client that drains goes by.
fn controller(pod: &Value) -> &str {
    pod["metadata"]["ownerReferences"][0]["kind"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn a_drain_as_kubectl_does_it() {
    let kubernetes = Kubernetes::start(1, 1).await;
    let (control_plane, worker) = (&kubernetes.cluster.control_planes()[0], &kubernetes.cluster.workers()[0]);
    for path in ["/api", "/apis", "/api/v1", "/apis/apps/v1", "/apis/policy/v1"] {
        assert_eq!(kubernetes.get(path).await.0, 200, "{path}");
    }
    let (_, core) = kubernetes.get("/api/v1").await;
    let resources = core["resources"].as_array().unwrap();
    let eviction = resources.iter().find(|resource| resource["name"] == "pods/eviction").unwrap();
    assert_eq!(
        (&eviction["group"], &eviction["version"], &eviction["kind"]),
        (&json!("policy"), &json!("v1"), &json!("Eviction"))
    );

    // Where CoreDNS is depends on which node came first.
    kubernetes.drain(worker).await;
    kubernetes.cordon(worker, false).await;
    assert_eq!(kubernetes.drain(control_plane).await, 2, "all of CoreDNS was there");
    let left = kubernetes.pods_on(&control_plane.hostname()).await;
    assert!(left.iter().all(|pod| matches!(controller(pod), "Node" | "DaemonSet")));
    let moved = kubernetes.pods_on(&worker.hostname()).await;
    assert_eq!(moved.iter().filter(|pod| controller(pod) == "ReplicaSet").count(), 2, "{:?}", names(&moved));

    // With the other node gone too, what is evicted waits until one takes pods again.
    kubernetes.cordon(worker, true).await;
    let replica = moved.iter().find(|pod| controller(pod) == "ReplicaSet").unwrap();
    assert_eq!(kubernetes.evict(replica).await.0, 201);
    let waiting = kubernetes.pods_on("").await;
    assert_eq!((waiting.len(), &waiting[0]["status"]["phase"]), (1, &json!("Pending")));
    kubernetes.cordon(control_plane, false).await;
    assert!(kubernetes.pods_on("").await.is_empty());
    assert_eq!(kubernetes.get(&path_of(&waiting[0])).await.1["spec"]["nodeName"], *control_plane.hostname());
}

#[tokio::test]
async fn what_keeps_a_pod_makes_another_one() {
    let kubernetes = Kubernetes::start(1, 0).await;
    let node = &kubernetes.cluster.control_planes()[0];
    let pods = kubernetes.pods_on(&node.hostname()).await;
    for kind in ["Node", "DaemonSet"] {
        let pod = pods.iter().find(|pod| controller(pod) == kind).unwrap();
        let (status, gone) = kubernetes.ask("DELETE", &path_of(pod), "application/json", json!({})).await;
        assert_eq!((status, &gone["metadata"]["uid"]), (200, &pod["metadata"]["uid"]));
        let again = kubernetes.pods_on(&node.hostname()).await;
        assert_eq!(again.len(), pods.len(), "another one is there");
        assert!(
            again.iter().all(|other| other["metadata"]["uid"] != pod["metadata"]["uid"]),
            "with another uid"
        );
        // A static pod keeps its name, and is the same one for the kubelet.
        let same = again.iter().find(|other| other["metadata"]["name"] == pod["metadata"]["name"]);
        assert_eq!(
            same.map(|same| same["metadata"]["annotations"] == pod["metadata"]["annotations"]),
            (kind == "Node").then_some(true)
        );
    }
    let pod = kubernetes.pods_on(&node.hostname()).await.pop().unwrap();
    let other = json!({"preconditions": {"uid": "another"}});
    assert_eq!(kubernetes.ask("DELETE", &path_of(&pod), "application/json", other).await.0, 409);
    let dry = json!({"dryRun": ["All"]});
    assert_eq!(kubernetes.ask("DELETE", &path_of(&pod), "application/json", dry).await.0, 200);
    assert_eq!(kubernetes.get(&path_of(&pod)).await.0, 200);
}

#[tokio::test]
async fn disruption_budgets_hold_evictions_up() {
    let kubernetes = Kubernetes::start(1, 0).await;
    let control_plane = &kubernetes.cluster.control_planes()[0];
    let budgets = "/apis/policy/v1/namespaces/kube-system/poddisruptionbudgets";
    let budget = json!({"metadata": {"name": "dns"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"k8s-app": "kube-dns"}}}});
    let (status, made) = kubernetes.post(budgets, budget.clone()).await;
    assert_eq!(
        (status, &made["status"]["currentHealthy"], &made["status"]["disruptionsAllowed"]),
        (201, &json!(2), &json!(0))
    );
    assert_eq!(kubernetes.post(budgets, budget.clone()).await.0, 409);

    let (_, list) = kubernetes.get("/api/v1/pods?labelSelector=k8s-app%20in%20%28kube-dns%29").await;
    let pods = list["items"].as_array().unwrap();
    assert_eq!(pods.len(), 2);
    let (status, refused) = kubernetes.evict(&pods[0]).await;
    assert_eq!((status, &refused["reason"]), (429, &json!("TooManyRequests")));
    assert_eq!(refused["details"]["causes"][0]["reason"], "DisruptionBudget");
    // A budget is about evictions; who deletes a pod is not asked.
    assert_eq!(kubernetes.ask("DELETE", &path_of(&pods[0]), "", Value::Null).await.0, 200);

    assert_eq!(kubernetes.ask("DELETE", &format!("{budgets}/dns"), "", Value::Null).await.0, 200);
    let mut loose = budget;
    loose["spec"]["minAvailable"] = json!("50%");
    assert_eq!(kubernetes.post(budgets, loose).await.0, 201);
    kubernetes.cordon(control_plane, true).await;
    let (_, list) = kubernetes.get("/api/v1/pods?labelSelector=k8s-app=kube-dns").await;
    let pods = list["items"].as_array().unwrap();
    assert_eq!(kubernetes.evict(&pods[0]).await.0, 201);
    assert_eq!(kubernetes.evict(&pods[1]).await.0, 429, "the other one has nowhere to go");
}

#[tokio::test]
async fn pods_without_a_controller_are_gone_for_good() {
    let kubernetes = Kubernetes::start(1, 2).await;
    let workers = kubernetes.cluster.workers();
    let (first, second) = (&workers[0], &workers[1]);
    // Control planes are not for everybody, and the scheduler spreads.
    let one = kubernetes.run("one", json!({})).await;
    let two = kubernetes.run("two", json!({"volumes": [{"name": "scratch", "emptyDir": {}}]})).await;
    let on = |pod: &Value| pod["spec"]["nodeName"].as_str().unwrap().to_owned();
    let mut nodes = [on(&one), on(&two)];
    nodes.sort();
    assert_eq!(nodes, [first.hostname(), second.hostname()]);
    assert!(two["spec"]["volumes"][0]["emptyDir"].is_object(), "what kubectl drain looks for");
    assert_eq!(controller(&one), "none");
    let named =
        kubernetes.run("named", json!({"nodeName": kubernetes.cluster.control_planes()[0].hostname()})).await;
    assert_eq!(on(&named), kubernetes.cluster.control_planes()[0].hostname());
    let nowhere = kubernetes.run("nowhere", json!({"nodeSelector": {"disk": "fast"}})).await;
    assert_eq!(nowhere["status"]["phase"], "Pending");

    // A label that a user gives the node lets the pod run there, and outlives a reboot of the machine.
    let path = format!("/api/v1/nodes/{}", second.hostname());
    let (status, node) =
        kubernetes.ask("PATCH", &path, MERGE, json!({"metadata": {"labels": {"disk": "fast"}}})).await;
    assert_eq!((status, &node["metadata"]["labels"]["disk"]), (200, &json!("fast")));
    assert_eq!(on(&kubernetes.get(&path_of(&nowhere)).await.1), second.hostname());

    assert_eq!(kubernetes.evict(&one).await.0, 201);
    let (_, list) = kubernetes.get("/api/v1/namespaces/default/pods").await;
    assert_eq!(names(list["items"].as_array().unwrap()), ["named", "nowhere", "two"]);

    // The machine runs what Kubernetes gives it.
    let request = ContainersRequest { namespace: "k8s.io".to_owned(), driver: ContainerDriver::Cri.into() };
    let running = kubernetes.machine(second).await.containers(request).await.unwrap().into_inner();
    let running = running.messages[0].containers.iter();
    assert!(running.map(|it| it.pod_id.as_str()).any(|id| id == "default/nowhere"));

    // Who takes the node away takes its pods with it, and the machine comes back as another node.
    let uid = kubernetes.get(&path).await.1["metadata"]["uid"].clone();
    assert_eq!(kubernetes.ask("DELETE", &path, "", Value::Null).await.0, 200);
    assert_eq!(kubernetes.get(&path).await.0, 404);
    assert_eq!(kubernetes.get(&path_of(&nowhere)).await.0, 404);
    assert!(kubernetes.pods_on(&second.hostname()).await.is_empty());
    second.restart();
    let again = eventually(|| async {
        let (status, node) = kubernetes.get(&path).await;
        (status == 200).then_some(node)
    })
    .await;
    assert_ne!(again["metadata"]["uid"], uid);
    assert_eq!(again["metadata"]["labels"]["disk"], Value::Null);
}

#[tokio::test]
async fn a_node_is_changed_as_far_as_it_is_a_users_to_change() {
    let kubernetes = Kubernetes::start(1, 1).await;
    let worker = &kubernetes.cluster.workers()[0];
    let path = format!("/api/v1/nodes/{}", worker.hostname());
    let taint = json!({"key": "dedicated", "value": "infra", "effect": "NoSchedule"});
    let (_, node) = kubernetes
        .patch(worker, json!({"spec": {"taints": [taint]}, "metadata": {"annotations": {"who": "me"}}}))
        .await;
    assert_eq!(
        (&node["spec"]["taints"], &node["metadata"]["annotations"]["who"]),
        (&json!([taint]), &json!("me"))
    );
    let pod = kubernetes.run("picky", json!({})).await;
    assert_eq!(pod["status"]["phase"], "Pending", "no node is without a taint");
    let tolerations = json!([{"key": "dedicated", "operator": "Equal", "value": "infra"}]);
    assert_eq!(
        kubernetes.run("modest", json!({"tolerations": tolerations})).await["spec"]["nodeName"],
        *worker.hostname()
    );

    // A client that cannot make a patch sends the whole node, as it was.
    let mut wanted = kubernetes.get(&path).await.1;
    wanted["spec"] = json!({"unschedulable": true});
    let (status, node) = kubernetes.ask("PUT", &path, "application/json", wanted.clone()).await;
    assert_eq!((status, &node["spec"]["unschedulable"]), (200, &json!(true)));
    assert_eq!(
        node["spec"]["taints"],
        json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}])
    );
    assert_eq!(kubernetes.ask("PUT", &path, "application/json", wanted).await.0, 409, "it was changed since");
    let before = kubernetes.get(&path).await.1;
    let dry = format!("{path}?dryRun=All");
    let (status, node) =
        kubernetes.ask("PATCH", &dry, STRATEGIC, json!({"spec": {"unschedulable": null}})).await;
    assert_eq!((status, &node["spec"]["unschedulable"]), (200, &Value::Null));
    assert_eq!(kubernetes.get(&path).await.1, before, "a dry run changes nothing");

    for (kind, body, code) in [
        (STRATEGIC, json!({"spec": {"podCIDR": "10.0.0.0/24"}}), 422),
        (STRATEGIC, json!({"metadata": {"labels": {"a": 1}}}), 422),
        (STRATEGIC, json!({"metadata": {"uid": "another"}}), 409),
        (STRATEGIC, json!([]), 400),
        ("application/json-patch+json", json!([]), 415),
        ("application/apply-patch+yaml", json!({}), 415),
    ] {
        assert_eq!(kubernetes.ask("PATCH", &path, kind, body.clone()).await.0, code, "{kind} {body}");
    }
    assert_eq!(kubernetes.ask("PATCH", "/api/v1/nodes/nobody", STRATEGIC, json!({})).await.0, 404);
    assert_eq!(kubernetes.post("/api/v1/nodes", json!({})).await.0, 405);
    assert_eq!(kubernetes.post("/api/v1/namespaces/none/pods", json!({})).await.0, 404);
    assert_eq!(kubernetes.get("/api/v1/pods?fieldSelector=spec.color%3Dred").await.0, 400);
    assert_eq!(kubernetes.get("/apis/apps/v1/deployments?watch=true").await.0, 405);
}

#[tokio::test]
async fn watches_tell_every_change_in_its_order() {
    let kubernetes = Kubernetes::start(1, 1).await;
    let worker = &kubernetes.cluster.workers()[0];
    let (_, list) = kubernetes.get("/api/v1/pods").await;
    let after = list["metadata"]["resourceVersion"].as_str().unwrap();
    // Some of it happens before anybody watches.
    let first = kubernetes.run("first", json!({})).await;
    kubernetes.evict(&first).await;
    let path =
        format!("/api/v1/pods?watch=true&resourceVersion={after}&fieldSelector=metadata.namespace%3Ddefault");
    let mut events = Events::new(kubernetes.send("GET", &path, &[], &Value::Null).await);
    let second = kubernetes.run("second", json!({})).await;
    assert_eq!(events.next().await, ("ADDED".to_owned(), "second".to_owned()), "what came and went is none");
    kubernetes.evict(&second).await;
    assert_eq!(events.next().await, ("DELETED".to_owned(), "second".to_owned()));

    let path = format!("/api/v1/nodes?watch=true&fieldSelector=metadata.name%3D{}", worker.hostname());
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")];
    let mut nodes = Events::new(kubernetes.send("GET", &path, &[], &Value::Null).await);
    let mut rows = Events::new(kubernetes.send("GET", &path, &table, &Value::Null).await);
    assert_eq!(nodes.next().await, ("ADDED".to_owned(), worker.hostname()));
    assert_eq!(rows.next().await, ("ADDED".to_owned(), worker.hostname()));
    kubernetes.cordon(worker, true).await;
    assert_eq!(nodes.next().await, ("MODIFIED".to_owned(), worker.hostname()));
    assert_eq!(rows.next().await, ("MODIFIED".to_owned(), worker.hostname()));
    let node = format!("/api/v1/nodes/{}", worker.hostname());
    kubernetes.ask("DELETE", &node, "", Value::Null).await;
    assert_eq!(nodes.next().await, ("DELETED".to_owned(), worker.hostname()));
    assert_eq!(kubernetes.get("/api/v1/pods?watch=true&sendInitialEvents=true").await.0, 422);
}

#[tokio::test]
async fn a_machine_takes_its_pods_away_before_it_goes_down() {
    let kubernetes = Kubernetes::start(1, 1).await;
    let worker = &kubernetes.cluster.workers()[0];
    let bare = kubernetes.run("bare", json!({})).await;
    assert_eq!(bare["spec"]["nodeName"], *worker.hostname());
    let mut machine = kubernetes.machine(worker).await;
    soon(machine.shutdown(ShutdownRequest::default())).await.unwrap();
    eventually(|| async { (kubernetes.get(&path_of(&bare)).await.0 == 404).then_some(()) }).await;
}

/// Events of a watch: their types, and the names of what they are about.
struct Events {
    body: tonic::body::Body,
    rest: Vec<u8>,
}

impl Events {
    fn new(response: http::Response<tonic::body::Body>) -> Self {
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), rest: Vec::new() }
    }

    async fn next(&mut self) -> (String, String) {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                let event: Value = serde_json::from_slice(&line).unwrap();
                let object =
                    if event["object"]["kind"] == "Table" { "/object/rows/0/object" } else { "/object" };
                let name = event.pointer(&format!("{object}/metadata/name")).unwrap();
                return (event["type"].as_str().unwrap().to_owned(), name.as_str().unwrap().to_owned());
            }
            let frame = soon(self.body.frame()).await.expect("the watch goes on").unwrap();
            self.rest.extend_from_slice(&frame.into_data().unwrap());
        }
    }
}
