//! A machine that has no configuration yet.

use bytes::Bytes;
use talos_client::resources::{MachineStatus, Member};
use talos_client::{ApplyMode, ApplyOptions, ErrorKind, MachineStage, Node};
use talos_pki::Role;
use talos_sim::Stage;
use tonic::Code;

use crate::any;
use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, eventually, refused, refused_with_one_of, same, soon};
use crate::env::Env;
use crate::facts;
use crate::failure::Verdict;

/// What its server has before 1.13: everything else does not exist there.
pub(crate) const SERVED_BEFORE_1_13: [&str; 17] = [
    "MachineService/ApplyConfiguration",
    "MachineService/GenerateConfiguration",
    "MachineService/MetaDelete",
    "MachineService/MetaWrite",
    "MachineService/Reset",
    "MachineService/Upgrade",
    "MachineService/Version",
    "State/Create",
    "State/Destroy",
    "State/Get",
    "State/List",
    "State/Teardown",
    "State/TeardownAndDestroy",
    "State/Update",
    "State/Watch",
    "StorageService/BlockDeviceWipe",
    "StorageService/Disks",
];

/// What anybody may call there, whatever the table of roles says of configured machines.
pub(crate) const UNCHECKED: [&str; 3] = [
    "MachineService/ApplyConfiguration",
    "MachineService/GenerateConfiguration",
    "StorageService/BlockDeviceWipe",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        here("version", "MachineService/Version", |env| async move {
            let version = env.node()?.version().await;
            // Its old server tells its version to administrators only.
            if env.minor() < 13 {
                refused(version, Code::PermissionDenied)
            } else {
                same(version?.tag.as_str(), env.world().tag())
            }
        }),
        here("status", "State/Get", |env| async move {
            let status = env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same(status.spec.stage, MachineStage::Maintenance)
        })
        .go("cosi-get runtime MachineStatuses.runtime.talos.dev machine", Code::Ok, 1),
        here("no-members", "State/List", |env| async move {
            same(env.node()?.resources::<Member>().list().await?.len(), 0)
        })
        .go("cosi-list cluster Members.cluster.talos.dev", Code::Ok, 0),
        here("resolve", "State/List", |env| async move {
            let definition = env.node()?.resource_definition("machinestatus").await?;
            same(definition.kind.as_str(), "MachineStatuses.runtime.talos.dev")
        })
        .go("resolve machinestatus", Code::Ok, 1),
        here("secrets-are-kept", "State/Get", |env| async move {
            let secrets = env.node()?.resources_untyped("secrets", "OSRootSecrets.secrets.talos.dev");
            refused(secrets.get("os").await, Code::PermissionDenied)
        })
        .go("cosi-get secrets OSRootSecrets.secrets.talos.dev os", Code::PermissionDenied, 0),
        here("node-header-is-ignored", "State/Get", |env| async move {
            // The machine has nobody to forward to, so it answers itself.
            let client = env.client_at(None, env.world().maintenance.as_deref().unwrap_or_default())?;
            let status = client.endpoint().resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same(status.spec.stage, MachineStage::Maintenance)
        }),
        here("apply-nonsense", "MachineService/ApplyConfiguration", |env| async move {
            let applied = env.node()?.apply_configuration("nonsense: true\n", ApplyOptions::default()).await;
            refused(applied, Code::InvalidArgument)
        })
        .go("apply {folder}/nonsense.yaml", Code::InvalidArgument, 0),
        here("apply-dry-run", "MachineService/ApplyConfiguration", |env| async move {
            let config = env.cluster()?.worker_config().expose().to_owned();
            env.node()?.apply_configuration(config, ApplyOptions::default().with_dry_run()).await?;
            let status = env.node()?.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same(status.spec.stage, MachineStage::Maintenance)
        })
        .go("apply {folder}/worker.yaml -dry-run", Code::Ok, 1),
    ];
    for (mode, name) in [(ApplyMode::NoReboot, "no-reboot"), (ApplyMode::Staged, "staged")] {
        cases.push(here(
            &format!("apply-{name}"),
            "MachineService/ApplyConfiguration",
            move |env| async move {
                let config = env.cluster()?.worker_config().expose().to_owned();
                let options = ApplyOptions::default().with_mode(mode).with_dry_run();
                let applied = env.node()?.apply_configuration(config, options).await;
                if env.minor() < 13 {
                    refused(applied, Code::Unimplemented)
                } else {
                    applied.map(drop).map_err(Into::into)
                }
            },
        ));
    }
    for role in [("worker", false), ("control-plane", true)] {
        let (name, control_plane) = role;
        cases.push(
            here(&format!("join-as-{name}"), "MachineService/ApplyConfiguration", move |env| async move {
                let cluster = env.cluster()?;
                let config = match control_plane {
                    true => cluster.control_plane_config(),
                    false => cluster.worker_config(),
                };
                configure(&env.node()?, config.expose()).await?;
                let address = env.world().maintenance.clone().unwrap_or_default();
                let machine = env.machine(&address)?;
                soon("a running machine", machine.wait_until_ready()).await?;
                let member = env.admin()?.node(&address);
                same(member.version().await?.tag.as_str(), env.world().tag())?;
                let etcd = member.services().await?.iter().any(|service| service.id == "etcd");
                same(etcd, control_plane)
            })
            .alone(Shape::BLANK),
        );
    }
    cases.push(
        here("api-changes-its-certificate", "MachineService/ApplyConfiguration", |env| async move {
            let config = env.cluster()?.worker_config().expose().to_owned();
            let address = env.world().maintenance.clone().unwrap_or_default();
            let machine = env.machine(&address)?;
            let before = machine.fingerprint();
            configure(&env.node()?, &config).await?;
            soon("a running machine", machine.wait_for(Stage::Running)).await?;
            eventually("a certificate of the cluster", async || {
                machine.fingerprint().filter(|fingerprint| Some(*fingerprint) != before)
            })
            .await?;
            // Nobody without a certificate gets in any more.
            let stranger = env.client_at(None, &address)?.endpoint().version().await;
            ensure(stranger.is_err(), "a stranger to be turned away", &stranger)
        })
        .alone(Shape::BLANK),
    );
    // What cannot do harm is called with nothing but an empty message.
    for method in facts::methods().iter().filter(|method| method.is_machine_api()) {
        let short = method.short();
        let name = format!("may/{}", short.replace('/', "."));
        cases.push(here(&name, short, move |env| async move {
            let answer = any::call(&env.node()?, &method.path, Bytes::new()).await;
            let minor = env.minor();
            if !method.exists(minor) || (minor < 13 && !SERVED_BEFORE_1_13.contains(&short)) {
                return refused(answer, Code::Unimplemented);
            }
            let reader = method.roles(minor).contains(&Role::Reader) || UNCHECKED.contains(&short);
            if !reader {
                return refused_with_one_of(answer, &[Code::PermissionDenied]);
            }
            let denied = answer.as_ref().is_err_and(|status| {
                status.code() == Code::PermissionDenied && !status.message().contains("not supported")
            });
            ensure(!denied || (minor < 13 && short == "MachineService/Version"), "no refusal by role", answer)
        }));
    }
    cases
}

/// Applies a configuration. The machine leaves maintenance mode, which may break the connection under the answer.
pub(super) async fn configure(node: &Node, config: &str) -> Verdict {
    match node.apply_configuration(config.to_owned(), ApplyOptions::default()).await {
        Err(error) if error.kind() == ErrorKind::Unavailable => Ok(()),
        answer => answer.map(drop).map_err(Into::into),
    }
}

fn here<F, Fut>(name: &str, methods: &str, play: F) -> Case
where
    F: Fn(Env) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Verdict> + Send + 'static,
{
    case(format!("maintenance/{name}"), methods, play).on(Target::Maintenance)
}
