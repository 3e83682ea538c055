//! The clock of machines.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::instant::precise;
use talos_examples::row;

#[derive(Args)]
pub(crate) struct Time {
    /// Ask this time server instead of the machine's own
    #[arg(long, value_name = "SERVER")]
    check: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Time {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let server = &self.check;
        let answers = connection.ask(|node| async move {
            match server {
                Some(server) => node.time_against(server).await,
                None => node.time().await,
            }
        });
        answers.await?.show(
            self.output.format,
            &["NTP-SERVER", "NODE-TIME", "NTP-SERVER-TIME"],
            |clock| vec![row![clock.server, precise(clock.local), precise(clock.remote)]],
            |clock| {
                let (offset, ahead) = clock.offset();
                let offset = if ahead { offset.as_secs_f64() } else { -offset.as_secs_f64() };
                vec![json!({
                    "server": clock.server, "node_time": precise(clock.local),
                    "server_time": precise(clock.remote), "offset_seconds": offset,
                })]
            },
        )
    }
}
