//! Works on machine configurations in files.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use talos_examples::arguments::Format;
use talos_examples::failure::{Failure, Outcome, run};
use talos_examples::{arguments, files};
use talos_sdk::machineconfig::{Config, Finding, Mode, Severity, ValidateOptions, json_schema, patch_text};

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
    /// Find what a machine would refuse in a configuration
    Validate(Validate),
    /// Show what is different between two configurations, without secrets
    Diff {
        /// The configuration as it is
        from: PathBuf,
        /// The configuration as it is to be
        to: PathBuf,
        /// End with status 1 if there is a difference
        #[arg(long)]
        exit_code: bool,
        /// How to print the differences
        #[arg(short, long, value_enum, default_value = "text")]
        output: Format,
    },
    /// Print the JSON schema of configurations, for editors and checks
    Schema {
        /// Where to write it, instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print a configuration with ****** for every secret
    Redact {
        /// The configuration
        file: PathBuf,
        /// Where to write the result, instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Validate {
    /// The configuration
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// What the machine runs on: metal, cloud, container or metal-agent
    #[arg(short, long, value_name = "MODE")]
    mode: String,
    /// Treat warnings about the sections machine and cluster as errors
    #[arg(long)]
    strict: bool,
    /// The Talos version that the machine runs, to check kinds and Kubernetes versions against
    #[arg(long, value_name = "VERSION")]
    talos_version: Option<String>,
    /// How to print the findings
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

fn main() -> ExitCode {
    let mut different = false;
    let done = run(|arguments: Machineconfig| match arguments.what {
        What::Diff { from, to, exit_code, output } => {
            different = diff(&from, &to, output)? && exit_code;
            Ok(())
        }
        What::Schema { output } => {
            let schema = serde_json::to_string_pretty(&json_schema())?;
            write(output, &format!("{schema}\n"))
        }
        What::Patch { file, patch, output } => apply(file, &patch, output),
        What::Validate(validate) => validate.run(),
        What::Redact { file, output } => {
            let config = read(&file)?.redacted().map_err(|error| Failure::of(file.display(), error))?;
            let text = config.to_yaml()?;
            write(output, text.expose())
        }
    });
    if different { ExitCode::FAILURE } else { done }
}

/// Writes to a file, or to standard output without one.
fn write(output: Option<PathBuf>, text: &str) -> Outcome {
    files::write_or_print(&output.unwrap_or_else(|| "-".into()), text)
}

/// Prints the differences; says whether there are any.
fn diff(from: &Path, to: &Path, output: Format) -> Outcome<bool> {
    let diff = read(from)?.diff(&read(to)?)?;
    let mut out = io::stdout().lock();
    match output {
        Format::Text => write!(out, "{diff}")?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&diff)?)?,
    }
    Ok(!diff.is_empty())
}

/// Reads a configuration, strictly.
fn read(file: &Path) -> Outcome<Config> {
    Config::from_yaml(&files::read(file)?).map_err(|error| Failure::of(file.display(), error))
}

/// A finding, for programs.
#[derive(Serialize)]
struct FindingOutput<'a> {
    severity: &'static str,
    document: &'a str,
    path: String,
    line: Option<u32>,
    message: &'a str,
}

impl Validate {
    fn run(&self) -> Outcome {
        let file = self.config.display();
        let mode: Mode = self.mode.parse()?;
        let mut options = ValidateOptions::new(mode).with_strict(self.strict);
        if let Some(version) = &self.talos_version {
            options = options.with_contract(arguments::contract(version)?);
        }
        let report = read(&self.config)?.validate(&options);
        let mut out = io::stdout().lock();
        match self.output {
            Format::Json => {
                let findings: Vec<_> = report.findings().iter().map(FindingOutput::new).collect();
                writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
            }
            Format::Text => {
                for finding in report.findings() {
                    let what = if finding.severity == Severity::Error { "ERROR" } else { "WARNING" };
                    eprintln!("{what}: {file}: {finding}");
                }
            }
        }
        match report.errors().count() {
            0 if self.output == Format::Text => Ok(writeln!(out, "{file} is valid for {mode} mode")?),
            0 => Ok(()),
            1 => Err(Failure::new(format!("{file} is not valid for {mode} mode: correct the error above"))),
            count => Err(Failure::new(format!(
                "{file} is not valid for {mode} mode: correct the {count} errors above"
            ))),
        }
    }
}

impl<'a> FindingOutput<'a> {
    fn new(finding: &'a Finding) -> Self {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let Finding { document, path, line, message, .. } = finding;
        Self { severity, document, path: path.to_string(), line: *line, message }
    }
}

fn apply(file: PathBuf, patches: &[String], output: Option<PathBuf>) -> Outcome {
    let text = files::read(&file)?;
    let patches = arguments::patches(patches)?;
    let patched = patch_text(&text, &patches).map_err(|error| Failure::of(file.display(), error))?;
    for warning in &patched.warnings {
        eprintln!("warning: {warning}");
    }
    let text = patched.text.expose();
    match output {
        Some(path) => files::write_readable(&path, text),
        // One line break more than in the file, as talosctl prints it.
        None => Ok(writeln!(io::stdout().lock(), "{text}")?),
    }
}
