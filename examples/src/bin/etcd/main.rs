//! Looks after the etcd of a cluster.

mod alarm;
mod downgrade;
mod leaving;
mod members;
mod snapshot;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::connection::Connection;
use talos_examples::failure::run_async;

/// Look after the etcd of a cluster
///
/// Flags and tables are those of `talosctl etcd`. Each machine named with -n answers for itself.
#[derive(Parser)]
#[command(version)]
struct Etcd {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The members, as each machine knows them
    Members(members::Members),
    /// How the member on each machine does
    Status(members::Status),
    /// Alarms that members raised
    Alarm(alarm::Alarm),
    /// Free the room that deleted entries left, one machine after the other
    Defrag(members::Defrag),
    /// Make another member the leader
    ForfeitLeadership(leaving::ForfeitLeadership),
    /// Take the named machines out of etcd, and delete their data of it
    Leave(leaving::Leave),
    /// Remove a member whose machine is gone
    RemoveMember(leaving::RemoveMember),
    /// Save a snapshot as a file that only you can read, once its size and its hash are checked
    Snapshot(snapshot::Snapshot),
    /// Start etcd from a snapshot, when its quorum is lost for good
    Recover(snapshot::Recover),
    /// Go back to an earlier minor version
    Downgrade(downgrade::Downgrade),
}

fn main() -> ExitCode {
    run_async(|arguments: Etcd| async move {
        let connection = &arguments.connection;
        match arguments.what {
            What::Members(members) => members.show(connection).await,
            What::Status(status) => status.show(connection).await,
            What::Alarm(alarm) => alarm.run(connection).await,
            What::Defrag(defrag) => defrag.run(connection).await,
            What::ForfeitLeadership(forfeit) => forfeit.run(connection).await,
            What::Leave(leave) => leave.run(connection).await,
            What::RemoveMember(remove) => remove.run(connection).await,
            What::Snapshot(snapshot) => snapshot.save(connection).await,
            What::Recover(recover) => recover.run(connection).await,
            What::Downgrade(downgrade) => downgrade.run(connection).await,
        }
    })
}
