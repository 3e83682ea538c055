//! Everything that can be wrong with an endpoint: each has a kind of its own and says what to do, in time.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use talos_client::{Client, ClientOptions, Error, ErrorKind};
use talos_pki::{FixedClock, LeafOptions, Role, SystemClock, Usage};
use talosconfig::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Answer, LOOPBACK, Pki, Server, ServerOptions, version};
use crate::tag;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn options() -> ClientOptions {
    ClientOptions::default()
        .with_connect_timeout(Duration::from_secs(2))
        .with_call_timeout(Duration::from_secs(3))
}

async fn error_of(context: &Context) -> Error {
    tag(&Client::from_context(context, options()).unwrap().endpoint()).await.unwrap_err()
}

/// The error of a server of this kind.
async fn server(pki: &Pki, server_options: ServerOptions<'_>) -> Error {
    let server = Server::start_with(pki, server_options).await;
    server.answer("Version", [version("a")]);
    let error = error_of(&pki.context([server.endpoint()])).await;
    assert_eq!(server.seen("Version").len(), 0, "nothing was sent");
    error
}

/// The error of a client that shows this certificate.
async fn client(leaf: LeafOptions, from: SystemTime) -> Error {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let identity = pki.ca.issue(&leaf, &FixedClock::new(from)).unwrap();
    error_of(&Context::new([server.endpoint()]).with_identity(&pki.ca.certificate, &identity)).await
}

/// The error of a port that answers every connection with these bytes, at once or when spoken to.
async fn talker(bytes: &'static [u8], first: bool) -> Error {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                if !first {
                    _ = socket.read(&mut [0; 64]).await;
                }
                _ = socket.write_all(bytes).await;
                _ = socket.read(&mut [0; 4096]).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    error_of(&Pki::new().context([address.to_string()])).await
}

async fn wrong_authority() -> Error {
    let server = Server::start(&Pki::new()).await;
    error_of(&Pki::new().context([server.endpoint()])).await
}

async fn foreign_client() -> Error {
    let (pki, other) = (Pki::new(), Pki::new());
    let server = Server::start(&pki).await;
    let identity = other.ca.issue(&LeafOptions::client([Role::Admin]), &SystemClock).unwrap();
    error_of(&Context::new([server.endpoint()]).with_identity(&pki.ca.certificate, &identity)).await
}

async fn fingerprint() -> Error {
    let pki = Pki::new();
    let server = Server::start_with(&pki, ServerOptions { client_auth: false, ..Default::default() }).await;
    let pinned = [pki.ca.certificate.fingerprint()];
    let client = Client::maintenance(&server.endpoint(), &pinned, options()).unwrap();
    tag(&client.endpoint()).await.unwrap_err()
}

async fn web_server() -> Error {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Http(404)]);
    error_of(&pki.context([server.endpoint()])).await
}

async fn refused() -> Error {
    let gone = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    error_of(&Pki::new().context([gone.to_string()])).await
}

async fn silent_port() -> Error {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    error_of(&Pki::new().context([listener.local_addr().unwrap().to_string()])).await
}

async fn vanished(state: &mut watch::Receiver<bool>) {
    state.wait_for(|gone| *gone).await.map(drop).unwrap();
}

/// A machine that vanishes from under a connection: nothing is closed, nothing comes through any more. When it is
/// back, it is reached by another connection.
async fn half_open() -> Error {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [version("a")]);
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (gone, state) = watch::channel(false);
    let target = server.address;
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut state = state.clone();
            tokio::spawn(async move {
                let mut target = TcpStream::connect(target).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut socket, &mut target) => {}
                    () = vanished(&mut state) => std::future::pending().await,
                }
            });
        }
    });
    let options = options().with_call_timeout(Duration::from_millis(500));
    let node = Client::from_context(&pki.context([address.to_string()]), options).unwrap().endpoint();
    let patient = node.clone().with_timeout(Duration::from_secs(20));
    tag(&patient).await.unwrap();
    gone.send_replace(true);
    let error = tag(&node).await.unwrap_err();
    gone.send_replace(false);
    assert_eq!(tag(&patient).await.unwrap(), "a");
    error
}

type Case = (&'static str, ErrorKind, &'static str, Pin<Box<dyn Future<Output = Error>>>);

fn case(
    name: &'static str,
    kind: ErrorKind,
    hint: &'static str,
    error: impl Future<Output = Error> + 'static,
) -> Case {
    (name, kind, hint, Box::pin(error))
}

#[tokio::test]
async fn every_failure_has_its_kind_and_says_what_to_do() {
    let now = SystemTime::now();
    let admin = || LeafOptions::client([Role::Admin]);
    let with = |options: ServerOptions<'static>| async move { server(&Pki::new(), options).await };
    let cases = [
        case(
            "name",
            ErrorKind::NameMismatch,
            "machine.certSANs",
            with(ServerOptions { names: vec!["127.0.0.2".parse().unwrap()], ..Default::default() }),
        ),
        case(
            "expired",
            ErrorKind::ServerCertificateExpired,
            "clocks",
            with(ServerOptions { from: now - 3 * DAY, ..Default::default() }),
        ),
        case(
            "not valid yet",
            ErrorKind::ServerCertificateExpired,
            "clocks",
            with(ServerOptions { from: now + 3 * DAY, ..Default::default() }),
        ),
        case("authority", ErrorKind::UnknownAuthority, "talosconfig", wrong_authority()),
        case(
            "purpose of the server's",
            ErrorKind::CertificatePurpose,
            "not for servers",
            with(ServerOptions { usage: Usage::Client, ..Default::default() }),
        ),
        case(
            "purpose of ours",
            ErrorKind::CertificatePurpose,
            "use the talosconfig",
            client(admin().with_usages([Usage::Server]), now),
        ),
        case("ours is foreign", ErrorKind::ClientCertificateRefused, "talosconfig", foreign_client()),
        case(
            "ours is expired",
            ErrorKind::ClientCertificateExpired,
            "issue a new one",
            client(admin().with_validity(DAY), now - 3 * DAY),
        ),
        case("fingerprint", ErrorKind::FingerprintMismatch, "console", fingerprint()),
        case("plain text", ErrorKind::NotTls, "50000", talker(b"HTTP/1.1 400 Bad Request\r\n\r\n", false)),
        case("a greeting", ErrorKind::NotTls, "50000", talker(b"SSH-2.0-OpenSSH_9.9\r\n", true)),
        case(
            "HTTP/1",
            ErrorKind::NotTalosApi,
            "check the address",
            with(ServerOptions { alpn: vec![b"http/1.1"], ..Default::default() }),
        ),
        case("a web server", ErrorKind::NotTalosApi, "check the address", web_server()),
        case("closed port", ErrorKind::ConnectionRefused, "not up yet", refused()),
        case("silence", ErrorKind::DeadlineExceeded, "firewall", silent_port()),
        case("half open", ErrorKind::Unresponsive, "console", half_open()),
    ];
    let mut kinds: HashMap<ErrorKind, Vec<&str>> = HashMap::new();
    for (name, kind, hint, error) in cases {
        let error = tokio::time::timeout(Duration::from_secs(60), error).await.expect(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(hint) && !text.contains('\n'), "{name}: {text}");
        kinds.entry(kind).or_default().push(name);
    }
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}
