//! What goes on at several machines: a line each that changes on a terminal, plain lines otherwise. All of it goes to
//! standard error.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Tells what goes on.
#[derive(Debug)]
pub struct Activity {
    bars: Option<MultiProgress>,
}

/// What goes on at one machine. The line goes away when this is dropped.
#[derive(Debug)]
pub struct Line {
    name: String,
    bar: Option<ProgressBar>,
}

impl Activity {
    /// Lines that change when standard error is a terminal, plain ones otherwise or when `plain` is asked for.
    pub fn new(plain: bool) -> Self {
        Self { bars: (!plain && io::stderr().is_terminal()).then(MultiProgress::new) }
    }

    /// Tells of this machine.
    pub fn line(&self, name: &str) -> Line {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::no_length());
            bar.set_style(style("{spinner} {prefix} {elapsed} {wide_msg}"));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(TICK);
            bar
        });
        Line { name: name.to_owned(), bar }
    }
}

impl Line {
    /// Something happened.
    pub fn tell(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => eprintln!("{}: {what}", self.name),
        }
    }

    /// This many bytes came so far; plain lines leave it out.
    pub fn bytes(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_message(HumanBytes(bytes).to_string());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The default style where a template has a mistake.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
