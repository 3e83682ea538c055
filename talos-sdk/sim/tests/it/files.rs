//! The file tree, read in every way.

use std::collections::BTreeMap;
use std::io::Read;

use talos_proto::machine::list_request::Type;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_proto::machine::*;
use talos_sim::{NodeOptions, Simulation, SimulationOptions};
use tonic::Code;
use tonic::transport::Channel;

use crate::harness::{TestCluster, admin, all, configs};

type Client = MachineServiceClient<Channel>;

async fn list(client: &mut Client, request: ListRequest) -> Vec<FileInfo> {
    all(client.list(request).await.unwrap().into_inner()).await.unwrap()
}

async fn read(client: &mut Client, path: &str) -> Result<Vec<u8>, Code> {
    let stream = client.read(ReadRequest { path: path.to_owned() }).await.map_err(|status| status.code())?;
    let pieces = all(stream.into_inner()).await.map_err(|status| status.code())?;
    Ok(pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect())
}

#[tokio::test]
async fn files_agree_whichever_way_they_are_read() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let mut client = admin(node.address()).await;
    let release = String::from_utf8(read(&mut client, "/etc/os-release").await.unwrap()).unwrap();
    assert!(release.contains(&format!("VERSION_ID={}", node.talos_version())));
    let boot = read(&mut client, "/proc/sys/kernel/random/boot_id").await.unwrap();
    assert_eq!(String::from_utf8(boot).unwrap().trim(), node.boot_id().unwrap());
    for (path, code) in [
        ("/nosuch", Code::NotFound),
        ("/etc", Code::Unknown),
        ("", Code::NotFound),
        ("/dev/vda", Code::Unknown),
    ] {
        assert_eq!(read(&mut client, path).await.unwrap_err(), code, "{path:?}");
    }
    // Through a link in the way, and one at the end.
    assert!(read(&mut client, "/var/run/../etc/hostname").await.is_ok());
    assert!(read(&mut client, "/proc/mounts").await.is_ok());

    let request = |root: &str| ListRequest { root: root.to_owned(), ..ListRequest::default() };
    let missing = client.list(request("/nosuch")).await;
    assert_eq!(missing.unwrap_err().code(), Code::Unknown);
    let etc = list(&mut client, request("etc/")).await;
    assert_eq!((etc[0].name.as_str(), etc[0].relative_name.as_str(), etc[0].is_dir), ("/etc", ".", true));
    assert!(etc.iter().all(|file| !file.relative_name.contains('/')));
    let link = etc.iter().find(|file| file.name == "/etc/localtime").unwrap();
    assert_eq!((link.link.as_str(), link.mode & 1 << 27), ("/usr/share/zoneinfo/UTC", 1 << 27));
    let whole = list(&mut client, ListRequest { recurse: true, ..request("/etc") }).await;
    assert!(whole.len() > etc.len());
    let one = list(&mut client, ListRequest { recurse: true, recursion_depth: 1, ..request("/etc") }).await;
    assert!(etc.len() <= one.len() && one.len() <= whole.len());
    let types = vec![Type::Directory.into()];
    let directories = list(&mut client, ListRequest { recurse: true, types, ..request("/etc") }).await;
    assert_eq!(directories.len(), whole.iter().filter(|file| file.is_dir).count());
    let labelled = list(&mut client, ListRequest { report_xattrs: true, ..request("/etc/hostname") }).await;
    assert_eq!((labelled[0].relative_name.as_str(), labelled[0].xattrs.len()), ("hostname", 1));

    let copied = client.copy(CopyRequest { root_path: "/etc".into() }).await.unwrap().into_inner();
    let packed: Vec<u8> = all(copied).await.unwrap().iter().flat_map(|piece| piece.bytes.to_vec()).collect();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut sizes = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        let name = entry.path().unwrap().to_string_lossy().trim_end_matches('/').to_owned();
        assert!(sizes.insert(name, data).is_none());
    }
    assert_eq!(sizes.len() + 1, whole.len(), "all but the directory itself");
    assert_eq!(sizes["os-release"], release.as_bytes());
    let relative = client.copy(CopyRequest { root_path: "etc".into() }).await;
    assert_eq!(relative.unwrap_err().code(), Code::Unknown);

    let usage = DiskUsageRequest { paths: vec!["/etc".into(), "/var".into()], ..Default::default() };
    let usage = all(client.disk_usage(usage).await.unwrap().into_inner()).await.unwrap();
    let total: i64 = whole.iter().map(|file| file.size).sum();
    assert_eq!((usage.last().unwrap().name.as_str(), usage.last().unwrap().size), ("/etc", total));
    assert_eq!(usage.len(), directories.len(), "only directories, and only of the first path");
    let missing = DiskUsageRequest { paths: vec!["/nosuch".into()], ..Default::default() };
    let missing = all(client.disk_usage(missing).await.unwrap().into_inner()).await.unwrap();
    assert!(missing.len() == 1 && !missing[0].error.is_empty());
}

#[tokio::test]
async fn a_machine_has_the_files_that_it_is_given() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let (control_plane, _) = configs(simulation.reserved_address(2), &[]);
    let big = vec![7_u8; 3 << 20];
    let options = NodeOptions::default()
        .with_installed(true)
        .with_user_data(control_plane)
        .with_file("/var/log/app/big", big.clone())
        .with_file("/etc/hostname", "other\n");
    let node = simulation.add_node(options).unwrap();
    let mut client = admin(node.address()).await;
    assert!(read(&mut client, "/var/log/app/big").await.unwrap() == big);
    assert_eq!(read(&mut client, "/etc/hostname").await.unwrap(), b"other\n");
}
