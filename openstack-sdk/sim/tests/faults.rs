//! Everything that can be made to go wrong does, and only then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(unreachable_pub, dead_code, reason = "the helpers are shared between test programs")]

mod common;

use common::{Api, answer};
use futures_util::stream;
use openstack_sim::{Effect, Fault, Options, Service};
use serde_json::json;
use std::time::Duration;

const IMAGES: &str = "/image/v2/images";

#[tokio::test]
async fn answers_that_ask_to_come_back() {
    let api = Api::start(Options::default()).await;
    let faults = api.cloud.faults();
    faults.add(Fault::new(Effect::TooManyRequests { retry_after: 3 }).on(Service::Image).times(2));
    faults.add(Fault::new(Effect::Unavailable { retry_after: Some(4) }).on(Service::Compute).after(1));
    for _ in 0..2 {
        let reply = api.request("GET", IMAGES).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), &reply.headers()["retry-after"].as_bytes()), (429, &&b"3"[..]));
    }
    assert_eq!(api.get(IMAGES).await.0, 200);
    assert_eq!(api.get("/compute/v2.1/flavors").await.0, 200);
    let reply = api.request("GET", "/compute/v2.1/flavors").send().await.unwrap();
    assert_eq!((reply.status().as_u16(), &reply.headers()["retry-after"].as_bytes()), (503, &&b"4"[..]));
    assert_eq!(api.get("/compute/v2.1/flavors").await.0, 200);
    assert!(faults.pending().is_empty());
}

#[tokio::test]
async fn a_token_thrown_away_stays_away() {
    let mut api = Api::start(Options::default()).await;
    api.cloud.faults().add(Fault::new(Effect::Unauthorized).path("/ports"));
    assert_eq!(api.get(IMAGES).await.0, 200);
    assert_eq!(api.get("/network/v2.0/ports").await.0, 401);
    assert_eq!(api.get(IMAGES).await.0, 401);
    api.log_in().await;
    assert_eq!(api.get("/network/v2.0/ports").await.0, 200);
}

#[tokio::test]
async fn quotas() {
    let api = Api::start(Options::default()).await;
    let fault = Fault::new(Effect::QuotaExceeded).method("POST").times(2);
    api.cloud.faults().add(fault);
    let (status, body) = api.post("/network/v2.0/ports", json!({})).await;
    assert_eq!((status, &body["NeutronError"]["type"]), (409, &json!("OverQuota")));
    let (status, body) = api.post("/compute/v2.1/servers", json!({})).await;
    assert_eq!((status, &body["forbidden"]["code"]), (403, &json!(403)));
}

#[tokio::test]
async fn a_server_that_fails() {
    let api = Api::start(Options::default()).await;
    let image = api.image(b"disk").await;
    let wanted = json!({"name": "s", "imageRef": image, "flavorRef": "m1.small", "networks": "auto"});
    api.cloud.faults().add(Fault::new(Effect::ServerError { text: "no room".into() }).after(1));
    let first = api.make("/compute/v2.1/servers", "server", wanted.clone()).await;
    let second = api.make("/compute/v2.1/servers", "server", wanted).await;
    assert_eq!(api.built(&first).await["status"], "ACTIVE");
    let failed = api.built(&second).await;
    assert_eq!((&failed["status"], &failed["fault"]["message"]), (&json!("ERROR"), &json!("no room")));
}

#[tokio::test]
async fn a_lost_reply_is_of_a_thing_done() {
    let api = Api::start(Options::default()).await;
    api.cloud.faults().add(Fault::new(Effect::LoseReply).method("POST").path("/networks"));
    let sent =
        api.request("POST", "/network/v2.0/networks").json(&json!({"network": {"name": "lost"}})).send();
    sent.await.unwrap_err();
    let (_, found) = api.get("/network/v2.0/networks?name=lost").await;
    assert_eq!(found["networks"].as_array().unwrap().len(), 1);
    assert_eq!(api.cloud.calls().iter().rev().nth(1).unwrap().status, None);
}

#[tokio::test]
async fn a_cut_upload_leaves_the_image_waiting() {
    let api = Api::start(Options::default()).await;
    let wanted = json!({"name": "disk", "disk_format": "raw", "container_format": "bare"});
    let (_, image) = api.post(IMAGES, wanted).await;
    let id = image["id"].as_str().unwrap();
    api.cloud.faults().add(Fault::new(Effect::CutUpload { bytes: 100_000 }).path("/file"));
    let body = || {
        let chunks = (0..20).map(|_| Ok::<_, std::io::Error>(vec![7_u8; 10_000]));
        reqwest::Body::wrap_stream(stream::iter(chunks))
    };
    api.upload(id).body(body()).send().await.unwrap_err();
    let path = format!("{IMAGES}/{id}");
    while api.get(&path).await.1["status"] != "queued" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(answer(api.upload(id).body(body())).await.0, 204);
    let (_, image) = api.get(&path).await;
    assert_eq!((&image["status"], &image["size"]), (&json!("active"), &json!(200_000)));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_the_image_waiting() {
    let api = Api::start(Options::default()).await;
    let wanted = json!({"name": "disk", "disk_format": "raw", "container_format": "bare"});
    let (_, image) = api.post(IMAGES, wanted).await;
    let id = image["id"].as_str().unwrap().to_owned();
    let path = format!("{IMAGES}/{id}");
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 10_000]));
    let upload = tokio::spawn(api.upload(&id).body(reqwest::Body::wrap_stream(endless)).send());
    while api.get(&path).await.1["status"] != "saving" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    upload.abort();
    while api.get(&path).await.1["status"] != "queued" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_call_that_hangs() {
    let api = Api::start(Options::default()).await;
    api.cloud.faults().add(Fault::new(Effect::Hang).on(Service::Network));
    let hanging = tokio::spawn(api.request("GET", "/network/v2.0/ports").send());
    assert_eq!(api.get(IMAGES).await.0, 200);
    assert!(!hanging.is_finished());
    // Its connection ends with the simulator.
    drop(api);
    hanging.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn faults_are_data() {
    let text = r#"{"effect": {"kind": "delay", "millis": 5}, "service": "image", "times": 3}"#;
    let fault: Fault = serde_json::from_str(text).unwrap();
    assert_eq!(fault, Fault::new(Effect::delay(Duration::from_millis(5))).on(Service::Image).times(3));
}
