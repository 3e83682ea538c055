//! Applying a configuration.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use talos_machineconfig::{Config, Mode as Platform, ValidateOptions};
use talos_proto::machine::{self, apply_configuration_request::Mode};
use tonic::Status;

use super::Context;
use crate::config::NodeConfig;
use crate::grpc::Answer;
use crate::resources::machine::{ACTIVE, PERSISTENT, machine_config};
use crate::run::{Next, Run};

/// How long a configuration is tried if the caller does not say.
const TRY_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn apply(cx: &Context<'_>, request: machine::ApplyConfigurationRequest) -> Result<Answer, Status> {
    let run = cx.run;
    let mode = Mode::try_from(request.mode)
        .map_err(|_| Status::invalid_argument(format!("apply mode {} is unknown", request.mode)))?;
    cx.admin_or_maintenance()?;
    if mode != Mode::Try {
        // Whatever comes of this call, a trial that was going on is not taken back any more.
        run.begin_trial();
    }
    let invalid = |reason: String| {
        run.event(&machine::ConfigValidationErrorEvent { error: reason.clone() });
        Status::invalid_argument(format!("the configuration is not valid: {reason}"))
    };
    let text = std::str::from_utf8(&request.data).map_err(|_| invalid("it is not UTF-8".to_owned()))?;
    let config = Config::from_yaml(text).map_err(|error| invalid(error.to_string()))?;
    let partial = config.v1alpha1().is_none();
    if partial && !(run.maintenance() && run.minor() >= 13) {
        return Err(invalid("it has no v1alpha1 document".to_owned()));
    }
    check_mode(run, mode)?;
    let warnings = validate(run, &config).map_err(invalid)?;
    let (chosen, details) = if partial {
        // The machine stays in maintenance mode until its configuration is complete.
        if !request.dry_run {
            run.put(machine_config(ACTIVE, text, run.minor()));
        }
        (Mode::NoReboot, details(Mode::NoReboot).to_owned())
    } else {
        let node_config = Arc::new(NodeConfig::from_bytes(&request.data).map_err(invalid)?);
        let chosen = choose(run, mode, &node_config);
        if request.dry_run {
            (chosen, format!("Dry run summary:\n{}, but not now.\n{}", details(chosen), diff(run, &config)))
        } else {
            act(run, chosen, &node_config, try_timeout(&request));
            (chosen, details(chosen).to_owned())
        }
    };
    let reply = machine::ApplyConfiguration {
        metadata: None,
        // A dry run only tells what would change.
        warnings: if request.dry_run { Vec::new() } else { warnings },
        mode: chosen.into(),
        mode_details: details,
    };
    Ok(Answer::one(&machine::ApplyConfigurationResponse { messages: vec![reply] }))
}

/// What is to be looked at, or what the machine refuses.
fn validate(run: &Run, config: &Config) -> Result<Vec<String>, String> {
    let platform = match run.node.platform_mode() {
        "metal" => Platform::Metal,
        "container" => Platform::Container,
        _ => Platform::Cloud,
    };
    let report = config.validate(&ValidateOptions::new(platform));
    let warnings = report.warnings().map(ToString::to_string).collect();
    match report.errors().map(ToString::to_string).reduce(|all, one| format!("{all}; {one}")) {
        Some(errors) => Err(errors),
        None => Ok(warnings),
    }
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

/// What the machine does: Talos 1.14 never reboots by itself, earlier ones do if the type of the machine changes.
fn choose(run: &Run, mode: Mode, config: &NodeConfig) -> Mode {
    let same_type = run.config().is_none_or(|active| active.control_plane == config.control_plane);
    match mode {
        Mode::Reboot if run.maintenance() && run.minor() >= 13 => Mode::NoReboot,
        Mode::Auto if run.maintenance() && run.minor() < 13 => Mode::Reboot,
        Mode::Auto if same_type || run.minor() >= 14 => Mode::NoReboot,
        Mode::Auto => Mode::Reboot,
        mode => mode,
    }
}

fn act(run: &Arc<Run>, mode: Mode, config: &Arc<NodeConfig>, timeout: Duration) {
    let _applying = run.applying.lock().unwrap_or_else(PoisonError::into_inner);
    let persist = || {
        run.node.disk().config = Some(config.clone());
        run.put(machine_config(PERSISTENT, config.text.expose(), run.minor()));
    };
    if run.maintenance() {
        match mode {
            Mode::Staged => run.node.disk().staged = Some(config.clone()),
            _ => {
                run.node.disk().config = Some(config.clone());
                run.configured.send_modify(|count| *count += 1);
            }
        }
        return;
    }
    match mode {
        Mode::Auto | Mode::NoReboot => {
            // A configuration that was staged before is not used any more.
            run.node.disk().staged = None;
            persist();
            run.set_config(config.clone());
        }
        Mode::Reboot => {
            persist();
            run.end(Next::Reboot { actor: String::new(), force: false });
        }
        Mode::Staged => {
            run.node.disk().staged = Some(config.clone());
            run.put(machine_config(PERSISTENT, config.text.expose(), run.minor()));
        }
        Mode::Try => try_config(run, config.clone(), timeout),
    }
}

/// Uses a configuration until the time is over, unless something else is applied before. Then the one is back that
/// was used until now, which may have been on trial too.
fn try_config(run: &Arc<Run>, config: Arc<NodeConfig>, timeout: Duration) {
    let before = run.config();
    let trial = run.begin_trial();
    run.set_config(config);
    let weak = Arc::downgrade(run);
    let sleep = run.node.world.clock.sleep(timeout);
    run.tasks.spawn(async move {
        sleep.await;
        let Some(run) = weak.upgrade() else { return };
        if let Some(before) = before.filter(|_| run.is_trial(trial)) {
            run.console("[talos] the tried configuration was not confirmed and is taken back");
            run.set_config(before);
        }
    });
}

fn try_timeout(request: &machine::ApplyConfigurationRequest) -> Duration {
    let given = request.try_mode_timeout.and_then(|timeout| Duration::try_from(timeout).ok());
    given.unwrap_or(TRY_TIMEOUT)
}

fn details(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto | Mode::NoReboot => "Applied without a reboot",
        Mode::Reboot => "Applied with a reboot",
        Mode::Staged => "Saved for the next boot",
        Mode::Try => "Applied for a trial without a reboot",
    }
}

/// What would change, without secrets.
fn diff(run: &Run, config: &Config) -> String {
    let active = run.config().and_then(|active| Config::from_yaml(active.text.expose()).ok());
    let Some(active) = active else {
        return "Config diff: the machine has no configuration yet.\n".to_owned();
    };
    match active.diff(config) {
        Ok(diff) if diff.is_empty() => "Config diff:\n\nNo changes.\n".to_owned(),
        Ok(diff) => format!("Config diff:\n\n{diff}"),
        Err(error) => format!("Config diff: {error}\n"),
    }
}
