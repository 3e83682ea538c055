//! Who may call what, as real machines answer it.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use talos_pki::Role;
use talos_sim::{Fault, FaultRule, SimulationOptions};
use tonic::codegen::Service;
use tonic::{Code, Status};

use crate::harness::{TestCluster, admin, channel, identity, secrets, tls};

/// The code of a call with an empty message.
async fn ask(address: Ipv4Addr, role: Role, path: &str) -> Code {
    status(address, role, path).await.code()
}

/// The status of a call with an empty message.
async fn status(address: Ipv4Addr, role: Role, path: &str) -> Status {
    let root = secrets().os_ca().unwrap().certificate;
    let mut channel = channel(address, tls(Some(&identity(&[role])), Some(&root))).await.unwrap();
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(Full::new(Bytes::from_static(&[0; 5]))))
        .unwrap();
    std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
    let response = channel.call(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let headers = parts.headers;
    let trailers = match headers.contains_key("grpc-status") {
        true => headers,
        false => {
            // A stream that goes on was allowed.
            let collected = tokio::time::timeout(std::time::Duration::from_millis(300), body.collect()).await;
            match collected {
                Ok(body) => body.unwrap().trailers().cloned().unwrap(),
                Err(_) => return Status::ok(""),
            }
        }
    };
    Status::from_header_map(&trailers).unwrap()
}

#[tokio::test]
async fn denied_comes_before_everything_else() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let address = cluster.control_planes[0].address();
    let denied = Code::PermissionDenied;
    // The codes for a reader, an operator and an administrator who send an empty message.
    for (path, codes) in [
        ("/machine.MachineService/Version", [Code::Ok; 3]),
        ("/machine.MachineService/Events", [Code::Ok; 3]),
        ("/machine.MachineService/EtcdMemberList", [Code::Ok; 3]),
        ("/machine.MachineService/Logs", [Code::InvalidArgument; 3]),
        ("/machine.MachineService/Read", [denied, denied, Code::NotFound]),
        ("/machine.MachineService/Kubeconfig", [denied, denied, Code::Ok]),
        ("/machine.MachineService/ServiceStart", [denied, Code::Unknown, Code::Unknown]),
        ("/machine.MachineService/ApplyConfiguration", [denied, denied, Code::InvalidArgument]),
        ("/machine.MachineService/Bootstrap", [denied, denied, Code::AlreadyExists]),
        ("/machine.MachineService/GenerateClientConfiguration", [denied, denied, Code::InvalidArgument]),
        ("/machine.MachineService/MetaWrite", [denied, denied, Code::Ok]),
        ("/cosi.resource.State/Create", [denied; 3]),
        ("/machine.LVMService/VolumeGroupRemove", [Code::Unimplemented; 3]),
        ("/machine.MachineService/Nosuch", [Code::Unimplemented; 3]),
    ] {
        for (role, code) in [Role::Reader, Role::Operator, Role::Admin].into_iter().zip(codes) {
            assert_eq!(ask(address, role, path).await, code, "{path} as {role}");
        }
    }
}

#[tokio::test]
async fn every_method_of_every_version_has_an_answer() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/facts/methods.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let paths = table.lines().skip(1).filter_map(|line| line.split('\t').next());
    let paths: Vec<_> =
        paths.filter(|path| !path.contains("SecurityService") && !path.contains("Signer")).collect();
    assert_eq!(paths.len(), 81);
    for version in ["v1.12.11", "v1.14.0-rc.1"] {
        let options = SimulationOptions::default().with_talos_version(version.parse().unwrap());
        // Nobody bootstraps it, so there is no etcd to leave.
        let cluster = TestCluster::new(options, 1, 0);
        let address = cluster.control_planes[0].address();
        drop(admin(address).await);
        for method in ["Reboot", "Reset", "Shutdown"] {
            cluster.simulation.faults().add(FaultRule::new(method, Fault::Lose));
        }
        for path in &paths {
            let status = status(address, Role::Admin, path).await;
            assert!(!status.message().contains("no answer"), "{path} in {version}: {status}");
        }
    }
}
