//! Our certificate, replaced while connected.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use talos_client::{Client, ClientOptions, ErrorKind, RenewalOptions, SideroV1Signer};
use talos_pki::{FixedClock, LeafOptions, Role, SystemClock, Usage};
use talos_proto::machine;
use talosconfig::{Context, SideroV1Auth, TalosConfig};

use crate::support::{Answer, Pki, Server};
use crate::{connect, started, tag};

const HOUR: Duration = Duration::from_secs(3600);

/// The answer to GenerateClientConfiguration.
fn issued(pki: &Pki, validity: Duration) -> Answer {
    let identity =
        pki.ca.issue(&LeafOptions::client([Role::Reader]).with_validity(validity), &SystemClock).unwrap();
    let context = Context::new([""; 0]).with_identity(&pki.ca.certificate, &identity);
    let talosconfig = TalosConfig::new("talos", context).to_yaml().unwrap().expose().as_bytes().to_vec();
    let message =
        machine::GenerateClientConfiguration { talosconfig: talosconfig.into(), ..Default::default() };
    let reply = machine::GenerateClientConfigurationResponse { messages: vec![message] };
    Answer::Message(reply.encode_to_vec())
}

#[tokio::test]
async fn another_certificate_is_shown_from_then_on() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let client = connect(&pki.context([server.endpoint()]));
    let node = client.clone().node("10.0.0.2");
    tag(&node).await.unwrap();
    let next = pki.ca.issue(&LeafOptions::client([Role::Reader]), &SystemClock).unwrap();
    client.set_identity(&next).unwrap();
    assert_eq!(client.certificate().unwrap(), next.certificate);
    tag(&node).await.unwrap();
    assert_eq!(server.connections(), 2, "clones connect anew too");

    // What can't be of use is refused, and the one in use stays.
    let expired = LeafOptions::client([Role::Admin]).with_validity(HOUR);
    let expired = pki.ca.issue(&expired, &FixedClock::new(SystemTime::now() - 2 * HOUR)).unwrap();
    assert_eq!(client.set_identity(&expired).unwrap_err().kind(), ErrorKind::ClientCertificateExpired);
    let servers = LeafOptions::client([Role::Admin]).with_usages([Usage::Server]);
    let servers = pki.ca.issue(&servers, &SystemClock).unwrap();
    assert_eq!(client.set_identity(&servers).unwrap_err().kind(), ErrorKind::CertificatePurpose);
    tag(&node).await.unwrap();
    let pinned = [pki.ca.certificate.fingerprint()];
    let machine = Client::maintenance(&server.endpoint(), &pinned, ClientOptions::default()).unwrap();
    assert_eq!(machine.set_identity(&next).unwrap_err().kind(), ErrorKind::InvalidConfiguration);
}

#[tokio::test]
async fn the_certificate_is_renewed_before_it_ends() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    server.answer("GenerateClientConfiguration", [issued(&pki, HOUR), issued(&pki, 24 * HOUR)]);
    let client = connect(&pki.context([server.endpoint()]));
    let first = client.certificate().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    // All certificates of less than two hours are due.
    let options = RenewalOptions::default().with_before(2 * HOUR).with_lifetime(24 * HOUR);
    let (renewing, log) = (client.clone(), Arc::clone(&seen));
    let due = pki.ca.issue(&LeafOptions::client([Role::Reader]).with_validity(HOUR), &SystemClock).unwrap();
    client.set_identity(&due).unwrap();
    let task = tokio::spawn(async move {
        renewing
            .keep_certificate(options, |config| {
                log.lock().unwrap().push(config.current(None).unwrap().certificate().unwrap().unwrap());
            })
            .await
    });
    crate::support::eventually(async || seen.lock().unwrap().len() == 2).await;
    task.abort();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.last(), client.certificate().as_ref());
    let serials: BTreeSet<&[u8]> = [&first, &due.certificate, &seen[0], &seen[1]]
        .iter()
        .map(|certificate| certificate.serial())
        .collect();
    assert_eq!(serials.len(), 4);
    let request = server.seen("GenerateClientConfiguration");
    let asked = machine::GenerateClientConfigurationRequest::decode(&request[0].body[5..]).unwrap();
    assert_eq!(asked.roles, ["os:reader"], "the roles stay");
    assert_eq!(asked.crt_ttl.unwrap().seconds, 24 * 3600);
    tag(&client.endpoint()).await.unwrap();
}

#[tokio::test]
async fn calls_are_signed_where_the_context_says_so() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let mut context = pki.context([server.endpoint()]).with_cluster("prod");
    context.auth.siderov1 = Some(SideroV1Auth { identity: "me@example.org".into() });
    let error = Client::from_context(&context, ClientOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    assert!(error.to_string().contains("with_signer"), "{error}");

    let signer = SideroV1Signer::new("me@example.org", "ab12", |payload| Ok(payload.to_vec())).unwrap();
    let options = ClientOptions::default().with_signer(signer);
    let client = Client::from_context(&context, options).unwrap();
    tag(&client.node("10.0.0.2")).await.unwrap();
    let headers = &server.seen("Version")[0].headers;
    let signature = headers["x-sidero-signature"].to_str().unwrap();
    let [version, identity, fingerprint, signature] = signature.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{signature}");
    };
    assert_eq!((version, identity, fingerprint), ("siderov1", "me@example.org", "ab12"));
    // This signature is the payload itself, and the payload says what was sent.
    assert_eq!(STANDARD.decode(signature).unwrap(), headers["x-sidero-payload"].as_bytes());
    let payload: serde_json::Value = serde_json::from_slice(headers["x-sidero-payload"].as_bytes()).unwrap();
    assert_eq!(payload["method"], "/machine.MachineService/Version");
    for name in ["runtime", "context", "x-sidero-timestamp"] {
        assert_eq!(payload["headers"][name][0].as_str().unwrap(), headers[name], "{name}");
    }
    assert_eq!(payload["headers"].as_object().unwrap().len(), 3);

    let broken = SideroV1Signer::new("me", "ab12", |_| Err(std::io::Error::other("no key here"))).unwrap();
    let client = Client::from_context(&context, ClientOptions::default().with_signer(broken)).unwrap();
    let error = tag(&client.endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
}

#[tokio::test]
async fn renewing_ends_where_it_is_not_allowed() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer(
        "GenerateClientConfiguration",
        [
            Answer::Status(tonic::Code::Unavailable, "booting"),
            Answer::Status(tonic::Code::PermissionDenied, "not authorized"),
        ],
    );
    let client = connect(&pki.context([server.endpoint()]));
    let options = RenewalOptions::default().with_before(100_000 * HOUR);
    let Err(error) = client.keep_certificate(options, |_| panic!("nothing was issued")).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert_eq!(server.seen("GenerateClientConfiguration").len(), 2, "the first failure passes");
    let without = Context::new([server.endpoint()]).with_ca(&pki.ca.certificate);
    let error = connect(&without).renew_certificate(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
}
