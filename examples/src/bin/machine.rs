//! Shows what a machine is and does.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use talos_examples::arguments::Format;
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome, run_async};
use talos_examples::instant::{ago, rfc3339};
use talos_examples::table::Table;
use talos_sdk::Node;
use talos_sdk::client::{
    Event, EventOptions, EventPayload, EventTail, HealthStatus, LogOptions, PerNode, Service, Version,
};

/// Show what machines are and do
#[derive(Parser)]
#[command(version)]
struct Machine {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Which version of Talos runs
    Version {
        /// The release only
        #[arg(long)]
        short: bool,
        /// How to print
        #[arg(short, long, value_enum, default_value = "text")]
        output: Format,
    },
    /// The services and how they do
    Services {
        /// How to print
        #[arg(short, long, value_enum, default_value = "text")]
        output: Format,
    },
    /// The log of a service or container
    Logs(Logs),
    /// What happens, until Ctrl-C
    Events(Events),
}

#[derive(Args)]
struct Logs {
    /// The service, such as kubelet
    id: String,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
    /// How many of the last lines; -1 is all of them
    #[arg(long, value_name = "LINES", default_value_t = -1, allow_negative_numbers = true)]
    tail: i32,
    /// The name is that of a Kubernetes container
    #[arg(short, long)]
    kubernetes: bool,
}

#[derive(Args)]
struct Events {
    /// Begin with this many of the past events; -1 is all of them
    #[arg(long, value_name = "EVENTS", default_value_t = 0, allow_negative_numbers = true)]
    tail: i32,
    /// Begin with the events of this many past seconds
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["tail", "since"])]
    duration: Option<u64>,
    /// Begin after the event of this id
    #[arg(long, value_name = "ID", conflicts_with = "tail")]
    since: Option<String>,
    /// Only what this call has caused
    #[arg(long, value_name = "ID")]
    actor_id: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

fn main() -> ExitCode {
    run_async(|arguments: Machine| async move {
        let client = arguments.connection.client()?;
        let nodes = arguments.connection.nodes(&client)?;
        match arguments.what {
            What::Version { short, output } => {
                let found = nodes.each(|node| async move { node.version().await }).await;
                print_versions(found, short, output)
            }
            What::Services { output } => {
                let found = nodes.each(|node| async move { node.services().await }).await;
                print_services(found, output)
            }
            What::Logs(logs) => follow_all(nodes.iter(), |node| logs.show(node)).await,
            What::Events(events) => events.show_all(nodes.iter()).await,
        }
    })
}

/// Reports each machine that failed; the last line is the failure of the program.
fn report<T>(found: &PerNode<T>) -> Outcome {
    let failures: Vec<String> = found.failures().map(|(_, error)| error.to_string()).collect();
    match failures.split_last() {
        None => Ok(()),
        Some((last, others)) => {
            for error in others {
                eprintln!("error: {error}");
            }
            Err(Failure::new(last))
        }
    }
}

fn print_versions(found: PerNode<Version>, short: bool, output: Format) -> Outcome {
    let mut out = io::stdout().lock();
    match output {
        Format::Json => {
            let versions: Vec<_> = found
                .successes()
                .map(|(node, v)| {
                    json!({
                        "node": node, "tag": v.tag, "sha": v.sha, "built": v.built, "go_version": v.go_version,
                        "os": v.os, "arch": v.arch, "platform": v.platform, "mode": v.mode, "rbac": v.rbac,
                    })
                })
                .collect();
            writeln!(out, "{:#}", json!({ "client": env!("CARGO_PKG_VERSION"), "servers": versions }))?;
        }
        Format::Text if short => {
            writeln!(out, "Client {}", env!("CARGO_PKG_VERSION"))?;
            for (node, version) in found.successes() {
                writeln!(out, "Server {node} {}", version.tag)?;
            }
        }
        Format::Text => {
            writeln!(out, "Client:\n\tTag:         {}\nServer:", env!("CARGO_PKG_VERSION"))?;
            for (node, version) in found.successes() {
                let enabled = if version.rbac { "RBAC" } else { "" };
                for (name, value) in [
                    ("NODE:", node),
                    ("Tag:", &version.tag),
                    ("SHA:", &version.sha),
                    ("Built:", &version.built),
                    ("Go version:", &version.go_version),
                    ("OS/Arch:", &format!("{}/{}", version.os, version.arch)),
                    ("Platform:", &version.platform),
                    ("Enabled:", enabled),
                ] {
                    writeln!(out, "\t{}", format!("{name:<12} {value}").trim_end())?;
                }
            }
        }
    }
    report(&found)
}

fn print_services(found: PerNode<Vec<Service>>, output: Format) -> Outcome {
    let health = |service: &Service| match service.health.status {
        HealthStatus::Healthy => "OK",
        HealthStatus::Unhealthy => "Fail",
        _ => "?",
    };
    let services = found.successes().flat_map(|(node, services)| services.iter().map(move |s| (node, s)));
    match output {
        Format::Json => {
            let services: Vec<_> = services
                .map(|(node, service)| {
                    let events: Vec<_> = service
                        .events
                        .iter()
                        .map(|e| json!({ "at": e.at.map(rfc3339), "state": e.state.to_string(), "message": e.message }))
                        .collect();
                    json!({
                        "node": node, "service": service.id, "state": service.state.to_string(),
                        "health": health(service), "events": events,
                    })
                })
                .collect();
            writeln!(io::stdout().lock(), "{:#}", json!(services))?;
        }
        Format::Text => {
            let now = SystemTime::now();
            let mut table = Table::new(["NODE", "SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT"]);
            for (node, service) in services {
                let last = service.events.last();
                let changed = last.and_then(|event| event.at).map(|at| ago(at, now)).unwrap_or_default();
                let message = last.map(|event| event.message.clone()).unwrap_or_default();
                let state = service.state.to_string();
                table.row([node, &service.id, &state, health(service), &changed, &message]);
            }
            table.print()?;
        }
    }
    report(&found)
}

/// Does the same with all machines at once, to the end.
async fn follow_all<'a, F: Future<Output = Outcome>>(
    nodes: impl Iterator<Item = &'a Node>,
    show: impl Fn(Node) -> F,
) -> Outcome {
    let outcomes: Vec<Outcome> = futures_util::future::join_all(nodes.cloned().map(show)).await;
    outcomes.into_iter().collect()
}

impl Logs {
    /// Prints whole lines, each with its machine, so that those of several machines do not mix.
    async fn show(&self, node: Node) -> Outcome {
        let mut options =
            if self.kubernetes { LogOptions::container(&self.id) } else { LogOptions::service(&self.id) };
        if let Ok(lines) = u32::try_from(self.tail) {
            options = options.with_tail(lines);
        }
        if self.follow {
            options = options.with_follow();
        }
        let name = node.name().unwrap_or_default().to_owned();
        let mut log = node.logs(options);
        let mut rest: Vec<u8> = Vec::new();
        while let Some(piece) = log.try_next().await? {
            rest.extend_from_slice(&piece);
            let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
            let mut out = io::stdout().lock();
            for line in rest[..end].split(|byte| *byte == b'\n') {
                write!(out, "{name}: ")?;
                out.write_all(line)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            rest.drain(..=end);
        }
        if !rest.is_empty() {
            writeln!(io::stdout().lock(), "{name}: {}", String::from_utf8_lossy(&rest))?;
        }
        Ok(())
    }
}

impl Events {
    fn options(&self) -> EventOptions {
        let mut options = EventOptions::default();
        if let Some(seconds) = self.duration {
            options = options.with_tail(EventTail::Within(Duration::from_secs(seconds)));
        } else if let Some(id) = &self.since {
            options = options.with_tail(EventTail::After(id.clone()));
        } else if self.tail != 0 {
            options = options.with_tail(u32::try_from(self.tail).map_or(EventTail::All, EventTail::Last));
        }
        match &self.actor_id {
            Some(id) => options.with_actor_id(id),
            None => options,
        }
    }

    async fn show_all(&self, nodes: impl Iterator<Item = &Node>) -> Outcome {
        let mut streams = Vec::new();
        for node in nodes {
            let name = node.name().unwrap_or_default().to_owned();
            let events = node.events(self.options()).await?;
            streams.push(events.map(move |event| (name.clone(), event)));
        }
        if self.output == Format::Text {
            print_event(["NODE", "ID", "EVENT", "ACTOR", "MESSAGE"])?;
        }
        let mut all = stream::select_all(streams);
        while let Some((node, event)) = all.next().await {
            let event = event?;
            let (kind, message) = describe(&event);
            match self.output {
                Format::Text => print_event([&node, &event.id, &kind, &event.actor_id, &message])?,
                Format::Json => {
                    let line = json!({ "node": node, "id": event.id, "event": kind, "actor": event.actor_id, "message": message });
                    writeln!(io::stdout().lock(), "{line}")?;
                }
            }
        }
        Ok(())
    }
}

/// Events come one by one, so the columns have fixed widths.
fn print_event([node, id, kind, actor, message]: [&str; 5]) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{node:<15} {id:<20} {kind:<20} {actor:<36} {message}")
}

/// Kind and content of an event in words.
fn describe(event: &Event) -> (String, String) {
    let (kind, message) = match &event.payload {
        EventPayload::Sequence { sequence, action, error } => {
            let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            ("Sequence", format!("{sequence} {action:?}{error}"))
        }
        EventPayload::Phase { phase, action } => ("Phase", format!("{phase} {action:?}")),
        EventPayload::Task { task, action } => ("Task", format!("{task} {action:?}")),
        EventPayload::ServiceState { service, action, message, .. } => {
            ("ServiceState", format!("{service} {action:?}: {message}"))
        }
        EventPayload::Restart { command } => ("Restart", format!("command {command}")),
        EventPayload::ConfigLoadError { error } => ("ConfigLoadError", error.clone()),
        EventPayload::ConfigValidationError { error } => ("ConfigValidationError", error.clone()),
        EventPayload::Address { hostname, addresses } => {
            ("Address", format!("{hostname} {}", addresses.join(", ")))
        }
        EventPayload::MachineStatus { stage, ready, unmet_conditions } => {
            let unmet: Vec<_> =
                unmet_conditions.iter().map(|c| format!("{}: {}", c.name, c.reason)).collect();
            ("MachineStatus", format!("{stage}, ready: {ready} {}", unmet.join("; ")).trim_end().to_owned())
        }
        EventPayload::Unknown { type_url, .. } => return (type_url.clone(), String::new()),
        _ => ("Other", String::new()),
    };
    (kind.to_owned(), message)
}
