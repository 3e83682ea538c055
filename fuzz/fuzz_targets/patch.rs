//! A patch and what it is merged into, from one text with a line `%%` between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_machineconfig::{Config, Patch, patch_text};

const BASE: &str =
    "machine:\n  type: worker\n  sysctls: {a: b}\n  network:\n    interfaces: [{interface: eth0}]\n";

fuzz_target!(|text: &str| {
    let (base, patch) = text.split_once("\n%%\n").unwrap_or((BASE, text));
    let Ok(patch) = Patch::parse(patch) else { return };
    let _ = patch_text(base, std::slice::from_ref(&patch)).is_ok();
    let Ok(config) = Config::from_yaml(base) else { return };
    if let Ok(patched) = config.patch(&[patch]) {
        let _ = patched.config.encode().unwrap();
    }
});
