//! Giving a machine its configuration.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use prost_types::Duration as ProtoDuration;
use talos_proto::machine::ApplyConfigurationRequest;
use talos_proto::machine::apply_configuration_request::Mode;

use crate::{Error, ErrorKind, Node, Result};

/// When a new configuration takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ApplyMode {
    /// At once where that is possible. Up to 1.13 the machine reboots if the change needs it; from 1.14 on it never
    /// does. In maintenance mode the machine installs or boots with it.
    #[default]
    Auto,
    /// At once; the machine refuses a change that needs a reboot.
    NoReboot,
    /// With a reboot. Servers from 1.14 on refuse this outside of maintenance mode.
    Reboot,
    /// At the next boot.
    Staged,
    /// At once and in memory only, until [`ApplyOptions::try_timeout`] is over or another configuration is applied.
    Try,
}

impl ApplyMode {
    fn to_proto(self) -> Mode {
        match self {
            Self::Auto => Mode::Auto,
            Self::NoReboot => Mode::NoReboot,
            Self::Reboot => Mode::Reboot,
            Self::Staged => Mode::Staged,
            Self::Try => Mode::Try,
        }
    }

    fn from_proto(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::NoReboot => Self::NoReboot,
            Mode::Reboot => Self::Reboot,
            Mode::Staged => Self::Staged,
            Mode::Try => Self::Try,
        }
    }
}

/// How to apply a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// When it takes effect.
    pub mode: ApplyMode,
    /// Only check it and tell what would change, see [`Applied::diff`]. A machine that tries out another configuration
    /// ends that trial for a dry run too, unless the mode is [`ApplyMode::Try`]: see [`ApplyWarning::TrialEnded`].
    pub dry_run: bool,
    /// With [`ApplyMode::Try`]: after this the former configuration comes back; the machine takes one minute if
    /// there is none. At least a second.
    pub try_timeout: Option<Duration>,
}

impl ApplyOptions {
    /// Takes effect like this.
    #[must_use]
    pub fn with_mode(mut self, mode: ApplyMode) -> Self {
        self.mode = mode;
        self
    }

    /// Changes nothing, only checks.
    #[must_use]
    pub fn with_dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Tries the configuration out for this long.
    #[must_use]
    pub fn with_try(mut self, timeout: Duration) -> Self {
        self.mode = ApplyMode::Try;
        self.try_timeout = Some(timeout);
        self
    }
}

/// What became of a configuration.
///
/// `Debug` does not show the details, for a difference may have secrets in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The mode that the machine chose.
    pub mode: ApplyMode,
    /// What is questionable.
    pub warnings: Vec<ApplyWarning>,
    /// What happens now, in words; for a dry run, what would happen and what would change.
    pub details: String,
}

impl Applied {
    /// For a dry run: what would change, as a unified diff of texts. It may have secrets in it.
    #[must_use]
    pub fn diff(&self) -> Option<&str> {
        let (_, diff) = self.details.split_once("Config diff:\n\n")?;
        Some(diff)
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied")
            .field("mode", &self.mode)
            .field("warnings", &self.warnings)
            .field("details", &format_args!("[{} bytes]", self.details.len()))
            .finish()
    }
}

/// What is questionable about applying a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyWarning {
    /// The machine finds this questionable about the configuration.
    Machine(String),
    /// Before the call, the configuration in use was not the one that is saved: another one was tried out, or staged.
    /// This dry run has ended the trial: what was tried out stays in use until the next boot or apply, and is not
    /// taken back in time. A dry run with [`ApplyMode::Try`] does not do that.
    TrialEnded,
}

impl fmt::Display for ApplyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(text) => f.write_str(text),
            Self::TrialEnded => f.write_str(
                "a configuration that was being tried out will not be taken back any more, for a dry run ends a trial \
                 too: apply the right one again",
            ),
        }
    }
}

impl Node {
    /// Gives the machine this configuration, YAML of one or several documents
    /// (`machine.MachineService/ApplyConfiguration`; os:admin, or nobody in maintenance mode).
    ///
    /// The machine checks it first: [`ErrorKind::InvalidArgument`] names what is wrong with it,
    /// [`ErrorKind::FailedPrecondition`] says that another one is being applied. A machine in maintenance mode then
    /// restarts its API with certificates of the cluster, which breaks this client's connection.
    /// [`ErrorKind::InvalidTarget`], with nothing sent: without a name on a client with several endpoints, any of them
    /// could take it.
    pub async fn apply_configuration(
        &self,
        config: impl AsRef<str>,
        options: ApplyOptions,
    ) -> Result<Applied> {
        self.must_be_one_machine("applying a configuration")?;
        let try_mode_timeout = match options.try_timeout {
            None => None,
            Some(_) if options.mode != ApplyMode::Try => {
                return Err(Error::new(ErrorKind::InvalidArgument, "a try timeout is for the mode Try only"));
            }
            Some(timeout) if timeout < Duration::from_secs(1) => {
                return Err(Error::new(ErrorKind::InvalidArgument, "a try timeout is at least one second"));
            }
            Some(timeout) => Some(ProtoDuration::try_from(timeout).map_err(|error| {
                Error::new(ErrorKind::InvalidArgument, "the try timeout is too long").with_source(error)
            })?),
        };
        // The zero value of the protocol is a reboot, so the mode is always set.
        let message = ApplyConfigurationRequest {
            data: Bytes::copy_from_slice(config.as_ref().as_bytes()),
            mode: options.mode.to_proto().into(),
            dry_run: options.dry_run,
            try_mode_timeout,
        };
        // Whoever may not look, or on a version where it can't be seen, is not warned.
        let trial = options.dry_run
            && options.mode != ApplyMode::Try
            && !self.in_maintenance()
            && self.configurations().await.is_ok_and(|found| found.differ());
        let reply = self
            .call(message, |raw, request| async move { raw.machine().apply_configuration(request).await })
            .await?
            .single()?;
        let mut warnings: Vec<_> = reply.warnings.iter().cloned().map(ApplyWarning::Machine).collect();
        warnings.extend(trial.then_some(ApplyWarning::TrialEnded));
        Ok(Applied { mode: ApplyMode::from_proto(reply.mode()), warnings, details: reply.mode_details })
    }
}
