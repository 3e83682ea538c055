//! Faults as data.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tonic::Code;

/// What goes wrong with a call or a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The call fails with this status before it does anything.
    Fail(Code),
    /// The call does its work, and its answer comes with this status instead; a stream fails so at its end.
    FailAfter(Code),
    /// The call begins only after this time.
    Delay(Duration),
    /// The call never answers and does nothing.
    Hang,
    /// The connection that carries the call is cut before it does anything.
    DropConnection,
    /// The call does its work, and the connection is cut instead of an answer; that of a stream at its end.
    DropConnectionAfter,
    /// The stream is cut, connection and all, after this many bytes of messages.
    CutAfter(usize),
    /// A call that would do something is acknowledged, and nothing happens. `Bootstrap`, `Reboot`, `Shutdown`, `Reset`,
    /// `Install`, both `Upgrade`, `Rollback` and `BlockDeviceWipe` know this; a call that is refused does not use it up.
    Lose,
    /// The machine does not come up. Counts boots, not calls.
    BootFails,
    /// The machine restarts when the call comes, which never answers.
    Restart,
}

/// A fault, and which calls it hits.
#[derive(Clone, Debug)]
pub struct FaultRule {
    fault: Fault,
    method: Option<String>,
    node: Option<IpAddr>,
    skip: usize,
    times: usize,
}

impl FaultRule {
    /// A rule for the next call of `method`: its name (`Bootstrap`) or its path (`/machine.MachineService/Bootstrap`).
    /// Workers call `Certificate` of the control planes' trustd.
    #[must_use]
    pub fn new(method: impl Into<String>, fault: Fault) -> Self {
        Self { fault, method: Some(method.into()), node: None, skip: 0, times: 1 }
    }

    /// A rule for the next call, whatever it is. With [`Fault::BootFails`]: for the next boot.
    #[must_use]
    pub fn any(fault: Fault) -> Self {
        Self { fault, method: None, node: None, skip: 0, times: 1 }
    }

    /// Only on the node with this address.
    #[must_use]
    pub fn on_node(mut self, address: impl Into<IpAddr>) -> Self {
        self.node = Some(address.into());
        self
    }

    /// Lets this many matching calls pass first.
    #[must_use]
    pub fn after(mut self, calls: usize) -> Self {
        self.skip = calls;
        self
    }

    /// Hits this many calls instead of one.
    #[must_use]
    pub fn times(mut self, calls: usize) -> Self {
        self.times = calls;
        self
    }

    fn matches(&self, path: &str, node: IpAddr, moment: Moment) -> bool {
        let method = match &self.method {
            // What machines ask of each other is no call that somebody waits for.
            None => path != crate::trustd::CERTIFICATE,
            Some(method) => method == path || path.rsplit('/').next() == Some(method),
        };
        let own = match self.fault {
            Fault::BootFails => Moment::Boot,
            Fault::Lose => Moment::Acknowledgement,
            _ => Moment::Call,
        };
        own == moment && method && self.node.is_none_or(|n| n == node)
    }
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Call,
    Acknowledgement,
    Boot,
}

/// The faults of a simulation. Clones share the list.
///
/// Rules are looked at in the order in which they were added; the first that matches a call is used up by it. They
/// strike at the node that serves a call, not at one that forwards it.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<FaultRule>>>);

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: FaultRule) {
        self.lock().push(rule);
    }

    /// The next `times` calls of `method` fail with `code`.
    pub fn fail(&self, method: &str, code: Code, times: usize) {
        self.add(FaultRule::new(method, Fault::Fail(code)).times(times));
    }

    /// The next `times` calls of `method` begin only after `delay`.
    pub fn delay(&self, method: &str, delay: Duration, times: usize) {
        self.add(FaultRule::new(method, Fault::Delay(delay)).times(times));
    }

    /// The next bootstrap is acknowledged and never happens.
    pub fn lose_bootstrap(&self) {
        self.add(FaultRule::new("Bootstrap", Fault::Lose));
    }

    /// Forgets every rule.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many hits are still to come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().iter().map(|rule| rule.times).sum()
    }

    pub(crate) fn take_call(&self, path: &str, node: IpAddr) -> Option<Fault> {
        self.take(path, node, Moment::Call)
    }

    /// Whether work that is about to be acknowledged is to be forgotten.
    pub(crate) fn take_lost(&self, path: &str, node: IpAddr) -> bool {
        self.take(path, node, Moment::Acknowledgement).is_some()
    }

    pub(crate) fn take_boot(&self, node: IpAddr) -> bool {
        self.take("", node, Moment::Boot).is_some()
    }

    fn take(&self, path: &str, node: IpAddr, moment: Moment) -> Option<Fault> {
        let mut rules = self.lock();
        let index = rules.iter().position(|rule| rule.times > 0 && rule.matches(path, node, moment))?;
        let rule = rules.get_mut(index)?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        let fault = rule.fault.clone();
        rules.retain(|rule| rule.times > 0);
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<FaultRule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NODE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 1, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 1, 2));
    const PATH: &str = "/machine.MachineService/Version";

    #[test]
    fn rules_are_used_up_in_order() {
        let faults = Faults::default();
        faults.add(FaultRule::new("Version", Fault::Hang).on_node(OTHER));
        faults.add(FaultRule::new(PATH, Fault::Fail(Code::Internal)).after(1).times(2));
        faults.add(FaultRule::any(Fault::BootFails));
        assert_eq!(faults.pending(), 4);
        assert_eq!(faults.take_call("/machine.MachineService/Reboot", NODE), None);
        assert_eq!(faults.take_call(PATH, NODE), None);
        assert_eq!(faults.take_call(PATH, NODE), Some(Fault::Fail(Code::Internal)));
        assert_eq!(faults.take_call(PATH, OTHER), Some(Fault::Hang));
        assert_eq!(faults.take_call(PATH, OTHER), Some(Fault::Fail(Code::Internal)));
        assert_eq!(faults.take_call(PATH, NODE), None);
        assert!(faults.take_boot(NODE));
        assert!(!faults.take_boot(NODE));
    }
}
