//! Members that give up the lead or go.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::EtcdMemberId;

use crate::members::done;

#[derive(Args)]
pub(crate) struct ForfeitLeadership {
    #[command(flatten)]
    output: Output,
}

impl ForfeitLeadership {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.etcd_forfeit_leadership().await }).await?;
        answers.show(
            self.output.format,
            &["NEW LEADER"],
            |leader| vec![row![leader.as_deref().unwrap_or("this machine was not the leader")]],
            |leader| vec![json!({ "new_leader": leader })],
        )
    }
}

#[derive(Args)]
pub(crate) struct Leave {
    #[command(flatten)]
    output: Output,
}

impl Leave {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        connection.must_name_machines("leaving etcd")?;
        let answers = connection.ask(|node| async move { node.etcd_leave().await }).await?;
        done(&answers, self.output.format, "left etcd")
    }
}

#[derive(Args)]
pub(crate) struct RemoveMember {
    /// The id of the member: `etcd members` shows it
    id: EtcdMemberId,
    #[command(flatten)]
    output: Output,
}

impl RemoveMember {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        // Which machine does it does not matter, but it is one.
        connection.machine()?;
        let id = self.id;
        let answers = connection.ask(|node| async move { node.etcd_remove_member(id).await }).await?;
        done(&answers, self.output.format, &format!("removed {id}"))
    }
}
