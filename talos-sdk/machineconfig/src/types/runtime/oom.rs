//! What happens when memory runs out.

use talos_machineconfig_derive::Fields;

use crate::types::{Duration, Expression};

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
