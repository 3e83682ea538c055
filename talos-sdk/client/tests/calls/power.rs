//! Actions that are followed, and what could end them too early.

use std::time::Duration;

use futures_util::StreamExt;
use prost::{Message, Name};
use talos_client::talos_pki::Role;
use talos_client::{
    Action, AfterReset, ApplyOptions, Client, ClientOptions, Error, ErrorKind, Milestone, Node, Outcome,
    Progress, RebootMode, RebootOptions, ResetOptions, ShutdownOptions, SystemPartition, Wipe,
};
use talos_proto::common;
use talos_proto::machine::{self, sequence_event, task_event};
use talos_sim::{Fault, FaultRule, NodeOptions, SimulationOptions, Stage};

use crate::lab::{Lab, PATIENCE, soon};
use crate::support::{Answer, Pki, Server, one};

/// Long enough for a machine to reboot several times.
const A_WHILE: Duration = Duration::from_secs(4);

async fn all(action: Action, timeout: Duration) -> (Vec<Progress>, Option<Error>) {
    let mut items = action.progress(timeout);
    let mut seen = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => seen.push(item),
            Err(error) => {
                assert!(items.next().await.is_none(), "an error is the last item");
                return (seen, Some(error));
            }
        }
    }
    (seen, None)
}

fn outcome(seen: &[Progress]) -> Option<Outcome> {
    match seen.last() {
        Some(Progress::Done(outcome)) => Some(*outcome),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_is_done_when_the_machine_is_ready_in_another_boot() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let machine = &lab.machines[0];
    let before = machine.boot_id().unwrap();
    let reboot = lab.node(0).reboot(RebootOptions::default()).await.unwrap();
    let actor = reboot.actor_id().unwrap().to_owned();
    let (seen, error) = all(reboot, PATIENCE).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(outcome(&seen), Some(Outcome::Up));
    assert!(machine.is_ready() && machine.stage() == Stage::Running);
    assert_ne!(machine.boot_id().unwrap(), before);
    assert!(matches!(&seen[0], Progress::Accepted { actor_id: Some(id) } if *id == actor));
    let position = |wanted: &dyn Fn(&Progress) -> bool| seen.iter().position(wanted).unwrap();
    let tasks = position(&|item| matches!(item, Progress::Task { name, .. } if name == "stopAllServices"));
    let booted = position(&|item| matches!(item, Progress::Booted));
    let gone = position(&|item| matches!(item, Progress::Disconnected { .. }));
    assert!(tasks < gone && gone < booted, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_cannot_read_the_boot_id_and_follows_all_the_same() {
    // From 1.14 on the id is a resource; before that there is what the machine remembers.
    for version in ["v1.12.3", "v1.14.0"] {
        let lab = Lab::of_version(version, 1).await;
        let before = lab.machines[0].boot_id().unwrap();
        let node = lab.node_as(&[Role::Operator], 0);
        let reboot = node.reboot(RebootOptions::default()).await.unwrap();
        assert_eq!(reboot.finished(PATIENCE).await.unwrap(), Outcome::Up, "{version}");
        assert_ne!(lab.machines[0].boot_id().unwrap(), before);

        lab.simulation.faults().add(FaultRule::new("Reboot", Fault::Lose));
        let lost = node.reboot(RebootOptions::default()).await.unwrap();
        let error = lost.finished(A_WHILE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{version}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_that_never_happens_is_never_done() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    lab.simulation.faults().add(FaultRule::new("Reboot", Fault::Lose));
    // The machine is running and ready all the time, and its memory is full of events that say so.
    let (seen, error) = all(lab.node(0).reboot(RebootOptions::default()).await.unwrap(), A_WHILE).await;
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("accepted"), "{error}");
    assert!(!seen.iter().any(|item| matches!(item, Progress::Booted)), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_break_while_the_machine_runs_end_nothing() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    // The stream is cut in the midst of things again and again, connections and all.
    lab.simulation.faults().add(FaultRule::new("Events", Fault::CutAfter(200)).times(4));
    lab.simulation.faults().add(FaultRule::new("Reboot", Fault::Lose));
    let lost = lab.node(1).reboot(RebootOptions::default()).await.unwrap();
    assert_eq!(lost.finished(A_WHILE).await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    lab.simulation.faults().clear();

    lab.simulation.faults().add(FaultRule::new("Events", Fault::CutAfter(200)).times(2));
    let before = lab.machines[1].boot_id().unwrap();
    let reboot = lab.node(1).reboot(RebootOptions::default()).await.unwrap();
    assert_eq!(reboot.finished(PATIENCE).await.unwrap(), Outcome::Up);
    assert_ne!(lab.machines[1].boot_id().unwrap(), before);
    assert!(lab.machines[1].is_ready());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_goes_away_is_not_the_machine() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    lab.simulation.faults().add(FaultRule::new("Reboot", Fault::Lose));
    let lost = lab.node(1).reboot(RebootOptions::default()).await.unwrap();
    let restart = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        lab.machines[0].restart();
        lab.machines[2].restart();
    };
    let (result, ()) = tokio::join!(lost.finished(A_WHILE), restart);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_does_not_come_up_is_said_to_be_away() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    lab.simulation.faults().add(FaultRule::any(Fault::BootFails));
    let reboot =
        lab.node(0).reboot(RebootOptions::default().with_mode(RebootMode::PowerCycle)).await.unwrap();
    let error = reboot.finished(Duration::from_secs(4)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("not to be reached"), "{error}");
    assert_eq!(error.node(), Some(&*lab.machines[0].address().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_not_ready_has_booted_at_least() {
    // Nobody bootstraps it, so it is never ready.
    let lab = Lab::answering(SimulationOptions::default()).await;
    let node = lab.node(0);
    let before = lab.machines[0].boot_id().unwrap();
    let reboot = node.reboot(RebootOptions::default()).await.unwrap().until(Milestone::Booted);
    assert_eq!(reboot.finished(PATIENCE).await.unwrap(), Outcome::Up);
    assert_ne!(lab.machines[0].boot_id().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_is_done_when_the_machine_is_silent() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    let down = lab.node(1).shutdown(ShutdownOptions::default()).await.unwrap();
    assert_eq!(down.finished(PATIENCE).await.unwrap(), Outcome::Off);
    assert_eq!(lab.machines[1].boot_id(), None);

    lab.simulation.faults().add(FaultRule::new("Shutdown", Fault::Lose));
    let lost = lab.node(2).shutdown(ShutdownOptions::default()).await.unwrap();
    // An endpoint that restarts makes it silent for a moment, too.
    lab.machines[0].restart();
    assert_eq!(lost.finished(A_WHILE).await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_up_or_off_as_asked() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    let off = ResetOptions::graceful(Wipe::SystemDisk, AfterReset::PowerOff);
    assert_eq!(lab.node(1).reset(off).await.unwrap().finished(PATIENCE).await.unwrap(), Outcome::Off);
    let wipe = Wipe::Partitions(vec![SystemPartition::Ephemeral]);
    let again = ResetOptions::graceful(wipe, AfterReset::Reboot);
    let before = lab.machines[2].boot_id().unwrap();
    let reset = lab.node(2).reset(again).await.unwrap();
    assert_eq!(reset.finished(PATIENCE).await.unwrap(), Outcome::Up);
    assert_ne!(lab.machines[2].boot_id().unwrap(), before);

    let anyone = lab.client.endpoint().reset(ResetOptions::forced(Wipe::Nothing, AfterReset::Reboot)).await;
    assert_eq!(anyone.unwrap_err().kind(), ErrorKind::InvalidTarget);
    let calls = lab.calls("Reset");
    assert_eq!(calls, 2);
    let unnamed = lab.client.endpoint().reboot(RebootOptions::default()).await.unwrap_err();
    assert_eq!(unnamed.kind(), ErrorKind::InvalidTarget);
    assert_eq!(lab.calls("Reboot"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_forgot_its_configuration_is_found_with_other_certificates() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    // This one has its configuration from a caller, so a reset takes it away.
    let options = NodeOptions::default().with_name("cp-1").with_installed(true);
    let machine = lab.simulation.add_node(options).unwrap();
    soon(machine.wait_for(Stage::Maintenance)).await;
    let address = machine.address().to_string();
    let fingerprint = machine.fingerprint().unwrap();
    let fresh = Client::maintenance(&address, &[fingerprint], ClientOptions::default()).unwrap().endpoint();
    let config = lab.configs.control_plane.to_yaml().unwrap();
    fresh.apply_configuration(config.expose(), ApplyOptions::default()).await.unwrap();
    soon(machine.wait_until_ready()).await;

    let wipe = Wipe::Partitions(vec![SystemPartition::State, SystemPartition::Ephemeral]);
    let reset =
        lab.client.node(&address).reset(ResetOptions::graceful(wipe, AfterReset::Reboot)).await.unwrap();
    assert_eq!(reset.finished(PATIENCE).await.unwrap(), Outcome::Maintenance);
    assert_eq!(machine.stage(), Stage::Maintenance);
    assert_eq!(lab.node(0).etcd_members().await.unwrap().len(), 1, "it left etcd");
}

// What machines say, word by word

fn event<M: Message + Name>(id: &str, actor: &str, payload: &M) -> Vec<u8> {
    let data = prost_types::Any {
        type_url: format!("talos/runtime/{}", M::full_name()),
        value: payload.encode_to_vec(),
    };
    machine::Event { metadata: None, data: Some(data), id: id.into(), actor_id: actor.into() }.encode_to_vec()
}

fn sequence(name: &str, action: sequence_event::Action, error: Option<&str>) -> machine::SequenceEvent {
    machine::SequenceEvent {
        sequence: name.into(),
        action: action.into(),
        error: error.map(|message| common::Error { message: message.into(), ..Default::default() }),
    }
}

const OURS: &str = "b8e7";

/// A machine that never reboots and tells these events.
async fn telling(events: Vec<Vec<u8>>) -> (Server, Node) {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let mut messages = vec![machine::Event::default().encode_to_vec()];
    messages.extend(events);
    server.answer("Events", [Answer::Messages(messages)]);
    let boot_id = common::Data { metadata: None, bytes: "0b3c\n".into() };
    server.answer("Read", [Answer::Message(boot_id.encode_to_vec())]);
    server.answer("Reboot", [one(&machine::Reboot { metadata: None, actor_id: OURS.into() })]);
    let client = Client::from_context(&pki.context([server.endpoint()]), ClientOptions::default()).unwrap();
    (server, client.node("10.0.0.2"))
}

async fn told(events: Vec<Vec<u8>>, timeout: Duration) -> Error {
    let (_server, node) = telling(events).await;
    let reboot = node.reboot(RebootOptions::default()).await.unwrap();
    let (seen, error) = all(reboot, timeout).await;
    assert_eq!(outcome(&seen), None);
    error.unwrap()
}

#[tokio::test]
async fn the_machines_own_error_ends_an_action() {
    let noop = sequence_event::Action::Noop;
    let failed = sequence("reboot", noop, Some("sequence failed: the disk is busy"));
    let error = told(vec![event("1", OURS, &failed)], PATIENCE).await;
    assert_eq!(error.kind(), ErrorKind::ActionFailed);
    assert!(error.to_string().contains("the disk is busy"), "{error}");
    assert_eq!(error.node(), Some("10.0.0.2"));

    // A sequence that finds another one going on is refused under no name.
    let locked = sequence("reboot", noop, Some("sequence not started: locked"));
    let error = told(vec![event("1", "", &locked)], PATIENCE).await;
    assert_eq!(error.kind(), ErrorKind::ActionFailed);
    assert!(error.to_string().contains("locked"), "{error}");
}

#[tokio::test]
async fn errors_that_are_none_of_ours_end_nothing() {
    let noop = sequence_event::Action::Noop;
    let start = sequence("reboot", sequence_event::Action::Start, None);
    let by_design =
        sequence("reboot", noop, Some("error running phase 9: task 1/1: failed, unix.Reboot(1234567)"));
    let foreign = sequence("reboot", noop, Some("sequence failed: of somebody else"));
    let locked = sequence("reboot", noop, Some("sequence not started: locked"));
    let other = sequence("upgrade", noop, Some("sequence not started: locked"));
    let task = machine::TaskEvent { task: "stopAllServices".into(), action: task_event::Action::Stop.into() };
    let running = machine::MachineStatusEvent {
        stage: machine::machine_status_event::MachineStage::Running.into(),
        status: Some(machine::machine_status_event::MachineStatus { ready: true, unmet_conditions: vec![] }),
    };
    let events = vec![
        event("1", "", &running),
        event("2", "somebody", &foreign),
        event("3", "", &other),
        event("4", OURS, &start),
        event("5", "", &locked),
        event("6", OURS, &task),
        event("7", OURS, &by_design),
        event("8", "", &running),
    ];
    let error = told(events, Duration::from_secs(7)).await;
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
}

#[tokio::test]
async fn nothing_is_done_when_it_could_not_be_followed() {
    let (server, node) = telling(vec![]).await;
    server.answer("Events", [Answer::Status(tonic::Code::Unavailable, "not now")]);
    assert_eq!(node.reboot(RebootOptions::default()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(server.seen("Reboot").is_empty());
    // Events are opened before anything else, and the present boot is known before the call.
    let (server, node) = telling(vec![]).await;
    server.answer("Reboot", [Answer::Status(tonic::Code::FailedPrecondition, "not here")]);
    assert_eq!(
        node.reboot(RebootOptions::default()).await.unwrap_err().kind(),
        ErrorKind::FailedPrecondition
    );
    assert_eq!((server.seen("Events").len(), server.seen("Read").len()), (1, 1));
}
