//! Processes.

use clap::{Args, ValueEnum};
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_examples::size::human;
use talos_sdk::client::Process;

#[derive(Args)]
pub(crate) struct Processes {
    /// By what to sort, greatest first
    #[arg(short, long, value_enum, default_value = "rss")]
    sort: Sort,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sort {
    /// Resident memory
    Rss,
    /// Processor time
    Cpu,
}

impl Processes {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let sort = self.sort;
        let answers = connection.ask(|node| async move {
            let mut processes = node.processes().await?;
            match sort {
                Sort::Rss => processes.sort_by_key(|process| std::cmp::Reverse(process.resident_memory)),
                Sort::Cpu => processes.sort_by_key(|process| std::cmp::Reverse(process.cpu_time)),
            }
            Ok(processes)
        });
        let row = |p: &Process| {
            let time = format!("{:.2}", p.cpu_time.as_secs_f64());
            let (virtual_memory, resident) = (human(p.virtual_memory), human(p.resident_memory));
            row![p.pid, p.state.as_str(), p.threads, time, virtual_memory, resident, p.label, command(p)]
        };
        let object = |p: &Process| {
            json!({
                "pid": p.pid, "parent": p.parent, "state": p.state.as_str(), "threads": p.threads,
                "cpu_seconds": p.cpu_time.as_secs_f64(), "virtual_memory": p.virtual_memory,
                "resident_memory": p.resident_memory, "label": p.label, "command": p.command,
                "executable": p.executable, "args": p.args,
            })
        };
        answers.await?.show(
            self.output.format,
            &["PID", "STATE", "THREADS", "CPU-TIME", "VIRTMEM", "RESMEM", "LABEL", "COMMAND"],
            |processes| processes.iter().map(row).collect(),
            |processes| processes.iter().map(object).collect(),
        )
    }
}

/// The command line, with the full path of the program where that is known.
fn command(process: &Process) -> String {
    let file = process.executable.rsplit('/').next().unwrap_or_default();
    let command = match process.args.split_once(' ').unwrap_or((&process.args, "")) {
        _ if process.executable.is_empty() => process.command.clone(),
        (first, "") if first == file => process.executable.clone(),
        (first, rest) if first == file => format!("{} {rest}", process.executable),
        _ => process.args.clone(),
    };
    // What is not printed on a terminal is not printed here.
    command.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect()
}
