//! `cert`: what certificates, requests and keys say, and whether a chain is trusted.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use serde::Deserialize;
use serde_json::{Value, json};
use talos_pki::{Certificate, CertificateRequest, Fingerprint, PrivateKey, Usage, pem};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509CertificationRequest, X509Name};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::instant::{Now, rfc3339};

/// What to look at, or to verify.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    #[serde(rename = "name")]
    _name: String,
    op: String,
    pem: String,
    roots: String,
    intermediates: String,
    usage: String,
    host: String,
    now: Option<Now>,
}

pub(super) fn answer(request: Request) -> Value {
    match request.op.as_str() {
        "" | "parse" => {
            let items: Vec<Value> =
                pem::parse(&request.pem).iter().map(|block| item(block, &request.pem)).collect();
            match items.is_empty() {
                true => json!({ "ok": false, "error": "no PEM block" }),
                false => json!({ "items": items, "ok": true, "error": "" }),
            }
        }
        "verify" => match verify(&request) {
            Ok(()) => json!({ "ok": true, "error": "" }),
            Err(error) => json!({ "ok": false, "error": error }),
        },
        _ => json!({ "ok": false, "error": "op must be \"parse\" or \"verify\"" }),
    }
}

fn item(block: &pem::Block, text: &str) -> Value {
    let der = block.content.expose();
    let canonical = text.contains(pem::encode(&block.label, der).as_str());
    let mut facts = json!({ "label": block.label, "canonical_pem": canonical, "der_length": der.len() });
    let read = match block.label.as_str() {
        pem::CERTIFICATE => certificate(der, &mut facts),
        pem::CERTIFICATE_REQUEST => request(der, &mut facts),
        _ => key(der, &mut facts),
    };
    if let Err(error) = read {
        facts["error"] = error.into();
    }
    facts
}

fn certificate(der: &[u8], facts: &mut Value) -> Result<(), String> {
    let read = Certificate::from_der(der).map_err(|error| error.to_string())?;
    let (_, parsed) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let validity = read.not_after().duration_since(read.not_before()).unwrap_or_default();
    facts["kind"] = "certificate".into();
    facts["version"] = (parsed.version().0 + 1).into();
    facts["serial"] = hex(read.serial()).trim_start_matches('0').into();
    facts["serial_bits"] = bits(read.serial()).into();
    facts["subject"] = name(read.subject_der());
    facts["issuer"] = name(read.issuer_der());
    facts["not_before"] = rfc3339(read.not_before()).into();
    facts["not_after"] = rfc3339(read.not_after()).into();
    facts["validity_seconds"] = validity.as_secs().into();
    facts["signature_algorithm"] = signature_algorithm(&parsed.signature_algorithm.algorithm.to_id_string());
    set(facts, "self_signed", (read.subject_der() == read.issuer_der()).into());
    set(facts, "is_ca", parsed.is_ca().into());
    if let Ok(Some(usage)) = parsed.key_usage() {
        set(facts, "key_usage", key_usages(usage.value.flags));
    }
    let usages: Vec<_> = read
        .usages()
        .iter()
        .filter_map(|usage| match usage {
            Usage::Server => Some("serverAuth"),
            Usage::Client => Some("clientAuth"),
            _ => None,
        })
        .collect();
    set(facts, "ext_key_usage", json!(usages));
    names(facts, read.dns_names(), read.ip_addresses());
    set(facts, "subject_key_id", read.subject_key_id().map(hex).unwrap_or_default().into());
    let authority = parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref(),
        _ => None,
    });
    set(facts, "authority_key_id", authority.map(|id| hex(id.0)).unwrap_or_default().into());
    let extensions: Vec<_> = parsed
        .extensions()
        .iter()
        .map(|e| json!({ "oid": e.oid.to_id_string(), "critical": e.critical, "value_hex": hex(e.value) }))
        .collect();
    set(facts, "extensions", json!(extensions));
    facts["key"] = public_key(read.public_key_spki());
    Ok(())
}

fn request(der: &[u8], facts: &mut Value) -> Result<(), String> {
    facts["kind"] = "request".into();
    let read = CertificateRequest::from_der(der).map_err(|error| error.to_string())?;
    let (_, parsed) = X509CertificationRequest::from_der(der).map_err(|error| error.to_string())?;
    let info = &parsed.certification_request_info;
    facts["subject"] = name(info.subject.as_raw());
    facts["signature_algorithm"] = signature_algorithm(&parsed.signature_algorithm.algorithm.to_id_string());
    // Reading a request checks its signature.
    facts["self_signed"] = true.into();
    names(facts, read.dns_names(), read.ip_addresses());
    facts["key"] = public_key(info.subject_pki.raw);
    Ok(())
}

fn key(der: &[u8], facts: &mut Value) -> Result<(), String> {
    facts["kind"] = "private key".into();
    let key = PrivateKey::from_der(der).map_err(|error| error.to_string())?;
    facts["key"] = public_key(key.public_key_spki());
    // Behind the version: an algorithm, the bytes of the key, or a number.
    facts["key"]["encoding"] = match behind_version(der) {
        Some(0x30) => "PKCS#8",
        Some(0x04) => "SEC1",
        _ => "PKCS#1",
    }
    .into();
    Ok(())
}

/// The tag of what stands behind the version in a DER sequence.
fn behind_version(der: &[u8]) -> Option<u8> {
    let length_bytes = match der.get(1)? {
        short if *short < 0x80 => 0,
        long => usize::from(*long & 0x7F),
    };
    // The version takes three bytes.
    der.get(2 + length_bytes + 3).copied()
}

fn public_key(spki: &[u8]) -> Value {
    let fingerprint = Fingerprint::of_spki(spki);
    let parsed = SubjectPublicKeyInfo::from_der(spki).map(|(_, info)| info);
    let algorithm = match parsed.as_ref().ok().and_then(|info| info.parsed().ok()) {
        Some(PublicKey::RSA(key)) => {
            let exponent = key.try_exponent().unwrap_or_default();
            format!("RSA {} e={exponent}", bits(key.modulus))
        }
        Some(PublicKey::EC(point)) => format!("ECDSA P-{}", point.key_size()),
        _ => "Ed25519".to_owned(),
    };
    json!({
        "algorithm": algorithm, "spki_fingerprint": fingerprint.to_string(),
        "spki_sha256_hex": fingerprint.to_hex(),
    })
}

/// The parts of a name as they are grouped and tagged in DER.
fn name(der: &[u8]) -> Value {
    let Ok((_, name)) = X509Name::from_der(der) else { return Value::Null };
    let parts: Vec<Vec<Value>> = name
        .iter()
        .map(|part| {
            let attribute = |a: &x509_parser::x509::AttributeTypeAndValue<'_>| {
                let value = a.as_str().unwrap_or_default();
                json!({ "oid": a.attr_type().to_id_string(), "asn1_tag": a.attr_value().tag().0, "value": value })
            };
            part.iter().map(attribute).collect()
        })
        .collect();
    // In text the last part comes first (RFC 4514).
    let mut text: Vec<String> = parts
        .iter()
        .map(|part| {
            let attribute = |a: &Value| {
                let name = match a["oid"].as_str().unwrap_or_default() {
                    "2.5.4.3" => "CN",
                    "2.5.4.10" => "O",
                    "2.5.4.11" => "OU",
                    other => other,
                };
                format!("{name}={}", a["value"].as_str().unwrap_or_default())
            };
            part.iter().map(attribute).collect::<Vec<_>>().join("+")
        })
        .collect();
    text.reverse();
    json!({ "text": text.join(","), "rdns": parts })
}

fn names(facts: &mut Value, dns: &[String], addresses: &[std::net::IpAddr]) {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    set(facts, "dns_names", json!(dns));
    set(facts, "ip_addresses", json!(addresses));
}

/// Sets a fact that is left out where it says nothing.
fn set(facts: &mut Value, name: &str, value: Value) {
    let empty = matches!(&value, Value::Bool(false))
        || value.as_str().is_some_and(str::is_empty)
        || value.as_array().is_some_and(Vec::is_empty);
    if !empty {
        facts[name] = value;
    }
}

fn key_usages(flags: u16) -> Value {
    let names = [
        "digitalSignature",
        "contentCommitment",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    names
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags & (1 << bit) != 0)
        .map(|(_, name)| Value::from(*name))
        .collect()
}

fn signature_algorithm(oid: &str) -> Value {
    match oid {
        "1.3.101.112" => "Ed25519",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        other => other,
    }
    .into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// Length of a big-endian number in bits.
fn bits(bytes: &[u8]) -> usize {
    let Some(first) = bytes.iter().position(|byte| *byte != 0) else { return 0 };
    (bytes.len() - first) * 8 - bytes[first].leading_zeros() as usize
}

/// Whether the chain is good for a TLS connection, by the verifiers that the client uses.
fn verify(request: &Request) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let chain = |pem: &str| Certificate::parse_bundle(pem).map_err(|error| text(&error));
    let leaf = Certificate::from_pem(&request.pem).map_err(|error| text(&error))?.to_rustls();
    let mut roots = RootCertStore::empty();
    for root in chain(&request.roots)? {
        roots.add(root.to_rustls()).map_err(|error| text(&error))?;
    }
    let intermediates: Vec<_> = match request.intermediates.is_empty() {
        true => Vec::new(),
        false => chain(&request.intermediates)?.iter().map(Certificate::to_rustls).collect(),
    };
    let now = request.now.map_or_else(SystemTime::now, |now| now.0);
    let now =
        UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    match request.usage.as_str() {
        "client" => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            let verifier = verifier.map_err(|error| text(&error))?;
            verifier.verify_client_cert(&leaf, &intermediates, now).map_err(|error| text(&error))?;
        }
        "server" => {
            let host = ServerName::try_from(request.host.as_str())
                .map_err(|_| "a server is verified for a host: set \"host\"".to_owned())?;
            let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build();
            let verifier = verifier.map_err(|error| text(&error))?;
            verifier
                .verify_server_cert(&leaf, &intermediates, &host, &[], now)
                .map_err(|error| text(&error))?;
        }
        _ => return Err("usage must be \"client\" or \"server\"".into()),
    }
    Ok(())
}
