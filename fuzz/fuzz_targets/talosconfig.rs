//! Any text is a client configuration or an error; what is written is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talosconfig::TalosConfig;

fuzz_target!(|text: &str| {
    let Ok(config) = TalosConfig::from_yaml(text) else { return };
    let Ok(written) = config.to_yaml() else { return };
    if written.expose().lines().any(|line| line.trim_end_matches(['-', '+']).ends_with("|4")) {
        return;
    }
    let again = TalosConfig::from_yaml(written.expose()).unwrap();
    assert_eq!(again.to_yaml().unwrap().expose(), written.expose());
});
