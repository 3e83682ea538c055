//! A cluster from user data to Ready nodes.

use std::io::Read;
use std::process::Command;

use talos_pki::Role;
use talos_proto::machine::{BootstrapRequest, EtcdMemberListRequest, ServiceInfo};
use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
use tonic::Code;

use crate::harness::{
    PATIENCE, TestCluster, admin, channel, configs, eventually, identity, secrets, server_identity, soon, tls,
};

async fn etcd_members(cluster: &TestCluster) -> usize {
    let mut client = admin(cluster.control_planes[0].address()).await;
    let reply = client.etcd_member_list(EtcdMemberListRequest::default()).await.unwrap().into_inner();
    reply.messages[0].members.len()
}

#[tokio::test]
async fn one_bootstrap_makes_a_cluster() {
    let cluster = TestCluster::new(SimulationOptions::default(), 3, 1);
    let mut client = admin(cluster.control_planes[0].address()).await;
    let early = client.etcd_member_list(EtcdMemberListRequest::default()).await.unwrap_err();
    assert_eq!(early.code(), Code::Unknown);
    cluster.bootstrap().await;
    let again = client.bootstrap(BootstrapRequest::default()).await.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(etcd_members(&cluster).await, 3);
    let mut worker = admin(cluster.workers[0].address()).await;
    let refused = worker.bootstrap(BootstrapRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    let acknowledged = cluster.simulation.calls().iter().filter(|call| call.method() == "Bootstrap").count();
    assert!(acknowledged >= 3, "{acknowledged} calls");

    let services =
        |list: &[ServiceInfo]| list.iter().map(|s| (s.id.clone(), s.state.clone())).collect::<Vec<_>>();
    let list = client.service_list(()).await.unwrap().into_inner();
    let running = services(&list.messages[0].services);
    for id in ["apid", "containerd", "cri", "etcd", "kubelet", "machined", "trustd", "udevd"] {
        assert!(running.contains(&(id.to_owned(), "Running".to_owned())), "{id}: {running:?}");
    }
    let list = worker.service_list(()).await.unwrap().into_inner();
    assert!(!services(&list.messages[0].services).iter().any(|(id, _)| id == "etcd" || id == "trustd"));
}

#[tokio::test]
async fn a_control_plane_waits_for_a_bootstrap() {
    let cluster = TestCluster::new(SimulationOptions::default(), 1, 0);
    let node = &cluster.control_planes[0];
    let mut client = admin(node.address()).await;
    eventually(|| {
        let mut client = client.clone();
        async move {
            let list = client.service_list(()).await.ok()?.into_inner();
            let etcd = list.messages[0].services.iter().find(|service| service.id == "etcd")?;
            (etcd.state == "Preparing").then_some(())
        }
    })
    .await;
    assert_eq!(node.stage(), Stage::Booting);
    client.bootstrap(BootstrapRequest::default()).await.unwrap();
    soon(node.wait_until_ready()).await;
}

#[tokio::test]
async fn gzip_user_data_is_a_configuration() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let address = simulation.reserved_address(5);
    let (control_plane, _) = configs(address, &[]);
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(control_plane.as_bytes(), flate2::Compression::best())
        .read_to_end(&mut packed)
        .unwrap();
    let options = NodeOptions::default().with_address(address).with_user_data(packed).with_installed(true);
    simulation.add_node(options).unwrap();
    admin(address).await.version(()).await.unwrap();
}

#[tokio::test]
async fn strangers_are_refused() {
    let cluster = TestCluster::new(SimulationOptions::default(), 1, 0);
    let address = cluster.control_planes[0].address();
    admin(address).await;
    let root = secrets().os_ca().unwrap().certificate;
    let kubernetes = secrets().kubernetes_ca().unwrap();
    let foreign =
        kubernetes.issue(&talos_pki::LeafOptions::client([Role::Admin]), &talos_pki::SystemClock).unwrap();
    for (who, identity) in
        [("nobody", None), ("another authority", Some(foreign)), ("a server", Some(server_identity()))]
    {
        let refused = async {
            let channel = channel(address, tls(identity.as_ref(), Some(&root))).await.ok()?;
            let mut client = talos_proto::machine::machine_service_client::MachineServiceClient::new(channel);
            client.version(()).await.ok()
        };
        assert!(soon(refused).await.is_none(), "{who} got an answer");
    }
    // And a client does not take the machine for one of another cluster.
    let wrong = tls(Some(&identity(&[Role::Admin])), Some(&kubernetes.certificate));
    assert!(channel(address, wrong).await.is_err());
}

#[tokio::test]
async fn the_kubeconfig_works() {
    let cluster = TestCluster::bootstrapped(1, 1).await;
    let address = cluster.control_planes[0].address();
    let mut client = admin(address).await;
    let mut stream = client.kubeconfig(()).await.unwrap().into_inner();
    let mut packed = Vec::new();
    while let Some(data) = stream.message().await.unwrap() {
        packed.extend_from_slice(&data.bytes);
    }
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut text = String::new();
    let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(entry.path().unwrap().to_str(), Some("kubeconfig"));
    entry.read_to_string(&mut text).unwrap();

    let folder = std::env::temp_dir().join(format!("talos-sim-kubeconfig-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let field = |name: &str| {
        use base64::Engine as _;
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().trim();
        base64::engine::general_purpose::STANDARD.decode(line).unwrap()
    };
    for (file, name) in [
        ("ca", "certificate-authority-data:"),
        ("crt", "client-certificate-data:"),
        ("key", "client-key-data:"),
    ] {
        std::fs::write(folder.join(file), field(name)).unwrap();
    }
    let ask = |path: &'static str, accept: &'static str, login: bool, until: Option<&'static str>| {
        let folder = folder.clone();
        async move {
            let ask =
                tokio::task::spawn_blocking(move || https(&folder, address, path, accept, login, until));
            tokio::time::timeout(PATIENCE, ask).await.unwrap().unwrap()
        }
    };
    let get = |path: &'static str, login: bool| ask(path, "application/json", login, None);
    assert!(get("/version", false).await.starts_with("HTTP/1.1 401"));
    let version = get("/version", true).await;
    assert!(
        version.starts_with("HTTP/1.1 200") && version.contains("\"gitVersion\":\"v1.30.4\""),
        "{version}"
    );
    assert!(get("/readyz", true).await.ends_with("ok"));
    let nodes = get("/api/v1/nodes", true).await;
    assert_eq!(nodes.matches("\"type\":\"Ready\",\"status\":\"True\"").count(), 2, "{nodes}");
    let table =
        ask("/api/v1/nodes?limit=500", "application/json;as=Table;v=v1;g=meta.k8s.io", true, None).await;
    assert!(table.contains("\"kind\":\"Table\"") && table.matches("\"Ready\"").count() == 2, "{table}");
    let pods = get("/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-0", true).await;
    assert!(
        pods.contains("kube-flannel-") && pods.contains("kube-proxy-") && !pods.contains("kube-apiserver"),
        "{pods}"
    );
    let dns = get("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns", true).await;
    assert_eq!(dns.matches("\"phase\":\"Running\"").count(), 2, "{dns}");
    let table =
        ask("/api/v1/pods?limit=500", "application/json;as=Table;v=v1;g=meta.k8s.io", true, None).await;
    assert!(table.contains("kube-apiserver-cp-0") && table.contains("1/1"), "{table}");
    let sets = get("/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy", true).await;
    assert!(sets.contains("\"numberReady\":2"), "{sets}");
    let watch = "/api/v1/nodes?watch=true&fieldSelector=metadata.name%3Dcp-0";
    let watched = ask(watch, "application/json", true, Some("\"ADDED\"")).await;
    assert!(watched.contains("\"ADDED\""), "{watched}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Asks with `openssl`, so that the certificates are judged by somebody else. The answer ends with the connection, or
/// with the text `until`.
fn https(
    folder: &std::path::Path,
    address: std::net::Ipv4Addr,
    path: &str,
    accept: &str,
    login: bool,
    until: Option<&str>,
) -> String {
    use std::io::Write;
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-verify_return_error", "-verify_ip", &address.to_string()]);
    command.args(["-alpn", "http/1.1", "-connect", &format!("{address}:6443")]);
    command.arg("-CAfile").arg(folder.join("ca"));
    if login {
        command.arg("-cert").arg(folder.join("crt")).arg("-key").arg(folder.join("key"));
    }
    let pipe = std::process::Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let head = "Host: kubernetes\r\nConnection: close";
    write!(input, "GET {path} HTTP/1.1\r\n{head}\r\nAccept: {accept}\r\n\r\n").unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let size = output.read(&mut piece).unwrap();
        answer.extend_from_slice(&piece[..size]);
        let seen = until.is_some_and(|until| String::from_utf8_lossy(&answer).contains(until));
        if size == 0 || seen {
            break;
        }
    }
    drop(input);
    child.kill().unwrap();
    child.wait().unwrap();
    String::from_utf8(answer).unwrap()
}
