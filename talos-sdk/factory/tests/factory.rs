//! The client against a factory that serves exactly the bytes it is told to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use talos_factory::{
    Arch, Asset, Compression, DEFAULT_SCHEMATIC_ID, ErrorKind, Factory, FactoryOptions, Schematic,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Answers every request by its request line with whole raw responses; closes each connection after one.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read_request(&mut stream).await;
                let line = request.lines().next().unwrap_or_default().to_owned();
                log.lock().unwrap().push(request);
                // Written in pieces, so that the client sees a body that flows.
                for piece in answer(&line).chunks(50_000) {
                    if stream.write_all(piece).await.is_err() {
                        break;
                    }
                }
                let _ = stream.shutdown().await;
            }
        });
        Self { url, seen, task }
    }

    fn factory(&self) -> Factory {
        Factory::new(&self.url).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The head, and the body of the length it states.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            return text;
        }
        request.extend_from_slice(&buffer[..count]);
    }
}

fn reply(status: &str, body: &[u8]) -> Vec<u8> {
    let mut reply =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())
            .into_bytes();
    reply.extend_from_slice(body);
    reply
}

/// Runs a real compressor.
fn compress(command: &[&str], data: &[u8]) -> Vec<u8> {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} is needed by this test: {error}", command[0]));
    let mut input = child.stdin.take().unwrap();
    let data = data.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&data).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Data that compress to about a quarter.
fn disk(size: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..size)
        .map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if index % 4096 < 1024 { state.to_be_bytes()[0] } else { 0 }
        })
        .collect()
}

fn image() -> Asset {
    Asset::disk_image(DEFAULT_SCHEMATIC_ID, "v1.9.4", "openstack", Arch::Amd64)
}

const FORMATS: [(Compression, &[&str]); 3] = [
    (Compression::Xz, &["xz", "-1", "-c"]),
    (Compression::Zstd, &["zstd", "-q", "-c"]),
    (Compression::Gzip, &["gzip", "-c"]),
];

async fn collect(download: &mut talos_factory::Download) -> Result<Vec<u8>, talos_factory::Error> {
    let mut all = Vec::new();
    while let Some(chunk) = download.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all)
}

#[tokio::test]
async fn versions_and_schematics() {
    let server = Server::start(|line| match line.split(' ').collect::<Vec<_>>()[..2] {
        ["GET", "/versions"] => reply("200 OK", br#"["v1.9.3","v1.9.4"]"#),
        ["POST", "/schematics"] => reply("201 Created", br#"{"id":"abc"}"#),
        _ => reply("404 Not Found", b"nothing"),
    })
    .await;
    let factory = server.factory();
    assert_eq!(factory.versions().await.unwrap(), ["v1.9.3", "v1.9.4"]);
    assert_eq!(factory.upload(&Schematic::default().with_extension("e")).await.unwrap(), "abc");
    let seen = server.seen.lock().unwrap().clone();
    assert!(
        seen[1].ends_with(r#"{"customization":{"systemExtensions":{"officialExtensions":["e"]}}}"#),
        "{}",
        seen[1]
    );
    let error = factory.download(&image()).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("nothing"), "{error}");
}

#[tokio::test]
async fn addresses() {
    let factory = Factory::new("https://factory.example/base/").unwrap();
    let url = factory.asset_url(&image().with_compression(Compression::Xz));
    let path = format!("image/{DEFAULT_SCHEMATIC_ID}/v1.9.4/openstack-amd64.raw.xz");
    assert_eq!(url, format!("https://factory.example/base/{path}"));
    assert_eq!(factory.installer_image("abc", "v1.9.4"), "factory.example/base/installer/abc:v1.9.4");
    for wrong in ["", "factory.example", "ftp://x", "https://", "https://user@host", "https://host?x"] {
        assert_eq!(Factory::new(wrong).unwrap_err().kind(), ErrorKind::InvalidArgument, "{wrong}");
    }
}

#[tokio::test]
async fn every_format_decodes_to_the_same() {
    let data = disk(3_000_000);
    for (compression, command) in FORMATS {
        let packed = compress(command, &data);
        let length = packed.len() as u64;
        let server = Server::start(move |_| reply("200 OK", &packed)).await;
        let mut download = server.factory().download(&image().with_compression(compression)).await.unwrap();
        let progress = download.progress();
        assert_eq!((progress.total(), progress.digests()), (Some(length), None));
        assert!(collect(&mut download).await.unwrap() == data, "{compression:?}");
        assert_eq!((progress.received(), progress.decoded()), (length, 3_000_000));
        let digests = progress.digests().unwrap();
        assert_eq!(digests.size, 3_000_000);
        for (tool, hash) in
            [("sha256sum", &digests.sha256), ("sha512sum", &digests.sha512), ("md5sum", &digests.md5)]
        {
            let judged = String::from_utf8(compress(&[tool], &data)).unwrap();
            assert_eq!(judged.split(' ').next().unwrap(), hash);
        }
    }
}

#[tokio::test]
async fn members_one_after_the_other() {
    for (compression, command) in FORMATS {
        let mut packed = compress(command, b"first ");
        packed.extend(compress(command, b"second"));
        let server = Server::start(move |_| reply("200 OK", &packed)).await;
        let mut download = server.factory().download(&image().with_compression(compression)).await.unwrap();
        assert_eq!(collect(&mut download).await.unwrap(), b"first second", "{compression:?}");
    }
}

#[tokio::test]
async fn a_file_that_ends_too_early_is_an_error() {
    let data = disk(400_000);
    for (compression, command) in FORMATS {
        let packed = compress(command, &data);
        for keep in [0, 1, 5, 12, packed.len() / 2, packed.len() - 9, packed.len() - 1] {
            let part = packed[..keep].to_vec();
            let server = Server::start(move |_| reply("200 OK", &part)).await;
            let mut download =
                server.factory().download(&image().with_compression(compression)).await.unwrap();
            let progress = download.progress();
            let error = collect(&mut download).await.expect_err(&format!("{compression:?} {keep}"));
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{compression:?} {keep}: {error}");
            assert_eq!(progress.digests(), None);
        }
    }
}

#[tokio::test]
async fn damaged_data_are_an_error() {
    let data = disk(400_000);
    for (compression, command) in FORMATS {
        // zstd has its checksum on by default in the program.
        let mut packed = compress(command, &data);
        let middle = packed.len() / 2;
        packed[middle] ^= 0x55;
        let server = Server::start(move |_| reply("200 OK", &packed)).await;
        let mut download = server.factory().download(&image().with_compression(compression)).await.unwrap();
        let error = collect(&mut download).await.expect_err(&format!("{compression:?}"));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{compression:?}: {error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error() {
    let packed = compress(&["xz", "-1", "-c"], &disk(400_000));
    let server = Server::start(move |_| {
        let whole = reply("200 OK", &packed);
        whole[..whole.len() / 2].to_vec()
    })
    .await;
    for compression in [Compression::Xz, Compression::None] {
        let mut download = server.factory().download(&image().with_compression(compression)).await.unwrap();
        let error = collect(&mut download).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn raw_data_of_unknown_length_are_refused() {
    let server = Server::start(|_| b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc".to_vec()).await;
    let error = server.factory().download(&image()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn zstd_first_then_xz() {
    let packed = compress(&["xz", "-c"], b"disk");
    let server = Server::start(move |line| match line.contains(".raw.xz ") {
        true => reply("200 OK", &packed),
        false => reply("400 Bad Request", b"unknown format"),
    })
    .await;
    let mut download = server.factory().download_fastest(&image()).await.unwrap();
    assert_eq!(download.compression(), Compression::Xz);
    assert_eq!(collect(&mut download).await.unwrap(), b"disk");
    assert!(server.seen.lock().unwrap()[0].contains(".raw.zst "));
}

/// A server of endless data notices when the client stops, and stops with it.
#[tokio::test]
async fn what_is_not_read_is_not_fetched_and_drop_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let chunk = vec![0; 1 << 20];
        while stream.write_all(&chunk).await.is_ok() {
            count.fetch_add(1 << 20, Ordering::Relaxed);
        }
    });
    let mut download = Factory::new(&url).unwrap().download(&image()).await.unwrap();
    let first = StreamExt::next(&mut download).await.unwrap().unwrap();
    // All queues fill up, and then nothing moves: wait until that is so.
    let mut before = u64::MAX;
    while before != sent.load(Ordering::Relaxed) {
        before = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What the sockets hold is up to the system; what the client holds is a few chunks.
    assert!(before < 64 << 20, "{before} bytes were fetched without a reader");
    assert!(download.progress().received() < 16 << 20);
    assert!(first.len() <= 512 * 1024);
    drop(download);
    server.await.unwrap();
}

#[tokio::test]
async fn a_factory_that_falls_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
        std::future::pending::<()>().await;
    });
    let options = FactoryOptions::default().with_stall_timeout(Duration::from_millis(50));
    let mut download = Factory::with_options(&url, options).unwrap().download(&image()).await.unwrap();
    let error = collect(&mut download).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    server.abort();
}
