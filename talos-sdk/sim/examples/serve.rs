//! Serves simulated machines until Ctrl-C: `cargo run -p talos-sim --example serve -- [--control-planes 1] [--workers 1]
//! [--maintenance 0] [--version v1.13.9] [--dir .]`.
//!
//! It writes a `talosconfig`, one `talosconfig-ROLE` for every other role that can look around, a `kubeconfig`, and the
//! configurations into the directory, readable by their owner alone. So `talosctl` and `kubectl` use the cluster from
//! processes of their own. At the end it prints what was called.

use std::error::Error;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use talos_sim::{ClusterOptions, NodeOptions, Role, Simulation, SimulationOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut control_planes, mut workers, mut maintenance) = (1, 1, 0);
    let mut options = SimulationOptions::default();
    let mut dir = PathBuf::from(".");
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--control-planes" => control_planes = value.parse()?,
            "--workers" => workers = value.parse()?,
            "--maintenance" => maintenance = value.parse()?,
            "--version" => options = options.with_talos_version(value.parse()?),
            "--dir" => dir = value.into(),
            other => return Err(format!("there is no option {other}").into()),
        }
    }
    let simulation = Simulation::start(options)?;
    let cluster = ClusterOptions::default().with_control_planes(control_planes).with_workers(workers);
    let cluster = simulation.cluster(cluster).await?;
    std::fs::create_dir_all(&dir)?;
    save(&dir, "talosconfig", cluster.talosconfig(Role::Admin)?.expose())?;
    for (name, role) in [("operator", Role::Operator), ("reader", Role::Reader)] {
        save(&dir, &format!("talosconfig-{name}"), cluster.talosconfig(role)?.expose())?;
    }
    save(&dir, "kubeconfig", cluster.kubeconfig()?.expose())?;
    save(&dir, "controlplane.yaml", cluster.control_plane_config().expose())?;
    save(&dir, "worker.yaml", cluster.worker_config().expose())?;
    for number in 1..=maintenance {
        simulation.add_node(NodeOptions::default().with_name(format!("maintenance-{number}")))?;
    }
    let mut out = std::io::stdout();
    for node in simulation.nodes() {
        writeln!(out, "{} {} {}", node.address(), node.name(), node.talos_version())?;
    }
    writeln!(out, "ready")?;
    tokio::signal::ctrl_c().await?;
    for call in simulation.calls() {
        writeln!(out, "{} {} {}", call.node, call.path, call.roles)?;
    }
    Ok(())
}

/// Writes a file that holds secrets.
fn save(dir: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = dir.join(name);
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
