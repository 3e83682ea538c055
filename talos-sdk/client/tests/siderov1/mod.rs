//! Calls signed with keys that Go made (`tests/interop`, `siderov1`), and verified by Go where its program is there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use talos_client::parse::SecretKey;
use talos_client::{Client, ClientOptions, ErrorKind, SideroV1Keys, SideroV1Signer};
use talos_pki::{FixedClock, SecretString};
use talosconfig::{Context, SideroV1Auth, TalosConfig};

use crate::support::{Pki, Server};
use crate::{started, tag};

const USER: &str = "me@example.org";

fn recorded() -> Value {
    serde_json::from_str(include_str!("../data/siderov1.json")).unwrap()
}

fn text(value: &Value) -> SecretString {
    value.as_str().unwrap().into()
}

/// `None`, and a word about it, where Go's program is not there.
fn go(request: &Value) -> Option<Value> {
    let Some(program) = std::env::var_os("TALOS_INTEROP") else {
        eprintln!("skipped: TALOS_INTEROP is not set");
        return None;
    };
    let mut child = Command::new(program)
        .arg("siderov1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Go program starts");
    writeln!(child.stdin.take().unwrap(), "{request}").unwrap();
    let answer = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    Some(answer)
}

fn signed(pki: &Pki, server: &Server) -> Context {
    let mut context = pki.context([server.endpoint()]).with_cluster("prod");
    context.auth.siderov1 = Some(SideroV1Auth { identity: USER.into() });
    context
}

/// The metadata of the last call, as Go has it.
fn metadata(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut metadata: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &server.seen("Version").last().unwrap().headers {
        metadata.entry(name.to_string()).or_default().push(value.to_str().unwrap_or_default().to_owned());
    }
    metadata
}

#[tokio::test]
async fn go_accepts_calls_signed_with_its_keys() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    for kind in ["", "ed25519"] {
        let request = json!({"op": "key", "name": USER, "kind": kind, "seconds": 4 * 3600});
        let Some(made) = go(&request) else { return };
        let keys = SideroV1Keys::default().with_service_account(text(&made["service_account"]));
        let options = ClientOptions::default().with_siderov1_keys(keys);
        let client = Client::from_context(&signed(&pki, &server), options).unwrap();
        // Half of all signatures have a short number, so a few are made.
        for _ in 0..8 {
            tag(&client.node("10.0.0.2")).await.unwrap();
            let mut request = json!({
                "op": "verify", "key": made["key"], "method": "/machine.MachineService/Version",
                "headers": metadata(&server),
            });
            let answer = go(&request).unwrap();
            assert_eq!(answer["error"], "", "{kind}");
            assert_eq!((&answer["identity"], &answer["fingerprint"]), (&json!(USER), &made["fingerprint"]));
            request["headers"]["context"] = json!(["another"]);
            assert_ne!(go(&request).unwrap()["error"], "");
        }
    }
}

#[test]
fn keys_of_go_are_read_and_others_refused_by_name() {
    let recorded = recorded();
    for kind in ["legacy", "ed25519"] {
        let key = SecretKey::from_armored(recorded[kind]["key"].as_str().unwrap()).unwrap();
        assert_eq!(key.fingerprint(), recorded[kind]["fingerprint"].as_str().unwrap());
        let life = key.expires().unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(life > Duration::from_secs(3_000_000_000), "{life:?}");
        SideroV1Signer::from_service_account(&text(&recorded[kind]["service_account"])).unwrap();
    }
    for (kind, word) in [("locked", "passphrase"), ("rsa", "RSA")] {
        let error = SideroV1Signer::from_key(USER, &text(&recorded[kind]["key"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.to_string().contains(word), "{error}");
    }
    let secret = recorded["legacy"]["key"].as_str().unwrap();
    for account in ["", "not base64!", secret, "eyJuYW1lIjoiYSJ9"] {
        let error = SideroV1Signer::from_service_account(&account.into()).unwrap_err();
        assert!(error.to_string().contains("service account"), "{error}");
        assert!(error.to_string().len() < 200, "{error}");
    }
}

#[test]
fn damaged_keys_are_refused() {
    use base64::Engine;
    let recorded = recorded();
    let lines = recorded["legacy"]["key"].as_str().unwrap().lines().skip_while(|line| !line.is_empty());
    let inside: String = lines.take_while(|line| !line.starts_with(['=', '-'])).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(inside).unwrap();
    SecretKey::from_packets(&bytes).unwrap();
    // The key packet ends and the name begins; the certification covers both.
    for index in 0..200 {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x55;
        // What no signature covers may change without harm, and nothing may panic.
        if index < 80 {
            SecretKey::from_packets(&damaged).unwrap_err();
        } else {
            _ = SecretKey::from_packets(&damaged);
        }
        SecretKey::from_packets(&bytes[..index]).unwrap_err();
    }
}

#[tokio::test]
async fn keys_are_found_where_talosctl_left_them() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let config = TalosConfig::new("prod", signed(&pki, &server));
    let recorded = recorded();
    let home = tempfile::tempdir().unwrap();
    let environment = |more: &[(&str, &str)]| {
        let mut environment: BTreeMap<String, OsString> =
            more.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        environment.insert("HOME".into(), home.path().into());
        SideroV1Keys::from_lookup(move |name| environment.get(name).cloned())
    };
    let connect = |keys| Client::connect(&config, ClientOptions::default().with_siderov1_keys(keys));
    let error = connect(environment(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("prod-me@example.org.pgp"), "{error}");

    let fingerprint = |kind: &str| recorded[kind]["fingerprint"].as_str().unwrap().to_owned();
    let signature = || metadata(&server).remove("x-sidero-signature").unwrap().remove(0);
    for (folder, kind) in [(".local/share/talos/keys", "legacy"), (".talos/keys", "ed25519")] {
        let folder = home.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let key = recorded[kind]["key"].as_str().unwrap();
        std::fs::write(folder.join("prod-me@example.org.pgp"), key).unwrap();
        tag(&connect(environment(&[])).unwrap().endpoint()).await.unwrap();
        let expected = format!("siderov1 {USER} {} ", fingerprint(kind));
        assert!(signature().starts_with(&expected), "{}", signature());
    }
    let account = recorded["legacy"]["service_account"].as_str().unwrap();
    for name in ["SIDERO_SERVICE_ACCOUNT_KEY", "OMNI_SERVICE_ACCOUNT_KEY"] {
        let keys = environment(&[(name, account)]);
        assert!(!format!("{keys:?}").contains(account));
        tag(&connect(keys).unwrap().endpoint()).await.unwrap();
        assert!(signature().contains(&fingerprint("legacy")), "the service account comes first");
    }

    // A key that expired, or is still to be made: on the clock of the client.
    for (years, kind) in [(200, ErrorKind::SigningKeyExpired), (0, ErrorKind::InvalidConfiguration)] {
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(years * 365 * 24 * 3600);
        let mut context = signed(&pki, &server);
        (context.crt, context.key) = (None, None);
        let options = ClientOptions::default()
            .with_context("prod")
            .with_siderov1_keys(environment(&[]))
            .with_clock(Arc::new(FixedClock::new(then)));
        let client = Client::from_context(&context, options).unwrap();
        let error = tag(&client.endpoint()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}
