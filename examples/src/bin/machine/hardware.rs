//! Processors and how busy they are.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client;

#[derive(Args)]
pub(crate) struct Cpu {
    #[command(flatten)]
    output: Output,
}

impl Cpu {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.cpus().await }).await?;
        let row = |cpu: &client::Cpu| {
            row![
                cpu.processor,
                cpu.vendor_id,
                cpu.model_name,
                format!("{:.0}", cpu.mhz),
                cpu.cores,
                cpu.siblings
            ]
        };
        let object = |cpu: &client::Cpu| {
            json!({
                "processor": cpu.processor, "vendor": cpu.vendor_id, "model": cpu.model_name, "mhz": cpu.mhz,
                "cores": cpu.cores, "siblings": cpu.siblings, "flags": cpu.flags,
            })
        };
        answers.show(
            self.output.format,
            &["PROCESSOR", "VENDOR", "MODEL", "MHZ", "CORES", "SIBLINGS"],
            |cpus| cpus.iter().map(row).collect(),
            |cpus| cpus.iter().map(object).collect(),
        )
    }
}

#[derive(Args)]
pub(crate) struct Load {
    #[command(flatten)]
    output: Output,
}

impl Load {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.load_average().await }).await?;
        let two = |load: f64| format!("{load:.2}");
        answers.show(
            self.output.format,
            &["LOAD1", "LOAD5", "LOAD15"],
            |load| vec![row![two(load.one), two(load.five), two(load.fifteen)]],
            |load| vec![json!({ "one": load.one, "five": load.five, "fifteen": load.fifteen })],
        )
    }
}
