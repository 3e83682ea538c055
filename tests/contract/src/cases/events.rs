//! Events.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use talos_client::{Event, EventOptions, EventPayload, EventTail, MachineStage, Node};
use talos_pki::Role;
use talos_proto::machine::{EventsRequest, ServiceRestartRequest};
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, first, same, some, soon};
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let method = "MachineService/Events";
    vec![
        case("events/greeting", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let mut stream = machine.events(EventsRequest::default()).await?.into_inner();
            let hello = some(soon("a greeting", stream.message()).await??, "a greeting")?;
            same(hello.data.unwrap_or_default().type_url.as_str(), "")
        }),
        case("events/all-there-were", method, |env| async move {
            let events = past(&env.node()?, EventTail::All).await?;
            ensure(events.len() > 5, "the events of a boot", &events)?;
            let unknown: Vec<_> =
                events.iter().filter(|event| matches!(event.payload, EventPayload::Unknown { .. })).collect();
            ensure(unknown.is_empty(), "kinds of events that are known", unknown)
        })
        .of_a_whole_machine()
        .go("events -tail 3 -count 3", Code::Ok, 3),
        case("events/ids-grow", method, |env| async move {
            let ids: Vec<String> =
                past(&env.node()?, EventTail::All).await?.into_iter().map(|event| event.id).collect();
            ensure(ids.windows(2).all(|pair| pair[0] < pair[1]), "ids that grow", &ids)?;
            ensure(ids.iter().all(|id| id.len() == 20), "ids of twenty characters", ids)
        }),
        case("events/last", method, |env| async move {
            let node = env.node()?;
            let all = past(&node, EventTail::All).await?;
            let last = past(&node, EventTail::Last(3)).await?;
            same(last.len(), all.len().min(3))?;
            same(last.last().map(|event| event.id.clone()), all.last().map(|event| event.id.clone()))
        })
        .go("events -tail 1 -count 1", Code::Ok, 1),
        case("events/more-than-there-were", method, |env| async move {
            let node = env.node()?;
            let all = past(&node, EventTail::All).await?.len();
            ensure(past(&node, EventTail::Last(100_000)).await?.len() >= all, "all of them", all)
        }),
        case("events/after-an-id", method, |env| async move {
            let node = env.node()?;
            let all = past(&node, EventTail::All).await?;
            let middle = &some(all.get(all.len() / 2), "an event in the middle")?.id;
            let after = past(&node, EventTail::After(middle.clone())).await?;
            ensure(after.iter().all(|event| event.id > *middle), "only later ones", &after)?;
            ensure(after.len() >= all.len() - all.len() / 2 - 1, "all later ones", after.len())
        }),
        case("events/within-a-time", method, |env| async move {
            let node = env.node()?;
            let all = past(&node, EventTail::All).await?.len();
            let hour = past(&node, EventTail::Within(Duration::from_secs(3600))).await?.len();
            ensure(hour <= all || env.simulation().is_err(), "no more than all", (hour, all))
        }),
        case("events/boot-sequence", method, |env| async move {
            let events = past(&env.node()?, EventTail::All).await?;
            let boot = events.iter().any(|event| {
                matches!(&event.payload, EventPayload::Sequence { sequence, .. } if sequence == "boot")
            });
            ensure(boot || env.simulation().is_err(), "the sequence called boot", "none")
        }),
        case("events/stages", method, |env| async move {
            let events = past(&env.node()?, EventTail::All).await?;
            let stages: Vec<MachineStage> = events
                .iter()
                .filter_map(|event| match &event.payload {
                    EventPayload::MachineStatus { stage, .. } => Some(*stage),
                    _ => None,
                })
                .collect();
            same(stages.last(), Some(&MachineStage::Running))
        }),
        case("events/services", method, |env| async move {
            let events = past(&env.node()?, EventTail::All).await?;
            for wanted in ["apid", "kubelet"] {
                let told = events.iter().any(|event| {
                    matches!(&event.payload, EventPayload::ServiceState { service, .. } if service == wanted)
                });
                ensure(told || env.simulation().is_err(), "an event of the service", wanted)?;
            }
            Ok(())
        }),
        case("events/follow", "MachineService/Events MachineService/ServiceRestart", |env| async move {
            let node = env.node()?;
            let mut events = node.events(EventOptions::default()).await?;
            let request = ServiceRestartRequest { id: "kubelet".to_owned() };
            node.raw().machine().service_restart(request).await?;
            soon("an event of the kubelet", async {
                while let Some(event) = events.next().await {
                    if matches!(&event?.payload, EventPayload::ServiceState { service, .. } if service == "kubelet") {
                        return Ok(());
                    }
                }
                Err(Failure::wrong("an event", "the end of the stream"))
            })
            .await?
        })
        .changes(),
        case("events/of-an-actor", "MachineService/Events MachineService/Reboot", |env| async move {
            let node = env.node()?;
            let mut events = node.events(EventOptions::default()).await?;
            let actor = node.raw().machine().reboot(talos_proto::machine::RebootRequest::default()).await?;
            let actor = first(actor.into_inner().messages)?.actor_id;
            let mut sequence = false;
            soon("events of the actor", async {
                while let Some(Ok(event)) = events.next().await {
                    sequence |= event.actor_id == actor && matches!(event.payload, EventPayload::Sequence { .. });
                }
            })
            .await?;
            ensure(sequence, "a sequence that names its actor", "none")
        })
        .alone(Shape::cluster(1, 0)),
        case("events/of-nobody", method, |env| async move {
            let options = EventOptions::default().with_tail(EventTail::All).with_actor_id("nobody");
            let mut events = env.node()?.events(options).await?;
            let event = tokio::time::timeout(Duration::from_millis(300), events.next()).await;
            ensure(event.is_err(), "nothing", event)
        }),
        case("events/end-with-the-machine", method, |env| async move {
            let node = env.node()?;
            let mut events = node.events(EventOptions::default()).await?;
            node.raw().machine().reboot(talos_proto::machine::RebootRequest::default()).await?;
            soon("the end of the stream", async { while let Some(Ok(_)) = events.next().await {} }).await
        })
        .alone(Shape::cluster(1, 0)),
        case("events/of-a-worker", method, |env| async move {
            ensure(!past(&env.node()?, EventTail::All).await?.is_empty(), "events", "none")
        })
        .on(Target::Worker)
        .go("events -tail 1 -count 1", Code::Ok, 1),
        case("events/as-reader", method, |env| async move {
            ensure(!past(&env.node()?, EventTail::Last(1)).await?.is_empty(), "an event", "none")
        })
        .role_of(Role::Reader)
        .go("events -tail 1 -count 1", Code::Ok, 1),
    ]
}

/// The events that there were, with whatever happens meanwhile.
async fn past(node: &Node, tail: EventTail) -> Result<Vec<Event>, Failure> {
    let events = node.events(EventOptions::default().with_tail(tail)).await?;
    drain(events).await
}

/// What a stream has at once: it goes on with what is to come.
async fn drain(
    mut stream: impl Stream<Item = talos_client::Result<Event>> + Unpin,
) -> Result<Vec<Event>, Failure> {
    let mut items = Vec::new();
    let quiet = Duration::from_millis(300);
    while let Ok(Some(item)) = tokio::time::timeout(quiet, stream.next()).await {
        items.push(item?);
    }
    Ok(items)
}
