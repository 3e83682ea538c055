//! The specification of any type, as protobuf of any version and as YAML; and any event.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use talos_client::parse::{event, readers};
use talos_client::resources::Untyped;

fuzz_target!(|data: &[u8]| {
    match event(data) {
        Ok(event) => assert!(event.id.len() + event.actor_id.len() <= data.len()),
        Err(error) => assert!(error.to_string().len() < 2 * data.len() + 1000),
    }
    let spec = Untyped::new(Bytes::copy_from_slice(data), String::from_utf8_lossy(data));
    for read in readers() {
        if let Err(error) = read(&spec) {
            assert!(error.to_string().lines().count() <= 1, "{error}");
        }
    }
});
