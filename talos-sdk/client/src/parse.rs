//! What reads bytes that a machine sends, for those who test it with any bytes. Nothing here is stable.

use futures_util::{FutureExt, StreamExt};
use prost::Message;
use talos_proto::cosi::resource::WatchResponse;

use crate::reply::malformed;
use crate::resources::{Change, Untyped, told};
use crate::{Event, Result, events};

pub use crate::archive::unpack;
pub use crate::etcd::Proof;
pub use crate::kubeconfig::unpack as unpack_kubeconfig;
#[cfg(feature = "siderov1")]
pub use crate::openpgp::{Reason, SecretKey};
pub use crate::resources::types::readers;
pub use crate::tar::{TarEntry, TarKind, TarReader, inside, link_inside};

/// Reads a message of a stream of events.
pub fn event(message: &[u8]) -> Result<Event> {
    events::decode(read(message)?)
}

/// The changes that the messages of these watches tell; the last item is why there are no more.
pub fn changes(watches: &[&[Vec<u8>]]) -> Vec<Result<Change<Untyped>>> {
    let watches =
        watches.iter().map(|watch| watch.iter().map(|bytes| read::<WatchResponse>(bytes)).collect());
    let changes = told(watches.collect());
    changes.collect::<Vec<_>>().now_or_never().unwrap_or_default()
}

fn read<M: Message + Default>(message: &[u8]) -> Result<M> {
    M::decode(message).map_err(|error| malformed(error.to_string()).with_source(error))
}
