//! Disruption budgets: how many pods have to stay.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::reply::Failure;
use super::selector::Selector;
use crate::pods;
use crate::rfc3339;

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) namespace: String,
    pub(super) name: String,
    uid: String,
    spec: Value,
    selector: Selector,
    /// How many pods have to stay, or may be missing.
    bound: Bound,
    created: SystemTime,
    pub(super) revision: u64,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    MinAvailable(Amount),
    MaxUnavailable(Amount),
}

#[derive(Clone, Copy, Debug)]
enum Amount {
    Pods(usize),
    Percent(usize),
}

impl Amount {
    fn read(value: &Value) -> Result<Option<Self>, Failure> {
        let read = match value {
            Value::Null => return Ok(None),
            Value::String(text) => {
                text.strip_suffix('%').and_then(|text| Some(Self::Percent(text.parse().ok()?)))
            }
            value => value.as_u64().and_then(|pods| usize::try_from(pods).ok()).map(Self::Pods),
        };
        read.map(Some)
            .ok_or_else(|| Failure::invalid(format!("{value} is neither a number nor a percentage")))
    }

    /// Percentages are rounded up.
    fn of(self, all: usize) -> usize {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => all.saturating_mul(percent).div_ceil(100),
        }
    }
}

/// The pods that a budget is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) all: usize,
    pub(super) healthy: usize,
}

impl Budget {
    pub(super) fn created(
        namespace: &str,
        wanted: &Value,
        revision: u64,
        now: SystemTime,
    ) -> Result<Self, Failure> {
        let spec = &wanted["spec"];
        let name = wanted["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Failure::invalid("metadata.name is missing"));
        }
        let bound = match (Amount::read(&spec["minAvailable"])?, Amount::read(&spec["maxUnavailable"])?) {
            (Some(amount), None) => Bound::MinAvailable(amount),
            (None, Some(amount)) => Bound::MaxUnavailable(amount),
            (None, None) => Bound::MinAvailable(Amount::Pods(1)),
            (Some(_), Some(_)) => {
                return Err(Failure::invalid("a budget has minAvailable or maxUnavailable, not both"));
            }
        };
        Ok(Self {
            uid: pods::uid(&format!("{revision}/{namespace}/{name}")),
            namespace: namespace.to_owned(),
            name,
            selector: Selector::of_object(&spec["selector"]).map_err(Failure::invalid)?,
            spec: spec.clone(),
            bound,
            created: now,
            revision,
        })
    }

    /// Whether it is for a pod with these labels.
    pub(super) fn selects<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        // Without a selector it is for none, with an empty one for all.
        !self.spec["selector"].is_null() && self.selector.selects(label)
    }

    /// How many healthy pods it wants.
    fn desired(&self, count: Count) -> usize {
        match self.bound {
            Bound::MinAvailable(amount) => amount.of(count.all),
            Bound::MaxUnavailable(amount) => count.all.saturating_sub(amount.of(count.all)),
        }
    }

    /// How many healthy pods may go now.
    fn allowed(&self, count: Count) -> usize {
        count.healthy.saturating_sub(self.desired(count))
    }

    /// Whether a pod may go; one that is not ready costs nothing while enough others are.
    pub(super) fn admits(&self, count: Count, ready: bool) -> Result<(), Failure> {
        let desired = self.desired(count);
        let spare = !ready
            && (self.spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
                || desired > 0 && count.healthy >= desired);
        if spare || self.allowed(count) > 0 {
            return Ok(());
        }
        let message = format!("{} wants {desired} healthy pods and has {}", self.name, count.healthy);
        Err(Failure::budget(&self.name, message))
    }

    /// The budget without its kind, as it stands in a list.
    pub(super) fn value(&self, count: Count) -> Value {
        json!({
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "uid": self.uid,
                "resourceVersion": self.revision.to_string(),
                "creationTimestamp": rfc3339::seconds(self.created),
                "generation": 1,
            },
            "spec": self.spec,
            "status": {
                "observedGeneration": 1,
                "currentHealthy": count.healthy,
                "desiredHealthy": self.desired(count),
                "disruptionsAllowed": self.allowed(count),
                "expectedPods": count.all,
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn budget(spec: Value) -> Result<Budget, Failure> {
        Budget::created(
            "default",
            &json!({"metadata": {"name": "web"}, "spec": spec}),
            1,
            SystemTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn what_may_go() {
        for (spec, all, healthy, allowed) in [
            (json!({"minAvailable": 1}), 2, 2, 1),
            (json!({"minAvailable": 2}), 2, 2, 0),
            (json!({"minAvailable": "50%"}), 3, 3, 1),
            (json!({"minAvailable": "50%"}), 3, 1, 0),
            (json!({"maxUnavailable": 1}), 3, 3, 1),
            (json!({"maxUnavailable": 0}), 3, 3, 0),
            (json!({"maxUnavailable": "34%"}), 3, 3, 2),
            (json!({"maxUnavailable": 5}), 3, 3, 3),
            (json!({}), 1, 1, 0),
        ] {
            let budget = budget(spec.clone()).unwrap();
            assert_eq!(budget.allowed(Count { all, healthy }), allowed, "{spec} of {all}");
        }
        for spec in [json!({"minAvailable": "half"}), json!({"minAvailable": 1, "maxUnavailable": 1})] {
            budget(spec).unwrap_err();
        }
    }

    #[test]
    fn a_pod_that_is_not_ready_costs_nothing_while_enough_are() {
        let strict = budget(json!({"minAvailable": 2})).unwrap();
        assert!(strict.admits(Count { all: 3, healthy: 2 }, false).is_ok());
        assert!(strict.admits(Count { all: 3, healthy: 2 }, true).is_err());
        assert!(strict.admits(Count { all: 3, healthy: 1 }, false).is_err());
        let lenient = json!({"minAvailable": 2, "unhealthyPodEvictionPolicy": "AlwaysAllow"});
        assert!(budget(lenient).unwrap().admits(Count { all: 3, healthy: 1 }, false).is_ok());
    }
}
