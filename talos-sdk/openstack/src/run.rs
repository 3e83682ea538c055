//! One run of a bring-up: what it was told, what it has found, and how a step is run.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use openstack_sdk::Cloud;
use openstack_sdk::compute::Flavor;
use talos_cluster::Cluster;
use talos_cluster::talos_machineconfig::{Generated, SecretsBundle};
use tokio::time::Instant;

use crate::check::Checked;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Observer, Resource, Step};
use crate::machine_config::Addresses;
use crate::secret::SecretString;
use crate::spec::Spec;
use crate::state::State;
use crate::store::{BoxFuture, StateFile, Store};

/// The metadata by which servers tell from whose secrets they were made.
pub(crate) const CLUSTER_ID: &str = "talos_cluster_id";

/// One run. Each step fills in what the later ones need.
pub(crate) struct Run<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) checked: Checked,
    pub(crate) cloud: &'a Cloud,
    pub(crate) store: &'a dyn Store,
    pub(crate) observer: Observer<'a>,
    pub(crate) state: State,
    pub(crate) found: Found,
    /// When the present step has to be done.
    pub(crate) deadline: Instant,
}

/// What the steps have found or made so far.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) secrets: Option<SecretsBundle>,
    pub(crate) secrets_stored: bool,
    pub(crate) control_plane_flavor: Option<Flavor>,
    pub(crate) worker_flavor: Option<Flavor>,
    /// The id of a network that is there; `None` if one has to be made.
    pub(crate) network: Option<String>,
    pub(crate) floating_network: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) security_group: Option<String>,
    pub(crate) server_group: Option<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) configs: Option<Generated>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) kubeconfig: Option<SecretString>,
}

/// A node with its port, and its server once it has one.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) control_plane: bool,
    pub(crate) port: String,
    pub(crate) addresses: Addresses,
    pub(crate) server: Option<String>,
    /// Whether this run made the server, so that nothing can have happened on it before.
    pub(crate) fresh: bool,
    pub(crate) talos_version: String,
}

impl<'a> Run<'a> {
    /// Runs a step: again after a pause while its failures may pass and `limit` is not over.
    pub(crate) async fn step(
        &mut self,
        step: Step,
        limit: Duration,
        work: impl for<'b> Fn(&'b mut Run<'a>) -> BoxFuture<'b, Result<()>>,
    ) -> Result<()> {
        (self.observer)(&Event::StepStarted { step });
        let deadline = Instant::now() + limit;
        self.deadline = deadline;
        let mut pause = Duration::from_millis(500);
        let mut last = None;
        loop {
            let outcome = tokio::time::timeout_at(deadline, work(self)).await;
            let error = match outcome {
                Ok(Ok(())) => break,
                Ok(Err(error)) => error,
                Err(_) => return Err(overdue(step, limit, last)),
            };
            if !error.is_retryable() {
                return Err(error.at(step));
            }
            if Instant::now() + pause > deadline {
                return Err(overdue(step, limit, Some(error)));
            }
            (self.observer)(&Event::Retrying { step, reason: error.to_string(), after: pause });
            last = Some(error);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
        (self.observer)(&Event::StepDone { step });
        Ok(())
    }

    /// What a wait within the present step may take: a little less than is left, so that what it says in the end is told,
    /// and not just that the step was not done.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).mul_f32(0.98)
    }

    pub(crate) fn found_one(&self, resource: Resource, name: &str, id: &str) {
        (self.observer)(&Event::Found { resource, name: name.to_owned(), id: id.to_owned() });
    }

    pub(crate) fn created_one(&self, resource: Resource, name: &str, id: &str) {
        (self.observer)(&Event::Created { resource, name: name.to_owned(), id: id.to_owned() });
    }

    pub(crate) fn deleted_one(&self, resource: Resource, name: &str, id: &str) {
        (self.observer)(&Event::Deleted { resource, name: name.to_owned(), id: id.to_owned() });
    }

    pub(crate) async fn save(&self) -> Result<()> {
        self.state.save(self.store).await
    }

    /// Writes a file of the state unless it says the same already.
    pub(crate) async fn keep(&self, file: StateFile, text: &SecretString) -> Result<()> {
        if self.store.read(file).await?.is_some_and(|old| old == *text) {
            return Ok(());
        }
        self.store.write(file, text).await
    }

    pub(crate) fn control_planes(&self) -> impl Iterator<Item = &Node> {
        self.found.nodes.iter().filter(|node| node.control_plane)
    }

    pub(crate) fn control_plane_addresses(&self) -> Vec<Addresses> {
        self.control_planes().map(|node| node.addresses.clone()).collect()
    }
}

/// What an earlier step must have filled in.
pub(crate) fn known<'t, T>(value: &'t Option<T>, what: &str) -> Result<&'t T> {
    value.as_ref().ok_or_else(|| Error::new(ErrorKind::InvalidSpec, format!("{what} is not known yet")))
}

/// Runs `work` for all of `items`, a few at once, and gives the results in their order, or the first error.
///
/// An error cuts none of the others off: a creation whose outcome nobody hears would be made twice.
pub(crate) async fn each<T, U, F>(items: Vec<T>, work: impl Fn(T) -> F) -> Result<Vec<U>>
where
    F: Future<Output = Result<U>>,
{
    const AT_ONCE: usize = 8;
    let outcomes: Vec<Result<U>> = stream::iter(items).map(work).buffered(AT_ONCE).collect().await;
    outcomes.into_iter().collect()
}

/// What is gone already needs no deletion.
pub(crate) fn gone(outcome: openstack_sdk::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

fn overdue(step: Step, limit: Duration, last: Option<Error>) -> Error {
    let seen = last.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    let error = Error::new(
        ErrorKind::Timeout,
        format!("the step {step} was not done within {} s{seen}; run it again to go on", limit.as_secs()),
    );
    match last {
        Some(last) => error.with_source(last),
        None => error,
    }
    .at(step)
}

/// An address as the APIs write it.
pub(crate) fn address(text: &str) -> Result<IpAddr> {
    text.parse().map_err(|_| {
        Error::new(ErrorKind::OpenStack, format!("Neutron gave {text:?} as an address, which is none"))
    })
}

impl From<openstack_sdk::Error> for Error {
    fn from(error: openstack_sdk::Error) -> Self {
        let kind = if error.is_quota_exceeded() { ErrorKind::Quota } else { ErrorKind::OpenStack };
        let retryable = error.is_retryable();
        Self::new(kind, error.to_string()).with_retryable(retryable).with_source(error)
    }
}

impl From<talos_cluster::Error> for Error {
    fn from(error: talos_cluster::Error) -> Self {
        let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Cluster };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

impl From<talos_cluster::talos_client::Error> for Error {
    fn from(error: talos_cluster::talos_client::Error) -> Self {
        Self::new(ErrorKind::Cluster, error.to_string()).with_source(error)
    }
}
