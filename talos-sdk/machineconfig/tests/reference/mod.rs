//! Where what the Go machinery made is, beside the repository.

use std::path::{Path, PathBuf};

/// The recorded file `name`; says so where there is none.
pub(crate) fn reference(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}
