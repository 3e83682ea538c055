//! What puts a load balancer's configuration in force.

use std::fmt;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::error::{Error, ErrorKind, Result};
use crate::haproxy::Haproxy;
use crate::store::BoxFuture;

/// What puts a load balancer's configuration in force: called in every run, so it must not mind the same one again.
pub trait LoadBalancer: Send + Sync + fmt::Debug {
    /// Makes the load balancer forward to the control planes that `haproxy` names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LoadBalancer`], retryable where it may pass.
    fn apply<'a>(&'a self, haproxy: &'a Haproxy) -> BoxFuture<'a, Result<()>>;
}

/// Hands the configuration to a program on its standard input, for example
/// `ssh lb sudo sh -c 'cat > /etc/haproxy/haproxy.cfg && systemctl reload haproxy'`.
#[derive(Debug, Clone)]
pub struct BalancerCommand {
    program: String,
    arguments: Vec<String>,
}

impl BalancerCommand {
    /// Runs `program` with `arguments`. No shell is involved.
    #[must_use]
    pub fn new<S: Into<String>>(program: impl Into<String>, arguments: impl IntoIterator<Item = S>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    fn failed(&self, why: &str) -> Error {
        Error::new(ErrorKind::LoadBalancer, format!("the load balancer's command {} {why}", self.program))
    }
}

impl LoadBalancer for BalancerCommand {
    fn apply<'a>(&'a self, haproxy: &'a Haproxy) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut child = Command::new(&self.program)
                .args(&self.arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| self.failed("can't be started").with_source(error))?;
            if let Some(mut input) = child.stdin.take() {
                // A program that does not read it all tells by its exit status what it thinks.
                let _ = input.write_all(haproxy.to_config().as_bytes()).await;
            }
            let output =
                child.wait_with_output().await.map_err(|error| self.failed("was lost").with_source(error))?;
            if output.status.success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&output.stderr);
            let last =
                said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing was said");
            Err(self.failed(&format!("ended with {}: {last}", output.status)))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_gets_the_configuration_and_its_refusal_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("haproxy.cfg");
        let haproxy = Haproxy::default().with_server("a", [10, 0, 0, 1].into());
        BalancerCommand::new("tee", [path.display().to_string()]).apply(&haproxy).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), haproxy.to_config());

        let error = BalancerCommand::new("sh", ["-c", "cat >/dev/null; echo no such host >&2; exit 3"])
            .apply(&haproxy)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no such host"), "{error}");
        assert!(BalancerCommand::new("/no/such/program", [""; 0]).apply(&haproxy).await.is_err());
    }
}
