//! Following what machines do after they answered.

use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use futures_util::TryStreamExt;
use serde_json::json;
use talos_examples::activity::{Activity, Line};
use talos_examples::arguments::{Output, duration};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::Node;
use talos_sdk::client::{self, Action, Milestone, Outcome as End, Progress};

/// How far machines are followed.
#[derive(Args)]
pub(crate) struct Follow {
    /// Follow each machine until it is done
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", require_equals = true, value_name = "BOOL"
    )]
    wait: bool,
    /// How long to follow at most; the machine works on
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30m")]
    timeout: Duration,
    /// When a machine that comes up again is done
    #[arg(long, value_enum, default_value = "ready")]
    until: Until,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Until {
    /// It runs and is ready
    Ready,
    /// It has booted and its API answers
    Booted,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// Lines that change, on a terminal
    Auto,
    /// Plain lines
    Plain,
}

/// What became of a machine.
struct Done {
    actor: Option<String>,
    /// None if it was not followed.
    end: Option<End>,
}

impl Follow {
    /// Begins something on every machine that is meant, follows it and prints what became of each.
    pub(crate) async fn each<F, Fut>(
        &self,
        connection: &Connection,
        maintenance: &Maintenance,
        begin: F,
    ) -> Outcome
    where
        F: Fn(Node) -> Fut,
        Fut: Future<Output = client::Result<Action>>,
    {
        let activity = Activity::new(self.progress == Shown::Plain);
        let (activity, begin) = (&activity, &begin);
        let answers = connection.ask_in(maintenance, |node| async move {
            let name = node.name().unwrap_or("the machine").to_owned();
            self.one(begin(node).await?, activity.line(&name)).await
        });
        let result = |done: &Done| done.end.map_or_else(|| "accepted".to_owned(), |end| end.to_string());
        answers.await?.show(
            self.output.format,
            &["ACTOR", "RESULT"],
            |done| vec![row![done.actor.as_deref().unwrap_or_default(), result(done)]],
            |done| vec![json!({ "actor_id": done.actor, "result": result(done) })],
        )
    }

    async fn one(&self, action: Action, line: Line) -> client::Result<Done> {
        let mut actor = action.actor_id().map(str::to_owned);
        if !self.wait {
            return Ok(Done { actor, end: None });
        }
        let milestone = match self.until {
            Until::Ready => Milestone::Ready,
            Until::Booted => Milestone::Booted,
        };
        let mut progress = action.until(milestone).progress(self.timeout);
        let mut end = None;
        while let Some(step) = progress.try_next().await? {
            line.tell(&step.to_string());
            match step {
                Progress::Accepted { actor_id: Some(id) } => actor = Some(id),
                Progress::Done(outcome) => end = Some(outcome),
                _ => {}
            }
        }
        Ok(Done { actor, end })
    }
}
