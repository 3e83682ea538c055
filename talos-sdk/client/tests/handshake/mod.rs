//! Whom a client trusts, and how it tells what is wrong before the first call.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use talos_client::{Client, ClientOptions, Error, ErrorKind};
use talos_pki::{CaOptions, CertificateAuthority, FixedClock, LeafOptions, Role};
use talosconfig::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Answer, LOOPBACK, Pki, Server, ServerOptions, version};
use crate::{client, connect, started, tag};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn refused_by(context: &Context) -> Error {
    tag(&connect(context).endpoint()).await.unwrap_err()
}

#[tokio::test]
async fn a_wrong_authority_is_told_from_a_wrong_name_and_a_wrong_time() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let error = refused_by(&Pki::new().context([server.endpoint()])).await;
    assert_eq!(error.kind(), ErrorKind::UnknownAuthority, "{error}");
    assert!(error.is_tls() && !error.is_retryable());
    assert!(std::error::Error::source(&error).unwrap().is::<rustls::Error>());

    let options = ServerOptions { names: vec!["10.9.9.9".parse().unwrap()], ..Default::default() };
    let named = Server::start_with(&pki, options).await;
    let error = refused_by(&pki.context([named.endpoint()])).await;
    assert_eq!(error.kind(), ErrorKind::NameMismatch, "{error}");
    assert!(error.to_string().contains("10.9.9.9"), "{error}");

    for (from, words) in
        [(SystemTime::now() - 3 * DAY, "out of date since"), (SystemTime::now() + DAY, "not valid yet")]
    {
        let aged = Server::start_with(&pki, ServerOptions { from, ..Default::default() }).await;
        let error = refused_by(&pki.context([aged.endpoint()])).await;
        assert_eq!(error.kind(), ErrorKind::ServerCertificateExpired, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_expired_client_certificate_is_found_before_connecting() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let issued: SystemTime = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let identity = pki
        .ca
        .issue(&LeafOptions::client([Role::Admin]).with_validity(DAY), &FixedClock::new(issued))
        .unwrap();
    let context = Context::new([server.endpoint()]).with_identity(&pki.ca.certificate, &identity);
    let error = refused_by(&context).await;
    assert_eq!(error.kind(), ErrorKind::ClientCertificateExpired);
    assert!(error.to_string().contains("2020-09-14 12:26 UTC"), "{error}");
    assert_eq!(server.connections(), 0);

    // With a clock that is wrong the same way, the server has to say it.
    let options = ClientOptions::default().with_clock(Arc::new(FixedClock::new(issued)));
    let ours = CertificateAuthority::generate(&CaOptions::new("talos"), &FixedClock::new(issued)).unwrap();
    let server =
        Server::start_with(&Pki { ca: ours.clone() }, ServerOptions { from: issued, ..Default::default() })
            .await;
    let identity =
        ours.issue(&LeafOptions::client([Role::Admin]).with_validity(DAY), &FixedClock::new(issued)).unwrap();
    let context = Context::new([server.endpoint()]).with_identity(&ours.certificate, &identity);
    let error = tag(&Client::from_context(&context, options).unwrap().endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificateExpired, "{error}");
}

#[tokio::test]
async fn a_certificate_that_the_server_does_not_want_is_told_as_such() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let mut foreign = Pki::new().context([server.endpoint()]);
    foreign.ca = pki.context(["unused"]).ca;
    assert_eq!(refused_by(&foreign).await.kind(), ErrorKind::ClientCertificateRefused);
    let without = Context::new([server.endpoint()]).with_ca(&pki.ca.certificate);
    let error = refused_by(&without).await;
    assert_eq!(error.kind(), ErrorKind::ClientCertificateRefused, "{error}");
}

#[tokio::test]
async fn several_authorities_may_be_trusted_at_once() {
    let (old, new) = (Pki::new(), Pki::new());
    let server = started(&old, "a").await;
    let mut context = old.context([server.endpoint()]);
    let bundle = format!("{}{}", new.ca.certificate.to_pem(), old.ca.certificate.to_pem());
    context.ca = Some(bundle.into());
    tag(&connect(&context).endpoint()).await.unwrap();
}

#[tokio::test]
async fn a_pinned_key_is_trusted_whoever_issued_it() {
    let pki = Pki::new();
    let options = ServerOptions {
        client_auth: false,
        names: vec![],
        from: SystemTime::now() - 3 * DAY,
        ..Default::default()
    };
    let server = Server::start_with(&pki, options).await;
    server.answer("Version", [version("a")]);
    let endpoint = server.endpoint();
    let wrong = pki.ca.certificate.fingerprint();
    let refused = Client::maintenance(&endpoint, &[wrong], ClientOptions::default())
        .unwrap()
        .endpoint()
        .version()
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::FingerprintMismatch);
    let right = refused.presented_fingerprint().unwrap();
    assert!(refused.to_string().contains(&right.to_string()), "{refused}");
    assert_eq!(server.seen("Version").len(), 0);

    let client = Client::maintenance(&endpoint, &[wrong, right], ClientOptions::default()).unwrap();
    tag(&client.endpoint()).await.unwrap();
    assert!(server.seen("Version")[0].headers.get("node").is_none());
}

#[tokio::test]
async fn other_servers_are_recognised() {
    let pki = Pki::new();
    // Plain text.
    let plain = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = plain.accept().await.unwrap();
            tokio::spawn(async move {
                let mut hello = [0; 16];
                _ = socket.read(&mut hello).await;
                _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
                _ = socket.read(&mut [0; 4096]).await;
            });
        }
    });
    let error = refused_by(&pki.context([address.to_string()])).await;
    assert_eq!(error.kind(), ErrorKind::NotTls, "{error}");

    // TLS without HTTP/2, whether it says so or says nothing.
    for alpn in [vec![b"http/1.1" as &[u8]], vec![]] {
        let server = Server::start_with(&pki, ServerOptions { alpn, ..Default::default() }).await;
        let error = refused_by(&pki.context([server.endpoint()])).await;
        assert_eq!(error.kind(), ErrorKind::NotTalosApi, "{error}");
    }

    // A web server, and a proxy whose server is gone.
    let server = Server::start(&pki).await;
    let node = client(&pki, &[&server]).endpoint();
    for (status, kind) in
        [(200, ErrorKind::NotTalosApi), (404, ErrorKind::NotTalosApi), (503, ErrorKind::Unavailable)]
    {
        server.answer("Version", [Answer::Http(status)]);
        let error = tag(&node).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}
