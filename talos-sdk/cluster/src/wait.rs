//! Waiting with a deadline, and saying why it takes so long.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::event::{Event, Observer};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest that one look may take.
pub(crate) const LOOK: Duration = Duration::from_secs(10);

/// What one look at the world found.
pub(crate) enum Look<T> {
    /// It is as it should be.
    Done(T),
    /// Not yet, for this reason.
    NotYet(String),
}

/// Looks again and again until it is done, fails for good, or `limit` is over.
///
/// The reason of the last look goes into the error of a timeout, with `what` before it, and to the observer when it changes.
pub(crate) async fn until<T, F>(
    what: &str,
    limit: Duration,
    observer: Observer<'_>,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Look<T>>>,
{
    let deadline = Instant::now() + limit;
    let mut last = String::new();
    loop {
        match tokio::time::timeout_at(deadline, look()).await {
            Ok(Ok(Look::Done(value))) => return Ok(value),
            Ok(Ok(Look::NotYet(reason))) if reason != last => {
                observer(&Event::Waiting { what: what.to_owned(), reason: reason.clone() });
                last = reason;
            }
            Ok(Ok(Look::NotYet(_))) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(Error::timeout(what, limit, &last)),
        }
        if Instant::now() + PAUSE > deadline {
            return Err(Error::timeout(what, limit, &last));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
