//! Small texts with a form of their own: versions, addresses, durations, sizes. What is printed is read again as the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use talos_machineconfig::types::{
    Addr, AddrPort, ByteSize, DiskSizeMatcher, Duration, Prefix, Url, VolumeSize,
};
use talos_machineconfig::{Contract, MachineType, Mode};

fn printed<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    let text = value.to_string();
    assert_eq!(text.parse::<T>().ok().map(|again| again.to_string()), Some(text));
}

fuzz_target!(|text: &str| {
    let _ =
        (Contract::parse(text).is_ok(), text.parse::<MachineType>().is_ok(), text.parse::<Mode>().is_ok());
    let _ = (text.parse::<DiskSizeMatcher>().is_ok(), text.parse::<VolumeSize>().is_ok());
    let _ = text.parse::<ByteSize>().is_ok();
    printed::<Url>(text);
    printed::<Duration>(text);
    printed::<Addr>(text);
    printed::<AddrPort>(text);
    printed::<Prefix>(text);
});
