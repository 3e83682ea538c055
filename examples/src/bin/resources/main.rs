//! Shows the resources of machines: what they know, want and do.

mod definitions;
mod get;
mod kind;
mod print;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::connection::Connection;
use talos_examples::failure::run_async;

/// Show the resources of machines: what they know, want and do
///
/// Flags and tables are those of `talosctl get`.
#[derive(Parser)]
#[command(version)]
struct ResourcesTool {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show one resource, or all of a type
    #[command(visible_alias = "g")]
    Get(get::Get),
    /// Show what is there and then the changes, until Ctrl-C
    Watch(get::Watch),
    /// Show the types of resources and the names they can be asked for by
    #[command(visible_alias = "types")]
    Definitions(definitions::Definitions),
}

fn main() -> ExitCode {
    run_async(|arguments: ResourcesTool| async move {
        let connection = &arguments.connection;
        match arguments.what {
            What::Get(get) => get.run(connection).await,
            What::Watch(watch) => watch.run(connection).await,
            What::Definitions(definitions) => definitions.show(connection).await,
        }
    })
}
