//! Who the members are and how they do.

use clap::Args;
use serde_json::json;
use talos_examples::activity::Activity;
use talos_examples::answers::Answers;
use talos_examples::arguments::{Format, Output, duration};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_examples::size::human;
use talos_sdk::client::{EtcdMember, EtcdStatus};

#[derive(Args)]
pub(crate) struct Members {
    #[command(flatten)]
    output: Output,
}

impl Members {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.etcd_members().await }).await?;
        let row = |member: &EtcdMember| {
            let (peers, clients) = (member.peer_urls.join(","), member.client_urls.join(","));
            row![member.id, member.hostname, peers, clients, member.is_learner]
        };
        let object = |member: &EtcdMember| {
            json!({
                "id": member.id.to_string(), "hostname": member.hostname, "peer_urls": member.peer_urls,
                "client_urls": member.client_urls, "learner": member.is_learner,
            })
        };
        answers.show(
            self.output.format,
            &["ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER"],
            |members| members.iter().map(row).collect(),
            |members| members.iter().map(object).collect(),
        )
    }
}

#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    output: Output,
}

impl Status {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.etcd_status().await }).await?;
        let header = [
            "MEMBER",
            "DB SIZE",
            "IN USE",
            "LEADER",
            "RAFT INDEX",
            "RAFT TERM",
            "RAFT APPLIED INDEX",
            "LEARNER",
            "PROTOCOL",
            "STORAGE",
            "ERRORS",
        ];
        answers.show(self.output.format, &header, |status| vec![row(status)], |status| vec![object(status)])
    }
}

fn row(status: &EtcdStatus) -> Vec<String> {
    #[allow(clippy::cast_precision_loss, reason = "a few digits are shown")]
    let share = 100.0 * status.db_size_in_use as f64 / status.db_size.max(1) as f64;
    row![
        status.member,
        human(status.db_size),
        format!("{} ({share:.2}%)", human(status.db_size_in_use)),
        status.leader.map(|leader| leader.to_string()).unwrap_or_default(),
        status.raft_index,
        status.raft_term,
        status.raft_applied_index,
        status.is_learner,
        status.protocol_version,
        status.storage_version.as_deref().unwrap_or_default(),
        status.errors.join(", "),
    ]
}

fn object(status: &EtcdStatus) -> serde_json::Value {
    json!({
        "member": status.member.to_string(), "leader": status.leader.map(|leader| leader.to_string()),
        "db_size": status.db_size, "db_size_in_use": status.db_size_in_use, "raft_index": status.raft_index,
        "raft_term": status.raft_term, "raft_applied_index": status.raft_applied_index,
        "learner": status.is_learner, "protocol_version": status.protocol_version,
        "storage_version": status.storage_version, "errors": status.errors,
    })
}

#[derive(Args)]
pub(crate) struct Defrag {
    /// How long a member may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m")]
    timeout: std::time::Duration,
    #[command(flatten)]
    output: Output,
}

impl Defrag {
    /// One machine after the other, as a member serves nothing meanwhile. The first failure ends it.
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let activity = Activity::new(false);
        let mut done = Vec::new();
        for (name, node) in connection.machines(&Maintenance::default())? {
            let line = activity.line(&name);
            line.tell("is defragmented");
            let freed = async {
                let before = node.etcd_status().await?.db_size;
                node.clone().with_timeout(self.timeout).etcd_defragment().await?;
                Ok((before, node.etcd_status().await?.db_size))
            };
            let freed = freed.await;
            let failed = freed.is_err();
            done.push((name, freed));
            if failed {
                break;
            }
        }
        Answers::of(done).show(
            self.output.format,
            &["BEFORE", "AFTER"],
            |(before, after)| vec![row![human(*before), human(*after)]],
            |(before, after)| vec![json!({ "db_size_before": before, "db_size_after": after })],
        )
    }
}

/// What a call that answers nothing gives.
pub(crate) fn done(answers: &Answers<()>, format: Format, what: &str) -> Outcome {
    answers.show(format, &["RESULT"], |()| vec![row![what]], |()| vec![json!({ "result": what })])
}
