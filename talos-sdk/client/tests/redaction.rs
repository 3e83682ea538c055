//! What may be printed. In a program of its own, for what it listens to is the log of the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use support::{Answer, Pki, Server, version};
use talos_client::{ApplyOptions, Client, ClientOptions};
use talosconfig::BasicAuth;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log of this process.
fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
    .clone()
}

#[tokio::test]
async fn every_call_is_a_span_that_tells_where_it_went() {
    let log = log();
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Hostname", [Answer::Drop, Answer::Status(tonic::Code::NotFound, "gone")]);
    let context = pki.context([server.endpoint()]);
    let node = Client::from_context(&context, ClientOptions::default()).unwrap().node("10.77.0.2");
    node.raw().machine().hostname(()).await.unwrap_err();
    let printed = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let span = format!(
        "talos_call{{method=\"/machine.MachineService/Hostname\" node=\"10.77.0.2\" endpoint=\"{}\" attempt=",
        server.endpoint()
    );
    assert!(printed.contains(&span), "{printed}");
    let last = printed.lines().rfind(|line| line.contains(&span) && line.contains("answered")).unwrap();
    assert!(last.contains("attempt=2") && last.contains("code=\"5\""), "{last}");
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_key() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [version("a")]);
    let mut context = pki.context([server.endpoint()]);
    let key = context.key.clone().unwrap();
    let body = key.expose().lines().nth(1).unwrap().to_owned();
    context.auth.basic = Some(BasicAuth { username: "u".into(), password: "hunter2".into() });
    let log = log();
    let client = Client::from_context(&context, ClientOptions::default()).unwrap();
    let node = client.node("10.0.0.2");
    node.version().await.unwrap();
    let error = node.apply_configuration("token: swordfish", ApplyOptions::default()).await.unwrap_err();
    let printed = format!(
        "{client:?} {node:?} {error:?} {error} {}",
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    );
    assert!(printed.contains("talos_call"), "{printed}");
    for secret in [&body, "hunter2", "dTpodW50ZXIy", "swordfish"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}
