//! Lists the cases of the suite, and plays them on a server or with Go's client.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use talos_contract::{Address, Allow, SetupError, VERSIONS, at, cases, go};
use talosconfig::TalosConfig;

const USAGE: &str = "usage: contract list                             one JSON line a case
       contract at TALOSCONFIG LEAST [MAINTENANCE] every case on the server of this configuration, which may be
                                                changed; none may fail, and so many have to pass
       contract go INTEROP FOLDER [VERSION...]  every case through the client of this program of tests/interop";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        ["list"] => list(),
        ["at", config, least, maintenance @ ..] => judge(config.into(), least, maintenance.first()).await,
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

async fn judge(config: PathBuf, least: &str, maintenance: Option<&&str>) -> Result<bool, SetupError> {
    let least: usize = least.parse()?;
    let mut address = Address::new(TalosConfig::from_yaml(&std::fs::read_to_string(config)?)?);
    if let Some(endpoint) = maintenance {
        address = address.with_maintenance(*endpoint);
    }
    let report = at(address, &cases(), Allow::default().with_changes(true)).await?;
    writeln!(io::stdout(), "{report}")?;
    let [passed, _, _, failed] = report.counts();
    Ok(failed == 0 && passed >= least)
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
