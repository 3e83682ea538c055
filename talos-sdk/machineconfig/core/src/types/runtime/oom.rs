//! What happens when memory runs out.

use talos_machineconfig_derive::Fields;

use crate::cel::Environment;
use crate::types::{Duration, Expression};
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

/// What happens when memory runs out.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "OOMConfig", since = "1.12")]
pub struct OomConfig {
    /// Condition to act.
    pub trigger_expression: Expression,
    /// Rank of a control group; the highest goes first.
    pub cgroup_ranking_expression: Expression,
    /// Whether classes of control groups are kept in order.
    pub strict_cgroup_class_ordering: Option<bool>,
    /// Interval of samples.
    pub sample_interval: Duration,
}

impl Rules for OomConfig {
    fn check(&self, found: &mut Findings) {
        found.expression("triggerExpression", &self.trigger_expression, Environment::OomTrigger);
        let ranking = &self.cgroup_ranking_expression;
        found.expression("cgroupRankingExpression", ranking, Environment::OomCgroupScoring);
        check_not_negative("sampleInterval", self.sample_interval, found);
    }
}
