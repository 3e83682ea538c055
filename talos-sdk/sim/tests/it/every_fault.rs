//! Every fault strikes at every method.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use talos_sim::{Clock, Fault, FaultRule, Role, SimulationOptions, TokioClock};
use tonic::codegen::Service;
use tonic::{Code, Status};

use crate::harness::{TestCluster, admin, authenticated, soon};

/// An hour passes at once, and is counted.
struct Hours(TokioClock, AtomicUsize);

const HOUR: Duration = Duration::from_secs(3600);

impl talos_pki::Clock for Hours {
    fn now(&self) -> SystemTime {
        talos_pki::Clock::now(&self.0)
    }
}

impl Clock for Hours {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration == HOUR {
            self.1.fetch_add(1, Ordering::Relaxed);
            return Box::pin(std::future::ready(()));
        }
        self.0.sleep(duration)
    }
}

/// The status of a call with an empty message, or nothing if the connection ended before one came.
async fn call(address: Ipv4Addr, path: &str, timeout: &str) -> Option<Status> {
    let mut channel = authenticated(address, &[Role::Admin]).await;
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .body(tonic::body::Body::new(Full::new(Bytes::from_static(&[0; 5]))))
        .unwrap();
    std::future::poll_fn(|context| channel.poll_ready(context)).await.ok()?;
    let (parts, body) = soon(channel.call(request)).await.ok()?.into_parts();
    let trailers = soon(body.collect()).await.ok()?.trailers().cloned();
    Status::from_header_map(&trailers.unwrap_or(parts.headers))
}

/// Strikes with everything at every method of a version that `wanted` names.
async fn strike(version: &str, wanted: impl Fn(&str) -> bool) -> usize {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/facts/methods.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let clock = Arc::new(Hours(TokioClock::default(), AtomicUsize::new(0)));
    let options =
        SimulationOptions::default().with_talos_version(version.parse().unwrap()).with_clock(clock.clone());
    // Nobody bootstraps it, so there is no etcd to leave.
    let cluster = TestCluster::new(options, 1, 0);
    let address = cluster.control_planes[0].address();
    drop(admin(address).await);
    let faults = cluster.simulation.faults();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (path, streams) = (columns[0], columns[4] == "true");
        if path.contains("SecurityService") || path.contains("Signer") || !wanted(path) {
            continue;
        }
        count += 1;
        let add = |fault| faults.add(FaultRule::new(path, fault).on_node(address));
        // What would take the machine away is only acknowledged.
        let name = path.rsplit('/').next().unwrap();
        let lose = ["Bootstrap", "Reboot", "Reset", "Shutdown"].contains(&name);
        let code = |status: Option<Status>| status.map(|status| status.code());
        // A rule for another machine is not used up here.
        faults.add(FaultRule::new(path, Fault::Fail(Code::DataLoss)).on_node(Ipv4Addr::LOCALHOST));

        add(Fault::Fail(Code::Aborted));
        assert_eq!(code(call(address, path, "9S").await), Some(Code::Aborted), "{path}");
        add(Fault::Hang);
        // The caller may give up before it hears that its time is over, and even before the machine hears of the call.
        while faults.pending() > 1 {
            let late = code(call(address, path, "50m").await);
            // On a busy computer, what hangs may be a call that its caller has given up before.
            let hung = matches!(late, None | Some(Code::DeadlineExceeded)) || faults.pending() == 1;
            assert!(hung, "{path}: {late:?}");
        }
        add(Fault::DropConnection);
        assert_eq!(code(call(address, path, "9S").await), None, "{path}");
        // Delayed, and failed then, so that nothing but the delay happens.
        let lost = |lose| {
            lose && {
                faults.add(FaultRule::new(path, Fault::Lose));
                true
            }
        };
        lost(lose);
        add(Fault::Delay(HOUR));
        let hours = clock.1.load(Ordering::Relaxed);
        call(address, path, "2S").await;
        assert_eq!(clock.1.load(Ordering::Relaxed), hours + 1, "{path}");
        // These have no end that could fail.
        if !["Events", "HealthCheck"].contains(&name) {
            lost(lose);
            add(Fault::FailAfter(Code::DataLoss));
            assert_eq!(code(call(address, path, "9S").await), Some(Code::DataLoss), "{path}");
            lost(lose);
            add(Fault::DropConnectionAfter);
            assert_eq!(code(call(address, path, "9S").await), None, "{path}");
        }
        if streams {
            add(Fault::CutAfter(0));
            let end = code(call(address, path, "2S").await);
            assert!(end != Some(Code::Ok) || faults.pending() == 1, "{path}: {end:?}");
        }
        assert_eq!(faults.pending(), 1, "{path}");
        faults.clear();
    }
    assert_eq!(cluster.control_planes[0].boots(), 1);
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_strikes_at_every_method() {
    let early = "/machine.MachineService/GenerateConfiguration";
    assert_eq!(strike("v1.14.0-rc.1", |path| path != early).await, 80);
    assert_eq!(strike("v1.12.11", |path| path == early).await, 1);
}
