//! Services.

use std::time::SystemTime;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::instant::{ago, rfc3339};
use talos_examples::row;
use talos_examples::table::Table;
use talos_sdk::client::{HealthStatus, Service};

#[derive(Args)]
pub(crate) struct Services {
    /// One service, such as kubelet
    id: Option<String>,
    /// What to do with it
    #[arg(value_enum, default_value = "status", requires = "id")]
    action: Action,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    Start,
    Stop,
    Restart,
    Status,
}

impl Services {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        match (&self.id, self.action) {
            (None, _) => self.list(connection).await,
            (Some(id), Action::Status) => self.status(connection, id).await,
            (Some(id), action) => self.act(connection, id, action).await,
        }
    }

    async fn list(&self, connection: &Connection) -> Outcome {
        let services = connection.ask_in(&self.maintenance, |node| async move { node.services().await });
        let now = SystemTime::now();
        let row = |service: &Service| {
            let last = service.events.last();
            let changed = last.and_then(|event| event.at).map(|at| ago(at, now)).unwrap_or_default();
            let message = last.map(|event| event.message.as_str()).unwrap_or_default();
            row![service.id, service.state, health(service), changed, message]
        };
        services.await?.show(
            self.output.format,
            &["SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT"],
            |services| services.iter().map(row).collect(),
            |services| services.iter().map(object).collect(),
        )
    }

    async fn status(&self, connection: &Connection, id: &str) -> Outcome {
        let answers =
            connection.ask_in(&self.maintenance, |node| async move { node.service(id).await }).await?;
        if self.output.format == Format::Json {
            return answers.show(Format::Json, &[], |_| Vec::new(), |service| vec![object(service)]);
        }
        let now = SystemTime::now();
        for (node, service) in answers.successes() {
            let mut table = Table::new(["NODE", node]);
            table.row(["ID", &service.id]);
            table.row(["STATE", &service.state.to_string()]);
            table.row(["HEALTH", health(service)]);
            if !service.health.last_message.is_empty() {
                table.row(["LAST HEALTH MESSAGE", &service.health.last_message]);
            }
            for (index, event) in service.events.iter().rev().enumerate() {
                let at = event.at.map(|at| format!(" ({})", ago(at, now))).unwrap_or_default();
                let label = if index == 0 { "EVENTS" } else { "" };
                table.row([label, &format!("[{}]: {}{at}", event.state, event.message)]);
            }
            table.print()?;
        }
        answers.report()
    }

    async fn act(&self, connection: &Connection, id: &str, action: Action) -> Outcome {
        let answers = connection.ask(|node| async move {
            match action {
                Action::Start => node.start_service(id).await,
                Action::Stop => node.stop_service(id).await,
                _ => node.restart_service(id).await,
            }
        });
        let word = match action {
            Action::Start => "starts",
            Action::Stop => "stops",
            _ => "restarts",
        };
        let response = format!("the service {id} {word}");
        answers.await?.show(
            self.output.format,
            &["RESPONSE"],
            |()| vec![row![response]],
            |()| vec![json!({ "service": id, "response": response })],
        )
    }
}

fn health(service: &Service) -> &'static str {
    match service.health.status {
        HealthStatus::Healthy => "OK",
        HealthStatus::Unhealthy => "Fail",
        _ => "?",
    }
}

fn object(service: &Service) -> Value {
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|event| {
            json!({ "at": event.at.map(rfc3339), "state": event.state.to_string(), "message": event.message })
        })
        .collect();
    json!({
        "service": service.id, "state": service.state.to_string(), "health": health(service),
        "health_message": service.health.last_message, "events": events,
    })
}
