//! Any text is a tree or an error with a line; a tree that is written is read again, as far as Go's own text is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_yaml::{ErrorKind, emit, parse_documents, to_string};

fuzz_target!(|text: &str| {
    let documents = match parse_documents(text) {
        Ok(documents) => documents,
        Err(error) => {
            assert!(error.line().is_some() && error.column().is_some(), "{error}");
            assert!(error.to_string().len() < 1000);
            return;
        }
    };
    for document in &documents {
        assert!(document == &document.clone());
        let _ = emit(document);
        let Ok(written) = to_string(document) else { continue };
        // Go writes some block texts that no reader takes back.
        if written.contains(['|', '>', '?']) {
            continue;
        }
        let again = match parse_documents(&written) {
            Ok(again) => again,
            // `1` and `1.0` are two keys, and written alike.
            Err(error) if error.kind() == ErrorKind::DuplicateKey => continue,
            Err(error) => panic!("{error}: {written}"),
        };
        let [again] = again.as_slice() else { panic!("{} documents", again.len()) };
        assert_eq!(to_string(again).unwrap(), written);
    }
});
