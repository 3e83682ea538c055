//! Containers of a machine.

use std::time::Duration;

use talos_proto::common::ContainerDriver;
use talos_proto::machine::{ContainerInfo, ContainersRequest, RestartRequest, Stat, StatsRequest};

use crate::{Node, Result};

/// Which containers of a machine. Talos knows these, each through one driver only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContainerNamespace {
    /// Services of Talos that run in containers, such as `apid` and `trustd`.
    System,
    /// Pods of Kubernetes, as the kubelet sees them.
    Kubernetes,
    /// Everything in the containerd of Kubernetes, pods or not, as containerd itself sees it.
    KubernetesContainerd,
}

impl ContainerNamespace {
    pub(crate) fn name(self) -> String {
        match self {
            Self::System => "system",
            Self::Kubernetes | Self::KubernetesContainerd => "k8s.io",
        }
        .to_owned()
    }

    pub(crate) fn driver(self) -> i32 {
        match self {
            Self::System | Self::KubernetesContainerd => ContainerDriver::Containerd,
            Self::Kubernetes => ContainerDriver::Cri,
        }
        .into()
    }
}

/// A container, or the sandbox of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// What other calls know it by: the name of a service, `namespace/pod:container:hash` of a container in a pod,
    /// `namespace/pod` of a sandbox.
    pub id: String,
    /// The id that containerd knows it by.
    pub internal_id: String,
    /// Its image.
    pub image: String,
    /// Its first process; `None` if it does not run.
    pub pid: Option<u32>,
    /// What it does, such as `RUNNING` or `CONTAINER_EXITED`: the word of its driver.
    pub status: String,
    /// The pod it belongs to, as `namespace/name`; in other namespaces its own name.
    pub pod_id: String,
    /// Its name in the pod.
    pub name: String,
    /// The network namespace it is in; empty for that of the machine.
    pub network_namespace: String,
    /// The UID of its pod.
    pub uid: String,
}

impl Container {
    /// Whether it is the sandbox of a pod, in which its containers run.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.id == self.pod_id && self.id.contains('/')
    }
}

/// What a container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerUsage {
    /// Which container, see [`Container::id`].
    pub id: String,
    /// The pod it belongs to.
    pub pod_id: String,
    /// Its name in the pod.
    pub name: String,
    /// How much memory it uses, in bytes.
    pub memory: u64,
    /// How much processor time it used since it started.
    pub cpu_time: Duration,
}

impl Node {
    /// The containers of the machine (`machine.MachineService/Containers`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::ContainerNamespace::Kubernetes;
    ///
    /// for container in node.containers(Kubernetes).await?.iter().filter(|container| !container.is_sandbox()) {
    ///     println!("{} {}", container.id, container.status);
    /// }
    /// for usage in node.container_usage(Kubernetes).await? {
    ///     println!("{} {} MiB {:?}", usage.id, usage.memory >> 20, usage.cpu_time);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn containers(&self, namespace: ContainerNamespace) -> Result<Vec<Container>> {
        let request = ContainersRequest { namespace: namespace.name(), driver: namespace.driver() };
        let reply =
            self.call(request, |raw, request| async move { raw.machine().containers(request).await }).await?;
        Ok(reply.single()?.containers.into_iter().map(Container::from).collect())
    }

    /// What the running containers of the machine use (`machine.MachineService/Stats`, any role).
    pub async fn container_usage(&self, namespace: ContainerNamespace) -> Result<Vec<ContainerUsage>> {
        let request = StatsRequest { namespace: namespace.name(), driver: namespace.driver() };
        let reply =
            self.call(request, |raw, request| async move { raw.machine().stats(request).await }).await?;
        Ok(reply.single()?.stats.into_iter().map(ContainerUsage::from).collect())
    }

    /// Stops a container with SIGTERM, so that whoever looks after it starts it again
    /// (`machine.MachineService/Restart`, os:admin or os:operator). See [`Container::id`] for the id.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn restart_container(
        &self,
        namespace: ContainerNamespace,
        id: impl Into<String>,
    ) -> Result<()> {
        self.must_be_one_machine("restarting a container")?;
        let request =
            RestartRequest { namespace: namespace.name(), id: id.into(), driver: namespace.driver() };
        let reply =
            self.call(request, |raw, request| async move { raw.machine().restart(request).await }).await?;
        reply.single()?;
        Ok(())
    }
}

impl From<ContainerInfo> for Container {
    fn from(container: ContainerInfo) -> Self {
        Self {
            id: container.id,
            internal_id: container.internal_id,
            image: container.image,
            pid: Some(container.pid).filter(|pid| *pid != 0),
            status: container.status,
            pod_id: container.pod_id,
            name: container.name,
            network_namespace: container.network_namespace,
            uid: container.uid,
        }
    }
}

impl From<Stat> for ContainerUsage {
    fn from(stat: Stat) -> Self {
        Self {
            id: stat.id,
            pod_id: stat.pod_id,
            name: stat.name,
            memory: stat.memory_usage,
            cpu_time: Duration::from_nanos(stat.cpu_usage),
        }
    }
}
