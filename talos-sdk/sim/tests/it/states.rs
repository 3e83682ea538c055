//! The states of machines, and the events that tell about them.

use prost::Message;
use talos_proto::machine::apply_configuration_request::Mode;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_proto::machine::reset_request::WipeMode;
use talos_proto::machine::{
    ApplyConfiguration, ApplyConfigurationRequest, Event, EventsRequest, RebootRequest, ResetPartitionSpec,
    ResetRequest, SequenceEvent, ShutdownRequest, TaskEvent,
};
use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::harness::{TestCluster, admin, configs, eventually, insecure, soon};

/// Sequences, phases and tasks of this actor, as `reboot`, `.cleanup`, `..stopAllPods`, until the machine is gone.
async fn story(mut events: tonic::Streaming<Event>, actor: &str) -> Vec<String> {
    let mut story = Vec::new();
    while let Ok(Some(event)) = soon(events.message()).await {
        let data = event.data.unwrap();
        if event.actor_id != actor {
            continue;
        }
        match data.type_url.rsplit('.').next().unwrap() {
            "SequenceEvent" => {
                let event = SequenceEvent::decode(&data.value[..]).unwrap();
                let error = event.error.map(|error| format!("!{}", error.code)).unwrap_or_default();
                story.push(format!("{}{error}", event.sequence));
            }
            "TaskEvent" => {
                let event = TaskEvent::decode(&data.value[..]).unwrap();
                if event.action == 0 {
                    story.push(format!("..{}", event.task));
                }
            }
            _ => {}
        }
    }
    story
}

async fn reset(client: &mut MachineServiceClient<Channel>, request: ResetRequest) -> Result<String, Status> {
    let reply = client.reset(request).await?.into_inner();
    Ok(reply.messages[0].actor_id.clone())
}

#[tokio::test]
async fn a_graceful_shutdown_drains_and_a_forced_reboot_does_not() {
    let cluster = TestCluster::bootstrapped(1, 1).await;
    let node = &cluster.workers[0];
    let mut client = admin(node.address()).await;
    let events = client.events(EventsRequest::default()).await.unwrap().into_inner();
    let reply = client.reboot(RebootRequest { mode: 2 }).await.unwrap().into_inner();
    assert_eq!(story(events, &reply.messages[0].actor_id).await, ["reboot", "..reboot", "reboot"]);
    soon(node.wait_until_ready()).await;

    let mut client = admin(node.address()).await;
    let events = client.events(EventsRequest::default()).await.unwrap().into_inner();
    let reply = client.shutdown(ShutdownRequest::default()).await.unwrap().into_inner();
    // The machine goes down already, which only the events tell.
    let second = client.reboot(RebootRequest::default()).await;
    let story = story(events, &reply.messages[0].actor_id).await;
    for task in ["..cordonAndDrainNode", "..stopAllPods", "..stopAllServices", "..shutdown"] {
        assert!(story.iter().any(|step| step == task), "{task}: {story:?}");
    }
    if let Ok(second) = second {
        assert!(!second.into_inner().messages[0].actor_id.is_empty());
    }
    soon(node.wait_for(Stage::Unknown)).await;
}

#[tokio::test]
async fn a_reset_takes_what_it_is_told_to() {
    let cluster = TestCluster::bootstrapped(3, 0).await;
    let [first, second, third] = &cluster.control_planes[..] else { unreachable!() };
    let mut client = admin(second.address()).await;
    let partition = |label: &str| ResetPartitionSpec { label: label.into(), wipe: true };
    for request in [
        ResetRequest { user_disks_to_wipe: vec!["/dev/nosuch".into()], ..Default::default() },
        ResetRequest { user_disks_to_wipe: vec!["/dev/vda".into()], ..Default::default() },
        ResetRequest {
            mode: WipeMode::SystemDisk.into(),
            user_disks_to_wipe: vec!["/dev/vdb".into()],
            ..Default::default()
        },
        ResetRequest {
            mode: WipeMode::UserDisks.into(),
            system_partitions_to_wipe: vec![partition("STATE")],
            ..Default::default()
        },
        ResetRequest { system_partitions_to_wipe: vec![partition("NOSUCH")], ..Default::default() },
    ] {
        assert_eq!(
            reset(&mut client, request.clone()).await.unwrap_err().code(),
            Code::Unknown,
            "{request:?}"
        );
    }
    // Without EPHEMERAL, and thus without etcd, but with its configuration.
    let wipe = ResetRequest {
        graceful: true,
        reboot: true,
        system_partitions_to_wipe: vec![partition("EPHEMERAL")],
        ..Default::default()
    };
    let before = second.etcd_member_id();
    let events = client.events(EventsRequest::default()).await.unwrap().into_inner();
    let actor = reset(&mut client, wipe).await.unwrap();
    let steps = story(events, &actor).await;
    assert!(steps.contains(&"..leaveEtcd".to_owned()) && steps.contains(&"..resetSystemDiskSpec".to_owned()));
    eventually(|| async { (second.boots() == 2).then_some(()) }).await;
    soon(second.wait_until_ready()).await;
    assert_ne!(second.etcd_member_id(), before);

    // Not graceful: the others count on a member that is gone, until somebody removes it.
    let mut client = admin(third.address()).await;
    let member = third.etcd_member_id().unwrap();
    reset(&mut client, ResetRequest { reboot: true, ..Default::default() }).await.unwrap();
    eventually(|| async { (third.boots() == 2).then_some(()) }).await;
    let mut client = admin(first.address()).await;
    let list = |mut client: MachineServiceClient<Channel>| async move {
        let reply = client.etcd_member_list(talos_proto::machine::EtcdMemberListRequest::default());
        reply.await.unwrap().into_inner().messages[0].members.len()
    };
    assert_eq!(list(client.clone()).await, 3);
    let remove = talos_proto::machine::EtcdRemoveMemberByIdRequest { member_id: member };
    client.etcd_remove_member_by_id(remove).await.unwrap();
    soon(third.wait_until_ready()).await;
    assert_eq!(list(client).await, 3);
}

#[tokio::test]
async fn the_last_member_of_etcd_cannot_be_reset_gracefully() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let mut client = admin(node.address()).await;
    let events = client.events(EventsRequest::default()).await.unwrap().into_inner();
    let actor = reset(&mut client, ResetRequest { graceful: true, ..Default::default() }).await.unwrap();
    let steps = story(events, &actor).await;
    // Code 0 of common.Error is FATAL.
    assert_eq!(steps.last().unwrap(), "reset!0", "{steps:?}");
    eventually(|| async { (node.boots() == 2).then_some(()) }).await;
    soon(node.wait_until_ready()).await;
}

async fn apply(
    client: &mut MachineServiceClient<Channel>,
    config: &str,
    mode: Mode,
    change: impl FnOnce(&mut ApplyConfigurationRequest),
) -> Result<ApplyConfiguration, Status> {
    let mut request = ApplyConfigurationRequest {
        data: config.to_owned().into(),
        mode: mode.into(),
        ..ApplyConfigurationRequest::default()
    };
    change(&mut request);
    Ok(client.apply_configuration(request).await?.into_inner().messages[0].clone())
}

#[tokio::test]
async fn modes_of_apply() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let (plain, _) = configs(node.address(), &[]);
    let named = |name: &str| {
        let config = plain.replacen("network: {}", &format!("network:\n        hostname: {name}"), 1);
        assert!(config.contains(name));
        config
    };
    let mut client = admin(node.address()).await;
    let dry = apply(&mut client, &named("dry"), Mode::Auto, |request| request.dry_run = true).await.unwrap();
    assert!(
        dry.mode() == Mode::NoReboot && dry.mode_details.contains("machine.network.hostname: dry"),
        "{dry:?}"
    );
    let same = apply(&mut client, &plain, Mode::Auto, |request| request.dry_run = true).await.unwrap();
    assert!(same.mode_details.contains("No changes."));
    assert_eq!(node.hostname(), "cp-0");
    for (config, code) in [
        ("machine: {", Code::InvalidArgument),
        ("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\n", Code::InvalidArgument),
        (&plain.replacen("type: controlplane", "type: nosuch", 1), Code::InvalidArgument),
    ] {
        assert_eq!(
            apply(&mut client, config, Mode::Auto, |_| ()).await.unwrap_err().code(),
            code,
            "{config}"
        );
    }

    let short = |request: &mut ApplyConfigurationRequest| {
        request.try_mode_timeout = Some(prost_types::Duration { seconds: 0, nanos: 200_000_000 });
    };
    // A dry run of another mode ends the trial: the configuration stays, until the next boot.
    apply(&mut client, &named("tried"), Mode::Try, short).await.unwrap();
    apply(&mut client, &plain, Mode::Auto, |request| request.dry_run = true).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(node.hostname(), "tried");
    // One trial after the other: what is back is the first.
    apply(&mut client, &named("second"), Mode::Try, short).await.unwrap();
    eventually(|| async { (node.hostname() == "tried").then_some(()) }).await;
    node.restart();
    eventually(|| async { (node.hostname() == "cp-0" && node.is_ready()).then_some(()) }).await;
}

#[tokio::test]
async fn a_partial_configuration_leaves_a_machine_in_maintenance() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let node = simulation.add_node(NodeOptions::default()).unwrap();
    soon(node.wait_for(Stage::Maintenance)).await;
    let mut client = insecure(node.address()).await;
    let partial = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x\nauto: \"off\"\n";
    let reply = apply(&mut client, partial, Mode::Reboot, |_| ()).await.unwrap();
    assert_eq!(reply.mode(), Mode::NoReboot);
    let early = NodeOptions::default().with_talos_version("v1.12.0".parse().unwrap());
    let early = simulation.add_node(early).unwrap();
    soon(early.wait_for(Stage::Maintenance)).await;
    let mut client = insecure(early.address()).await;
    for (mode, code) in [(Mode::Auto, Code::InvalidArgument), (Mode::NoReboot, Code::InvalidArgument)] {
        assert_eq!(apply(&mut client, partial, mode, |_| ()).await.unwrap_err().code(), code);
    }
    assert_eq!((node.stage(), early.stage()), (Stage::Maintenance, Stage::Maintenance));
}
