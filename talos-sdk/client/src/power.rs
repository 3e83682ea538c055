//! Turning a machine off and on.

use talos_proto::machine::reboot_request::Mode;
use talos_proto::machine::reset_request::WipeMode;
use talos_proto::machine::{
    RebootRequest, ResetPartitionSpec, ResetRequest, RollbackRequest, ShutdownRequest,
};

use crate::action::{Action, Follower, Goal};
use crate::{Error, ErrorKind, Node, Result};

/// How a machine reboots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RebootMode {
    /// After services stopped, by kexec where that is possible.
    #[default]
    Default,
    /// After services stopped, through the firmware.
    PowerCycle,
    /// At once, without stopping services.
    Force,
}

/// How a machine reboots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RebootOptions {
    /// In which way.
    pub mode: RebootMode,
}

impl RebootOptions {
    /// Reboots in this way.
    #[must_use]
    pub fn with_mode(mut self, mode: RebootMode) -> Self {
        self.mode = mode;
        self
    }
}

/// How a machine turns off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownOptions {
    /// Leaves workloads where they are, instead of moving them away first.
    pub force: bool,
}

impl ShutdownOptions {
    /// Leaves workloads where they are.
    #[must_use]
    pub fn with_force(mut self) -> Self {
        self.force = true;
        self
    }
}

/// What a reset deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wipe {
    /// Nothing: the node leaves its cluster, if it does so gracefully, and turns off or reboots.
    Nothing,
    /// These parts of the system disk; the others stay. At least one.
    Partitions(Vec<SystemPartition>),
    /// The whole system disk, Talos itself included.
    SystemDisk,
    /// These disks, such as `/dev/sdb`, which are not the system disk. At least one.
    UserDisks(Vec<String>),
    /// The whole system disk, Talos itself included, and these disks.
    SystemAndUserDisks(Vec<String>),
}

/// A part of the system disk, by its label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SystemPartition {
    /// The configuration of the machine and its identity.
    State,
    /// The data of etcd, containers, images and logs.
    Ephemeral,
    /// What the firmware or the loader starts.
    Boot,
    /// What UEFI starts.
    Efi,
    /// What the machine keeps for itself, such as upgrades that are staged.
    Meta,
    /// Another label.
    Other(String),
}

impl SystemPartition {
    /// Its label.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::State => "STATE",
            Self::Ephemeral => "EPHEMERAL",
            Self::Boot => "BOOT",
            Self::Efi => "EFI",
            Self::Meta => "META",
            Self::Other(label) => label,
        }
    }
}

/// What a machine does once it is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AfterReset {
    /// It boots again, from what is left.
    Reboot,
    /// It turns off.
    PowerOff,
}

/// How a machine is reset. Each part is said on purpose: there is no default.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResetOptions {
    /// What is deleted.
    pub wipe: Wipe,
    /// Whether workloads are moved away and etcd is left first.
    pub graceful: bool,
    /// What comes after.
    pub then: AfterReset,
}

impl ResetOptions {
    /// Moves workloads away and leaves etcd first. Needs a working cluster.
    #[must_use]
    pub fn graceful(wipe: Wipe, then: AfterReset) -> Self {
        Self { wipe, graceful: true, then }
    }

    /// Does not look at the cluster: a control plane node stays a member of etcd that is gone.
    #[must_use]
    pub fn forced(wipe: Wipe, then: AfterReset) -> Self {
        Self { wipe, graceful: false, then }
    }

    fn into_proto(self) -> Result<ResetRequest> {
        let nothing = |what: &str| {
            // An empty list would mean everything to the machine, or nothing at all.
            Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the reset names no {what}: name at least one"),
            ))
        };
        let mut request = ResetRequest {
            graceful: self.graceful,
            reboot: self.then == AfterReset::Reboot,
            // The zero value is everything, so the mode is always set.
            mode: WipeMode::UserDisks.into(),
            ..Default::default()
        };
        match self.wipe {
            Wipe::Nothing => {}
            Wipe::Partitions(partitions) if partitions.is_empty() => return nothing("partition"),
            Wipe::Partitions(partitions) => {
                request.mode = WipeMode::SystemDisk.into();
                let spec = |partition: SystemPartition| ResetPartitionSpec {
                    label: partition.label().to_owned(),
                    wipe: true,
                };
                request.system_partitions_to_wipe = partitions.into_iter().map(spec).collect();
            }
            Wipe::SystemDisk => request.mode = WipeMode::SystemDisk.into(),
            Wipe::UserDisks(disks) | Wipe::SystemAndUserDisks(disks) if disks.is_empty() => {
                return nothing("disk");
            }
            Wipe::UserDisks(disks) => request.user_disks_to_wipe = disks,
            Wipe::SystemAndUserDisks(disks) => {
                request.mode = WipeMode::All.into();
                request.user_disks_to_wipe = disks;
            }
        }
        Ok(request)
    }
}

impl Node {
    /// Reboots the machine (`machine.MachineService/Reboot`, os:admin or os:operator).
    ///
    /// The answer means that the machine has begun; follow the [`Action`] to its end.
    ///
    /// [`ErrorKind::InvalidTarget`], with nothing sent: without a name on a client with several endpoints, the machine
    /// would not be found again.
    pub async fn reboot(&self, options: RebootOptions) -> Result<Action> {
        Ok(Action::new(self.begin_reboot(options).await?))
    }

    pub(crate) async fn begin_reboot(&self, options: RebootOptions) -> Result<Follower> {
        let mode = match options.mode {
            RebootMode::Default => Mode::Default,
            RebootMode::PowerCycle => Mode::Powercycle,
            RebootMode::Force => Mode::Force,
        };
        let message = RebootRequest { mode: mode.into() };
        let act = |node: Node| async move {
            let reply =
                node.call(message, |raw, request| async move { raw.machine().reboot(request).await }).await?;
            Ok(Some(reply.single()?.actor_id))
        };
        Follower::begin(self, Goal::Up, &["reboot"], act).await
    }

    /// Turns the machine off (`machine.MachineService/Shutdown`, os:admin or os:operator).
    ///
    /// Followed to its end, it is done when the machine has stopped its services and answers no more. A machine that is
    /// turned on again by its host is up in the end.
    pub async fn shutdown(&self, options: ShutdownOptions) -> Result<Action> {
        let message = ShutdownRequest { force: options.force };
        let act = |node: Node| async move {
            let reply = node
                .call(message, |raw, request| async move { raw.machine().shutdown(request).await })
                .await?;
            Ok(Some(reply.single()?.actor_id))
        };
        Ok(Action::new(Follower::begin(self, Goal::Off, &["shutdown"], act).await?))
    }

    /// Resets the machine: takes it out of its cluster and deletes what the options say
    /// (`machine.MachineService/Reset`, os:admin).
    ///
    /// Followed to its end, a machine without configuration is found by asking it without credentials, so a network
    /// that only lets the endpoints through hides that end.
    ///
    /// [`ErrorKind::InvalidTarget`], with nothing sent, unless the node is named.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(client: talos_client::Client) -> Result<(), talos_client::Error> {
    /// use talos_client::{AfterReset, ResetOptions, SystemPartition, Wipe};
    ///
    /// let wipe = Wipe::Partitions(vec![SystemPartition::State, SystemPartition::Ephemeral]);
    /// let reset = client.node("10.0.0.9").reset(ResetOptions::graceful(wipe, AfterReset::Reboot)).await?;
    /// reset.finished(Duration::from_secs(900)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reset(&self, options: ResetOptions) -> Result<Action> {
        self.must_be_named("a reset")?;
        let goal = match options.then {
            AfterReset::Reboot => Goal::UpOrFresh,
            AfterReset::PowerOff => Goal::Off,
        };
        let message = options.into_proto()?;
        let act = |node: Node| async move {
            let reply =
                node.call(message, |raw, request| async move { raw.machine().reset(request).await }).await?;
            Ok(Some(reply.single()?.actor_id))
        };
        Ok(Action::new(Follower::begin(self, goal, &["reset"], act).await?))
    }

    /// Boots the version of Talos that was there before the last upgrade
    /// (`machine.MachineService/Rollback`, os:admin).
    pub async fn rollback(&self) -> Result<Action> {
        let act = |node: Node| async move {
            node.call(
                RollbackRequest {},
                |raw, request| async move { raw.machine().rollback(request).await },
            )
            .await?
            .single()?;
            // Machines give no id for it.
            Ok(None)
        };
        Ok(Action::new(Follower::begin(self, Goal::Up, &["reboot"], act).await?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn mode(wipe: Wipe) -> Result<WipeMode> {
        ResetOptions::forced(wipe, AfterReset::PowerOff).into_proto().map(|request| request.mode())
    }

    #[test]
    fn a_reset_wipes_what_it_names_and_never_by_an_empty_list() {
        assert_eq!(mode(Wipe::Nothing).unwrap(), WipeMode::UserDisks);
        assert_eq!(mode(Wipe::SystemDisk).unwrap(), WipeMode::SystemDisk);
        assert_eq!(mode(Wipe::UserDisks(vec!["/dev/sdb".into()])).unwrap(), WipeMode::UserDisks);
        assert_eq!(mode(Wipe::SystemAndUserDisks(vec!["/dev/sdb".into()])).unwrap(), WipeMode::All);
        for wipe in [Wipe::Partitions(vec![]), Wipe::UserDisks(vec![]), Wipe::SystemAndUserDisks(vec![])] {
            assert_eq!(mode(wipe).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        let wipe = Wipe::Partitions(vec![SystemPartition::Ephemeral]);
        let request = ResetOptions::graceful(wipe, AfterReset::Reboot).into_proto().unwrap();
        assert!(request.graceful && request.reboot && request.system_partitions_to_wipe[0].wipe);
        assert_eq!(request.system_partitions_to_wipe[0].label, "EPHEMERAL");
        let nothing = ResetOptions::forced(Wipe::Nothing, AfterReset::Reboot).into_proto().unwrap();
        assert!(nothing.user_disks_to_wipe.is_empty() && nothing.system_partitions_to_wipe.is_empty());
    }
}
