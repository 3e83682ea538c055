//! Reboots, turns off, resets, upgrades machines, and follows them to the end.

mod follow;
mod reboot;
mod reset;
mod upgrade;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::connection::Connection;
use talos_examples::failure::run_async;

/// Reboot, turn off, reset, upgrade machines, and follow them to the end
///
/// Flags are those of `talosctl reboot` and its like.
#[derive(Parser)]
#[command(version)]
struct Power {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Reboot
    Reboot(reboot::Reboot),
    /// Turn off
    Shutdown(reboot::Shutdown),
    /// Take the named machines out of their cluster and delete what is said
    Reset(reset::Reset),
    /// Bring another version of Talos onto machines
    Upgrade(upgrade::Upgrade),
    /// Boot the version that was there before the last upgrade
    Rollback(reboot::Rollback),
}

fn main() -> ExitCode {
    run_async(|arguments: Power| async move {
        let connection = &arguments.connection;
        match arguments.what {
            What::Reboot(reboot) => reboot.run(connection).await,
            What::Shutdown(shutdown) => shutdown.run(connection).await,
            What::Reset(reset) => reset.run(connection).await,
            What::Upgrade(upgrade) => upgrade.run(connection).await,
            What::Rollback(rollback) => rollback.run(connection).await,
        }
    })
}
