//! All cases, by noun.

mod access;
mod apply;
mod bootstrap;
mod containers;
mod debug;
mod etcd;
mod events;
mod files;
mod health;
mod host;
mod images;
mod lifecycle;
mod logs;
pub(crate) mod maintenance;
mod meta;
mod network;
mod nodes;
mod power;
mod resources;
mod roles;
mod routing;
mod services;
mod state;
mod storage;
mod time;
mod typed;
mod version;

use crate::case::Case;

/// Every case, in the order in which they are played.
#[must_use]
pub fn cases() -> Vec<Case> {
    let nouns = [
        version::cases(),
        services::cases(),
        host::cases(),
        containers::cases(),
        files::cases(),
        logs::cases(),
        events::cases(),
        resources::cases(),
        state::cases(),
        access::cases(),
        apply::cases(),
        bootstrap::cases(),
        etcd::cases(),
        health::cases(),
        images::cases(),
        lifecycle::cases(),
        debug::cases(),
        meta::cases(),
        network::cases(),
        storage::cases(),
        time::cases(),
        power::cases(),
        maintenance::cases(),
        routing::cases(),
        nodes::cases(),
        roles::cases(),
        typed::cases(),
    ];
    nouns.into_iter().flatten().collect()
}
