//! Being asked to stop.

use std::future::Future;

use crate::failure::{Failure, Outcome};

/// Ends when Ctrl-C is pressed or the process is asked to terminate.
///
/// Call it early: from then on neither ends the process by itself.
pub fn interrupted() -> Outcome<impl Future<Output = ()>> {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|error| Failure::of("could not listen for signals", error))?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = interrupt.await;
    })
}
