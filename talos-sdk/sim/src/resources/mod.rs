//! COSI resources: what machines say about themselves.

pub(crate) mod block;
pub(crate) mod cluster;
mod collection;
pub(crate) mod control_plane;
mod definitions;
pub(crate) mod etcd;
mod fields;
mod item;
pub(crate) mod kubernetes;
pub(crate) mod machine;
pub(crate) mod network;
mod query;
mod resource_type;
pub(crate) mod secrets;
mod store;
mod types;
mod view;
mod watch;
mod wire;

pub(crate) use collection::{Collection, Spec};
pub(crate) use item::Item;
pub(crate) use query::Query;
pub(crate) use resource_type::{ResourceType, namespaces};
pub(crate) use store::Store;
pub(crate) use view::{RAW, View, raw_id};
pub(crate) use watch::{Watch, WatchBy};
