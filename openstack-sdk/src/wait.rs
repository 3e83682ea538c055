//! Waiting for a state.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};

/// The first pause between two looks; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(3);

/// What one look at the thing told.
pub(crate) enum Look<T> {
    /// It is there.
    Done(T),
    /// Not yet: its state in one word.
    NotYet(String),
}

/// Looks again and again until the state is reached, the look fails, or the deadline passes.
pub(crate) async fn until<T, F>(what: &str, deadline: Deadline, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Look<T>>>,
{
    let mut state = String::from("unknown");
    let mut pause = FIRST;
    loop {
        let outcome = match tokio::time::timeout_at(deadline.instant(), look()).await {
            Ok(outcome) => outcome,
            Err(_) => return Err(overdue(what, &state)),
        };
        match outcome {
            Ok(Look::Done(value)) => return Ok(value),
            Ok(Look::NotYet(now)) => state = now,
            // The look has its own repeats; a service that is still away may come back in time.
            Err(error) if error.is_retryable() => state = error.to_string(),
            Err(error) => return Err(error),
        }
        if pause >= deadline.remaining() {
            tokio::time::sleep_until(deadline.instant()).await;
            return Err(overdue(what, &state));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

fn overdue(what: &str, state: &str) -> Error {
    Error::new(ErrorKind::Deadline, format!("{what} not by the deadline; last state: {state}"))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::{Look, until};
    use crate::deadline::Deadline;
    use crate::error::{Error, ErrorKind};

    #[tokio::test(start_paused = true)]
    async fn the_last_state_is_told() {
        let deadline = Deadline::after(Duration::from_secs(60));
        let outcome = until("server a is active", deadline, || async {
            Ok::<Look<()>, Error>(Look::NotYet("BUILD".into()))
        });
        let error = outcome.await.err();
        assert!(error.as_ref().is_some_and(Error::is_deadline));
        assert!(error.is_some_and(|error| error.to_string().contains("BUILD")));
        assert!(deadline.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_failure_does_not_end_the_wait() {
        let looks = Cell::new(0);
        let outcome = until("x", Deadline::after(Duration::from_secs(60)), || async {
            looks.set(looks.get() + 1);
            match looks.get() {
                1 => Err(Error::new(ErrorKind::ServiceUnavailable, "away")),
                2 => Ok(Look::NotYet("x".into())),
                _ => Ok(Look::Done(7)),
            }
        });
        assert_eq!(outcome.await.ok(), Some(7));
    }
}
