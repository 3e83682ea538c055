//! Any text is a configuration or an error of one line; what is encoded is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_machineconfig::{Config, Mode, ValidateOptions};

fuzz_target!(|text: &str| {
    let config = match Config::from_yaml(text) {
        Ok(config) => config,
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && !message.contains('\n'), "{message:?}");
            return;
        }
    };
    let _ = config.validate(&ValidateOptions::new(Mode::Metal));
    let written = config.encode().unwrap();
    // Block texts that start with a blank are written so that no reader takes them back, by Go too.
    if written.expose().lines().any(|line| line.trim_end_matches(['-', '+']).ends_with("|4")) {
        return;
    }
    let again = Config::from_yaml(written.expose()).unwrap();
    assert_eq!(again.encode().unwrap().expose(), written.expose());
});
