//! Logs.

use talos_proto::common::ContainerDriver;
use talos_proto::machine::LogsRequest;

use crate::{ByteStream, Node, Result};

/// Which log, and how much of it.
///
/// ```
/// # use talos_client::LogOptions;
/// let last = LogOptions::service("kubelet").with_tail(100).with_follow();
/// let pod = LogOptions::container("kube-system/coredns-7b9:coredns:0a1b");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOptions {
    /// The service or the container.
    pub id: String,
    /// Whether it is a container of Kubernetes, not a service.
    pub kubernetes: bool,
    /// How many of the last lines to begin with; the whole log if `None`.
    pub tail: Option<u32>,
    /// Whether to go on with what is written from now on. Such a stream ends when it is dropped.
    pub follow: bool,
}

impl LogOptions {
    /// The whole log of a service, such as `kubelet`, `machined` or `etcd`.
    #[must_use]
    pub fn service(id: impl Into<String>) -> Self {
        Self { id: id.into(), kubernetes: false, tail: None, follow: false }
    }

    /// The whole log of a container of Kubernetes: `namespace/pod:container:hash`.
    #[must_use]
    pub fn container(id: impl Into<String>) -> Self {
        Self { kubernetes: true, ..Self::service(id) }
    }

    /// Begins with this many of the last lines.
    #[must_use]
    pub fn with_tail(mut self, lines: u32) -> Self {
        self.tail = Some(lines);
        self
    }

    /// Goes on with what is written from now on.
    #[must_use]
    pub fn with_follow(mut self) -> Self {
        self.follow = true;
        self
    }
}

impl Node {
    /// A log of the machine, byte for byte (`machine.MachineService/Logs`, any role).
    ///
    /// The pieces are not lines. That there is no such log is the first item of the stream.
    pub fn logs(&self, options: LogOptions) -> ByteStream {
        let (namespace, driver) = match options.kubernetes {
            false => ("system", ContainerDriver::Containerd),
            true => ("k8s.io", ContainerDriver::Cri),
        };
        let message = LogsRequest {
            namespace: namespace.to_owned(),
            id: options.id,
            driver: driver.into(),
            follow: options.follow,
            // Zero is no line at all on the wire, so all of them have to be asked for.
            tail_lines: options.tail.map_or(-1, |lines| i32::try_from(lines).unwrap_or(i32::MAX)),
        };
        ByteStream::new(self, message, |raw, request| async move { raw.machine().logs(request).await })
    }

    /// The services that have a log, for [`LogOptions::service`] (`machine.MachineService/LogsContainers`, any role).
    /// Those of pods are found by [`containers`](Self::containers).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// assert!(node.log_ids().await?.iter().any(|id| id == "machined"));
    /// # Ok(()) }) }
    /// ```
    pub async fn log_ids(&self) -> Result<Vec<String>> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().logs_containers(request).await }).await?;
        Ok(reply.single()?.ids)
    }
}
