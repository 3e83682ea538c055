//! Arguments that several tools take.

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use talos_sdk::machineconfig::types::Duration as GoDuration;
use talos_sdk::machineconfig::{Contract, ErrorKind, Patch};

use crate::failure::{Failure, Outcome};
use crate::files;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How a result is printed, as a program is told.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// How to print
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value = "text")]
    pub format: Format,
}

/// Reads patches as `talosctl` takes them: the text itself, or the file `@path`. A word without blanks that is no
/// list and no mapping is a path too.
pub fn patches(arguments: &[String]) -> Outcome<Vec<Patch>> {
    arguments.iter().map(|argument| patch(argument)).collect()
}

fn patch(argument: &str) -> Outcome<Patch> {
    let (origin, text) = patch_text(argument)?;
    Patch::parse(&text).map_err(|error| match error.kind() {
        ErrorKind::Syntax => Failure::of(format!("patch {origin} is not YAML, correct it"), error),
        _ => Failure::of(format!("patch {origin}"), error),
    })
}

/// The text of a patch, after what it is called in errors.
pub fn patch_text(argument: &str) -> Outcome<(String, String)> {
    match Patch::file_name(argument) {
        Some("") => Err(Failure::new("a patch is empty: leave it out, or give text or @file")),
        Some(path) => {
            let text = files::read(Path::new(path)).map_err(|e| Failure::of("patch", e))?;
            Ok((path.to_owned(), text))
        }
        None => Ok(("on the command line".to_owned(), argument.to_owned())),
    }
}

/// The contract of a Talos version; the newest for an empty one.
pub fn contract(version: &str) -> Outcome<Contract> {
    if version.is_empty() {
        return Ok(Contract::CURRENT);
    }
    Contract::parse(version).map_err(|error| Failure::of("--talos-version", error))
}

/// A span of time as Go writes it: `90s`, `20m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Result<GoDuration, _> = text.parse();
    parsed.ok().and_then(GoDuration::to_std).ok_or_else(|| "write it as 90s, 20m or 1h30m".to_owned())
}
