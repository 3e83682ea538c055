//! Gives machines their configuration, starts clusters, fetches access to Kubernetes.

mod bootstrap;
mod config;
mod kubeconfig;
mod patch;
mod result;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::connection::Connection;
use talos_examples::failure::run_async;

/// Give machines their configuration, start clusters, fetch access to Kubernetes
///
/// Flags are those of `talosctl apply-config`, `patch`, `bootstrap` and `kubeconfig`. Nothing secret is printed.
#[derive(Parser)]
#[command(version)]
struct Apply {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Give machines a configuration
    Config(config::Config),
    /// Change the configuration that machines have
    Patch(patch::Patch),
    /// Start etcd, once a cluster on one machine
    Bootstrap(bootstrap::Bootstrap),
    /// Fetch a kubeconfig for an administrator
    Kubeconfig(kubeconfig::Kubeconfig),
}

fn main() -> ExitCode {
    run_async(|arguments: Apply| async move {
        let connection = &arguments.connection;
        match arguments.what {
            What::Config(config) => config.apply(connection).await,
            What::Patch(patch) => patch.apply(connection).await,
            What::Bootstrap(bootstrap) => bootstrap.run(connection).await,
            What::Kubeconfig(kubeconfig) => kubeconfig.fetch(connection).await,
        }
    })
}
