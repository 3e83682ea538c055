//! Installation and upgrade by the installer of an image.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use talos_proto::machine::lifecycle_service_install_progress::Response;
use talos_proto::machine::{
    InstallArtifactsSource, InstallDestination, LifecycleServiceInstallProgress,
    LifecycleServiceInstallRequest, LifecycleServiceInstallResponse, LifecycleServiceUpgradeRequest,
    LifecycleServiceUpgradeResponse,
};

use crate::image_store::ImageStore;
use crate::reply::malformed;
use crate::stream::{ItemStream, Messages};
use crate::{Error, ErrorKind, Node, Result};

/// An installer that runs on a machine: a stream of the lines it writes.
///
/// It ends without an error only when the installer said that all went well. A machine reports a failed installer with
/// success and an exit code; here that is an error of the kind [`ErrorKind::InstallerFailed`], and so is never missed.
/// Dropping the stream makes the machine stop the installer.
#[derive(Debug)]
#[must_use = "nothing is installed before the stream is polled"]
pub struct InstallerRun {
    steps: ItemStream<Option<Response>>,
    exit: Option<i32>,
    ended: bool,
}

impl InstallerRun {
    fn new(steps: ItemStream<Option<Response>>) -> Self {
        Self { steps, exit: None, ended: false }
    }

    /// Waits until the installer is done.
    pub async fn finish(mut self) -> Result<()> {
        while self.try_next().await?.is_some() {}
        Ok(())
    }
}

impl Stream for InstallerRun {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<String>>> {
        while !self.ended {
            match ready!(self.steps.poll_next_unpin(cx)) {
                Some(Ok(Some(Response::Message(line)))) => return Poll::Ready(Some(Ok(line))),
                // Work can go wrong after the installer is done, so the status that follows counts too.
                Some(Ok(Some(Response::ExitCode(code)))) => self.exit = Some(code),
                Some(Ok(None)) => {}
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.ended = true;
                    return Poll::Ready(verdict(self.exit).err().map(Err));
                }
            }
        }
        Poll::Ready(None)
    }
}

fn verdict(exit: Option<i32>) -> Result<()> {
    match exit {
        Some(0) => Ok(()),
        Some(code) => {
            let exit = InstallerExit::from_code(code);
            Err(Error::new(
                ErrorKind::InstallerFailed,
                format!("the installer failed with code {code}: {exit}; its last lines say more"),
            )
            .with_source(exit))
        }
        None => Err(malformed(
            "the installer reported no end: whether it is done is not known; do not reboot, and run it again",
        )),
    }
}

/// Why an installer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstallerExit {
    /// 1: none of the others.
    Unknown,
    /// 2: it was given something it can't use.
    InvalidInput,
    /// 3: what was asked for does not exist in this version.
    Unsupported,
    /// 4: the machine lacks something that the installer needs.
    Environment,
    /// 5: something outside failed, such as a registry.
    Dependency,
    /// 6: reading or writing failed.
    Io,
    /// 7: the installation itself failed.
    Install,
    /// Any other code, for example of a signal.
    Other(i32),
}

impl InstallerExit {
    /// The meaning of an exit code that is not zero.
    #[must_use]
    pub fn from_code(code: i32) -> Self {
        match code {
            1 => Self::Unknown,
            2 => Self::InvalidInput,
            3 => Self::Unsupported,
            4 => Self::Environment,
            5 => Self::Dependency,
            6 => Self::Io,
            7 => Self::Install,
            code => Self::Other(code),
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Unknown => 1,
            Self::InvalidInput => 2,
            Self::Unsupported => 3,
            Self::Environment => 4,
            Self::Dependency => 5,
            Self::Io => 6,
            Self::Install => 7,
            Self::Other(code) => code,
        }
    }
}

impl fmt::Display for InstallerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no known reason",
            Self::InvalidInput => "what it was given is wrong",
            Self::Unsupported => "this version can't do what was asked for",
            Self::Environment => "the machine lacks something it needs",
            Self::Dependency => "something outside of the machine failed",
            Self::Io => "reading or writing failed",
            Self::Install => "the installation itself failed",
            Self::Other(_) => {
                "it was killed, or ended in a way that this version of the library does not know"
            }
        })
    }
}

impl std::error::Error for InstallerExit {}

impl Error {
    /// Why the installer failed, for [`ErrorKind::InstallerFailed`].
    #[must_use]
    pub fn installer_exit(&self) -> Option<InstallerExit> {
        std::error::Error::source(self).and_then(|source| source.downcast_ref()).copied()
    }
}

impl Node {
    /// Installs Talos on a disk, such as `/dev/sda`, with an installer image that was
    /// [pulled](Self::pull_image) into the store before (`machine.LifecycleService/Install`, os:admin, from Talos
    /// 1.13). The machine does not reboot by itself.
    ///
    /// The disk is wiped. [`ErrorKind::AlreadyExists`]: Talos is installed already.
    /// [`ErrorKind::FailedPrecondition`]: another installation or upgrade goes on. [`ErrorKind::InvalidTarget`], with
    /// nothing sent: no name on a client with several endpoints.
    pub fn run_install(
        &self,
        store: ImageStore,
        image: impl Into<String>,
        disk: impl Into<String>,
    ) -> InstallerRun {
        let request = LifecycleServiceInstallRequest {
            containerd: Some(store.instance()),
            source: Some(InstallArtifactsSource { image_name: image.into() }),
            destination: Some(InstallDestination { disk: disk.into() }),
        };
        let messages =
            Messages::new(
                self,
                request,
                |raw, request| async move { raw.lifecycle().install(request).await },
            )
            .unless(self.must_be_one_machine("an installation"));
        InstallerRun::new(messages.items(|LifecycleServiceInstallResponse { progress }| step(progress)))
    }

    /// Writes another version of Talos beside the running one, with an installer image that was
    /// [pulled](Self::pull_image) into the store before, under the name that the pull gave
    /// (`machine.LifecycleService/Upgrade`, os:admin, from Talos 1.13).
    ///
    /// This is one step of an upgrade only: workloads are not moved away, and the machine runs the old version until
    /// it reboots. [`ErrorKind::FailedPrecondition`]: another upgrade goes on, or Talos is not installed.
    /// [`ErrorKind::InvalidTarget`], with nothing sent: no name on a client with several endpoints.
    ///
    /// ```no_run
    /// # use futures_util::TryStreamExt;
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// use talos_client::ImageStore;
    ///
    /// let image = node.pull_image(ImageStore::System, "ghcr.io/siderolabs/installer:v1.14.0").finish().await?;
    /// let mut run = node.run_upgrade(ImageStore::System, image);
    /// while let Some(line) = run.try_next().await? {
    ///     println!("{line}");
    /// }
    /// // It went well, or `try_next` had failed.
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_upgrade(&self, store: ImageStore, image: impl Into<String>) -> InstallerRun {
        let request = LifecycleServiceUpgradeRequest {
            containerd: Some(store.instance()),
            source: Some(InstallArtifactsSource { image_name: image.into() }),
        };
        let messages =
            Messages::new(
                self,
                request,
                |raw, request| async move { raw.lifecycle().upgrade(request).await },
            )
            .unless(self.must_be_one_machine("an upgrade"));
        InstallerRun::new(messages.items(|LifecycleServiceUpgradeResponse { progress }| step(progress)))
    }
}

fn step(progress: Option<LifecycleServiceInstallProgress>) -> Result<Option<Response>> {
    Ok(progress.and_then(|progress| progress.response))
}
