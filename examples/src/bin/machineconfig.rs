//! Works on machine configurations in files.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::failure::{Failure, Outcome, run};
use talos_examples::{arguments, files};
use talos_sdk::machineconfig::Config;

/// Work on machine configurations in files
#[derive(Parser)]
#[command(version)]
struct Machineconfig {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Apply patches to a configuration
    Patch {
        /// The configuration
        file: PathBuf,
        /// A patch: text, or @file
        #[arg(short, long, value_name = "PATCH")]
        patch: Vec<String>,
        /// Where to write the result, instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    run(|arguments: Machineconfig| match arguments.what {
        What::Patch { file, patch, output } => apply(file, &patch, output),
    })
}

fn apply(file: PathBuf, patches: &[String], output: Option<PathBuf>) -> Outcome {
    let text = files::read(&file)?;
    let patches = arguments::patches(patches)?;
    let text = if patches.is_empty() {
        text
    } else {
        let place = |error| Failure::of(file.display(), error);
        let config = Config::from_yaml(&text).map_err(place)?.patch(&patches).map_err(place)?;
        config.to_yaml()?.expose().to_owned()
    };
    match output {
        Some(path) => files::write(&path, &text),
        // One line break more than in the file, as talosctl prints it.
        None => Ok(writeln!(io::stdout().lock(), "{text}")?),
    }
}
