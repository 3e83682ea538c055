//! etcd: the one bootstrap in a cluster's life, and its members.

use std::time::Duration;

use talos_client::resources::MachineStatus;
use talos_client::{ErrorKind as Cause, EtcdMember, MachineStage, Resource, ServiceState};
use tokio::time::Instant;

use crate::cluster::{Cluster, Member};
use crate::error::{Error, ErrorKind, Result, chain};
use crate::event::{Event, Observer};
use crate::readiness::service_line;
use crate::wait::{Look, until};

/// How [`Cluster::bootstrap`] goes about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BootstrapOptions {
    /// Which control plane to ask, by name; the first one if `None`. Once chosen it must never change.
    pub node: Option<String>,
    /// How long everything may take. Default: 10 minutes.
    pub timeout: Duration,
    /// Whether an earlier run may have made the call: then etcd gets [`settle`](Self::settle) to show up before the
    /// call is made. Default: false.
    pub maybe_sent: bool,
    /// How long to look for etcd after a call that may have been taken, before it counts as lost and is made again.
    /// Default: 20 s, more than a machine needs to begin with its etcd service.
    pub settle: Duration,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self {
            node: None,
            timeout: Duration::from_secs(600),
            maybe_sent: false,
            settle: Duration::from_secs(20),
        }
    }
}

impl BootstrapOptions {
    /// Asks this control plane.
    #[must_use]
    pub fn with_node(mut self, name: impl Into<String>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// Allows this long.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says whether an earlier run may have made the call.
    #[must_use]
    pub fn with_maybe_sent(mut self, maybe_sent: bool) -> Self {
        self.maybe_sent = maybe_sent;
        self
    }

    /// Waits this long for signs of etcd before a call counts as lost.
    #[must_use]
    pub fn with_settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }
}

/// What is known of the call.
struct Call {
    /// Whether it may have been taken, so that it must not be made again at once.
    maybe_taken: bool,
    /// The last sign of it: the call itself, or etcd being on its way.
    last_sign: Instant,
}

impl Cluster {
    /// Makes etcd run, if it does not run yet on any control plane, with one Bootstrap call to one of them.
    ///
    /// It looks first: a member list from any control plane means that it is done. The call is made again only when the
    /// node surely did not take it, or when etcd shows no sign for [`BootstrapOptions::settle`] after it; always to the
    /// same node, which answers a second one with `AlreadyExists`. Done means that the node lists itself as a member.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] if the node will never take it: wrong type of machine, roles that do not suffice.
    /// [`ErrorKind::Timeout`] with what the node's etcd service says.
    pub async fn bootstrap(&self, options: &BootstrapOptions, observer: Observer<'_>) -> Result<()> {
        let target = self.control_plane(options.node.as_deref())?;
        let call =
            tokio::sync::Mutex::new(Call { maybe_taken: options.maybe_sent, last_sign: Instant::now() });
        until(&format!("etcd on {}", target.name), options.timeout, observer, || async {
            if let Some(member) = self.etcd_seen().await {
                observer(&Event::EtcdMember { node: member.name.clone() });
                return Ok(Look::Done(()));
            }
            let call = &mut *call.lock().await;
            let (state, running) = self.etcd_services(target).await;
            if running {
                // Nothing but a bootstrap, or a cluster to join, makes etcd leave its wait.
                *call = Call { maybe_taken: true, last_sign: Instant::now() };
            }
            if call.maybe_taken && call.last_sign.elapsed() < options.settle {
                return Ok(Look::NotYet(state));
            }
            if let Some(reason) = self.not_bootable(target).await {
                return Ok(Look::NotYet(reason));
            }
            self.send_bootstrap(target, call, observer).await
        })
        .await
    }

    /// Why a machine can't take the call yet; `None` once it can.
    async fn not_bootable(&self, target: &Member) -> Option<String> {
        let node = self.client.node(&target.address).with_timeout(crate::wait::LOOK);
        let name = &target.name;
        match node.resources::<MachineStatus>().get(MachineStatus::ID).await {
            Ok(Resource { spec: MachineStatus { stage, .. }, .. }) => match stage {
                MachineStage::Booting | MachineStage::Running => {}
                stage => return Some(format!("{name} is {stage}")),
            },
            Err(error) => return Some(format!("{name} does not tell its stage: {}", chain(&error))),
        }
        let services = node.services().await;
        let etcd = services.as_ref().ok().and_then(|all| all.iter().find(|service| service.id == "etcd"));
        match etcd.map(|etcd| &etcd.state) {
            Some(ServiceState::Initialized | ServiceState::Waiting | ServiceState::Starting) | None => {
                Some(format!("{name}: {}", service_line(&services, "etcd")))
            }
            Some(_) => None,
        }
    }

    async fn send_bootstrap(
        &self,
        target: &Member,
        call: &mut Call,
        observer: Observer<'_>,
    ) -> Result<Look<()>> {
        observer(&Event::BootstrapSent { node: target.name.clone() });
        let answer = self.client.node(&target.address).with_timeout(crate::wait::LOOK).bootstrap().await;
        let Err(error) = answer else {
            *call = Call { maybe_taken: true, last_sign: Instant::now() };
            observer(&Event::BootstrapAccepted { node: target.name.clone() });
            return Ok(Look::NotYet("the call was taken".to_owned()));
        };
        let text = chain(&error);
        match error.kind() {
            Cause::AlreadyExists => *call = Call { maybe_taken: true, last_sign: Instant::now() },
            // It was not taken: not ready yet, or it never arrived.
            Cause::FailedPrecondition
            | Cause::ConnectionRefused
            | Cause::NodeUnreachable
            | Cause::NameResolution => {
                call.maybe_taken = false;
            }
            // Nobody knows.
            Cause::DeadlineExceeded | Cause::Unresponsive | Cause::Unavailable | Cause::Canceled => {
                *call = Call { maybe_taken: true, last_sign: Instant::now() };
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Refused,
                    format!("{} refuses to bootstrap: {text}", target.name),
                )
                .with_source(error));
            }
        }
        Ok(Look::NotYet(text))
    }

    /// A control plane that runs etcd, if there is any.
    async fn etcd_seen(&self) -> Option<&Member> {
        let answers = self.ask(&self.control_planes, |node| async move { node.etcd_members().await }).await;
        answers
            .into_iter()
            .find(|(_, members)| members.as_ref().is_ok_and(|members| !members.is_empty()))
            .map(|(member, _)| member)
    }

    /// What the etcd service of `target` says, and whether that of any control plane runs.
    async fn etcd_services(&self, target: &Member) -> (String, bool) {
        let answers = self.ask(&self.control_planes, |node| async move { node.services().await }).await;
        let mut said = String::new();
        let mut running = false;
        for (member, services) in answers {
            let etcd = services.as_ref().ok().and_then(|all| all.iter().find(|service| service.id == "etcd"));
            running |= etcd.is_some_and(|etcd| etcd.state == ServiceState::Running);
            if member == target {
                said = format!("{}: {}", member.name, service_line(&services, "etcd"));
            }
        }
        (said, running)
    }

    /// Waits until every control plane is a member of etcd in the eyes of every control plane.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] with the name of a control plane that is missing and what its etcd service says.
    pub async fn wait_for_etcd(&self, timeout: Duration, observer: Observer<'_>) -> Result<()> {
        until("etcd on every control plane", timeout, observer, || async {
            let answers =
                self.ask(&self.control_planes, |node| async move { node.etcd_members().await }).await;
            for (asked, members) in answers {
                let missing = match &members {
                    Ok(members) => self
                        .control_planes
                        .iter()
                        .find(|wanted| !members.iter().any(|member| is(member, wanted))),
                    Err(_) => Some(asked),
                };
                if let Some(missing) = missing {
                    let line = self.service_line(missing, "etcd").await;
                    return Ok(Look::NotYet(format!("{} is not a member yet: {line}", missing.name)));
                }
            }
            Ok(Look::Done(()))
        })
        .await
    }
}

/// Whether an etcd member is this machine: by an address in its URLs, or by its host name.
pub(crate) fn is(member: &EtcdMember, machine: &Member) -> bool {
    let host = if machine.address.contains(':') {
        format!("[{}]", machine.address)
    } else {
        machine.address.clone()
    };
    let urls = member.peer_urls.iter().chain(&member.client_urls);
    member.hostname == machine.name || urls.into_iter().any(|url| url.contains(&format!("//{host}:")))
}
