//! The cloud around the machines.

use std::net::{IpAddr, Ipv4Addr};

use openstack_sim::{Boot, Machines};
use talos_sim::{CloudOptions, SimulatedCloud, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{admin, configs, eventually, soon};

const EMPTY: &str = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

/// One HTTP request: status and body.
async fn http(method: &str, url: &str, body: &str) -> (u16, Vec<u8>) {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}

#[tokio::test]
async fn the_factory_knows_schematics_and_makes_images() {
    let cloud = SimulatedCloud::start(CloudOptions::default().with_image_mebibytes(1)).await.unwrap();
    let url = cloud.factory_url();
    let (status, versions) = http("GET", &format!("{url}/versions"), "").await;
    assert_eq!(status, 200);
    assert!(String::from_utf8(versions).unwrap().contains("\"v1.9.4\""));
    let (status, id) = http("POST", &format!("{url}/schematics"), "customization: {}\n").await;
    assert_eq!(status, 201);
    assert_eq!(String::from_utf8(id).unwrap(), format!("{{\"id\":\"{EMPTY}\"}}"));
    let image = |schematic: &str, file: &str| format!("{url}/image/{schematic}/v1.9.4/{file}");
    assert_eq!(http("GET", &image("unknown", "openstack-amd64.raw.xz"), "").await.0, 404);
    assert_eq!(http("GET", &image(EMPTY, "metal-amd64.iso"), "").await.0, 404);
    let (status, raw) = http("GET", &image(EMPTY, "openstack-amd64.raw"), "").await;
    assert_eq!((status, raw.len()), (200, 1 << 20));
    let (_, packed) = http("GET", &image(EMPTY, "openstack-amd64.raw.gz"), "").await;
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).unwrap();
    assert!(unpacked == raw && packed.len() < raw.len() / 8);
    assert_eq!(cloud.factory_downloads().len(), 2);
}

#[tokio::test]
async fn servers_are_machines_behind_the_load_balancer() {
    let cloud = SimulatedCloud::start(CloudOptions::default()).await.unwrap();
    let balancer = cloud.load_balancer_address();
    let tenant = cloud.openstack().tenant_network();
    let addresses: Vec<Ipv4Addr> = (10..12).map(|n| tenant.nth(n).unwrap()).collect();
    let (config, _) = configs(balancer, &[balancer.to_string()]);
    let machines = cloud.simulation();
    for (index, address) in addresses.iter().enumerate() {
        let mut boot = Boot::new(format!("id-{index}"), format!("cp-{index}"))
            .with_addresses([IpAddr::V4(*address)])
            .with_user_data(config.clone());
        boot.image_properties.insert(talos_sim::TALOS_VERSION_PROPERTY.into(), "v1.12.11".into());
        machines.boot(boot).await.unwrap();
    }
    assert_eq!(machines.node("cp-0").unwrap().talos_version().tag(), "v1.12.11");
    let refused = machines.boot(Boot::new("x", "x").with_addresses(["10.0.0.1".parse().unwrap()])).await;
    assert!(refused.is_err());

    let server = |n: usize, port: u16| format!("    server cp-{n} {}:{port} check\n", addresses[n]);
    let haproxy = format!(
        "frontend talos\n    bind [::]:50000 v4v6\n    default_backend talos\nbackend talos\n{}{}",
        server(0, 50_000),
        server(1, 50_000)
    );
    let url = cloud.load_balancer_config_url();
    assert_eq!(http("PUT", &url, "frontend x\n    bind nowhere\n").await.0, 400);
    assert_eq!(http("PUT", &url, &haproxy).await.0, 200);
    assert_eq!(http("GET", &url, "").await.1, haproxy.as_bytes());

    for address in &addresses {
        admin(*address).await.version(()).await.unwrap();
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let mut client = admin(balancer).await;
        let reply = client.hostname(()).await.unwrap().into_inner();
        seen.insert(reply.messages[0].hostname.clone());
    }
    assert_eq!(seen.len(), 2, "connections go around");
    machines.delete("id-0").await;
    for _ in 0..3 {
        let reply = admin(balancer).await.hostname(()).await.unwrap().into_inner();
        assert_eq!(reply.messages[0].hostname, "cp-1", "a dead backend is left out");
    }
    assert!(machines.console("id-1").contains("booting Talos v1.12.11"));
    machines.reboot("id-1").await;
    eventually(|| async { (machines.node("cp-1")?.boots() == 1).then_some(()) }).await;
    assert_ne!(machines.node("cp-1").unwrap().stage(), Stage::Maintenance);
}

#[tokio::test]
async fn clouds_yaml_is_private() {
    let cloud = SimulatedCloud::start(CloudOptions::default()).await.unwrap();
    let folder = std::env::temp_dir().join(format!("talos-sim-clouds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = cloud.write_clouds_yaml(&folder).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for part in [cloud.factory_url(), cloud.load_balancer_config_url(), cloud.openstack().auth_url()] {
        assert!(text.contains(&part), "{part}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
