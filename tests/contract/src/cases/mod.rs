//! All cases, by noun.

mod etcd;
mod maintenance;
mod roles;
mod routing;
mod services;
mod version;

use crate::case::Case;

/// Every case, in the order in which they are played.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        version::cases(),
        etcd::cases(),
        maintenance::cases(),
        services::cases(),
        routing::cases(),
        roles::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
