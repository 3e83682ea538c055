//! How a configuration is applied, and what became of it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use talos_examples::answers::Answers;
use talos_examples::arguments::{Format, Output, duration};
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::{Applied, ApplyMode, ApplyOptions};
use talos_sdk::machineconfig::Diff;

/// How a configuration is applied.
#[derive(Args)]
pub(crate) struct How {
    /// When it takes effect
    #[arg(short, long, value_enum, default_value = "auto")]
    mode: Mode,
    /// Only check it and tell what would change; secrets are not shown
    #[arg(long)]
    dry_run: bool,
    /// With --mode try: after this the former configuration comes back
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: Duration,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// At once where that is possible, with a reboot where the version of Talos does that
    Auto,
    /// At once; what needs a reboot is refused
    NoReboot,
    /// With a reboot
    Reboot,
    /// At the next boot
    Staged,
    /// At once, until --timeout is over
    Try,
}

/// What became of a configuration at one machine.
pub(crate) struct Done {
    /// None if there was nothing to apply.
    pub(crate) applied: Option<Applied>,
    /// What changes, for a dry run.
    pub(crate) diff: Option<Diff>,
}

impl How {
    pub(crate) fn dry_run(&self) -> bool {
        self.dry_run
    }

    pub(crate) fn options(&self) -> ApplyOptions {
        let options = match self.mode {
            Mode::Auto => ApplyOptions::default().with_mode(ApplyMode::Auto),
            Mode::NoReboot => ApplyOptions::default().with_mode(ApplyMode::NoReboot),
            Mode::Reboot => ApplyOptions::default().with_mode(ApplyMode::Reboot),
            Mode::Staged => ApplyOptions::default().with_mode(ApplyMode::Staged),
            Mode::Try => ApplyOptions::default().with_try(self.timeout),
        };
        if self.dry_run { options.with_dry_run() } else { options }
    }

    pub(crate) fn show(&self, answers: &Answers<Done>) -> Outcome {
        for (node, done) in answers.successes() {
            for warning in done.applied.iter().flat_map(|applied| &applied.warnings) {
                eprintln!("warning: node {node}: {warning}");
            }
        }
        let shown = answers.show(
            self.output.format,
            &["MODE", "RESULT"],
            |done| vec![row(done)],
            |done| vec![object(done)],
        );
        if self.output.format == Format::Text {
            for (node, done) in answers.successes() {
                if let Some(diff) = &done.diff {
                    print_diff(node, diff)?;
                }
            }
        }
        shown
    }
}

fn print_diff(node: &str, diff: &Diff) -> Outcome {
    let text = if diff.is_empty() { "nothing changes\n".to_owned() } else { diff.to_string() };
    talos_examples::files::print(&format!("\n{node}:\n{text}"))
}

fn row(done: &Done) -> Vec<String> {
    match &done.applied {
        Some(applied) => row![mode(applied.mode), details(applied)],
        None => row!["", "nothing to change"],
    }
}

fn object(done: &Done) -> Value {
    json!({
        "mode": done.applied.as_ref().map(|applied| mode(applied.mode)),
        "result": done.applied.as_ref().map_or("nothing to change", details),
        "warnings": done
            .applied
            .iter()
            .flat_map(|applied| applied.warnings.iter().map(ToString::to_string))
            .collect::<Vec<_>>(),
        "changes": done.diff.as_ref().map(|diff| serde_json::to_value(diff).unwrap_or_default()),
    })
}

/// What the machine says. Behind it is a difference of texts in which secrets can be: that is not printed.
fn details(applied: &Applied) -> &str {
    applied.details.split("Config diff:").next().unwrap_or_default().trim()
}

fn mode(mode: ApplyMode) -> &'static str {
    match mode {
        ApplyMode::Auto => "auto",
        ApplyMode::NoReboot => "no-reboot",
        ApplyMode::Reboot => "reboot",
        ApplyMode::Staged => "staged",
        ApplyMode::Try => "try",
        _ => "",
    }
}
