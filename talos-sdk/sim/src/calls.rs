//! The record of calls.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use talos_pki::RoleSet;

/// A call that a node served, whether it was allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The gRPC path, `/machine.MachineService/Bootstrap`.
    pub path: String,
    /// The node that served it; a node that only forwards does not count.
    pub node: IpAddr,
    /// The caller's roles.
    pub roles: RoleSet,
    /// Whether another node forwarded it.
    pub forwarded: bool,
}

impl Call {
    /// The part of the path after the last slash.
    #[must_use]
    pub fn method(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// As many calls are kept; older ones are forgotten.
const LIMIT: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<std::collections::VecDeque<Call>>);

impl Calls {
    pub(crate) fn record(&self, call: Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == LIMIT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
