//! The first member of etcd.

use talos_proto::machine::BootstrapRequest;

use crate::{Node, Result};

impl Node {
    /// Starts etcd on this control plane node, as the first and only member of a new cluster
    /// (`machine.MachineService/Bootstrap`, os:admin).
    ///
    /// **Once a cluster, on one node.** The answer means that the machine has begun, not that etcd runs: confirm with
    /// [`etcd_members`](Self::etcd_members). The call is never sent a second time by itself. From a snapshot:
    /// [`etcd_recover`](Self::etcd_recover).
    ///
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists): etcd has data here already.
    /// [`ErrorKind::FailedPrecondition`](crate::ErrorKind::FailedPrecondition): not ready yet, or the clock is not set;
    /// try again. [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument): not a control plane node.
    /// [`ErrorKind::Unimplemented`](crate::ErrorKind::Unimplemented): the machine is still in maintenance mode.
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: without a name on a client with
    /// several endpoints, a second try could start another cluster.
    pub async fn bootstrap(&self) -> Result<()> {
        self.must_be_one_machine("a bootstrap")?;
        self.bootstrap_with(BootstrapRequest::default()).await
    }

    pub(crate) async fn bootstrap_with(&self, message: BootstrapRequest) -> Result<()> {
        self.call(message, |raw, request| async move { raw.machine().bootstrap(request).await })
            .await?
            .single()?;
        Ok(())
    }
}
