//! How calls are made: times, and how failures are repeated.

use std::time::Duration;

use http::StatusCode;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};

/// How a [`Cloud`](crate::Cloud) makes its calls.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CloudOptions {
    /// How long a call may take with all its repeats when the caller set no deadline; 2 minutes.
    pub call_timeout: Duration,
    /// How long to wait for one answer; 1 minute.
    pub attempt_timeout: Duration,
    /// How long to wait for a connection; 10 seconds.
    pub connect_timeout: Duration,
    /// How failures that may pass are repeated.
    pub retry: RetryPolicy,
    /// What stands before this crate's name in the `User-Agent` header.
    pub user_agent: Option<String>,
}

impl Default for CloudOptions {
    fn default() -> CloudOptions {
        CloudOptions {
            call_timeout: Duration::from_secs(120),
            attempt_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            user_agent: None,
        }
    }
}

impl CloudOptions {
    /// Sets the time for a whole call.
    pub fn with_call_timeout(mut self, time: Duration) -> CloudOptions {
        self.call_timeout = time;
        self
    }

    /// Sets the time for one answer.
    pub fn with_attempt_timeout(mut self, time: Duration) -> CloudOptions {
        self.attempt_timeout = time;
        self
    }

    /// Sets the time for a connection.
    pub fn with_connect_timeout(mut self, time: Duration) -> CloudOptions {
        self.connect_timeout = time;
        self
    }

    /// Sets how failures are repeated.
    pub fn with_retry(mut self, retry: RetryPolicy) -> CloudOptions {
        self.retry = retry;
        self
    }

    /// Names the program to the services.
    pub fn with_user_agent(mut self, name: impl Into<String>) -> CloudOptions {
        self.user_agent = Some(name.into());
        self
    }
}

/// How failures that may pass are repeated.
///
/// A refused connection and 429 are repeated for every call. 503 is repeated for calls that may be made twice,
/// and for others when the service says `Retry-After`. A broken connection, a missing answer, 502 and 504 are
/// repeated only for calls that may be made twice. All within the deadline of the call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many repeats; those that the service asked for with `Retry-After` do not count. 6 at first.
    pub repeats: u32,
    /// The pause before the first repeat; it doubles each time. 250 ms.
    pub first_pause: Duration,
    /// The longest pause that this crate chooses by itself; 10 seconds.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            repeats: 6,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Sets how many repeats.
    pub fn with_repeats(mut self, repeats: u32) -> RetryPolicy {
        self.repeats = repeats;
        self
    }

    /// Sets the first and the longest pause.
    pub fn with_pauses(mut self, first: Duration, longest: Duration) -> RetryPolicy {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// The pause before the next try, or the error when there is to be none.
    pub(crate) fn pause(
        &self,
        error: Error,
        idempotent: bool,
        tried: u32,
        deadline: Deadline,
    ) -> Result<Duration> {
        let asked = error.retry_after();
        let again = match error.kind() {
            ErrorKind::Connect | ErrorKind::TooManyRequests => true,
            ErrorKind::Interrupted => idempotent,
            ErrorKind::ServiceUnavailable => {
                idempotent || (error.status() == Some(StatusCode::SERVICE_UNAVAILABLE) && asked.is_some())
            }
            _ => false,
        };
        if !again || (asked.is_none() && tried >= self.repeats) {
            return Err(error);
        }
        // Half of the pause is random, so that many clients do not come back at once.
        let longest = self.first_pause.saturating_mul(1 << tried.min(16)).min(self.longest_pause);
        let own = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        let pause = own.max(asked.unwrap_or_default());
        if pause >= deadline.remaining() { Err(error) } else { Ok(pause) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::RetryPolicy;
    use crate::deadline::Deadline;
    use crate::error::{Error, ErrorKind};

    fn pause(
        kind: ErrorKind,
        status: u16,
        after: Option<u64>,
        idempotent: bool,
        tried: u32,
    ) -> Option<Duration> {
        let mut error = Error::new(kind, "").with_retry_after(after.map(Duration::from_secs));
        if let Ok(status) = StatusCode::from_u16(status) {
            error = error.with_status(status);
        }
        let deadline = Deadline::after(Duration::from_secs(100));
        RetryPolicy::default().pause(error, idempotent, tried, deadline).ok()
    }

    #[tokio::test]
    async fn a_creation_is_repeated_only_when_it_was_surely_not_done() {
        use ErrorKind::{Connect, Interrupted, NotFound, ServiceUnavailable, TooManyRequests};
        for (kind, status, after, once, twice) in [
            (Connect, 0, None, true, true),
            (TooManyRequests, 429, None, true, true),
            (Interrupted, 0, None, false, true),
            (ServiceUnavailable, 502, Some(1), false, true),
            (ServiceUnavailable, 503, None, false, true),
            (ServiceUnavailable, 503, Some(1), true, true),
            (NotFound, 404, Some(1), false, false),
        ] {
            assert_eq!(pause(kind.clone(), status, after, false, 0).is_some(), once, "{kind:?} {status}");
            assert_eq!(pause(kind.clone(), status, after, true, 0).is_some(), twice, "{kind:?} {status}");
        }
    }

    #[tokio::test]
    async fn pauses_grow_to_a_limit_and_heed_the_service() {
        let own = |tried| pause(ErrorKind::Connect, 0, None, true, tried);
        assert!(own(0).is_some_and(|pause| pause <= Duration::from_millis(250)));
        assert!(
            own(5).is_some_and(|pause| pause >= Duration::from_secs(4) && pause <= Duration::from_secs(8))
        );
        assert_eq!(own(6), None);
        let asked = |after| pause(ErrorKind::TooManyRequests, 429, Some(after), true, 50);
        assert_eq!(asked(30), Some(Duration::from_secs(30)));
        assert_eq!(asked(200), None, "past the deadline");
    }
}
