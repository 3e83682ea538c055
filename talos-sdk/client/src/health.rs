//! The health of a cluster, as one of its machines sees it.

use std::time::Duration;

use talos_proto::cluster::{ClusterInfo, HealthCheckProgress, HealthCheckRequest};

use crate::stream::{ItemStream, Messages};
use crate::{Error, ErrorKind, Node};

/// What a machine checks of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthOptions {
    /// How long the machine waits for the cluster to become healthy.
    pub wait: Duration,
    /// The addresses of the control plane nodes. Without any nodes, the machine asks discovery and Kubernetes.
    pub control_planes: Vec<String>,
    /// The addresses of the workers.
    pub workers: Vec<String>,
    /// The address of the Kubernetes API, instead of the one in the configuration.
    pub kubernetes_endpoint: Option<String>,
}

impl HealthOptions {
    /// Waits for this long, in whole milliseconds and more than none.
    #[must_use]
    pub fn new(wait: Duration) -> Self {
        Self { wait, control_planes: Vec::new(), workers: Vec::new(), kubernetes_endpoint: None }
    }

    /// Checks these nodes, by their addresses.
    #[must_use]
    pub fn with_nodes<S: Into<String>>(
        mut self,
        control_planes: impl IntoIterator<Item = S>,
        workers: impl IntoIterator<Item = S>,
    ) -> Self {
        self.control_planes = control_planes.into_iter().map(Into::into).collect();
        self.workers = workers.into_iter().map(Into::into).collect();
        self
    }

    /// Asks Kubernetes at this address.
    #[must_use]
    pub fn with_kubernetes_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.kubernetes_endpoint = Some(endpoint.into());
        self
    }
}

/// How far a check is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthProgress {
    /// What is checked, such as `etcd to be healthy`; `None` for a line of another kind.
    pub check: Option<String>,
    /// How it stands.
    pub state: HealthState,
    /// The line as the machine wrote it.
    pub line: String,
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthState {
    /// It goes on.
    Waiting,
    /// It has passed.
    Passed,
    /// It is not met yet, for this reason.
    Unmet(String),
    /// The line is not about a check.
    Note,
}

impl HealthProgress {
    fn parse(line: String) -> Self {
        let parts = line.strip_prefix("waiting for ").and_then(|rest| rest.split_once(": "));
        let (check, state) = match parts {
            None => (None, HealthState::Note),
            Some((check, status)) => {
                let state = match status {
                    "..." => HealthState::Waiting,
                    "OK" => HealthState::Passed,
                    reason => HealthState::Unmet(reason.to_owned()),
                };
                (Some(check.to_owned()), state)
            }
        };
        Self { check, state, line }
    }
}

impl Node {
    /// Has this control plane node check the health of the cluster, and follows its checks
    /// (`cluster.ClusterService/HealthCheck`, any role).
    ///
    /// The cluster is healthy when the stream ends without an error. One that did not become healthy in time ends with
    /// an error; the last item says which check it was.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use futures_util::TryStreamExt;
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// use talos_client::HealthOptions;
    ///
    /// let mut checks = node.cluster_health(HealthOptions::new(Duration::from_secs(300)));
    /// while let Some(progress) = checks.try_next().await? {
    ///     println!("{}", progress.line);
    /// }
    /// println!("healthy");
    /// # Ok(())
    /// # }
    /// ```
    pub fn cluster_health(&self, options: HealthOptions) -> ItemStream<HealthProgress> {
        let wait = prost_types::Duration::try_from(options.wait).ok().filter(|_| !options.wait.is_zero());
        let Some(wait) = wait else {
            // The machine would give up before its first check.
            let error = Error::new(
                ErrorKind::InvalidArgument,
                "a health check waits for some time: give it more than none, and less than an age",
            );
            return ItemStream::new(futures_util::stream::iter([Err(error)]));
        };
        let message = HealthCheckRequest {
            wait_timeout: Some(wait),
            cluster_info: Some(ClusterInfo {
                control_plane_nodes: options.control_planes,
                worker_nodes: options.workers,
                force_endpoint: options.kubernetes_endpoint.unwrap_or_default(),
            }),
        };
        let messages =
            Messages::new(
                self,
                message,
                |raw, request| async move { raw.cluster().health_check(request).await },
            );
        messages.items(|HealthCheckProgress { message, .. }| Ok(HealthProgress::parse(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_checks_or_notes() {
        let parse = |line: &str| HealthProgress::parse(line.to_owned());
        let passed = parse("waiting for etcd to be healthy: OK");
        assert_eq!(
            (passed.check.as_deref(), passed.state),
            (Some("etcd to be healthy"), HealthState::Passed)
        );
        assert_eq!(parse("waiting for apid to be ready: ...").state, HealthState::Waiting);
        let unmet = parse("waiting for apid to be ready: 1 error: node: timeout");
        assert_eq!(unmet.state, HealthState::Unmet("1 error: node: timeout".to_owned()));
        assert_eq!(parse("discovered nodes: [\"10.0.0.2\"]").state, HealthState::Note);
    }
}
