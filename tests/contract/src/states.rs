//! Machines held in each of their states, and what every command of Go's client comes to there.

use std::sync::Arc;
use std::time::Duration;

use talos_pki::Role;
use talos_proto::machine;
use talos_sim::{Pace, Stage};
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::cases::maintenance::{SERVED_BEFORE_1_13, UNCHECKED};
use crate::check::soon;
use crate::env::Env;
use crate::facts;
use crate::failure::Failure;
use crate::world::{SetupError, World};

/// Longer than any run.
const HELD: Duration = Duration::from_secs(3600);

/// Every command, and the method that it calls. The last of them take the machine down.
const COMMANDS: [(&str, &str); 24] = [
    ("version", "MachineService/Version"),
    ("services", "MachineService/ServiceList"),
    ("service machined", "MachineService/ServiceList"),
    ("logs machined", "MachineService/Logs"),
    ("dmesg", "MachineService/Dmesg"),
    ("events -tail -1 -count 1", "MachineService/Events"),
    ("copy /etc", "MachineService/Copy"),
    ("read /etc/os-release", "MachineService/Read"),
    ("list /etc", "MachineService/List"),
    ("cosi-get runtime MachineStatuses.runtime.talos.dev machine", "State/Get"),
    ("cosi-list runtime MachineStatuses.runtime.talos.dev", "State/List"),
    ("cosi-watch runtime MachineStatuses.runtime.talos.dev -bootstrap -count 1", "State/Watch"),
    ("resolve machinestatus", "State/List"),
    ("call machine.MachineService/Memory", "MachineService/Memory"),
    ("apply {folder}/controlplane.yaml -dry-run", "MachineService/ApplyConfiguration"),
    ("apply {folder}/nonsense.yaml", "MachineService/ApplyConfiguration"),
    ("kubeconfig", "MachineService/Kubeconfig"),
    ("snapshot", "MachineService/EtcdSnapshot"),
    ("bootstrap", "MachineService/Bootstrap"),
    ("rollback", "MachineService/Rollback"),
    ("upgrade nonsense", "MachineService/Upgrade"),
    ("shutdown", "MachineService/Shutdown"),
    ("reset", "MachineService/Reset"),
    ("reboot", "MachineService/Reboot"),
];

/// A machine in each state, with its commands. Of the states, `Running` is that of all cases, and while Talos installs
/// itself nobody can call.
pub(crate) async fn all(version: &str) -> Result<Vec<(Case, Arc<World>)>, SetupError> {
    let mut slow = Pace::immediate();
    slow.shutdown = HELD;
    let mut all = Vec::new();
    for stage in [Stage::Rebooting, Stage::ShuttingDown, Stage::Resetting, Stage::Upgrading] {
        let world = Arc::new(World::simulated_at(version, Shape::cluster(1, 0), slow).await?);
        send(&world, stage).await.map_err(|failure| failure.to_string())?;
        all.push((commands(stage, Target::Endpoint, |command, _| configured(stage, command)), world));
    }
    let world = Arc::new(World::simulated(version, Shape::UNBORN).await?);
    let booting = |command: &str, _: &str| configured(Stage::Booting, command);
    all.push((commands(Stage::Booting, Target::Endpoint, booting), world));
    let world = Arc::new(World::simulated(version, Shape::BLANK).await?);
    let minor = world.minor();
    let fresh = |command: &str, method: &str| in_maintenance(minor, command, method);
    all.push((commands(Stage::Maintenance, Target::Maintenance, fresh), world));
    let world = Arc::new(World::simulated(version, Shape::cluster(2, 0)).await?);
    let off = commands(Stage::Unknown, Target::Node, |_, _| Code::Unavailable);
    let env = Env::new(&world, &off);
    let name = env.node_name().map_err(|failure| failure.to_string())?;
    env.machine(name).map_err(|failure| failure.to_string())?.power_off();
    all.push((off, world));
    Ok(all)
}

/// Sends a running machine into a state. Its pace keeps it there.
async fn send(world: &Arc<World>, stage: Stage) -> Result<(), Failure> {
    let env = Env::new(world, &commands(stage, Target::Endpoint, |_, _| Code::Ok));
    let mut api = env.node()?.raw().machine();
    match stage {
        Stage::Rebooting => drop(api.reboot(machine::RebootRequest::default()).await?),
        Stage::ShuttingDown => drop(api.shutdown(machine::ShutdownRequest { force: true }).await?),
        Stage::Resetting => {
            let mode = machine::reset_request::WipeMode::UserDisks.into();
            drop(api.reset(machine::ResetRequest { mode, ..Default::default() }).await?);
        }
        _ => {
            let image = format!("ghcr.io/siderolabs/installer:{}", world.tag());
            drop(api.upgrade(machine::UpgradeRequest { image, ..Default::default() }).await?);
        }
    }
    soon("the state", env.machine(env.node_name()?)?.wait_for(stage)).await
}

fn commands(stage: Stage, target: Target, code: impl Fn(&str, &str) -> Code) -> Case {
    let named = case(format!("states/{stage:?}"), "", |_| async { Ok(()) }).on(target);
    COMMANDS.iter().fold(named, |case, (command, method)| case.go(command, code(command, method), 0..))
}

/// What a configured machine answers whose API is up and whose etcd is not.
fn configured(stage: Stage, command: &str) -> Code {
    match command {
        "apply {folder}/nonsense.yaml" => Code::InvalidArgument,
        "bootstrap" if stage != Stage::Booting => Code::AlreadyExists,
        // There is something to go back to only after an upgrade.
        "rollback" if stage == Stage::Upgrading => Code::Ok,
        "snapshot" | "rollback" | "upgrade nonsense" => Code::Unknown,
        _ => Code::Ok,
    }
}

/// What a machine without a configuration answers to anybody.
fn in_maintenance(minor: u16, command: &str, method: &str) -> Code {
    let readers = facts::find(method).is_some_and(|method| method.roles(minor).contains(&Role::Reader));
    match method {
        _ if minor < 13 && !SERVED_BEFORE_1_13.contains(&method) => Code::Unimplemented,
        // Its old server tells its version to administrators only.
        "MachineService/Version" if minor < 13 => Code::PermissionDenied,
        _ if !readers && !UNCHECKED.contains(&method) => Code::PermissionDenied,
        _ => configured(Stage::Maintenance, command),
    }
}
