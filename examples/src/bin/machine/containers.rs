//! Containers, and what they use.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::{Container, ContainerNamespace, ContainerUsage};

/// Which containers.
#[derive(Clone, Copy, Args)]
struct Namespace {
    /// Those of Kubernetes, not of the system
    #[arg(short, long)]
    kubernetes: bool,
}

impl Namespace {
    fn which(self) -> ContainerNamespace {
        if self.kubernetes { ContainerNamespace::Kubernetes } else { ContainerNamespace::System }
    }

    fn name(self) -> &'static str {
        if self.kubernetes { "k8s.io" } else { "system" }
    }
}

/// The name of a container, indented below its pod.
fn display(id: &str, pod: &str) -> String {
    if id == pod { id.to_owned() } else { format!("└─ {id}") }
}

#[derive(Args)]
pub(crate) struct Containers {
    #[command(flatten)]
    namespace: Namespace,
    #[command(flatten)]
    output: Output,
}

impl Containers {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let namespace = self.namespace;
        let answers = connection.ask(|node| async move {
            let mut containers = node.containers(namespace.which()).await?;
            containers.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(containers)
        });
        let row = |c: &Container| {
            let pid = c.pid.unwrap_or_default();
            row![namespace.name(), display(&c.id, &c.pod_id), c.image, pid, c.status]
        };
        let object = |c: &Container| {
            json!({
                "namespace": namespace.name(), "id": c.id, "pod": c.pod_id, "name": c.name, "image": c.image,
                "pid": c.pid, "status": c.status, "uid": c.uid, "network_namespace": c.network_namespace,
            })
        };
        answers.await?.show(
            self.output.format,
            &["NAMESPACE", "ID", "IMAGE", "PID", "STATUS"],
            |containers| containers.iter().map(row).collect(),
            |containers| containers.iter().map(object).collect(),
        )
    }
}

#[derive(Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    namespace: Namespace,
    #[command(flatten)]
    output: Output,
}

impl Stats {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let namespace = self.namespace;
        let answers = connection.ask(|node| async move {
            let mut stats = node.container_usage(namespace.which()).await?;
            stats.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(stats)
        });
        #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
        let row = |s: &ContainerUsage| {
            let memory = format!("{:.2}", s.memory as f64 * 1e-6);
            row![namespace.name(), display(&s.id, &s.pod_id), memory, s.cpu_time.as_nanos()]
        };
        let object = |s: &ContainerUsage| {
            json!({
                "namespace": namespace.name(), "id": s.id, "pod": s.pod_id, "name": s.name,
                "memory": s.memory, "cpu_seconds": s.cpu_time.as_secs_f64(),
            })
        };
        answers.await?.show(
            self.output.format,
            &["NAMESPACE", "ID", "MEMORY(MB)", "CPU"],
            |stats| stats.iter().map(row).collect(),
            |stats| stats.iter().map(object).collect(),
        )
    }
}
