//! Serves a simulated cluster until Ctrl-C: `cargo run -p talos-sim --example serve -- CONTROLPLANE.yaml [WORKER.yaml]`.
//!
//! Without a configuration it serves one machine in maintenance mode.

use std::error::Error;
use std::io::Write;

use talos_sim::{NodeOptions, Simulation, SimulationOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = SimulationOptions::default();
    if let Ok(version) = std::env::var("TALOS_VERSION") {
        options = options.with_talos_version(version.parse()?);
    }
    let simulation = Simulation::start(options)?;
    let files: Vec<_> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    if files.is_empty() {
        let node = simulation.add_node(NodeOptions::default().with_name("maintenance"))?;
        writeln!(out, "{} {}", node.name(), node.address())?;
    }
    for (index, file) in files.iter().enumerate() {
        let options = NodeOptions::default()
            .with_name(format!("node-{index}"))
            .with_user_data(std::fs::read(file)?)
            .with_installed(true);
        let node = simulation.add_node(options)?;
        writeln!(out, "{} {}", node.name(), node.address())?;
    }
    tokio::signal::ctrl_c().await?;
    for node in simulation.nodes() {
        write!(out, "{}", node.console())?;
    }
    for call in simulation.calls() {
        writeln!(out, "{} {} {}", call.node, call.path, call.roles)?;
    }
    Ok(())
}
