//! Logs, for those who ask for them.

use std::io;

use tracing_subscriber::EnvFilter;

/// Writes logs to standard error as `RUST_LOG` says; none without it.
pub fn init() {
    if std::env::var_os("RUST_LOG").is_some_and(|value| !value.is_empty()) {
        // A second call changes nothing.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_default_env())
            .with_writer(io::stderr)
            .try_init();
    }
}
