//! Logs of services, containers and the kernel.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use clap::Args;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use talos_examples::answers::{follow, print_json_line, with_node};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::instant::rfc3339;
use talos_sdk::client::{DmesgOptions, Facility, KernelMessage, LogOptions, Priority};

#[derive(Args)]
pub(crate) struct Logs {
    /// The service, such as kubelet
    id: String,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
    /// How many of the last lines; -1 is all of them
    #[arg(long, value_name = "LINES", default_value_t = -1, allow_negative_numbers = true)]
    tail: i32,
    /// The name is that of a Kubernetes container: namespace/pod:container:hash
    #[arg(short, long)]
    kubernetes: bool,
    #[command(flatten)]
    maintenance: Maintenance,
}

impl Logs {
    /// Prints whole lines, each with its machine, so that those of several machines do not mix.
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let mut options =
            if self.kubernetes { LogOptions::container(&self.id) } else { LogOptions::service(&self.id) };
        if let Ok(lines) = u32::try_from(self.tail) {
            options = options.with_tail(lines);
        }
        if self.follow {
            options = options.with_follow();
        }
        let machines = connection.machines(&self.maintenance)?;
        let logs = machines.into_iter().map(|(name, node)| {
            // The end of a log ends its last line too.
            let pieces = node.logs(options.clone()).map(|piece| piece.map(|piece| Some(piece.to_vec())));
            (name, Box::pin(pieces.chain(stream::iter([Ok(None)]))))
        });
        let mut unfinished = BTreeMap::<String, Vec<u8>>::new();
        follow(logs, |name, piece: Option<Vec<u8>>| {
            let rest = unfinished.entry(name.to_owned()).or_default();
            match piece {
                Some(piece) => rest.extend_from_slice(&piece),
                None if rest.is_empty() => {}
                None => rest.push(b'\n'),
            }
            let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
            let mut out = io::stdout().lock();
            for line in rest[..end].split(|byte| *byte == b'\n') {
                write!(out, "{name}: ")?;
                out.write_all(line)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            rest.drain(..=end);
            Ok(())
        })
        .await
    }
}

#[derive(Args)]
pub(crate) struct Dmesg {
    /// Go on with what the kernel says from now on
    #[arg(short, long)]
    follow: bool,
    /// With --follow, only what it says from now on
    #[arg(long, requires = "follow")]
    tail: bool,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

impl Dmesg {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let options = match (self.follow, self.tail) {
            (_, true) => DmesgOptions::default().with_only_new(),
            (true, _) => DmesgOptions::default().with_follow(),
            _ => DmesgOptions::default(),
        };
        let machines = connection.machines(&self.maintenance)?;
        let messages = machines.into_iter().map(|(name, node)| (name, node.dmesg(options.clone())));
        follow(messages, |name, message: KernelMessage| match self.output.format {
            Format::Text => Ok(writeln!(io::stdout().lock(), "{name}: {}", message.raw.trim_end())?),
            Format::Json => print_json_line(&with_node(
                name,
                json!({
                    "time": message.time.map(rfc3339), "facility": facility(&message.facility),
                    "priority": priority(&message.priority), "text": message.text,
                }),
            )),
        })
        .await
    }
}

fn facility(facility: &Facility) -> &str {
    match facility {
        Facility::Kern => "kern",
        Facility::User => "user",
        Facility::Daemon => "daemon",
        Facility::Other(word) => word,
        _ => "",
    }
}

fn priority(priority: &Priority) -> &str {
    match priority {
        Priority::Emergency => "emerg",
        Priority::Alert => "alert",
        Priority::Critical => "crit",
        Priority::Error => "err",
        Priority::Warning => "warning",
        Priority::Notice => "notice",
        Priority::Info => "info",
        Priority::Debug => "debug",
        Priority::Other(word) => word,
        _ => "",
    }
}
