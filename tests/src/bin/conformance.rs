//! Answers for this SDK what the interop programs ask: one request per line of standard input, one answer per line
//! of standard output.

use std::io::{self, Write as _};
use std::process::ExitCode;

use talos_tests::conformance;

const USAGE: &str = "usage: conformance <command>

JSON lines: gen, secrets, patch, load, redact, yaml, talosconfig, cert, cel
  secrets -contract VERSION   one new bundle as YAML
  descriptors                 the serialized descriptor set of the machine API
  schema                      the JSON schema of configurations";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let written = match arguments {
        ["descriptors"] => out.write_all(talos_proto::FILE_DESCRIPTOR_SET),
        ["schema"] => writeln!(out, "{:#}", talos_machineconfig::json_schema()),
        ["secrets", "-contract" | "--contract", contract] => {
            out.write_all(conformance::generation::new_bundle(contract, None)?.as_bytes())
        }
        [name] => match conformance::command(name) {
            Some(command) => conformance::serve(command, io::stdin().lock(), out),
            None if conformance::NOT_OFFERED.contains(name) => {
                return Err(format!("{name} is not offered yet"));
            }
            None => return Err(format!("there is no command {name:?}\n{USAGE}")),
        },
        _ => return Err(USAGE.into()),
    };
    written.map_err(|error| error.to_string())
}
