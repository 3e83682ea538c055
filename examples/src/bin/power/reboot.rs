//! Off and on.

use clap::{Args, ValueEnum};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_sdk::Node;
use talos_sdk::client::{RebootMode, RebootOptions, ShutdownOptions};

use crate::follow::Follow;

/// How a machine reboots.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// After services stopped, by kexec where that is possible
    Default,
    /// After services stopped, through the firmware
    Powercycle,
    /// At once
    Force,
}

impl From<Mode> for RebootMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Default => Self::Default,
            Mode::Powercycle => Self::PowerCycle,
            Mode::Force => Self::Force,
        }
    }
}

#[derive(Args)]
pub(crate) struct Reboot {
    /// In which way
    #[arg(short, long, value_enum, default_value = "default")]
    mode: Mode,
    #[command(flatten)]
    follow: Follow,
}

impl Reboot {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let options = RebootOptions::default().with_mode(self.mode.into());
        let options = &options;
        let reboot = |node: Node| async move { node.reboot(options.clone()).await };
        self.follow.each(connection, &Maintenance::default(), reboot).await
    }
}

#[derive(Args)]
pub(crate) struct Shutdown {
    /// Leave workloads where they are, instead of moving them away first
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    follow: Follow,
}

impl Shutdown {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let options = match self.force {
            true => ShutdownOptions::default().with_force(),
            false => ShutdownOptions::default(),
        };
        let options = &options;
        let shutdown = |node: Node| async move { node.shutdown(options.clone()).await };
        self.follow.each(connection, &Maintenance::default(), shutdown).await
    }
}

#[derive(Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    follow: Follow,
}

impl Rollback {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let rollback = |node: Node| async move { node.rollback().await };
        self.follow.each(connection, &Maintenance::default(), rollback).await
    }
}
