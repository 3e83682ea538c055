//! Resources: get, list, watch, and that nobody writes them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use talos_client::resources::{
    LabelQuery, MachineStatus, Member, NodeAddress, Untyped, WatchEvent, WatchOptions, WatchStream,
};
use talos_client::{ErrorKind, MachineStage, Node, Resources};
use talos_pki::Role;
use talos_proto::cosi::resource as proto;
use talos_proto::machine::ServiceRestartRequest;
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, eventually, refused, same, some, soon};
use crate::failure::Failure;

const SERVICES: (&str, &str) = ("runtime", "Services.v1alpha1.talos.dev");

pub(super) fn cases() -> Vec<Case> {
    let mut cases = getting();
    cases.extend(listing());
    cases.extend(definitions());
    cases.extend(watching());
    cases.extend(bookmarks());
    cases.extend(writing());
    cases
}

fn getting() -> Vec<Case> {
    let method = "State/Get";
    let mut cases = vec![
        case("resources/get", method, |env| async move {
            let status = env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same((status.spec.stage, status.spec.ready), (MachineStage::Running, true))
        })
        .go("cosi-get runtime MachineStatuses.runtime.talos.dev machine", Code::Ok, 1),
        case("resources/metadata", method, |env| async move {
            let status = env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            let metadata = status.metadata;
            same(metadata.namespace.as_str(), "runtime")?;
            same(metadata.kind.as_str(), "MachineStatuses.runtime.talos.dev")?;
            same(metadata.id.as_str(), "machine")?;
            ensure(metadata.version.is_some_and(|version| version > 0), "a decimal version", &metadata)?;
            // Either may be the earlier one: they are taken at two places.
            ensure(metadata.created.is_some() && metadata.updated.is_some(), "two times", &metadata)
        }),
        case("resources/both-forms", method, |env| async move {
            let request = proto::GetRequest {
                namespace: "runtime".to_owned(),
                r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
                id: "machine".to_owned(),
                options: None,
            };
            let reply = env.node()?.raw().state().get(request).await?.into_inner();
            let spec = some(reply.resource.and_then(|resource| resource.spec), "a specification")?;
            ensure(
                !spec.proto_spec.is_empty() && spec.yaml_spec.contains("stage:"),
                "protobuf and YAML",
                &spec,
            )
        }),
        case("resources/get-missing", method, |env| async move {
            refused(env.node()?.resources::<MachineStatus>().get("nosuch").await, Code::NotFound)
        })
        .go("cosi-get runtime MachineStatuses.runtime.talos.dev nosuch", Code::NotFound, 0),
        case("resources/unknown-namespace", method, |env| async move {
            let resources = env.node()?.resources::<MachineStatus>().in_namespace("nosuch");
            refused(resources.get(MachineStatus::ID).await, Code::PermissionDenied)
        })
        .go("cosi-get nosuch MachineStatuses.runtime.talos.dev machine", Code::PermissionDenied, 0),
        case("resources/unknown-type", method, |env| async move {
            let answer = env.node()?.resources_untyped("runtime", "Nosuch.runtime.talos.dev").get("x").await;
            // The client tells this from a lack of rights by the text.
            ensure(
                answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unimplemented),
                "a type that the server does not have",
                &answer,
            )?;
            refused(answer, Code::PermissionDenied)
        })
        .go("cosi-get runtime Nosuch.runtime.talos.dev x", Code::PermissionDenied, 0),
        case("resources/secrets-for-administrators", method, |env| async move {
            let secrets = env.node()?.resources_untyped("secrets", "OSRootSecrets.secrets.talos.dev");
            secrets.get("os").await?;
            Ok(())
        })
        .go("cosi-get secrets OSRootSecrets.secrets.talos.dev os", Code::Ok, 1),
        // Go's client of v1.13.9 can't read what is in the configurations of 1.14.
        case("resources/configuration-for-administrators", method, |env| async move {
            let configs = env.node()?.resources_untyped("config", "MachineConfigs.config.talos.dev");
            configs.get("v1alpha1").await?;
            Ok(())
        })
        .of_a_whole_machine(),
        case("resources/of-a-worker", method, |env| async move {
            let status = env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same(status.spec.stage, MachineStage::Running)
        })
        .on(Target::Worker)
        .go("cosi-get runtime MachineStatuses.runtime.talos.dev machine", Code::Ok, 1),
    ];
    for role in [Role::Reader, Role::Operator] {
        let name = role.as_str().replace(':', "-");
        cases.extend([
            case(format!("resources/secrets-not-for-{name}"), method, |env| async move {
                let secrets = env.node()?.resources_untyped("secrets", "OSRootSecrets.secrets.talos.dev");
                refused(secrets.get("os").await, Code::PermissionDenied)
            })
            .role_of(role)
            .go(
                "cosi-get secrets OSRootSecrets.secrets.talos.dev os",
                Code::PermissionDenied,
                0,
            ),
            case(format!("resources/configuration-not-for-{name}"), method, |env| async move {
                let configs = env.node()?.resources_untyped("config", "MachineConfigs.config.talos.dev");
                refused(configs.get("v1alpha1").await, Code::PermissionDenied)
            })
            .role_of(role)
            .go(
                "cosi-get config MachineConfigs.config.talos.dev v1alpha1",
                Code::PermissionDenied,
                0,
            ),
            case(format!("resources/status-for-{name}"), method, |env| async move {
                env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
                Ok(())
            })
            .role_of(role)
            .go("cosi-get runtime MachineStatuses.runtime.talos.dev machine", Code::Ok, 1),
        ]);
    }
    cases
}

fn listing() -> Vec<Case> {
    let method = "State/List";
    vec![
        case("resources/list", "State/List", |env| async move {
            let node = env.node()?;
            let listed: BTreeSet<String> =
                services(&node).list().await?.into_iter().map(|service| service.metadata.id).collect();
            for wanted in ["apid", "kubelet", "etcd"] {
                ensure(listed.contains(wanted), wanted, &listed)?;
            }
            Ok(())
        })
        .go("cosi-list runtime Services.v1alpha1.talos.dev", Code::Ok, 4..),
        case("resources/list-is-sorted", method, |env| async move {
            let ids: Vec<String> =
                services(&env.node()?).list().await?.into_iter().map(|service| service.metadata.id).collect();
            ensure(ids.is_sorted(), "ids in order", ids)
        }),
        case("resources/list-by-id", method, |env| async move {
            let found = services(&env.node()?).with_ids("^k").list().await?;
            let ids: Vec<&str> = found.iter().map(|service| service.metadata.id.as_str()).collect();
            same(ids, vec!["kubelet"])
        })
        .go("cosi-list runtime Services.v1alpha1.talos.dev -id ^k", Code::Ok, 1),
        case("resources/list-by-id-is-not-anchored", method, |env| async move {
            let found = services(&env.node()?).with_ids("ubele").list().await?;
            same(found.len(), 1)
        })
        .go("cosi-list runtime Services.v1alpha1.talos.dev -id ubele", Code::Ok, 1),
        case("resources/list-by-broken-id", method, |env| async move {
            let found = services(&env.node()?).with_ids("(").list().await;
            ensure(found.is_err(), "a refusal", &found)
        }),
        case("resources/list-by-missing-label", method, |env| async move {
            let found = services(&env.node()?).with_labels(LabelQuery::new().exists("nosuch")).list().await?;
            same(found.len(), 0)
        })
        .go("cosi-list runtime Services.v1alpha1.talos.dev -label nosuch", Code::Ok, 0),
        case("resources/list-without-a-label", method, |env| async move {
            let node = env.node()?;
            let all = services(&node).list().await?.len();
            let found = services(&node).with_labels(LabelQuery::new().not_exists("nosuch")).list().await?;
            same(found.len(), all)
        }),
        case("resources/list-by-one-label-or-another", method, |env| async move {
            let node = env.node()?;
            let all = services(&node).list().await?.len();
            let either = services(&node)
                .with_labels(LabelQuery::new().exists("nosuch"))
                .with_labels(LabelQuery::new().not_exists("nosuch"));
            same(either.list().await?.len(), all)
        }),
        case("resources/list-by-one-label-and-another", method, |env| async move {
            let both = LabelQuery::new().exists("nosuch").not_exists("nosuch");
            same(services(&env.node()?).with_labels(both).list().await?.len(), 0)
        }),
        case("resources/list-nothing", method, |env| async move {
            // Known, and there are none.
            let found =
                env.node()?.resources_untyped("runtime", "Diagnostics.runtime.talos.dev").list().await?;
            same(found.len(), 0)
        }),
        case("resources/members", method, |env| async move {
            let members = env.node()?.resources::<Member>().list().await?;
            same(members.len(), env.world().control_planes.len() + env.world().workers.len())?;
            let named = members.iter().all(|member| member.spec.operating_system.contains(env.world().tag()));
            ensure(named, "the version of Talos", &members)
        })
        .go("cosi-list cluster Members.cluster.talos.dev", Code::Ok, 1..),
        case("resources/members-agree", method, |env| async move {
            let mut lists = Vec::new();
            for node in env.control_planes()? {
                let members = env.admin()?.node(node).resources::<Member>().list().await?;
                lists.push(members.into_iter().map(|member| member.spec).collect::<Vec<_>>());
            }
            lists.dedup();
            same(lists.len(), 1)
        }),
        case("resources/addresses", method, |env| async move {
            let addresses = env.node()?.resources::<NodeAddress>().list().await?;
            let own = env.node_name()?;
            let named = addresses
                .iter()
                .any(|list| list.spec.addresses.iter().any(|address| address.to_string().contains(own)));
            ensure(named, own, &addresses)
        })
        .go("cosi-list network NodeAddresses.net.talos.dev", Code::Ok, 1..),
        case("resources/namespaces", method, |env| async move {
            let found = env.node()?.resources_untyped("meta", "Namespaces.meta.cosi.dev").list().await?;
            let ids: Vec<&str> = found.iter().map(|namespace| namespace.metadata.id.as_str()).collect();
            for wanted in ["cluster", "config", "network", "runtime", "secrets", "k8s"] {
                ensure(ids.contains(&wanted), wanted, &ids)?;
            }
            Ok(())
        })
        .go("cosi-list meta Namespaces.meta.cosi.dev", Code::Ok, 10..),
    ]
}

fn definitions() -> Vec<Case> {
    let method = "State/List";
    let mut cases = vec![
        case("resources/definitions", method, |env| async move {
            let found =
                env.node()?.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev").list().await?;
            ensure(found.len() > 100, "more than a hundred types", found.len())?;
            let lower = found
                .iter()
                .all(|definition| definition.metadata.id == definition.metadata.id.to_lowercase());
            ensure(lower, "ids in small letters", "others")
        })
        .of_a_whole_machine()
        .go("cosi-list meta ResourceDefinitions.meta.cosi.dev", Code::Ok, 100..),
        case("resources/every-definition-can-be-listed", method, |env| async move {
            let node = env.node()?;
            let found = node.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev").list().await?;
            for definition in found {
                let field = |name: &str| {
                    let line = definition.spec.yaml.lines().find_map(|line| line.strip_prefix(name));
                    some(line.map(|value| value.trim().trim_matches('"')), name)
                };
                let (namespace, kind) = (field("defaultNamespace:")?, field("type:")?);
                let listed = node.resources_untyped(namespace, kind).list().await;
                listed.map_err(|error| Failure::from(error).during(kind))?;
            }
            Ok(())
        }),
        case("resources/resolve-unknown", method, |env| async move {
            let answer = env.node()?.resource_definition("nosuch").await;
            ensure(answer.as_ref().is_err_and(talos_client::Error::is_not_found), "nothing found", &answer)
        })
        .go("resolve nosuch", Code::NotFound, 0),
    ];
    for (name, kind) in [
        ("machinestatus", "MachineStatuses.runtime.talos.dev"),
        ("member", "Members.cluster.talos.dev"),
        ("members", "Members.cluster.talos.dev"),
        ("mc", "MachineConfigs.config.talos.dev"),
        ("rd", "ResourceDefinitions.meta.cosi.dev"),
        ("svc", "Services.v1alpha1.talos.dev"),
        ("MachineStatuses.runtime.talos.dev", "MachineStatuses.runtime.talos.dev"),
    ] {
        cases.push(
            case(format!("resources/resolve-{name}"), method, move |env| async move {
                same(env.node()?.resource_definition(name).await?.kind.as_str(), kind)
            })
            .go(&format!("resolve {name}"), Code::Ok, 1),
        );
    }
    cases
}

fn watching() -> Vec<Case> {
    let method = "State/Watch";
    vec![
        case("resources/watch-contents", "State/Watch State/List", |env| async move {
            let node = env.node()?;
            let listed: Vec<String> =
                services(&node).list().await?.into_iter().map(|service| service.metadata.id).collect();
            let mut watch = services(&node).watch().await?;
            let mut seen = Vec::new();
            loop {
                match next(&mut watch).await? {
                    WatchEvent::Created(service) => seen.push(service.metadata.id),
                    WatchEvent::Bootstrapped => break,
                    other => return Err(Failure::wrong("what there is", format!("{other:?}"))),
                }
            }
            seen.sort();
            same(seen, listed)?;
            ensure(watch.bookmark().is_some(), "a bookmark after the contents", "none")
        })
        .go("cosi-watch runtime MachineStatuses.runtime.talos.dev -bootstrap -count 2", Code::Ok, 2),
        case("resources/watch-one", method, |env| async move {
            let mut watch = env.node()?.resources::<MachineStatus>().watch_one(MachineStatus::ID).await?;
            let event = next(&mut watch).await?;
            ensure(
                matches!(&event, WatchEvent::Created(status) if status.spec.ready),
                "the resource as it is",
                &event,
            )
        })
        .go("cosi-watch runtime MachineStatuses.runtime.talos.dev machine -count 1", Code::Ok, 1),
        case("resources/watch-one-that-is-missing", method, |env| async move {
            let mut watch = env.node()?.resources::<MachineStatus>().watch_one("nosuch").await?;
            let event = next(&mut watch).await?;
            ensure(
                matches!(&event, WatchEvent::Destroyed(metadata) if metadata.id == "nosuch"),
                "a tombstone with its id",
                &event,
            )
        })
        .go("cosi-watch runtime MachineStatuses.runtime.talos.dev nosuch -count 1", Code::Ok, 1),
        case("resources/watch-begins-empty", method, |env| async move {
            let request = watch_request(None, proto::WatchOptions::default());
            let mut stream = env.node()?.raw().state().watch(request).await?.into_inner();
            let hello = some(soon("the first message", stream.message()).await??, "a message")?;
            same(hello.event.len(), 0)
        }),
        case("resources/watch-of-unknown-type", method, |env| async move {
            let unknown = env.node()?.resources_untyped("runtime", "Nosuch.runtime.talos.dev");
            refused(unknown.watch().await.map(|_| "a watch"), Code::PermissionDenied)
        }),
        case("resources/watch-secrets-as-reader", method, |env| async move {
            let secrets = env.node()?.resources_untyped("secrets", "OSRootSecrets.secrets.talos.dev");
            refused(secrets.watch().await.map(|_| "a watch"), Code::PermissionDenied)
        })
        .role_of(Role::Reader),
        case("resources/watch-one-with-contents", method, |env| async move {
            let options = proto::WatchOptions { bootstrap_contents: true, ..Default::default() };
            let answer = started(&env.node()?, watch_request(Some("machine"), options)).await;
            refused(answer, Code::Unimplemented).map_err(|failure| failure.during("an id and the contents"))
        }),
        case("resources/watch-contents-and-tail", method, |env| async move {
            let options =
                proto::WatchOptions { bootstrap_contents: true, tail_events: 3, ..Default::default() };
            let answer = started(&env.node()?, watch_request(None, options)).await;
            ensure(answer.is_err(), "a refusal of both at once", &answer)
        }),
        case("resources/watch-changes", "State/Watch MachineService/ServiceRestart", |env| async move {
            let node = env.node()?;
            let mut watch = services(&node).watch().await?;
            while !matches!(next(&mut watch).await?, WatchEvent::Bootstrapped) {}
            restart_kubelet(&node).await?;
            changed(&mut watch).await
        })
        .changes(),
        case("resources/watch-one-by-one", "State/Watch", |env| async move {
            let node = env.node()?;
            let mut stream = node
                .raw()
                .state()
                .watch(proto::WatchRequest {
                    namespace: SERVICES.0.to_owned(),
                    r#type: SERVICES.1.to_owned(),
                    id: None,
                    options: Some(proto::WatchOptions { bootstrap_contents: true, ..Default::default() }),
                    api_version: 1,
                })
                .await?
                .into_inner();
            let mut most = 0;
            loop {
                let message = some(soon("a message", stream.message()).await??, "a message")?;
                most = most.max(message.event.len());
                let end = i32::from(proto::EventType::Bootstrapped);
                if message.event.iter().any(|event| event.event_type == end) {
                    break;
                }
            }
            same(most, 1)
        }),
        case("resources/watch-of-old-clients", method, |env| async move {
            // The first version of the protocol has neither the end of the contents nor errors.
            let mut request = watch_request(
                None,
                proto::WatchOptions { bootstrap_contents: true, aggregated: true, ..Default::default() },
            );
            request.api_version = 0;
            let mut stream = env.node()?.raw().state().watch(request).await?.into_inner();
            let mut kinds = Vec::new();
            while let Ok(message) = tokio::time::timeout(Duration::from_millis(300), stream.message()).await {
                kinds.extend(some(message?, "a message")?.event.into_iter().map(|event| event.event_type));
            }
            let created = i32::from(proto::EventType::Created);
            ensure(
                !kinds.is_empty() && kinds.iter().all(|kind| *kind == created),
                "only what there is",
                kinds,
            )
        }),
        case("resources/watch-by-id", "State/Watch", |env| async move {
            let node = env.node()?;
            let mut watch = services(&node).with_ids("^trustd$").watch().await?;
            let mut seen = Vec::new();
            while let WatchEvent::Created(service) = next(&mut watch).await? {
                seen.push(service.metadata.id);
            }
            same(seen, vec!["trustd".to_owned()])
        }),
        case("resources/watch-of-a-worker", method, |env| async move {
            let mut watch = env.node()?.resources::<MachineStatus>().watch().await?;
            let event = next(&mut watch).await?;
            ensure(matches!(event, WatchEvent::Created(_)), "what there is", &event)
        })
        .on(Target::Worker)
        .go("cosi-watch runtime MachineStatuses.runtime.talos.dev -bootstrap -count 2", Code::Ok, 2),
    ]
}

fn bookmarks() -> Vec<Case> {
    let method = "State/Watch";
    vec![
        case("resources/bookmark-at-the-start", method, |env| async move {
            let watch = env.node()?.resources::<MachineStatus>().watch_with(WatchOptions::Changes).await?;
            futures_util::pin_mut!(watch);
            let first = tokio::time::timeout(Duration::from_millis(500), watch.next()).await;
            // Servers before 1.10 do not know the option and wait for a change.
            let bookmark = matches!(first, Ok(Some(Ok(WatchEvent::Noop)))) && watch.bookmark().is_some();
            same(bookmark, env.minor() >= 10)
        }),
        case("resources/bookmark-goes-on", "State/Watch MachineService/ServiceRestart", |env| async move {
            let node = env.node()?;
            let mut watch = services(&node).watch().await?;
            while !matches!(next(&mut watch).await?, WatchEvent::Bootstrapped) {}
            let bookmark = some(watch.bookmark().cloned(), "a bookmark")?;
            drop(watch);
            restart_kubelet(&node).await?;
            let mut watch = services(&node).watch_with(WatchOptions::From(bookmark)).await?;
            changed(&mut watch).await
        })
        .changes(),
        case("resources/bookmark-is-16-bytes", method, |env| async move {
            let options = proto::WatchOptions { bootstrap_contents: true, ..Default::default() };
            let mut stream =
                env.node()?.raw().state().watch(watch_request(None, options)).await?.into_inner();
            loop {
                let message = some(soon("a message", stream.message()).await??, "a message")?;
                if let Some(bookmark) = message.event.into_iter().find_map(|event| event.bookmark) {
                    return same(bookmark.len(), 16);
                }
            }
        }),
        case("resources/bookmark-from-elsewhere", method, |env| async move {
            let options = proto::WatchOptions {
                start_from_bookmark: Some(bytes::Bytes::from_static(&[7; 16])),
                ..Default::default()
            };
            refused(started(&env.node()?, watch_request(None, options)).await, Code::FailedPrecondition)
        }),
        case("resources/bookmark-too-short", method, |env| async move {
            let options = proto::WatchOptions {
                start_from_bookmark: Some(bytes::Bytes::from_static(&[7; 3])),
                ..Default::default()
            };
            refused(started(&env.node()?, watch_request(None, options)).await, Code::FailedPrecondition)
        }),
        case("resources/bookmark-dies-with-a-reboot", method, |env| async move {
            let node = env.node()?;
            let mut watch = services(&node).watch().await?;
            while !matches!(next(&mut watch).await?, WatchEvent::Bootstrapped) {}
            let bookmark = some(watch.bookmark().cloned(), "a bookmark")?;
            let machine = env.machine(env.node_name()?)?;
            machine.restart();
            machine.wait_until_ready().await;
            eventually("an answer after the restart", async || node.version().await.ok()).await?;
            let lost = services(&node).watch_with(WatchOptions::From(bookmark)).await;
            let kind = lost.as_ref().err().map(talos_client::Error::kind);
            same(kind, Some(ErrorKind::WatchLost))
        })
        .alone(Shape::cluster(1, 0)),
        case("resources/watch-ends-with-the-machine", method, |env| async move {
            let mut watch = env.node()?.resources::<MachineStatus>().watch().await?;
            next(&mut watch).await?;
            env.machine(env.node_name()?)?.power_off();
            let rest = soon("the end", watch.try_collect::<Vec<_>>()).await?;
            ensure(rest.is_err(), "an error", rest)
        })
        .alone(Shape::cluster(1, 0)),
    ]
}

fn writing() -> Vec<Case> {
    let resource = || proto::Resource {
        metadata: Some(proto::Metadata {
            namespace: "runtime".to_owned(),
            r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
            id: "machine".to_owned(),
            version: "1".to_owned(),
            phase: "running".to_owned(),
            ..Default::default()
        }),
        spec: Some(proto::Spec { proto_spec: bytes::Bytes::new(), yaml_spec: "{}".to_owned() }),
    };
    let id = || ("runtime".to_owned(), "MachineStatuses.runtime.talos.dev".to_owned(), "machine".to_owned());
    vec![
        case("resources/create-is-refused", "State/Create", move |env| async move {
            let request = proto::CreateRequest { resource: Some(resource()), options: None };
            refused(env.node()?.raw().state().create(request).await, Code::PermissionDenied)
        }),
        case("resources/update-is-refused", "State/Update", move |env| async move {
            // Go's server of resources takes for granted that an update has options.
            let options = Some(proto::UpdateOptions::default());
            let request = proto::UpdateRequest { new_resource: Some(resource()), options };
            refused(env.node()?.raw().state().update(request).await, Code::PermissionDenied)
        }),
        case("resources/destroy-is-refused", "State/Destroy", move |env| async move {
            let (namespace, r#type, id) = id();
            let request = proto::DestroyRequest { namespace, r#type, id, options: None };
            refused(env.node()?.raw().state().destroy(request).await, Code::PermissionDenied)
        }),
        case("resources/teardown-is-refused", "State/Teardown", move |env| async move {
            let (namespace, r#type, id) = id();
            let request = proto::TeardownRequest { namespace, r#type, id, options: None };
            refused(env.node()?.raw().state().teardown(request).await, Code::PermissionDenied)
        })
        .from(14),
        case(
            "resources/teardown-and-destroy-is-refused",
            "State/TeardownAndDestroy",
            move |env| async move {
                let (namespace, r#type, id) = id();
                let request = proto::TeardownAndDestroyRequest { namespace, r#type, id, options: None };
                refused(env.node()?.raw().state().teardown_and_destroy(request).await, Code::PermissionDenied)
            },
        )
        .from(14),
    ]
}

fn services(node: &Node) -> Resources<Untyped> {
    node.resources_untyped(SERVICES.0, SERVICES.1)
}

async fn next<S: talos_client::resources::SpecData>(
    watch: &mut WatchStream<S>,
) -> Result<WatchEvent<S>, Failure> {
    Ok(some(soon("an event", watch.next()).await?, "an event")??)
}

/// Waits for a change of the kubelet.
async fn changed(watch: &mut WatchStream<Untyped>) -> Result<(), Failure> {
    loop {
        let id = match next(watch).await? {
            WatchEvent::Created(service) | WatchEvent::Updated { resource: service, .. } => {
                service.metadata.id
            }
            WatchEvent::Destroyed(metadata) => metadata.id,
            _ => continue,
        };
        if id == "kubelet" {
            return Ok(());
        }
    }
}

async fn restart_kubelet(node: &Node) -> Result<(), Failure> {
    let request = ServiceRestartRequest { id: "kubelet".to_owned() };
    node.raw().machine().service_restart(request).await?;
    Ok(())
}

fn watch_request(id: Option<&str>, options: proto::WatchOptions) -> proto::WatchRequest {
    proto::WatchRequest {
        namespace: "runtime".to_owned(),
        r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
        id: id.map(str::to_owned),
        options: Some(options),
        api_version: 1,
    }
}

/// The first message of a watch, or why there is none.
async fn started(
    node: &Node,
    request: proto::WatchRequest,
) -> Result<Option<proto::WatchResponse>, tonic::Status> {
    node.raw().state().watch(request).await?.into_inner().message().await
}
