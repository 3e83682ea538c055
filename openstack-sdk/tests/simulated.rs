//! The client against the simulated OpenStack, with what can go wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use openstack_sdk::compute::{GroupPolicy, NewServer, ServerQuery, ServerStatus};
use openstack_sdk::image::{ImageStatus, NewImage, SourceFuture, UploadBody, UploadOptions, UploadSource};
use openstack_sdk::network::{Filter, NewPort};
use openstack_sdk::{Cloud, CloudConfig, CloudOptions, ErrorKind, RetryPolicy, ServiceType};
use openstack_sim::{Effect, Fault, OpenStackSim, Options, Quota, Service};

const SOON: Duration = Duration::from_secs(60);

async fn start(options: Options) -> (OpenStackSim, Cloud) {
    let sim = OpenStackSim::start(options).await.unwrap();
    let cloud = connect(&sim).await;
    (sim, cloud)
}

/// Pauses are short here, so that no test waits for long.
async fn connect(sim: &OpenStackSim) -> Cloud {
    let config = CloudConfig::from_yaml(&sim.clouds_yaml(), "sim").unwrap();
    let retry = RetryPolicy::default().with_pauses(Duration::from_millis(1), Duration::from_millis(20));
    Cloud::connect_with(config, CloudOptions::default().with_retry(retry)).await.unwrap()
}

/// The calls that a part of the path fits, as `METHOD status`.
fn calls(sim: &OpenStackSim, path: &str) -> Vec<String> {
    let status = |status: Option<u16>| status.map_or("cut".to_owned(), |status| status.to_string());
    let calls = sim.calls().into_iter().filter(|call| call.path.ends_with(path));
    calls.map(|call| format!("{} {}", call.method, status(call.status))).collect()
}

/// Counts how often it was opened, and can fail in its course.
struct Counted {
    bytes: Bytes,
    opened: AtomicU32,
    fails: bool,
}

impl Counted {
    fn new(length: usize) -> Counted {
        let bytes = (0..length).map(|at| (at % 251) as u8).collect();
        Counted { bytes, opened: AtomicU32::new(0), fails: false }
    }

    fn opened(&self) -> u32 {
        self.opened.load(Ordering::SeqCst)
    }
}

impl UploadSource for Counted {
    fn open(&self) -> SourceFuture<'_> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        if !self.fails {
            return self.bytes.open();
        }
        let pieces = [Ok(self.bytes.clone()), Err("the download broke".into())];
        Box::pin(async move { Ok(UploadBody::new(stream::iter(pieces))) })
    }
}

async fn queued(cloud: &Cloud) -> String {
    cloud.image().create_image(&NewImage::new("image")).await.unwrap().id
}

#[tokio::test]
async fn a_token_that_ends_in_mid_run_is_renewed_once_for_all() {
    let (sim, cloud) = start(Options::default()).await;
    sim.expire_tokens();
    let compute = cloud.compute();
    let many = (0..20).map(|_| compute.flavors());
    let outcomes = futures_util::future::join_all(many).await;
    assert!(outcomes.iter().all(|flavors| flavors.as_ref().is_ok_and(|flavors| flavors.len() == 3)));
    assert_eq!(calls(&sim, "/auth/tokens"), ["POST 201", "POST 201"]);
}

#[tokio::test]
async fn a_token_that_is_refused_again_is_an_error() {
    let (sim, cloud) = start(Options::default()).await;
    sim.faults().add(Fault::new(Effect::Unauthorized).on(Service::Compute).times(2));
    let error = cloud.compute().flavors().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert!(error.request_id().is_some());
    assert_eq!(calls(&sim, "/flavors/detail"), ["GET 401", "GET 401"]);
    cloud.compute().flavors().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_shown() {
    let sim = OpenStackSim::start(Options::default().with_user("me", "right-word")).await.unwrap();
    let yaml = sim.clouds_yaml().replace("right-word", "wrong-word");
    let error = Cloud::connect(CloudConfig::from_yaml(&yaml, "sim").unwrap()).await.unwrap_err();
    assert!(error.is_unauthorized());
    let text = format!("{error} {error:?}");
    assert!(text.contains("cloud `sim`") && !text.contains("wrong-word"), "{text}");
    assert_eq!(calls(&sim, "/auth/tokens"), ["POST 401"], "asking again could lock the account");
}

#[tokio::test]
async fn rate_limits_and_absences_are_waited_out() {
    let (sim, cloud) = start(Options::default()).await;
    sim.faults().add(Fault::new(Effect::TooManyRequests { retry_after: 0 }).path("/ports").times(2));
    sim.faults().add(Fault::new(Effect::Unavailable { retry_after: None }).path("/ports"));
    cloud.network().ports(&Filter::new()).await.unwrap();
    assert_eq!(calls(&sim, "/ports"), ["GET 429", "GET 429", "GET 503", "GET 200"]);
}

#[tokio::test]
async fn the_deadline_ends_the_waiting() {
    let (sim, cloud) = start(Options::default()).await;
    sim.faults().add(Fault::new(Effect::TooManyRequests { retry_after: 3600 }).path("/ports"));
    let hurried = cloud.with_deadline(Duration::from_secs(30));
    let error = hurried.network().ports(&Filter::new()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::TooManyRequests);
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));

    sim.faults().add(Fault::new(Effect::Hang).path("/ports"));
    let hurried = cloud.with_deadline(Duration::from_millis(50));
    let error = hurried.network().ports(&Filter::new()).await.unwrap_err();
    assert!(error.is_deadline(), "{error}");
}

#[tokio::test]
async fn a_creation_whose_reply_is_lost_is_not_repeated() {
    let (sim, cloud) = start(Options::default()).await;
    sim.faults().add(Fault::new(Effect::LoseReply).path("/servers").method("POST"));
    let server = NewServer::new("one", "m1.small").with_image(ready_image(&cloud).await);
    let error = cloud.compute().create_server(&server).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Interrupted, "{error}");
    let found = cloud.compute().servers(&ServerQuery::new().with_name("one")).await.unwrap();
    assert_eq!(found.len(), 1, "it was made, and made once");

    sim.faults().add(Fault::new(Effect::LoseReply).path("/flavors/detail"));
    cloud.compute().flavors().await.expect("reading is repeated");
}

async fn ready_image(cloud: &Cloud) -> String {
    let id = queued(cloud).await;
    let source = Bytes::from_static(b"a disk");
    cloud.image().upload(&id, &source, UploadOptions::default(), SOON).await.unwrap().image.id
}

#[tokio::test]
async fn an_upload_starts_over_after_a_refused_token_and_a_cut() {
    let (sim, cloud) = start(Options::default()).await;
    let id = queued(&cloud).await;
    sim.faults().add(Fault::new(Effect::Unauthorized).path("/file"));
    sim.faults().add(Fault::new(Effect::CutUpload { bytes: 1_000_000 }).path("/file"));
    let source = Counted::new(3_000_000);
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let options = UploadOptions::default().with_progress(move |now| listener.lock().unwrap().push(now));
    let uploaded = cloud.image().upload(&id, &source, options, SOON).await.unwrap();
    assert_eq!(uploaded.bytes, 3_000_000);
    assert_eq!(uploaded.image.status, ImageStatus::Active);
    assert_eq!(uploaded.image.hash, uploaded.sha512);
    assert_eq!(source.opened(), 3);
    let last = *told.lock().unwrap().last().unwrap();
    assert_eq!((last.sent, last.total, last.attempt), (3_000_000, Some(3_000_000), 3));
    assert_eq!(sim.images()[0].sha512, uploaded.sha512);
}

#[tokio::test]
async fn an_upload_whose_reply_is_lost_is_not_sent_twice() {
    let (sim, cloud) = start(Options::default()).await;
    let id = queued(&cloud).await;
    sim.faults().add(Fault::new(Effect::LoseReply).path("/file"));
    let source = Counted::new(100_000);
    let uploaded = cloud.image().upload(&id, &source, UploadOptions::default(), SOON).await.unwrap();
    assert_eq!((uploaded.bytes, source.opened()), (100_000, 1));
}

#[tokio::test]
async fn a_failing_source_is_the_reason_and_leaves_the_image_queued() {
    let (sim, cloud) = start(Options::default()).await;
    let id = queued(&cloud).await;
    let source = Counted { fails: true, ..Counted::new(100_000) };
    let error = cloud.image().upload(&id, &source, UploadOptions::default(), SOON).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Source, "{error}");
    assert!(error.to_string().contains("the download broke"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    let good = Counted::new(100_000);
    // The simulator, as Glance, needs a moment to see that the connection has gone.
    let image = async || cloud.image().image(&id).await.unwrap().status;
    while image().await != ImageStatus::Queued {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cloud.image().upload(&id, &good, UploadOptions::default(), SOON).await.unwrap();
    assert_eq!(sim.images()[0].size, Some(100_000));
}

#[tokio::test]
async fn a_source_keeps_its_promise() {
    struct Liar(u64);
    impl UploadSource for Liar {
        fn open(&self) -> SourceFuture<'_> {
            let pieces =
                stream::iter([Ok(Bytes::from_static(b"ten bytes.")), Ok(Bytes::from_static(b"more"))]);
            Box::pin(async move { Ok(UploadBody::new(pieces).with_size(self.0)) })
        }
    }
    let (_sim, cloud) = start(Options::default()).await;
    for (promised, expected) in [(12, "more than the 12 bytes"), (20, "ended after 14 of the 20 bytes")] {
        let id = queued(&cloud).await;
        let source = Liar(promised);
        let error = cloud.image().upload(&id, &source, UploadOptions::default(), SOON).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Source, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn an_image_with_bytes_takes_no_more() {
    let (_sim, cloud) = start(Options::default()).await;
    let id = ready_image(&cloud).await;
    let source = Counted::new(10);
    let error = cloud.image().upload(&id, &source, UploadOptions::default(), SOON).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(source.opened(), 0);
}

#[tokio::test]
async fn the_fault_of_a_server_is_in_the_error() {
    let (sim, cloud) = start(Options::default()).await;
    let text = "No valid host was found.";
    sim.faults().add(Fault::new(Effect::ServerError { text: text.into() }));
    let server = NewServer::new("one", "m1.small").with_image(ready_image(&cloud).await);
    let id = cloud.compute().create_server(&server).await.unwrap();
    let error = cloud.compute().wait_for_server(&id, &ServerStatus::Active, SOON).await.unwrap_err();
    let ErrorKind::ServerFault { message, .. } = error.kind() else { unreachable!("{error:?}") };
    assert_eq!(message, text);
    assert!(error.to_string().contains("one") && error.to_string().contains(text), "{error}");
    cloud.compute().delete_server(&id).await.unwrap();
    cloud.compute().wait_for_server_deleted(&id, SOON).await.unwrap();
}

#[tokio::test]
async fn a_quota_is_told_apart() {
    let mut quota = Quota::default();
    quota.instances = 0;
    quota.ports = 0;
    quota.server_groups = 0;
    let (_sim, cloud) = start(Options::default().with_quota(quota)).await;
    let image = ready_image(&cloud).await;
    let compute = cloud.compute();
    let server = compute.create_server(&NewServer::new("one", "m1.small").with_image(image)).await;
    assert!(server.unwrap_err().is_quota_exceeded());
    let group = compute.create_server_group("g", &GroupPolicy::SoftAntiAffinity).await;
    assert!(group.unwrap_err().is_quota_exceeded());
    let network = cloud.network().find_network("internal").await.unwrap();
    let port = cloud.network().create_port(&NewPort::new("p", &network.id)).await;
    assert!(port.unwrap_err().is_quota_exceeded());
    assert!(!compute.limits().await.unwrap().instances.has_room_for(1));
    assert!(!cloud.network().quotas().await.unwrap().port.has_room_for(1));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (_sim, cloud) = start(Options::default()).await;
    let nothing = "00000000-0000-0000-0000-000000000000";
    assert!(cloud.image().image(nothing).await.unwrap_err().is_not_found());
    assert!(cloud.image().find_image("none").await.unwrap_err().is_not_found());
    assert!(cloud.compute().server(nothing).await.unwrap_err().is_not_found());
    assert!(cloud.compute().delete_server(nothing).await.unwrap_err().is_not_found());
    assert!(cloud.network().port(nothing).await.unwrap_err().is_not_found());
    assert!(cloud.network().find_network("none").await.unwrap_err().is_not_found());
    let error = cloud.compute().find_flavor("none").await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("m1.small"), "{error}");
    let odd = cloud.endpoint(&ServiceType::new("dns")).await.unwrap_err();
    assert!(odd.to_string().contains("dns_endpoint_override"), "{odd}");
}

#[tokio::test]
async fn nobody_there_is_a_connection_error() {
    let (sim, cloud) = start(Options::default()).await;
    drop(sim);
    let error = cloud.compute().flavors().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Interrupted), "{error:?}");
    assert!(error.is_retryable());
}

#[test]
fn futures_can_move_between_threads() {
    fn check<T: Send>(_: impl FnOnce(Cloud) -> T) {}
    check(|cloud| async move { cloud.compute().flavors().await });
    check(|cloud| async move {
        let source = Bytes::new();
        cloud.image().upload("id", &source, UploadOptions::default(), SOON).await
    });
    check(|cloud| async move { cloud.compute().wait_for_server("id", &ServerStatus::Active, SOON).await });
    check(|cloud| async move { cloud.network().ports(&Filter::new()).await });
}
