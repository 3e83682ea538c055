//! COSI resources: what machines say about themselves.

mod collection;
mod definitions;
pub(crate) mod host;
mod query;
mod specs;
mod store;
mod types;
mod watch;
mod wire;

pub(crate) use collection::{Collection, Spec};
pub(crate) use query::Query;
pub(crate) use specs::*;
pub(crate) use store::Store;
pub(crate) use types::{ResourceType, namespaces};
pub(crate) use watch::{Watch, WatchBy};
