//! Makes the secrets and the machine configurations of a new cluster.

mod config;
mod pki;
mod secrets;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::failure::run;

/// Make secrets, machine configurations, keys and certificates
///
/// Flags and files are those of `talosctl gen`.
#[derive(Parser)]
#[command(version)]
struct Gen {
    #[command(subcommand)]
    what: What,
    /// Overwrite files that are there
    #[arg(short, long, global = true)]
    force: bool,
}

#[derive(Subcommand)]
enum What {
    /// Make configurations for control planes and workers, and a talosconfig
    Config(Box<config::Config>),
    /// Make a secrets bundle, from which the same configurations can be made again
    Secrets(secrets::Secrets),
    /// Make a certificate authority: ORGANIZATION.crt, .key and .sha256
    Ca(pki::Ca),
    /// Make a private key: NAME.key
    Key(pki::Key),
    /// Make a request for a certificate, beside its key
    Csr(pki::Csr),
    /// Sign a request: NAME.crt
    Crt(pki::Crt),
    /// Make a key and a certificate that it signs itself, valid for a day: ORGANIZATION.crt and .key
    Keypair(pki::KeyPair),
}

fn main() -> ExitCode {
    run(|arguments: Gen| {
        let force = arguments.force;
        match arguments.what {
            What::Config(config) => config.make(force),
            What::Secrets(secrets) => secrets.make(force),
            What::Ca(ca) => ca.make(force),
            What::Key(key) => key.make(force),
            What::Csr(csr) => csr.make(force),
            What::Crt(crt) => crt.make(force),
            What::Keypair(pair) => pair.make(force),
        }
    })
}
