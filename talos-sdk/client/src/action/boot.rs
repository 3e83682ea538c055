//! The proof that a machine has booted again.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use prost::Message;
use talos_proto::cosi::resource::GetRequest;
use talos_proto::machine::ReadRequest;
use talos_proto::talos::resource::definitions::runtime::BootIdSpec;

use crate::reply::malformed;
use crate::{ByteStream, ErrorKind, EventOptions, EventTail, Node, Result};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// A boot id is a UUID.
const LONGEST: usize = 64;
/// A machine keeps a thousand events. With so many, the first ones may be gone.
const CROWDED: usize = 900;
/// How long after the last event the past is taken to be told.
const QUIET: Duration = Duration::from_millis(500);
/// Seconds by which the computed time of a boot may vary while a clock is adjusted.
const DRIFT: u64 = 5;

/// What tells one boot of a machine from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Boot {
    /// What the kernel made up when it started.
    Id(String),
    /// For callers who may not read that: what the machine remembers in memory only.
    Memory {
        /// The first event, unless so many followed that it may be forgotten.
        first_event: Option<String>,
        /// When the machine says that it booted, in seconds since 1970.
        time: u64,
    },
    /// Nothing can be learned here, as in maintenance mode before 1.13.
    Unknown,
}

impl Boot {
    /// The boot that is going on. An error means that the machine could not be asked.
    pub(super) async fn of(node: &Node) -> Result<Self> {
        match read(node).await {
            Ok(id) => return Ok(Self::Id(id)),
            Err(error) if !cannot(error.kind()) => return Err(error),
            Err(_) => {}
        }
        // From Talos 1.14 on, the id is a resource that every role may read.
        match resource(node).await {
            Ok(id) => return Ok(Self::Id(id)),
            Err(error) if !cannot(error.kind()) => return Err(error),
            Err(_) => {}
        }
        match memory(node).await {
            Err(error) if cannot(error.kind()) => Ok(Self::Unknown),
            boot => boot,
        }
    }

    /// Whether this is certainly another boot than that one.
    pub(super) fn is_another_than(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Id(now), Self::Id(before)) => now != before,
            (
                Self::Memory { first_event, time },
                Self::Memory { first_event: first_before, time: time_before },
            ) => match (first_event, first_before) {
                (Some(now), Some(before)) => now != before,
                // A full memory before and a young one now.
                (Some(_), None) => time.abs_diff(*time_before) > 0,
                (None, _) => time.abs_diff(*time_before) > DRIFT,
            },
            // The one after a reset or an upgrade may have other means than the one before.
            _ => false,
        }
    }
}

/// Whether this way is closed to the caller or on this version, rather than the machine out of reach.
fn cannot(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied
            | ErrorKind::Unimplemented
            | ErrorKind::NotFound
            | ErrorKind::InvalidArgument
    )
}

async fn read(node: &Node) -> Result<String> {
    let mut stream =
        ByteStream::new(node, ReadRequest { path: BOOT_ID.to_owned() }, |raw, request| async move {
            raw.machine().read(request).await
        });
    let mut text = Vec::new();
    while let Some(piece) = stream.try_next().await? {
        text.extend_from_slice(&piece);
        if text.len() > LONGEST {
            return Err(malformed(format!("{BOOT_ID} holds no boot id")));
        }
    }
    match std::str::from_utf8(&text).map(str::trim) {
        Ok(id) if !id.is_empty() => Ok(id.to_owned()),
        _ => Err(malformed(format!("{BOOT_ID} holds no boot id"))),
    }
}

async fn resource(node: &Node) -> Result<String> {
    let message = GetRequest {
        namespace: "runtime".to_owned(),
        r#type: "BootIDs.runtime.talos.dev".to_owned(),
        id: "boot-id".to_owned(),
        options: None,
    };
    let reply = node.call(message, |raw, request| async move { raw.state().get(request).await }).await?;
    let spec = reply.message.resource.and_then(|resource| resource.spec).unwrap_or_default();
    match BootIdSpec::decode(spec.proto_spec) {
        Ok(spec) if !spec.boot_id.is_empty() => Ok(spec.boot_id),
        _ => Err(malformed("the resource of the boot id is empty")),
    }
}

async fn memory(node: &Node) -> Result<Boot> {
    let stat = node.call((), |raw, request| async move { raw.machine().system_stat(request).await }).await?;
    let time = stat.single()?.boot_time;
    let mut events = node.events(EventOptions::default().with_tail(EventTail::All)).await?;
    let mut first = None;
    let mut count = 0;
    // The past is told at once, and nothing marks its end.
    while let Ok(Some(event)) = tokio::time::timeout(QUIET, events.next()).await {
        first = first.or(Some(event?.id));
        count += 1;
        if count >= CROWDED {
            first = None;
            break;
        }
    }
    Ok(Boot::Memory { first_event: first, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(first: Option<&str>, time: u64) -> Boot {
        Boot::Memory { first_event: first.map(str::to_owned), time }
    }

    #[test]
    fn only_what_cannot_be_the_same_boot_is_another() {
        let id = |id: &str| Boot::Id(id.to_owned());
        assert!(id("b").is_another_than(&id("a")));
        assert!(!id("a").is_another_than(&id("a")));

        let before = memory(Some("a"), 1000);
        assert!(memory(Some("b"), 1000).is_another_than(&before), "a boot may take less than a second");
        assert!(!memory(Some("a"), 5000).is_another_than(&before), "a clock was set");
        assert!(!memory(None, 1004).is_another_than(&before), "events were forgotten");
        assert!(memory(None, 1030).is_another_than(&before));
        let long = memory(None, 1000);
        assert!(memory(Some("b"), 2000).is_another_than(&long));
        assert!(!memory(None, 1002).is_another_than(&long));

        for boot in [id("a"), before, Boot::Unknown] {
            assert!(!boot.is_another_than(&Boot::Unknown));
        }
    }
}
