//! Lists the cases of the suite, and plays them with Go's client.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use talos_contract::{SetupError, VERSIONS, cases, go};

const USAGE: &str = "usage: contract list                             one JSON line a case
       contract go INTEROP FOLDER [VERSION...]  every case through the client of this program of tests/interop";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        ["list"] => list(),
        ["go", program, folder, versions @ ..] => play(program.into(), folder.into(), versions).await,
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("contract: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> Result<bool, SetupError> {
    let mut out = io::stdout().lock();
    for case in cases() {
        let commands: Vec<String> = case.go_commands().iter().map(|go| go.command.join(" ")).collect();
        let line = json!({
            "name": case.name(),
            "methods": case.methods(),
            "role": case.role().map(|role| role.as_str()),
            "target": format!("{:?}", case.target()),
            "since": format!("1.{}", case.since()),
            "scene": format!("{:?}", case.scene()),
            "go": commands,
        });
        writeln!(out, "{line}")?;
    }
    Ok(true)
}

async fn play(program: PathBuf, folder: PathBuf, versions: &[&str]) -> Result<bool, SetupError> {
    let versions = if versions.is_empty() { &VERSIONS } else { versions };
    std::fs::create_dir_all(&folder)?;
    let mut agreed = true;
    for version in versions {
        let report = go(&program, &folder, version, &cases()).await?;
        writeln!(io::stdout(), "{report}")?;
        agreed &= report.differences.is_empty();
    }
    Ok(agreed)
}
