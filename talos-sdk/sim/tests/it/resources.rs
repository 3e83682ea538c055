//! COSI resources.

use prost::Message;
use talos_pki::Role;
use talos_proto::cosi::resource::{
    Event, EventType, GetRequest, IdQuery, ListOptions, ListRequest, WatchOptions, WatchRequest,
    WatchResponse,
};
use talos_proto::resource::config::MachineConfigSpec;
use talos_proto::talos::resource::definitions::cluster::MemberSpec;
use tonic::{Code, Streaming};

use crate::harness::{TestCluster, eventually, secrets, soon, state};

fn get(namespace: &str, kind: &str, id: &str) -> GetRequest {
    GetRequest { namespace: namespace.into(), r#type: kind.into(), id: id.into(), options: None }
}

fn watch(kind: &str, id: Option<&str>, options: WatchOptions) -> WatchRequest {
    WatchRequest {
        namespace: "runtime".into(),
        r#type: kind.into(),
        id: id.map(str::to_owned),
        options: Some(options),
        api_version: 1,
    }
}

const STATUS: &str = "MachineStatuses.runtime.talos.dev";

async fn next(stream: &mut Streaming<WatchResponse>) -> Vec<Event> {
    soon(stream.message()).await.unwrap().unwrap().event
}

#[tokio::test]
async fn resources_are_read_by_those_who_may() {
    let cluster = TestCluster::bootstrapped(2, 1).await;
    let address = cluster.control_planes[0].address();
    let mut admin = state(address, &[Role::Admin]).await;
    let mut reader = state(address, &[Role::Reader]).await;

    let found = reader.get(get("runtime", STATUS, "machine")).await.unwrap().into_inner().resource.unwrap();
    let spec = found.spec.unwrap();
    assert_eq!(spec.yaml_spec, "stage: running\nstatus:\n    ready: true\n    unmetConditions: []\n");
    assert!(!spec.proto_spec.is_empty());

    for (request, code) in [
        (get("runtime", STATUS, "nosuch"), Code::NotFound),
        (get("nosuch", STATUS, "machine"), Code::PermissionDenied),
        (get("runtime", "Nosuch.runtime.talos.dev", "x"), Code::PermissionDenied),
        (get("config", "MachineConfigs.config.talos.dev", "v1alpha1"), Code::PermissionDenied),
        (get("secrets", "OSRootSecrets.secrets.talos.dev", "os"), Code::PermissionDenied),
    ] {
        assert_eq!(reader.get(request.clone()).await.unwrap_err().code(), code, "{request:?}");
    }
    let config = admin.get(get("config", "MachineConfigs.config.talos.dev", "v1alpha1")).await.unwrap();
    let config = config.into_inner().resource.unwrap().spec.unwrap();
    let decoded = MachineConfigSpec::decode(config.proto_spec).unwrap();
    assert!(decoded.yaml_marshalled.starts_with(b"version: v1alpha1"));
    admin.get(get("secrets", "OSRootSecrets.secrets.talos.dev", "os")).await.unwrap();

    let list = |kind: &str, namespace: &str, id: &str| ListRequest {
        namespace: namespace.into(),
        r#type: kind.into(),
        options: Some(ListOptions { label_query: Vec::new(), id_query: Some(IdQuery { regexp: id.into() }) }),
    };
    let mut members = Vec::new();
    let mut stream =
        reader.list(list("Members.cluster.talos.dev", "cluster", "")).await.unwrap().into_inner();
    while let Some(item) = stream.message().await.unwrap() {
        let resource = item.resource.unwrap();
        let spec = MemberSpec::decode(resource.spec.unwrap().proto_spec).unwrap();
        members.push((resource.metadata.unwrap().id, spec.machine_type, spec.control_plane.is_some()));
    }
    let member = |id: &str, kind, control_plane| (id.to_owned(), kind, control_plane);
    assert_eq!(members, [member("cp-0", 2, true), member("cp-1", 2, true), member("worker-0", 3, false)]);
    let mut stream =
        reader.list(list("Services.v1alpha1.talos.dev", "runtime", "^k")).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().resource.unwrap().metadata.unwrap().id, "kubelet");
    assert!(stream.message().await.unwrap().is_none());
    let mut stream = reader
        .list(list("ResourceDefinitions.meta.cosi.dev", "meta", "^machinestatuses"))
        .await
        .unwrap()
        .into_inner();
    assert!(stream.message().await.unwrap().is_some());
}

#[tokio::test]
async fn a_watch_sees_changes_and_its_bookmark_dies_with_the_boot() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let mut client = state(node.address(), &[Role::Admin]).await;
    let services = "Services.v1alpha1.talos.dev";

    let mut one =
        client.watch(watch(services, Some("kubelet"), WatchOptions::default())).await.unwrap().into_inner();
    assert!(next(&mut one).await.is_empty(), "the first answer only says that the watch stands");
    assert_eq!(next(&mut one).await[0].event_type(), EventType::Created);
    let options = WatchOptions { bootstrap_contents: true, aggregated: true, ..Default::default() };
    let mut all = client.watch(watch(services, None, options)).await.unwrap().into_inner();
    assert!(next(&mut all).await.is_empty());
    let first = next(&mut all).await;
    let last = first.last().unwrap();
    assert!(first.len() > 5 && last.event_type() == EventType::Bootstrapped);
    let bookmark = last.bookmark.clone();

    let mut machine = crate::harness::admin(node.address()).await;
    let restart = talos_proto::machine::ServiceRestartRequest { id: "kubelet".into() };
    machine.service_restart(restart).await.unwrap();
    assert_eq!(next(&mut one).await[0].event_type(), EventType::Destroyed);
    assert_eq!(next(&mut one).await[0].event_type(), EventType::Created);
    let options = WatchOptions { start_from_bookmark: bookmark.clone(), ..Default::default() };
    let mut again = client.watch(watch(services, None, options.clone())).await.unwrap().into_inner();
    assert!(next(&mut again).await.is_empty());
    assert_eq!(next(&mut again).await[0].event_type(), EventType::Destroyed);

    node.restart();
    soon(node.wait_until_ready()).await;
    let stale = eventually(|| {
        let options = options.clone();
        async move {
            let mut client = state(node.address(), &[Role::Admin]).await;
            let refused = client.watch(watch(services, None, options)).await.err()?;
            (refused.code() == Code::FailedPrecondition).then_some(())
        }
    });
    stale.await;
}

#[tokio::test]
async fn a_resource_of_a_test_is_encoded_as_the_version_does() {
    use talos_proto::talos::resource::definitions::network::{LinkStatusSpec, VlanSpec};
    use talos_sim::{ClusterOptions, ErrorKind, SimResource, Simulation, SimulationOptions};

    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let kind = "LinkStatuses.net.talos.dev";
    for (version, fixed) in [("v1.11.6", true), ("v1.12.11", false)] {
        let options = ClusterOptions::default().with_talos_version(version.parse().unwrap());
        let cluster = soon(simulation.cluster(options)).await.unwrap();
        let node = &cluster.control_planes()[0];
        let spec = LinkStatusSpec {
            vlan: Some(VlanSpec { vid: 100, ..VlanSpec::default() }),
            ..LinkStatusSpec::default()
        };
        let vlan = SimResource::new(kind, "eth0.100").with_proto(&spec).with_yaml("vlan:\n    vid: 100\n");
        node.put_resource(vlan.with_label("test", "1")).unwrap();
        let authority = cluster.secrets().os_ca().unwrap();
        let options = talos_pki::LeafOptions::client([Role::Reader]);
        let identity = authority.issue(&options, &talos_pki::SystemClock).unwrap();
        let tls = crate::harness::tls(Some(&identity), Some(&authority.certificate));
        let channel = crate::harness::channel(node.address(), tls).await.unwrap();
        let mut client = talos_proto::cosi::resource::state_client::StateClient::new(channel);
        let found = client.get(get("network", kind, "eth0.100")).await.unwrap().into_inner();
        let bytes = found.resource.unwrap().spec.unwrap().proto_spec;
        assert_eq!(LinkStatusSpec::decode(bytes).is_err(), fixed, "{version}");
        for (kind, namespace, id) in [
            (kind, "network", "eth0"),
            ("Disks.block.talos.dev", "runtime", "vda"),
            ("VolumeStatuses.block.talos.dev", "runtime", "EPHEMERAL"),
            ("TimeStatuses.v1alpha1.talos.dev", "runtime", "node"),
            ("Infos.cluster.talos.dev", "cluster", "current"),
            ("PlatformMetadatas.talos.dev", "runtime", "platformmetadata"),
        ] {
            let found = client.get(get(namespace, kind, id)).await.unwrap().into_inner().resource.unwrap();
            assert!(!found.spec.unwrap().yaml_spec.is_empty(), "{kind}");
        }
        node.remove_resource(kind, "eth0.100");
        let gone = client.get(get("network", kind, "eth0.100")).await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
        let unknown = node.put_resource(SimResource::new("Nosuch.talos.dev", "x")).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Options);
    }
}

/// The lines of a table of facts, without its headings.
fn facts(name: &str) -> Vec<Vec<String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/facts").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Whether Talos 1.`minor` has what a line of facts tells of, by its columns `since` and `removed`.
fn in_version(minor: u16, since: &str, removed: &str) -> bool {
    let of = |text: &str| text.strip_prefix("1.").and_then(|minor| minor.parse::<u16>().ok());
    of(since).is_none_or(|since| since <= minor) && of(removed).is_none_or(|removed| minor < removed)
}

/// Numbers of the fields of a message.
fn fields(mut message: &[u8]) -> std::collections::BTreeSet<u32> {
    let mut numbers = std::collections::BTreeSet::new();
    while !message.is_empty() {
        let (number, wire) = prost::encoding::decode_key(&mut message).unwrap();
        prost::encoding::skip_field(wire, number, &mut message, prost::encoding::DecodeContext::default())
            .unwrap();
        numbers.insert(number);
    }
    numbers
}

/// Every type, field and owner of what machines show is one that their version has.
#[tokio::test]
async fn machines_show_what_their_version_knows() {
    use std::collections::{BTreeMap, BTreeSet};
    use talos_sim::{ClusterOptions, Pace, Simulation, SimulationOptions};

    let (types, owners, api) = (facts("resources.tsv"), facts("owners.tsv"), facts("api.tsv"));
    let authority = secrets().os_ca().unwrap();
    for (minor, version) in [
        (9, "v1.9.6"),
        (10, "v1.10.9"),
        (11, "v1.11.6"),
        (12, "v1.12.11"),
        (13, "v1.13.9"),
        (14, "v1.14.0-rc.1"),
    ] {
        // The fields of each message of this version, and who owns what.
        let mut messages: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for line in api.iter().filter(|line| in_version(minor, &line[6], &line[7])) {
            match (line[0].as_str(), line[1].split_once('#')) {
                ("message", _) => drop(messages.entry(&line[1]).or_default()),
                ("field", Some((message, _))) => {
                    messages.entry(message).or_default().insert(line[2].parse().unwrap());
                }
                _ => {}
            }
        }
        let owners: BTreeSet<(&str, &str)> = owners
            .iter()
            .filter(|line| in_version(minor, &line[2], line.get(3).map_or("", String::as_str)))
            .map(|line| (line[0].as_str(), line[1].as_str()))
            .collect();
        let simulation = SimulationOptions::default().with_pace(Pace::immediate());
        let simulation = Simulation::start(simulation).unwrap();
        let options = ClusterOptions::default().with_secrets(secrets().clone()).with_workers(1);
        let options = options.with_talos_version(version.parse().unwrap());
        let cluster = soon(simulation.cluster(options)).await.unwrap();
        let admin = talos_pki::LeafOptions::client([Role::Admin]);
        let identity = authority.issue(&admin, &talos_pki::SystemClock).unwrap();
        for node in cluster.nodes() {
            let tls = crate::harness::tls(Some(&identity), Some(&authority.certificate));
            let channel = crate::harness::channel(node.address(), tls).await.unwrap();
            let mut client = talos_proto::cosi::resource::state_client::StateClient::new(channel);
            let mut shown = BTreeSet::new();
            for line in &types {
                let (kind, message) = (&line[0], &line[3]);
                let request = ListRequest { namespace: line[1].clone(), r#type: kind.clone(), options: None };
                let reply = client.list(request).await;
                if !in_version(minor, &line[5], line.get(6).map_or("", String::as_str)) {
                    assert_eq!(reply.unwrap_err().code(), Code::PermissionDenied, "{version} {kind}");
                    continue;
                }
                let mut stream = reply.unwrap().into_inner();
                while let Some(item) = stream.message().await.unwrap() {
                    let (metadata, spec) =
                        item.resource.map(|it| (it.metadata.unwrap(), it.spec.unwrap())).unwrap();
                    let what = format!("{version} {} {kind} {}", node.name(), metadata.id);
                    let owned = owners.contains(&(kind.as_str(), metadata.owner.as_str()));
                    assert!(owned, "{what} is owned by {:?}", metadata.owner);
                    assert_eq!(metadata.phase, "running", "{what}");
                    // Some have been sent for longer than their message was written down.
                    if let Some(known) = messages.get(message.as_str()) {
                        let unknown: Vec<u32> = fields(&spec.proto_spec).difference(known).copied().collect();
                        assert!(unknown.is_empty(), "{what} has fields {unknown:?}");
                    }
                    shown.insert(kind.as_str());
                }
            }
            let control_plane = [
                "APIServerConfigs.kubernetes.talos.dev",
                "EtcdMembers.etcd.talos.dev",
                "EtcdRootSecrets.secrets.talos.dev",
                "EtcdSpecs.etcd.talos.dev",
                "KubernetesRootSecrets.secrets.talos.dev",
                "ManifestStatuses.kubernetes.talos.dev",
                "StaticPodStatuses.kubernetes.talos.dev",
                "StaticPods.kubernetes.talos.dev",
            ];
            let is_control_plane = cluster.control_planes().iter().any(|cp| cp.address() == node.address());
            for kind in control_plane {
                assert_eq!(shown.contains(kind), is_control_plane, "{version} {} {kind}", node.name());
            }
            for kind in [
                "Affiliates.cluster.talos.dev",
                "KubeletSpecs.kubernetes.talos.dev",
                "MountStatuses.runtime.talos.dev",
            ] {
                assert!(shown.contains(kind), "{version} {} {kind}", node.name());
            }
        }
    }
}
