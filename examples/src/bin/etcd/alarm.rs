//! Alarms.

use clap::{Args, Subcommand};
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::{EtcdAlarm, EtcdAlarmKind};

#[derive(Args)]
pub(crate) struct Alarm {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Subcommand)]
enum What {
    /// Show the alarms
    List(Output),
    /// Disarm all alarms, and show them
    Disarm(Output),
}

impl Alarm {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let (answers, output) = match self.what {
            What::List(output) => {
                (connection.ask(|node| async move { node.etcd_alarms().await }).await?, output)
            }
            What::Disarm(output) => {
                (connection.ask(|node| async move { node.etcd_disarm_alarms().await }).await?, output)
            }
        };
        let object = |alarm: &EtcdAlarm| json!({ "member": alarm.member.to_string(), "alarm": name(alarm) });
        answers.show(
            output.format,
            &["MEMBER", "ALARM"],
            |alarms| alarms.iter().map(|alarm| row![alarm.member, name(alarm)]).collect(),
            |alarms| alarms.iter().map(object).collect(),
        )
    }
}

fn name(alarm: &EtcdAlarm) -> String {
    match alarm.kind {
        EtcdAlarmKind::NoSpace => "NOSPACE".to_owned(),
        EtcdAlarmKind::Corrupt => "CORRUPT".to_owned(),
        other => format!("{other:?}"),
    }
}
