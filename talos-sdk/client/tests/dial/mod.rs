//! Ways to an endpoint: proxies, Unix sockets, the caller's own.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use talos_client::{Client, ClientOptions, Dialer, ErrorKind, LogOptions};
use talos_proto::common::Data;
use talosconfig::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{Answer, LOOPBACK, Pki, Server, ServerOptions, eventually, version};
use crate::{started, tag};
use prost::Message;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// What a proxy does with those who ask for a connection.
#[derive(Clone, Copy)]
enum Proxy {
    Connect { credentials: Option<&'static str>, answer: Option<&'static str> },
    Socks { credentials: Option<&'static str>, code: u8 },
}

/// A proxy, and how many connections it made.
async fn proxy(kind: Proxy, tls: Option<TlsAcceptor>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (tls, counter) = (tls.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                let mut stream: Box<dyn Io> = match tls {
                    None => Box::new(socket),
                    Some(tls) => Box::new(tls.accept(socket).await.unwrap()),
                };
                let target = match kind {
                    Proxy::Connect { credentials, answer } => connect(&mut stream, credentials, answer).await,
                    Proxy::Socks { credentials, code } => socks(&mut stream, credentials, code).await,
                };
                let Some(target) = target else { return };
                counter.fetch_add(1, Ordering::SeqCst);
                let mut target = TcpStream::connect(target).await.unwrap();
                _ = tokio::io::copy_bidirectional(&mut stream, &mut target).await;
            });
        }
    });
    (address, made)
}

async fn connect(
    stream: &mut Box<dyn Io>,
    credentials: Option<&str>,
    answer: Option<&str>,
) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let wanted = credentials.map(|pair| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair)));
    let answer = match wanted {
        Some(wanted) if !head.contains(&wanted) => Some("HTTP/1.1 407 Who is there\r\n\r\n"),
        _ => answer,
    };
    stream.write_all(answer.unwrap_or("HTTP/1.1 200 Fine\r\nVia: a test\r\n\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    assert!(head.contains(&format!("\r\nHost: {target}\r\n")), "{head}");
    answer.is_none().then_some(target)
}

async fn socks(stream: &mut Box<dyn Io>, credentials: Option<&str>, code: u8) -> Option<String> {
    assert_eq!(stream.read_u8().await.ok()?, 5);
    let mut methods = vec![0; stream.read_u8().await.ok()?.into()];
    stream.read_exact(&mut methods).await.ok()?;
    let method = if credentials.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        stream.write_all(&[5, 255]).await.ok()?;
        return None;
    }
    stream.write_all(&[5, method]).await.ok()?;
    if let Some(credentials) = credentials {
        assert_eq!(stream.read_u8().await.ok()?, 1);
        let mut given = Vec::new();
        for _ in 0..2 {
            let mut word = vec![0; stream.read_u8().await.ok()?.into()];
            stream.read_exact(&mut word).await.ok()?;
            given.push(String::from_utf8(word).unwrap());
        }
        let refused = given.join(":") != credentials;
        stream.write_all(&[1, refused.into()]).await.ok()?;
        if refused {
            return None;
        }
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await.ok()?;
    assert_eq!(request[..3], [5, 1, 0]);
    let host = match request[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await.ok()?).to_string(),
        3 => {
            let mut name = vec![0; stream.read_u8().await.ok()?.into()];
            stream.read_exact(&mut name).await.ok()?;
            // Names are for the proxy to resolve; this one knows a single one.
            assert_eq!(name, b"cp.talos.test");
            LOOPBACK.to_string()
        }
        kind => panic!("{kind}"),
    };
    let port = stream.read_u16().await.ok()?;
    stream.write_all(&[5, code, 0, 3, 2, b'h', b'i', 0, 1]).await.ok()?;
    (code == 0).then(|| format!("{host}:{port}"))
}

async fn through(context: &Context, url: &str) -> Result<String, talos_client::Error> {
    let context = context.clone().with_proxy_url(url);
    tag(&Client::from_context(&context, ClientOptions::default()).unwrap().endpoint()).await
}

#[tokio::test]
async fn proxies_make_the_connection_where_a_context_names_one() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let context = pki.context([server.endpoint()]);
    for (kind, credentials, scheme) in [
        (Proxy::Connect { credentials: None, answer: None }, "", "http"),
        (Proxy::Connect { credentials: Some("u:p@ss"), answer: None }, "u:p%40ss@", "http"),
        (Proxy::Socks { credentials: None, code: 0 }, "", "socks5"),
        (Proxy::Socks { credentials: Some("u:p@ss"), code: 0 }, "u:p%40ss@", "socks5"),
    ] {
        let (address, made) = proxy(kind, None).await;
        assert_eq!(through(&context, &format!("{scheme}://{credentials}{address}")).await.unwrap(), "a");
        assert_eq!(made.load(Ordering::SeqCst), 1, "{scheme}");
    }
    assert_eq!(through(&context, "direct").await.unwrap(), "a");
    // A machine in maintenance mode may be behind one too.
    let (address, made) = proxy(Proxy::Connect { credentials: None, answer: None }, None).await;
    let options = ClientOptions::default().with_proxy_url(format!("http://{address}"));
    let machine =
        Client::maintenance(&server.endpoint(), &[pki.ca.certificate.fingerprint()], options).unwrap();
    assert_eq!(tag(&machine.endpoint()).await.unwrap_err().kind(), ErrorKind::FingerprintMismatch);
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_proxy_over_tls_shows_its_own_certificate() {
    let (pki, office) = (Pki::new(), Pki::new());
    let server = started(&pki, "a").await;
    let tls = office.server(&ServerOptions { alpn: vec![], client_auth: false, ..Default::default() });
    let (address, made) =
        proxy(Proxy::Connect { credentials: None, answer: None }, Some(TlsAcceptor::from(tls))).await;
    let context = pki.context([server.endpoint()]).with_proxy_url(format!("https://{address}"));
    let options = ClientOptions::default().with_proxy_authorities([office.ca.certificate.clone()]);
    assert_eq!(tag(&Client::from_context(&context, options).unwrap().endpoint()).await.unwrap(), "a");
    assert_eq!(made.load(Ordering::SeqCst), 1);

    let stranger = ClientOptions::default().with_proxy_authorities([pki.ca.certificate.clone()]);
    let error = tag(&Client::from_context(&context, stranger).unwrap().endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownAuthority);
    assert!(error.to_string().contains(&format!("the proxy https://{address}")), "{error}");
}

#[tokio::test]
async fn a_proxy_that_does_not_help_says_why() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let context = pki.context([server.endpoint()]);
    let answer = |answer| Proxy::Connect { credentials: None, answer: Some(answer) };
    for (kind, url, expected, words) in [
        (answer("HTTP/1.1 403 No\r\n\r\n"), "http://", ErrorKind::Proxy, "403"),
        (answer("HTTP/1.1 502 Bad\r\n\r\n"), "http://", ErrorKind::Unavailable, "502"),
        (answer("SSH-2.0-x\r\n\r\n"), "http://", ErrorKind::Proxy, "no HTTP"),
        (
            Proxy::Connect { credentials: Some("u:p"), answer: None },
            "http://u:secret@",
            ErrorKind::Proxy,
            "credentials",
        ),
        (Proxy::Socks { credentials: Some("u:p"), code: 0 }, "socks5://", ErrorKind::Proxy, "credentials"),
        (
            Proxy::Socks { credentials: Some("u:p"), code: 0 },
            "socks5://u:secret@",
            ErrorKind::Proxy,
            "password",
        ),
        (Proxy::Socks { credentials: None, code: 2 }, "socks5://", ErrorKind::Proxy, "rules"),
        (Proxy::Socks { credentials: None, code: 5 }, "socks5://", ErrorKind::Unavailable, "refused"),
    ] {
        let (address, _) = proxy(kind, None).await;
        let error = through(&context, &format!("{url}{address}")).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.to_string().contains(words) && !error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.connections(), 0);
    let gone = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
    let error = through(&context, &format!("socks5://{gone}")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
async fn names_are_resolved_by_a_socks_proxy() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let (address, made) = proxy(Proxy::Socks { credentials: None, code: 0 }, None).await;
    let context = pki.context([format!("cp.talos.test:{}", server.address.port())]);
    let error = through(&context, &format!("socks5://{address}")).await.unwrap_err();
    // It is connected, and the certificate is for the address only.
    assert_eq!(error.kind(), ErrorKind::NameMismatch, "{error}");
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_of_this_machine_has_no_tls() {
    let pki = Pki::new();
    let server = started(&pki, "local").await;
    let path = std::env::temp_dir().join(format!("talos-client-{}.sock", std::process::id()));
    _ = std::fs::remove_file(&path);
    let context = Context::new([format!("unix://{}", path.display())]);
    let node = Client::from_context(&context, ClientOptions::default()).unwrap().endpoint();
    let error = tag(&node).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");

    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (answer, ()) = tokio::join!(tag(&node), async { server.serve(listener.accept().await.unwrap().0) });
    assert_eq!(answer.unwrap(), "local");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn callers_may_bring_their_own_streams() {
    let pki = Pki::new();
    let options = ServerOptions { names: vec!["10.9.9.9".parse().unwrap()], ..Default::default() };
    let server = Arc::new(Server::start_with(&pki, options).await);
    server.answer("Version", [version("in memory")]);
    let behind = Arc::clone(&server);
    let dialer = Dialer::new(move |endpoint| {
        let server = Arc::clone(&behind);
        async move {
            assert_eq!(endpoint.to_string(), "10.9.9.9:50000");
            let (ours, theirs) = tokio::io::duplex(64 << 10);
            tokio::spawn(async move { server.serve_tls(theirs).await });
            Ok(ours)
        }
    });
    let options = ClientOptions::default().with_dialer(dialer);
    let client = Client::from_context(&pki.context(["10.9.9.9"]), options).unwrap();
    assert_eq!(tag(&client.node("10.0.0.2")).await.unwrap(), "in memory");

    let broken = Dialer::new(|_| async { Err::<TcpStream, _>(std::io::Error::other("no such mesh")) });
    let options = ClientOptions::default().with_dialer(broken);
    let error = tag(&Client::from_context(&pki.context(["10.9.9.9"]), options).unwrap().endpoint()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("no such mesh"), "{error}");
}

#[tokio::test]
async fn a_connection_without_calls_is_closed() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    server.answer("Logs", [Answer::Hang(Data { bytes: "line".into(), ..Data::default() }.encode_to_vec())]);
    let options = ClientOptions::default().with_idle_timeout(Duration::from_millis(50));
    let node = Client::from_context(&pki.context([server.endpoint()]), options).unwrap().endpoint();
    tag(&node).await.unwrap();
    eventually(async || server.open() == 0).await;

    let mut logs = node.logs(LogOptions::service("etcd"));
    logs.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.open(), 1, "a stream that is quiet is a call all the same");
    drop(logs);
    eventually(async || server.open() == 0).await;
    tag(&node).await.unwrap();
    assert_eq!(server.connections(), 3);
}

/// Servers built with grpc-go say goodbye so when a load balancer or an old client pings too often.
#[tokio::test]
async fn too_many_pings_is_a_reason_to_connect_again() {
    let pki = Pki::new();
    let server = Arc::new(started(&pki, "a").await);
    let dials = Arc::new(AtomicUsize::new(0));
    let (behind, counter) = (Arc::clone(&server), Arc::clone(&dials));
    let dialer = Dialer::new(move |_| {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        // Every second connection is one that ends so, while a call is under way.
        if counter.fetch_add(1, Ordering::SeqCst) % 2 == 0 {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(theirs).await.unwrap();
                let (_request, _respond) = connection.accept().await.unwrap().unwrap();
                connection.abrupt_shutdown(h2::Reason::ENHANCE_YOUR_CALM);
                std::future::poll_fn(|cx| connection.poll_closed(cx)).await.ok();
            });
        } else {
            behind.serve(theirs);
        }
        async { Ok(ours) }
    });
    let options = ClientOptions::default().with_dialer(dialer);
    let client = Client::from_context(&Context::new(["unix:///a"]), options).unwrap();
    assert_eq!(tag(&client.endpoint()).await.unwrap(), "a");
    assert_eq!(dials.load(Ordering::SeqCst), 2);

    // It tells which calls it has seen. One that acts and was seen is not sent again.
    server.send_goaway();
    eventually(async || server.open() == 0).await;
    let error = client.endpoint().bootstrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_retryable());
    assert_eq!(dials.load(Ordering::SeqCst), 3);
    assert_eq!(server.seen("Bootstrap").len(), 0);
}

/// Those addresses of the name that come before the server's refuse.
#[tokio::test]
async fn a_name_is_dialed_at_each_of_its_addresses_and_checked_as_itself() {
    let found = tokio::net::lookup_host(("localhost", 0)).await.unwrap();
    let addresses: BTreeSet<IpAddr> = found.map(|address| address.ip()).collect();
    if addresses.len() == 1 {
        eprintln!("localhost has one address here, so none refuses");
    }
    for listen in addresses {
        let pki = Pki::new();
        let options =
            ServerOptions { listen, names: vec![], dns_names: vec!["localhost"], ..Default::default() };
        let server = Server::start_with(&pki, options).await;
        server.answer("Version", [version("a"), version("a")]);
        let named = pki.context([format!("localhost:{}", server.address.port())]);
        let client = Client::from_context(&named, ClientOptions::default()).unwrap();
        assert_eq!(tag(&client.endpoint()).await.unwrap(), "a");
        // Its certificate is for the name alone.
        let client =
            Client::from_context(&pki.context([server.endpoint()]), ClientOptions::default()).unwrap();
        let error = tag(&client.endpoint()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NameMismatch, "{error}");
    }
}
