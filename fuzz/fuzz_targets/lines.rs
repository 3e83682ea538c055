//! Lines of the kernel's log, filters of packets, versions, ids of members: any text is read or refused in one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_client::resources::Prefix;
use talos_client::{
    BpfFilter, Endpoint, EtcdMemberId, KernelMessage, ProcessState, ServiceState, TalosVersion,
};

fuzz_target!(|text: &str| {
    let message = KernelMessage::parse(text);
    assert_eq!(message.raw, text);
    assert!(text.contains(&message.text));

    match text.parse::<BpfFilter>() {
        Ok(filter) => assert!(BpfFilter::new(filter.instructions().iter().copied()) == filter),
        Err(error) => assert!(error.to_string().lines().count() == 1),
    }
    if let Ok(version) = text.parse::<TalosVersion>() {
        assert_eq!(version.to_string().parse::<TalosVersion>().unwrap(), version);
    }
    if let Ok(id) = text.parse::<EtcdMemberId>() {
        assert_eq!(id.to_string().parse::<EtcdMemberId>().unwrap(), id);
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(endpoint.to_string().parse::<Endpoint>().unwrap(), endpoint);
    }
    let _ = text.parse::<Prefix>().is_ok();
    let _ = (ProcessState::parse(text), ServiceState::parse(text));
});
