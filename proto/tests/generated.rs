//! The committed code is what the generator writes from the committed `.proto` files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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
            "{area}.rs is stale: run cargo run -p talos-proto-codegen --bin resources"
        );
    }
}
