//! What happens.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use talos_examples::answers::{follow, print_json_line, with_node};
use talos_examples::arguments::{Format, Output, duration};
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_sdk::client::{Event, EventAction, EventOptions, EventPayload, EventTail};

#[derive(Args)]
pub(crate) struct Events {
    /// Begin with this many of the past events; -1 is all of them
    #[arg(long, value_name = "EVENTS", default_value_t = 0, allow_negative_numbers = true)]
    tail: i32,
    /// Begin with the events of this past time, such as 10m; whole seconds
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with_all = ["tail", "since"])]
    duration: Option<Duration>,
    /// Begin after the event of this id
    #[arg(long, value_name = "ID", conflicts_with = "tail")]
    since: Option<String>,
    /// Only what this call has caused
    #[arg(long, value_name = "ID")]
    actor_id: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Events {
    fn options(&self) -> EventOptions {
        let mut options = EventOptions::default();
        if let Some(time) = self.duration {
            options = options.with_tail(EventTail::Within(time));
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

    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let options = &self.options();
        let answers = connection.ask(|node| async move { node.events(options.clone()).await }).await?;
        let unopened = answers.report();
        let streams: Vec<_> = answers.into_successes().collect();
        if self.output.format == Format::Text && !streams.is_empty() {
            print(["NODE", "ID", "EVENT", "ACTOR", "SOURCE", "MESSAGE"])?;
        }
        follow(streams, |node, event: Event| {
            let Said { kind, source, message } = said(&event);
            match self.output.format {
                Format::Text => print([node, &event.id, &kind, &event.actor_id, &source, &message]),
                Format::Json => print_json_line(&with_node(
                    node,
                    json!({
                        "id": event.id, "event": kind, "actor": event.actor_id, "source": source,
                        "message": message,
                    }),
                )),
            }
        })
        .await?;
        unopened
    }
}

/// Events come one by one, so the columns have fixed widths.
fn print([node, id, kind, actor, source, message]: [&str; 6]) -> Outcome {
    let line = format!("{node:<15} {id:<20} {kind:<21} {actor:<36} {source:<20} {message}");
    writeln!(io::stdout().lock(), "{}", line.trim_end())?;
    Ok(())
}

/// An event in words.
struct Said {
    kind: String,
    source: String,
    message: String,
}

fn said(event: &Event) -> Said {
    let action = |action: &EventAction| format!("{action:?}").to_uppercase();
    let (kind, source, message) = match &event.payload {
        EventPayload::Sequence { sequence, error: Some(error), .. } => {
            ("SequenceEvent", sequence.clone(), format!("error: {error}"))
        }
        EventPayload::Sequence { sequence, action: done, .. } => {
            ("SequenceEvent", sequence.clone(), action(done))
        }
        EventPayload::Phase { phase, action: done } => ("PhaseEvent", phase.clone(), action(done)),
        EventPayload::Task { task, action: done } => ("TaskEvent", task.clone(), action(done)),
        EventPayload::ServiceState { service, action, message, .. } => {
            ("ServiceStateEvent", service.clone(), format!("{action:?}: {message}"))
        }
        EventPayload::Restart { command } => ("RestartEvent", String::new(), format!("command {command}")),
        EventPayload::ConfigLoadError { error } => {
            ("ConfigLoadErrorEvent", "error".to_owned(), error.clone())
        }
        EventPayload::ConfigValidationError { error } => {
            ("ConfigValidationErrorEvent", "error".to_owned(), error.clone())
        }
        EventPayload::Address { hostname, addresses } => {
            ("AddressEvent", hostname.clone(), format!("ADDRESSES: {}", addresses.join(",")))
        }
        EventPayload::MachineStatus { stage, ready, unmet_conditions } => {
            let unmet: Vec<_> = unmet_conditions.iter().map(|unmet| unmet.name.as_str()).collect();
            let message = format!("ready: {ready}, unmet conditions: [{}]", unmet.join(" "));
            ("MachineStatusEvent", stage.to_string().to_uppercase(), message)
        }
        EventPayload::Unknown { type_url, .. } => {
            return Said { kind: type_url.clone(), source: String::new(), message: String::new() };
        }
        _ => ("Event", String::new(), String::new()),
    };
    Said { kind: kind.to_owned(), source, message }
}
