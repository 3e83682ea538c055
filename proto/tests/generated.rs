//! The committed code is what the generator writes from the committed `.proto` files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Type;
use talos_proto::common::{Data, PemEncodedCertificateAndKey};
use talos_proto::machine::ApplyConfigurationRequest;
use talos_proto::machine::apply_configuration_request::Mode;
use talos_proto::talos::resource::definitions::secrets::OsRootSpec;
use talos_proto_codegen::secrets::SECRETS;

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn committed_code_is_up_to_date() {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().unwrap();
    talos_proto_codegen::generate(&proto.join("proto"), fresh.path()).unwrap();

    let (committed, fresh) = (contents(&proto.join("src/generated")), contents(fresh.path()));
    assert_eq!(committed.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
    for (name, bytes) in &committed {
        assert!(fresh[name] == *bytes, "{name} is stale: run cargo run -p talos-proto-codegen");
    }
}

#[test]
fn committed_resource_types_are_up_to_date() {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR"));
    let types = proto.join("../talos-sdk/client/src/resources/types");
    for (area, text) in talos_proto_codegen::resources::generate(proto).unwrap() {
        let committed = fs::read_to_string(types.join(format!("{area}.rs"))).unwrap();
        assert!(
            committed == text,
            "{area}.rs is stale: run cargo run -p talos-proto-codegen --bin resource_types"
        );
    }
}

/// Every field of text, bytes or a map whose name speaks of a secret is one that is not printed, or known to be none.
#[test]
fn fields_that_sound_secret_are_not_printed() {
    const HARMLESS: [&str; 6] = [
        "bootstrap_token_id",
        "configured_encryption_keys",
        "pcr_signing_key_fingerprint",
        "pub_key_pem",
        "public_key",
        "uki_signing_key_fingerprint",
    ];
    let words =
        ["_auth", "key", "kubeconfig", "passphrase", "password", "salt", "secret", "talosconfig", "token"];
    let descriptors = FileDescriptorSet::decode(talos_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut hidden = 0;
    for file in descriptors.file.iter().filter(|file| !file.package().starts_with("google")) {
        for message in &file.message_type {
            let secret = SECRETS
                .iter()
                .find(|(package, name, _)| (*package, *name) == (file.package(), message.name()));
            let secret = secret.map_or(&[][..], |(_, _, fields)| fields);
            for field in &message.field {
                let name = field.name();
                let speaks = words.iter().any(|word| name.contains(word));
                if !speaks || !matches!(field.r#type(), Type::String | Type::Bytes) {
                    continue;
                }
                // That of a label.
                let text_key = name == "key" && field.r#type() == Type::String;
                let is_hidden = secret.contains(&name);
                hidden += usize::from(is_hidden);
                assert!(
                    is_hidden || text_key || HARMLESS.contains(&name),
                    "{}.{}.{name}: add it to the secrets of talos-proto-codegen, or to the harmless here",
                    file.package(),
                    message.name()
                );
            }
        }
    }
    assert!(hidden > 20, "{hidden}");
}

#[test]
fn secrets_are_not_printed_and_all_else_is() {
    let identity = PemEncodedCertificateAndKey { crt: "crt-1".into(), key: "swordfish".into() };
    let root = OsRootSpec { issuing_ca: Some(identity), token: "swordfish".into(), ..Default::default() };
    let printed = format!("{root:?}");
    assert!(printed.contains("crt-1") && printed.contains("[redacted]"), "{printed}");
    let request =
        ApplyConfigurationRequest { data: "swordfish".into(), mode: Mode::Try.into(), ..Default::default() };
    let printed = printed + &format!("{request:?} {:?}", Data { metadata: None, bytes: "swordfish".into() });
    assert!(printed.contains("mode: Try") && printed.contains("dry_run: false"), "{printed}");
    assert!(!printed.contains("swordfish"), "{printed}");
}
