//! Faults as data: what goes wrong, on which calls, how often.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One of the simulated services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Service {
    /// Keystone.
    Identity,
    /// Glance.
    Image,
    /// Nova.
    Compute,
    /// Neutron.
    Network,
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// The token of the call is thrown away and the call answered with 401.
    Unauthorized,
    /// 429 with `Retry-After` in seconds.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// 503, with `Retry-After` in seconds when given.
    Unavailable {
        /// Seconds to wait.
        retry_after: Option<u32>,
    },
    /// The answer that the service gives when a quota is used up.
    QuotaExceeded,
    /// The call is served after a pause.
    Delay {
        /// The pause, in milliseconds.
        millis: u64,
    },
    /// The call is never answered.
    Hang,
    /// The connection ends after this many bytes of the request's body have been read.
    CutUpload {
        /// Bytes read before the cut.
        bytes: u64,
    },
    /// The call is served, but the connection ends before the reply is written.
    LoseReply,
    /// For a server being created: it goes to `ERROR` with this text as its fault.
    ServerError {
        /// The fault's text.
        text: String,
    },
}

/// Which calls an [`Effect`] falls on, and how often.
///
/// ```
/// use openstack_sim::{Effect, Fault, Service};
/// // The second and third creation of a server are answered with 503.
/// let fault = Fault::new(Effect::Unavailable { retry_after: None })
///     .on(Service::Compute)
///     .method("POST")
///     .path("/servers")
///     .after(1)
///     .times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    pub effect: Effect,
    /// Only calls of this service.
    #[serde(default)]
    pub service: Option<Service>,
    /// Only calls with this HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls whose path (without the query) ends with this text; a final `*` makes it "contains".
    #[serde(default)]
    pub path: Option<String>,
    /// How many matching calls pass first.
    #[serde(default)]
    pub after: u32,
    /// How many calls it then falls on.
    #[serde(default = "one")]
    pub times: u32,
}

fn one() -> u32 {
    1
}

impl Fault {
    /// A fault that falls on the next call, whichever it is.
    pub fn new(effect: Effect) -> Self {
        Self { effect, service: None, method: None, path: None, after: 0, times: 1 }
    }

    /// Only calls of `service`.
    #[must_use]
    pub fn on(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only calls with this HTTP method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only calls whose path ends with `path`; with a final `*`, contains it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Lets `calls` matching calls pass first.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.after = calls;
        self
    }

    /// Falls on `calls` calls.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.times = calls;
        self
    }

    fn matches(&self, service: Service, method: &str, path: &str) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(part) => path.contains(part),
                None => path.ends_with(wanted),
            })
            // A server can only fail where one is created.
            && (!matches!(self.effect, Effect::ServerError { .. })
                || (service == Service::Compute && method == "POST" && path.ends_with("/servers")))
    }
}

/// The faults of a running simulator. Cheap to clone; all clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    list: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    /// Adds a fault behind those already there. Each call meets the first one that matches it.
    pub fn add(&self, fault: Fault) {
        if fault.times > 0 {
            self.locked().push(fault);
        }
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.locked().clear();
    }

    /// Faults that have not been used up.
    pub fn pending(&self) -> Vec<Fault> {
        self.locked().clone()
    }

    /// The effect that falls on this call, counted as used.
    pub(crate) fn take(&self, service: Service, method: &str, path: &str) -> Option<Effect> {
        let mut list = self.locked();
        let mut hit = None;
        for (index, fault) in list.iter_mut().enumerate() {
            if !fault.matches(service, method, path) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.times = fault.times.saturating_sub(1);
            hit = Some((index, fault.effect.clone(), fault.times == 0));
            break;
        }
        let (index, effect, used_up) = hit?;
        if used_up {
            list.remove(index);
        }
        Some(effect)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Effect {
    /// A pause before the call is served.
    pub fn delay(pause: Duration) -> Self {
        Self::Delay { millis: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
    }
}
