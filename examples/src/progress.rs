//! Progress of a bring-up: bars on a terminal, plain lines otherwise. All of it goes to standard error.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use talos_sdk::openstack::{Event, Step};

/// How often a plain line tells of an image's bytes.
const IMAGE_LINES: Duration = Duration::from_secs(5);
/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Tells a person what goes on.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    step: Option<Step>,
    begun: Instant,
    image_line: Instant,
}

impl Progress {
    /// Bars when standard error is a terminal, plain lines otherwise.
    pub fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner());
            bar
        });
        let now = Instant::now();
        Self { bar, state: Mutex::new(State { step: None, begun: now, image_line: now }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The step that goes on.
    pub fn step(&self) -> Option<Step> {
        self.state().step
    }

    /// Takes an event in.
    pub fn event(&self, event: &Event) {
        match event {
            Event::StepStarted { step } => {
                let mut state = self.state();
                state.step = Some(*step);
                state.begun = Instant::now();
                drop(state);
                self.begin(&event.to_string(), step.name());
            }
            Event::StepDone { step } => {
                let took = self.state().begun.elapsed();
                self.line(&format!("{step}: done in {:.1} s", took.as_secs_f64()));
            }
            Event::ImageProgress { sent, received, total } => self.image(*sent, *received, *total),
            Event::Created { .. } | Event::Found { .. } | Event::Deleted { .. } | Event::Retrying { .. } => {
                self.line(&format!("  {event}"));
            }
            other => match &self.bar {
                Some(bar) => bar.set_message(other.to_string()),
                None => eprintln!("  {other}"),
            },
        }
    }

    /// Tells of something that is not a step.
    pub fn begin(&self, line: &str, name: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_style(spinner());
                bar.set_prefix(name.to_owned());
                bar.set_message("");
                bar.enable_steady_tick(TICK);
            }
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn image(&self, sent: u64, received: u64, total: Option<u64>) {
        match (&self.bar, total) {
            (Some(bar), Some(total)) => {
                if bar.length() != Some(total) {
                    bar.set_length(total);
                    bar.set_style(bytes());
                }
                bar.set_position(received);
                bar.set_message(format!("{} in Glance", HumanBytes(sent)));
            }
            (Some(bar), None) => bar.set_message(format!("{} in Glance", HumanBytes(sent))),
            (None, total) => {
                let mut state = self.state();
                if state.image_line.elapsed() >= IMAGE_LINES {
                    state.image_line = Instant::now();
                    let of = total.map(|total| format!(" of {}", HumanBytes(total))).unwrap_or_default();
                    eprintln!(
                        "  image: {}{of} received, {} in Glance",
                        HumanBytes(received),
                        HumanBytes(sent)
                    );
                }
            }
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// The default style where a template has a mistake, which a test would show.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn spinner() -> ProgressStyle {
    style("{spinner} {prefix} {elapsed} {wide_msg}")
}

fn bytes() -> ProgressStyle {
    style("{spinner} {prefix} [{wide_bar}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left, {msg}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn templates_are_right() {
        for template in
            ["{spinner} {prefix} {elapsed} {wide_msg}", "{wide_bar} {bytes} {bytes_per_sec} {eta}"]
        {
            ProgressStyle::with_template(template).unwrap();
        }
    }

    #[test]
    fn the_step_is_known() {
        let progress = Progress::new();
        assert_eq!(progress.step(), None);
        progress.event(&Event::StepStarted { step: Step::Image });
        assert_eq!(progress.step(), Some(Step::Image));
    }
}
