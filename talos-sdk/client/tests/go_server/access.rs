//! Who may call, on whose word.

use std::time::Duration;

use futures_util::TryStreamExt;
use talos_client::{Client, ClientOptions, ErrorKind, RebootOptions};

use crate::server::GoServer;

#[tokio::test]
async fn refusals_name_the_roles() {
    let Some(server) = GoServer::start(&["-roles", "os:reader"]) else { return };
    server.node().version().await.unwrap();
    let refused = server.node().reboot(RebootOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let text = refused.to_string();
    assert!(text.contains("os:reader") && text.contains("os:operator"), "{text}");
}

/// Go answers such a call as soon as its headers are there, and closes the stream while the request is still being sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_comes_before_the_request_is_told() {
    let Some(server) = GoServer::start(&["-roles", "os:reader", "-record=false"]) else { return };
    let node = server.node();
    for call in 0..500 {
        let refused = node.read("/etc/hostname").try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "call {call}: {refused}");
    }
}

#[tokio::test]
async fn maintenance_mode_is_pinned_to_a_key() {
    let Some(server) = GoServer::start(&["-maintenance"]) else { return };
    let options = ClientOptions::default();
    let right = server.fingerprint.parse().unwrap();
    let client = Client::maintenance(&server.address, &[right], options.clone()).unwrap();
    client.endpoint().version().await.unwrap();
    let bootstrap = client.endpoint().bootstrap().await.unwrap_err();
    assert_eq!(bootstrap.kind(), ErrorKind::PermissionDenied);
    assert_eq!(client.node("10.0.0.2").version().await.unwrap_err().kind(), ErrorKind::InvalidTarget);

    let wrong = talos_pki::Fingerprint::of_spki(b"another key");
    let client = Client::maintenance(&server.address, &[wrong], options.clone()).unwrap();
    let refused = client.endpoint().version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::FingerprintMismatch);
    assert_eq!(refused.presented_fingerprint(), Some(right));
    assert!(refused.to_string().contains(&server.fingerprint), "{refused}");
    assert!(Client::maintenance(&server.address, &[], options.clone()).is_err());

    let anyone =
        talos_client::danger::maintenance_accepting_any_server(&server.address, options.clone()).unwrap();
    anyone.endpoint().version().await.unwrap();

    // The talosconfig of the cluster does not fit a machine that has no configuration yet.
    assert_eq!(server.node().version().await.unwrap_err().kind(), ErrorKind::UnknownAuthority);
}

#[tokio::test]
async fn a_configured_machine_wants_our_certificate() {
    let Some(server) = GoServer::start(&[]) else { return };
    let client =
        talos_client::danger::maintenance_accepting_any_server(&server.address, ClientOptions::default())
            .unwrap();
    let refused = client.endpoint().version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ClientCertificateRefused, "{refused}");

    let Some(other) = GoServer::start(&[]) else { return };
    let mut context = server.config.current(None).unwrap().clone();
    context.crt = other.config.current(None).unwrap().crt.clone();
    context.key = other.config.current(None).unwrap().key.clone();
    let client = Client::from_context(&context, ClientOptions::default()).unwrap();
    let refused = client.node("a").version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ClientCertificateRefused, "{refused}");

    let mut both = server.config.current(None).unwrap().clone();
    let bundle = [&other, &server]
        .map(|server| server.config.current(None).unwrap().ca.clone().unwrap().as_str().to_owned());
    both.ca = Some(bundle.concat().into());
    Client::from_context(&both, ClientOptions::default()).unwrap().endpoint().version().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_gone_is_found_again() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    node.version().await.unwrap();
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let gone = node.clone().with_timeout(Duration::from_secs(10)).version().await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ConnectionRefused, "{gone}");
    assert!(gone.is_retryable());
}
