//! Applying a configuration.

use std::sync::Arc;
use std::time::Duration;

use talos_proto::machine::{self, apply_configuration_request::Mode};
use tonic::Status;

use super::Context;
use crate::config::NodeConfig;
use crate::resources;
use crate::run::{Next, Run};

/// How long a configuration is tried if the caller does not say.
const TRY_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn apply(
    cx: &Context<'_>,
    request: machine::ApplyConfigurationRequest,
) -> Result<crate::grpc::Answer, Status> {
    let run = cx.run;
    let mode = Mode::try_from(request.mode)
        .map_err(|_| Status::invalid_argument(format!("apply mode {} is unknown", request.mode)))?;
    if !run.maintenance() && !cx.roles.contains(talos_pki::Role::Admin) {
        return Err(Status::permission_denied("not authorized"));
    }
    check_mode(run, mode)?;
    let config = NodeConfig::from_bytes(&request.data).map_err(|reason| {
        run.event(&machine::ConfigValidationErrorEvent { error: reason.clone() });
        Status::invalid_argument(format!("the configuration is not valid: {reason}"))
    })?;
    let config = Arc::new(config);
    let chosen = if run.maintenance() { mode } else { choose(run, mode, &config) };
    let details = if request.dry_run {
        dry_run(run, &config)
    } else {
        act(run, chosen, &config, try_timeout(&request));
        details(chosen).to_owned()
    };
    let reply = machine::ApplyConfiguration {
        metadata: None,
        warnings: Vec::new(),
        mode: chosen.into(),
        mode_details: details,
    };
    Ok(crate::grpc::Answer::one(&machine::ApplyConfigurationResponse { messages: vec![reply] }))
}

fn check_mode(run: &Run, mode: Mode) -> Result<(), Status> {
    let refused = match (run.maintenance(), run.minor()) {
        (true, ..13) => matches!(mode, Mode::NoReboot | Mode::Staged),
        (false, 14..) => mode == Mode::Reboot,
        _ => false,
    };
    if refused {
        return Err(Status::unimplemented(format!(
            "apply mode {} is not served by Talos {} in this state",
            mode.as_str_name(),
            run.version
        )));
    }
    Ok(())
}

/// What AUTO means: Talos 1.14 never reboots, earlier ones do if the type of the machine changes.
fn choose(run: &Run, mode: Mode, config: &NodeConfig) -> Mode {
    let same_type = run.config().is_none_or(|active| active.control_plane == config.control_plane);
    match mode {
        Mode::Auto if same_type || run.minor() >= 14 => Mode::NoReboot,
        Mode::Auto => Mode::Reboot,
        mode => mode,
    }
}

fn act(run: &Arc<Run>, mode: Mode, config: &Arc<NodeConfig>, timeout: Duration) {
    let persist = || {
        run.node.disk().config = Some(config.clone());
        run.put("MachineConfigs.config.talos.dev", "persistent", resources::machine_config(config));
    };
    if run.maintenance() {
        run.node.disk().config = Some(config.clone());
        run.configured.send_modify(|count| *count += 1);
        return;
    }
    match mode {
        Mode::Auto | Mode::NoReboot => {
            persist();
            run.set_config(config.clone());
        }
        Mode::Reboot => {
            persist();
            run.end(Next::Reboot { actor: String::new() });
        }
        Mode::Staged => {
            run.node.disk().staged = Some(config.clone());
            run.put("MachineConfigs.config.talos.dev", "persistent", resources::machine_config(config));
        }
        Mode::Try => try_config(run, config.clone(), timeout),
    }
}

/// Uses a configuration until the time is over, unless another one is applied before.
fn try_config(run: &Arc<Run>, config: Arc<NodeConfig>, timeout: Duration) {
    run.set_config(config);
    let applied = *run.configured.borrow();
    let weak = Arc::downgrade(run);
    let sleep = run.node.world.clock.sleep(timeout);
    run.tasks.spawn(async move {
        sleep.await;
        let Some(run) = weak.upgrade() else { return };
        let saved = run.node.disk().config.clone();
        let untouched = *run.configured.borrow() == applied;
        if let Some(saved) = saved.filter(|_| untouched) {
            run.console("[talos] the tried configuration was not confirmed and is taken back");
            run.set_config(saved);
        }
    });
}

fn try_timeout(request: &machine::ApplyConfigurationRequest) -> Duration {
    let given = request.try_mode_timeout.and_then(|timeout| Duration::try_from(timeout).ok());
    given.filter(|timeout| !timeout.is_zero()).unwrap_or(TRY_TIMEOUT)
}

fn details(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto | Mode::NoReboot => "applied without a reboot",
        Mode::Reboot => "applied with a reboot",
        Mode::Staged => "saved for the next boot",
        Mode::Try => "applied for a trial",
    }
}

/// Tells what would change, without the values, which may be secrets.
fn dry_run(run: &Run, config: &NodeConfig) -> String {
    let active = run.config();
    let old: Vec<&str> =
        active.as_ref().map(|config| config.text.expose().lines().collect()).unwrap_or_default();
    let new: Vec<&str> = config.text.expose().lines().collect();
    let only = |a: &[&str], b: &[&str]| a.iter().filter(|line| !b.contains(line)).count();
    format!("Dry run summary: {} lines removed, {} lines added", only(&old, &new), only(&new, &old))
}
