//! Whatever a machine tells in a watch, applied in their order the changes fit what was told before.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_types::Timestamp;
use talos_client::parse::changes;
use talos_client::resources::{Change, Resource, Untyped};
use talos_proto::cosi::resource::{self as proto, EventType, WatchResponse};

fuzz_target!(|data: &[u8]| {
    follow(&[&[data.to_vec()]]);

    // A watch after another one, of messages of one event; four bytes make an event.
    let watches: Vec<Vec<Vec<u8>>> = data
        .split(|byte| *byte == b'\n')
        .map(|watch| watch.chunks_exact(4).map(|what| message(what).encode_to_vec()).collect())
        .collect();
    follow(&watches.iter().map(Vec::as_slice).collect::<Vec<_>>());
});

fn message(what: &[u8]) -> WatchResponse {
    let metadata = proto::Metadata {
        id: char::from(b'a' + what[1] % 4).to_string(),
        version: if what[2] == 255 { "undefined".to_owned() } else { (what[2] % 8).to_string() },
        created: (what[3] & 4 != 0).then(|| Timestamp { seconds: (what[3] >> 6).into(), nanos: 0 }),
        ..Default::default()
    };
    let resource = proto::Resource { metadata: Some(metadata), spec: Some(proto::Spec::default()) };
    let kind = what[0] % 8;
    WatchResponse {
        event: vec![proto::Event {
            event_type: if kind == 7 { EventType::Bootstrapped.into() } else { kind.into() },
            resource: (what[3] & 8 == 0).then_some(resource),
            bookmark: (what[3] & 1 != 0).then(|| vec![what[3]].into()),
            ..Default::default()
        }],
    }
}

fn follow(watches: &[&[Vec<u8>]]) {
    let mut all: BTreeMap<String, Arc<Resource<Untyped>>> = BTreeMap::new();
    let mut changes = changes(watches);
    let end = changes.pop();
    assert!(matches!(end, Some(Err(_))), "it ends for a reason");
    for change in changes {
        match change.unwrap() {
            Change::Created(new) => assert!(all.insert(new.metadata.id.clone(), new).is_none()),
            Change::Updated { old, new } => {
                let before = all.insert(new.metadata.id.clone(), Arc::clone(&new)).unwrap();
                assert!(Arc::ptr_eq(&before, &old) && new.metadata.version > old.metadata.version);
            }
            Change::Destroyed(old) => {
                assert!(Arc::ptr_eq(&all.remove(&old.metadata.id).unwrap(), &old));
            }
            _ => {}
        }
    }
}
