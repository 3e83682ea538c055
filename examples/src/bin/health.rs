//! Checks how a cluster is.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{ArgAction, Parser};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use talos_examples::activity::Activity;
use talos_examples::answers::{print_json, with_node};
use talos_examples::arguments::{Format, Output, duration};
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome, run_async};
use talos_examples::row;
use talos_examples::table::Table;
use talos_sdk::Node;
use talos_sdk::client::{HealthOptions, HealthState};
use talos_sdk::cluster::{Cluster, Health, Kubernetes, NodeHealth};
use talos_sdk::resources::{MachineType, Member};

/// How long to wait between two looks from here.
const PAUSE: Duration = Duration::from_secs(2);

/// Check how a cluster is
///
/// Flags are those of `talosctl health`. By default the machine named with -n checks; with --server=false we look at
/// every machine from here.
#[derive(Parser)]
#[command(version)]
struct HealthTool {
    #[command(flatten)]
    connection: Connection,
    /// Addresses of the control plane nodes; without any nodes, those that have discovered each other
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    control_plane_nodes: Vec<String>,
    /// Addresses of the workers
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    worker_nodes: Vec<String>,
    /// How long to wait for the cluster to become healthy
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20m")]
    wait_timeout: Duration,
    /// The address of the Kubernetes API, instead of the one in the configuration; for checks by the machine
    #[arg(long, value_name = "URL")]
    k8s_endpoint: Option<String>,
    /// The machine checks
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", require_equals = true, value_name = "BOOL"
    )]
    server: bool,
    #[command(flatten)]
    output: Output,
}

fn main() -> ExitCode {
    run_async(|arguments: HealthTool| async move {
        match arguments.server {
            true => arguments.by_machine().await,
            false => arguments.ourselves().await,
        }
    })
}

impl HealthTool {
    async fn by_machine(&self) -> Outcome {
        let (name, node) = self.connection.machine()?;
        let mut options =
            HealthOptions::new(self.wait_timeout).with_nodes(&self.control_plane_nodes, &self.worker_nodes);
        if let Some(endpoint) = &self.k8s_endpoint {
            options = options.with_kubernetes_endpoint(endpoint);
        }
        let line = Activity::new(false).line(&name);
        let mut passed: Vec<String> = Vec::new();
        let mut unmet = None;
        let mut checks = node.cluster_health(options);
        let outcome = loop {
            match checks.try_next().await {
                Ok(Some(progress)) => {
                    line.tell(&progress.line);
                    match (progress.state, progress.check) {
                        (HealthState::Passed, Some(check)) => {
                            passed.push(check);
                            unmet = None;
                        }
                        (HealthState::Unmet(reason), Some(check)) => unmet = Some((check, reason)),
                        _ => {}
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(Failure::from(error)),
            }
        };
        drop(line);
        if self.output.format == Format::Json {
            let unmet = unmet.map(|(check, reason)| json!({ "check": check, "reason": reason }));
            let object = json!({ "healthy": outcome.is_ok(), "passed": passed, "unmet": unmet });
            print_json(&with_node(&name, object))?;
        } else if outcome.is_ok() {
            talos_examples::files::print("the cluster is healthy\n")?;
        }
        outcome
    }

    async fn ourselves(&self) -> Outcome {
        let (name, node) = self.connection.machine()?;
        let cluster = self.cluster(&node).await?;
        let line = Activity::new(false).line(&name);
        let begun = Instant::now();
        let mut before = String::new();
        let mut kubernetes = None;
        let health = loop {
            if kubernetes.is_none() {
                match node.kubeconfig().await {
                    Ok(kubeconfig) => kubernetes = Some(Kubernetes::from_kubeconfig(kubeconfig.expose())?),
                    Err(error) => line.tell(&error.to_string()),
                }
            }
            let health = cluster.health(kubernetes.as_ref()).await;
            let healthy = health.is_healthy() && kubernetes.is_some();
            if healthy || begun.elapsed() >= self.wait_timeout {
                break health;
            }
            let now = problems(&health);
            if now != before {
                line.tell(&now);
                before = now;
            }
            tokio::time::sleep(PAUSE).await;
        };
        drop(line);
        self.show(&health)?;
        if health.is_healthy() {
            return Ok(());
        }
        Err(Failure::of("the cluster is not healthy", problems(&health)))
    }

    /// The nodes of the command line, or those that know each other.
    async fn cluster(&self, node: &Node) -> Outcome<Cluster> {
        let mut cluster = Cluster::new(self.connection.client()?);
        for address in &self.control_plane_nodes {
            cluster = cluster.with_control_plane(address, address);
        }
        for address in &self.worker_nodes {
            cluster = cluster.with_worker(address, address);
        }
        if cluster.members().next().is_some() {
            return Ok(cluster);
        }
        for member in node.resources::<Member>().list().await? {
            let Member { hostname, machine_type, addresses, .. } = member.spec;
            let Some(address) = addresses.first() else { continue };
            cluster = match machine_type {
                MachineType::Worker => cluster.with_worker(hostname, address.to_string()),
                _ => cluster.with_control_plane(hostname, address.to_string()),
            };
        }
        Ok(cluster)
    }

    fn show(&self, health: &Health) -> Outcome {
        if self.output.format == Format::Json {
            let nodes: Vec<Value> = health.nodes.iter().map(object).collect();
            return print_json(&json!({
                "healthy": health.is_healthy(), "nodes": nodes, "problems": health.problems,
            }));
        }
        let mut table = Table::new(["NODE", "NAME", "ROLE", "TALOS", "KUBERNETES", "READY", "PROBLEMS"]);
        for node in &health.nodes {
            table.row(row![
                node.member.address,
                node.member.name,
                role(node),
                node.talos_version.as_deref().unwrap_or_default(),
                node.kubernetes_version.as_deref().unwrap_or_default(),
                node.ready.map(|ready| ready.to_string()).unwrap_or_default(),
                node.problems.join("; "),
            ]);
        }
        Ok(table.print()?)
    }
}

fn role(node: &NodeHealth) -> &'static str {
    if node.control_plane { "control-plane" } else { "worker" }
}

fn object(node: &NodeHealth) -> Value {
    json!({
        "node": node.member.address, "name": node.member.name, "role": role(node),
        "talos_version": node.talos_version, "kubernetes_version": node.kubernetes_version,
        "ready": node.ready, "problems": node.problems,
    })
}

/// Everything that is wrong, in one line.
fn problems(health: &Health) -> String {
    let of_nodes = health
        .nodes
        .iter()
        .flat_map(|node| node.problems.iter().map(move |problem| format!("{}: {problem}", node.member.name)));
    let all: Vec<String> = health.problems.iter().cloned().chain(of_nodes).collect();
    all.join("; ")
}
