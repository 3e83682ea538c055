//! Serves a simulated cloud to other processes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use talos_examples::failure::{Failure, Outcome, run};
use talos_examples::interrupt::interrupted;
use talos_examples::logging;
use talos_sim::{CloudOptions, SimulatedCloud};

/// Serve a simulated OpenStack with Talos machines, an Image Factory and a load balancer until Ctrl-C
///
/// Everything listens on loopback addresses. `cluster_up --cloud sim`, the `openstack` client, `talosctl` and
/// `kubectl` reach it from processes of their own.
#[derive(Parser)]
#[command(version)]
struct SimCloud {
    /// Where to write clouds.yaml, which has the cloud "sim"
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Makes ids and addresses the same in every run
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    logging::init();
    run(|arguments: SimCloud| {
        let runtime =
            tokio::runtime::Runtime::new().map_err(|error| Failure::of("could not start", error))?;
        runtime.block_on(serve(arguments))
    })
}

async fn serve(arguments: SimCloud) -> Outcome {
    let interrupted = interrupted()?;
    std::fs::create_dir_all(&arguments.dir)
        .map_err(|error| Failure::of(format!("could not make {}", arguments.dir.display()), error))?;
    check_free(&arguments.dir.join("clouds.yaml"))?;
    let cloud = SimulatedCloud::start(CloudOptions::default().with_seed(arguments.seed)).await?;
    let path = cloud.write_clouds_yaml(&arguments.dir)?;
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    eprintln!(
        "The cloud \"sim\" is in {}. Use it from another shell, end it here with Ctrl-C:",
        path.display()
    );
    eprintln!("    export OS_CLIENT_CONFIG_FILE={}", path.display());
    eprintln!("    cargo run --release --bin cluster_up -- --cloud sim");
    interrupted.await;
    // Nothing answers at its addresses any more.
    let _ = std::fs::remove_file(&path);
    Ok(())
}

/// Somebody's own clouds.yaml is left alone; one of an earlier run is replaced.
fn check_free(path: &Path) -> Outcome {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.contains("talos_sim_factory_url") => Err(Failure::new(format!(
            "{} is not of a simulated cloud: give another folder with --dir",
            path.display()
        ))),
        _ => Ok(()),
    }
}
