//! How a program ends: one line on standard error that says what to do, and exit status 1.

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::Parser;

/// Why a program could not do its job, in one line.
#[derive(Debug)]
pub struct Failure {
    message: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Line,
    /// It was told already.
    Reported,
    /// It is no failure to speak of.
    Quiet,
}

/// Result of a program.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::Line }
    }

    /// The failure of `what`, for `why`.
    pub fn of(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::new(format!("{what}: {why}"))
    }

    /// Tells of it now, and not again at the end.
    #[must_use]
    pub fn report(mut self) -> Self {
        if let Kind::Line = self.kind {
            eprintln!("error: {self}");
            self.kind = Kind::Reported;
        }
        self
    }
}

impl fmt::Display for Failure {
    /// One line, whatever the message holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        f.write_str(&lines.join(" "))
    }
}

/// Any error is a failure with its own message.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let source: Option<&(dyn std::error::Error + 'static)> = error.source();
        // A reader of our output that went away is no failure to speak of.
        let quiet = error.to_string().contains("Broken pipe") && source.is_none();
        Self { message: error.to_string(), kind: if quiet { Kind::Quiet } else { Kind::Line } }
    }
}

/// Runs a program: reads its arguments, does its job, reports a failure.
pub fn run<A: Parser>(job: impl FnOnce(A) -> Outcome) -> ExitCode {
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help and version.
            return match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(error) => {
            let text = error.to_string();
            // The usage and the hints that clap adds take several lines.
            let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            let failure = Failure::new(format!("{message} (--help shows what there is)"));
            eprintln!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    match job(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { kind: Kind::Quiet, .. }) => ExitCode::SUCCESS,
        Err(failure) => {
            _ = failure.report();
            ExitCode::FAILURE
        }
    }
}

/// Runs a program whose job is asynchronous. Ctrl-C ends it, with everything it was doing.
pub fn run_async<A: Parser, F: Future<Output = Outcome>>(job: impl FnOnce(A) -> F) -> ExitCode {
    run(|arguments| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error: io::Error| Failure::of("could not start", error))?;
        runtime.block_on(async {
            tokio::select! {
                outcome = job(arguments) => outcome,
                _ = tokio::signal::ctrl_c() => Ok(()),
            }
        })
    })
}
