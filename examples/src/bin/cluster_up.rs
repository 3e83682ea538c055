//! Brings a Talos cluster up on OpenStack, or on a simulated one.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use talos_examples::arguments::{self, Format};
use talos_examples::cloud::Target;
use talos_examples::failure::{Failure, Outcome, run};
use talos_examples::interrupt::interrupted;
use talos_examples::logging;
use talos_examples::progress::Progress;
use talos_examples::table::Table;
use talos_sdk::factory::{DEFAULT_SCHEMATIC_ID, PUBLIC_FACTORY};
use talos_sdk::openstack::{
    BalancerCommand, Error, ErrorKind, FolderStore, ImageSource, NetworkOptions, PatchText, Report, Spec,
    Timeouts, bring_up, tear_down,
};

/// Bring a Talos cluster up on OpenStack
///
/// Without --cloud everything runs against a cloud simulated in this process, on loopback addresses, which ends with
/// the program. Run it again with the same --state to go on where a run ended, however it ended.
#[derive(Parser)]
#[command(version)]
struct ClusterUp {
    /// Name of the cluster
    #[arg(long, default_value = "talos")]
    name: String,
    /// How many control planes: 1, 3, 5 or 7
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    control_planes: usize,
    /// How many workers
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    workers: usize,
    /// Version of Talos
    #[arg(long, value_name = "VERSION", default_value = "v1.13.9")]
    talos_version: String,
    /// Version of Kubernetes; that of the Talos release if not given
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,
    /// Patch for all machine configurations: the text, or @FILE. May be given several times
    #[arg(long, value_name = "PATCH")]
    config_patch: Vec<String>,
    /// Patch for those of control planes
    #[arg(long, value_name = "PATCH")]
    config_patch_control_plane: Vec<String>,
    /// Patch for those of workers
    #[arg(long, value_name = "PATCH")]
    config_patch_worker: Vec<String>,
    /// Folder that keeps the cluster's state, in a folder of its name
    #[arg(long, value_name = "DIR", default_value = "cluster")]
    state: PathBuf,
    /// Cloud of clouds.yaml to use, instead of a simulated one
    #[arg(long, value_name = "NAME")]
    cloud: Option<String>,
    /// With the simulated cloud: keep serving until Ctrl-C
    #[arg(long, conflicts_with = "cloud")]
    keep: bool,
    /// Where clients reach Kubernetes: https://HOST:6443. The first control plane if not given
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Flavor of control planes, by name or id
    #[arg(long, value_name = "FLAVOR", default_value = "m1.medium")]
    flavor_control_plane: String,
    /// Flavor of workers, by name or id
    #[arg(long, value_name = "FLAVOR", default_value = "m1.medium")]
    flavor_worker: String,
    /// Network for the nodes, by name or id; the project's only one if not given, or a new one
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// External network from which control planes get floating addresses
    #[arg(long, value_name = "NETWORK")]
    external_network: Option<String>,
    /// Image Factory
    #[arg(long, value_name = "URL")]
    image_factory: Option<String>,
    /// Id of the image's schematic
    #[arg(long, value_name = "ID", default_value = DEFAULT_SCHEMATIC_ID, hide_default_value = true)]
    schematic: String,
    /// Shell command that puts the HAProxy configuration on its standard input in force
    #[arg(long, value_name = "COMMAND")]
    load_balancer_hook: Option<String>,
    /// How long each step may take: 90s, 20m, 2h
    #[arg(long, value_name = "TIME", value_parser = arguments::duration)]
    timeout: Option<Duration>,
    /// How to print the result
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

fn main() -> ExitCode {
    logging::init();
    run(|arguments: ClusterUp| {
        let runtime =
            tokio::runtime::Runtime::new().map_err(|error| Failure::of("could not start", error))?;
        let outcome = runtime.block_on(interruptible(arguments));
        // A key that is being made on a thread of its own need not be waited for.
        runtime.shutdown_background();
        outcome
    })
}

/// Does the job until it is done or somebody wants it to stop.
async fn interruptible(arguments: ClusterUp) -> Outcome {
    let interrupted = interrupted()?;
    let progress = Progress::new();
    let outcome = tokio::select! {
        outcome = job(&arguments, &progress) => outcome,
        () = interrupted => Err(Failure::new(format!(
            "interrupted {}: run the same command again to go on, its state is in {}",
            progress.step().map_or("before the first step".to_owned(), |step| format!("in the step {step}")),
            arguments.state.join(&arguments.name).display(),
        ))),
    };
    progress.finish();
    outcome
}

async fn job(arguments: &ClusterUp, progress: &Progress) -> Outcome {
    let spec = spec(arguments)?;
    let target = match &arguments.cloud {
        Some(name) => Target::named(name).await?,
        None => Target::simulated().await?,
    };
    let spec = with_own_services(spec, arguments, &target);
    let store = FolderStore::new(&arguments.state, &arguments.name);
    let report =
        bring_up(&spec, &target.cloud, &store, &|event| progress.event(event)).await.map_err(failure)?;
    progress.finish();
    print(&report, arguments.output)?;
    if arguments.keep {
        eprintln!("The simulated cloud serves until Ctrl-C.");
        let _ = tokio::signal::ctrl_c().await;
    } else if arguments.cloud.is_none() {
        tear_down(&spec, &target.cloud, &store, &|_| {}).await.map_err(failure)?;
    }
    Ok(())
}

/// What the arguments say, without the cloud.
fn spec(arguments: &ClusterUp) -> Outcome<Spec> {
    let mut spec = Spec::new(&arguments.name)
        .with_control_planes(arguments.control_planes)
        .with_workers(arguments.workers)
        .with_talos_version(&arguments.talos_version)
        .with_flavors(&arguments.flavor_control_plane, &arguments.flavor_worker);
    if let Some(version) = &arguments.kubernetes_version {
        spec = spec.with_kubernetes_version(version);
    }
    if let Some(endpoint) = &arguments.endpoint {
        spec = spec.with_endpoint(endpoint);
    }
    if let Some(timeout) = arguments.timeout {
        spec = spec.with_timeouts(Timeouts::all(timeout));
    }
    if let Some(command) = &arguments.load_balancer_hook {
        spec = spec.with_load_balancer(BalancerCommand::new("sh", ["-c", command]));
    }
    let mut network = NetworkOptions::default();
    if let Some(name) = &arguments.network {
        network = network.with_network(name);
    }
    if let Some(name) = &arguments.external_network {
        network = network.with_floating_network(name);
    }
    spec = spec.with_network(network);
    for patch in texts(&arguments.config_patch)? {
        spec = spec.with_patch(patch);
    }
    for patch in texts(&arguments.config_patch_control_plane)? {
        spec = spec.with_control_plane_patch(patch);
    }
    for patch in texts(&arguments.config_patch_worker)? {
        spec = spec.with_worker_patch(patch);
    }
    Ok(spec)
}

fn texts(arguments: &[String]) -> Outcome<Vec<PatchText>> {
    let texts = arguments.iter().map(|argument| arguments::patch_text(argument));
    texts.map(|text| text.map(|(origin, text)| PatchText::new(origin, text))).collect()
}

/// Adds the factory and the load balancer, the cloud's own where the arguments name none.
fn with_own_services(mut spec: Spec, arguments: &ClusterUp, target: &Target) -> Spec {
    let url = arguments.image_factory.as_ref().or(target.factory.as_ref());
    let schematic = arguments.schematic.clone();
    let url = url.map_or(PUBLIC_FACTORY, String::as_str).to_owned();
    spec = spec.with_image(ImageSource::Factory { url, schematic });
    if let Some(balancer) = &target.balancer
        && arguments.load_balancer_hook.is_none()
    {
        spec = spec.with_load_balancer(balancer.clone());
        if arguments.endpoint.is_none() {
            let address = balancer.address.to_string();
            spec = spec.with_endpoint(format!("https://{address}:6443")).with_talos_endpoints([address]);
        }
    }
    spec
}

fn failure(error: Error) -> Failure {
    match (error.kind(), error.step()) {
        (ErrorKind::InvalidSpec | ErrorKind::Locked | ErrorKind::Store, _) | (_, None) => error.into(),
        (_, Some(step)) => Failure::of(step, error),
    }
}

fn role(control_plane: bool) -> &'static str {
    if control_plane { "control-plane" } else { "worker" }
}

/// A bring-up ends well only once every node is Ready.
const STATUS: &str = "Ready";

fn print(report: &Report, output: Format) -> Outcome {
    if output == Format::Json {
        let nodes: Vec<_> = report
            .nodes
            .iter()
            .map(|node| {
                json!({
                    "name": node.name,
                    "role": role(node.control_plane),
                    "address": node.address,
                    "floatingAddress": node.floating_address,
                    "server": node.server,
                    "talosVersion": node.talos_version,
                    "status": STATUS,
                })
            })
            .collect();
        let report = json!({
            "name": report.name,
            "endpoint": report.endpoint,
            "image": report.image,
            "nodes": nodes,
            "talosconfig": report.talosconfig,
            "kubeconfig": report.kubeconfig,
        });
        writeln!(io::stdout().lock(), "{report:#}")?;
        return Ok(());
    }
    let mut table = Table::new(["NAME", "ROLE", "ADDRESS", "STATUS"]);
    for node in &report.nodes {
        table.row([&node.name, role(node.control_plane), &node.address.to_string(), STATUS]);
    }
    table.print()?;
    let mut paths = Table::new(["talosconfig:", &report.talosconfig]);
    paths.row(["kubeconfig:", &report.kubeconfig]);
    paths.print()?;
    Ok(())
}
