//! Another version of Talos on a machine.

use futures_util::TryStreamExt;
use talos_proto::machine::UpgradeRequest;
use talos_proto::machine::upgrade_request::RebootMode as EarlyReboot;

use crate::action::{Action, Follower, Goal, Progress};
use crate::image_store::ImageStore;
use crate::images::{ImagePull, PullProgress};
use crate::lifecycle::InstallerRun;
use crate::reply::malformed;
use crate::{Error, ErrorKind, Node, RebootMode, RebootOptions, Result, TalosVersion};

/// How a machine is upgraded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeOptions {
    /// The image of the installer, such as `ghcr.io/siderolabs/installer:v1.13.9`.
    pub image: String,
    /// By which calls.
    pub way: UpgradeWay,
    /// How the machine reboots; [`RebootMode::Force`] is for [`UpgradeWay::Lifecycle`] only.
    pub reboot: RebootMode,
    /// Reboots first and writes the new version in the next boot, when nothing holds the disk, then reboots again.
    /// Only the machine's own upgrade can do that.
    pub stage: bool,
    /// Does not ask whether etcd could do without this node. Only the machine's own upgrade asks.
    pub force: bool,
}

/// By which calls a machine is upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum UpgradeWay {
    /// As the version of Talos on the machine asks for: [`Lifecycle`](Self::Lifecycle) from 1.13 on, unless `stage`
    /// or `force` is set, else [`Machine`](Self::Machine).
    #[default]
    Auto,
    /// Step by step: the image is pulled, its installer run and its exit code checked, and the machine rebooted
    /// (Talos 1.13 and later). The machine does not look at etcd.
    Lifecycle,
    /// The machine does all by itself, with a look at etcd before. The way of versions up to 1.12, which later ones
    /// still serve; up to 1.18.
    Machine,
}

impl UpgradeOptions {
    /// An upgrade to what this image of an installer brings.
    #[must_use]
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            way: UpgradeWay::default(),
            reboot: RebootMode::default(),
            stage: false,
            force: false,
        }
    }

    /// Upgrades by these calls.
    #[must_use]
    pub fn with_way(mut self, way: UpgradeWay) -> Self {
        self.way = way;
        self
    }

    /// Reboots in this way.
    #[must_use]
    pub fn with_reboot(mut self, mode: RebootMode) -> Self {
        self.reboot = mode;
        self
    }

    /// Writes the new version in the next boot.
    #[must_use]
    pub fn with_stage(mut self) -> Self {
        self.stage = true;
        self
    }

    /// Does not ask whether etcd could do without this node.
    #[must_use]
    pub fn with_force(mut self) -> Self {
        self.force = true;
        self
    }

    /// The version that the tag of the image promises.
    fn version(&self) -> Option<TalosVersion> {
        let name = self.image.split('@').next()?;
        let tag = name.rsplit('/').next()?.split_once(':')?.1;
        tag.parse().ok()
    }

    fn refuse(&self, why: &str) -> Result<()> {
        Err(Error::new(ErrorKind::InvalidArgument, format!("this upgrade is not possible: {why}")))
    }
}

impl Node {
    /// Upgrades Talos on the machine, or goes back to an earlier version, by the way that its version has: see
    /// [`UpgradeWay`] (`machine.ImageService/Pull`, `machine.LifecycleService/Upgrade` and
    /// `machine.MachineService/Reboot`, or `machine.MachineService/Upgrade`; os:admin).
    ///
    /// With the first way nothing has happened when this returns: the image is pulled while the [`Action`] is followed,
    /// and dropping it before the reboot leaves the machine as it was, or with an installer that was stopped. With the
    /// second, the machine has begun.
    ///
    /// **One control plane node at a time**, and the next one only after [`etcd_members`](Self::etcd_members) and
    /// [`etcd_status`](Self::etcd_status) are well. Of workers, [`Client::nodes`](crate::Client::nodes) upgrades many at
    /// once; each chooses its own way.
    ///
    /// Followed to its end, a machine that came back with the version it had, although the tag of the image promises
    /// another, has failed: the new version did not start, and the machine fell back.
    /// [`ErrorKind::InstallerFailed`]: the installer did, [`Error::installer_exit`] says how.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use futures_util::TryStreamExt;
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// use talos_client::UpgradeOptions;
    ///
    /// let options = UpgradeOptions::new("ghcr.io/siderolabs/installer:v1.14.0");
    /// let mut progress = node.upgrade(options).await?.progress(Duration::from_secs(1800));
    /// while let Some(step) = progress.try_next().await? {
    ///     println!("{step}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn upgrade(&self, options: UpgradeOptions) -> Result<Action> {
        self.must_be_one_machine("an upgrade")?;
        let version: TalosVersion = self.version().await?.tag.parse()?;
        let way = match options.way {
            UpgradeWay::Auto if options.stage || options.force => UpgradeWay::Machine,
            UpgradeWay::Auto if has_lifecycle(&version) => UpgradeWay::Lifecycle,
            UpgradeWay::Auto => UpgradeWay::Machine,
            way => way,
        };
        if way == UpgradeWay::Machine {
            if options.reboot == RebootMode::Force {
                options.refuse("a forced reboot is not among what the machine's own upgrade offers")?;
            }
            return Ok(Action::new(self.upgrade_by_machine(options, version).await?));
        }
        if options.stage || options.force {
            options.refuse(
                "staging and forcing are for the machine's own upgrade, not for the step by step one",
            )?;
        }
        if !has_lifecycle(&version) {
            options
                .refuse(&format!("the machine runs {version}, and the step by step way came with v1.13.0"))?;
        }
        Ok(Action::preparing(Upgrade::new(self.clone(), options, version)))
    }

    async fn upgrade_by_machine(&self, options: UpgradeOptions, version: TalosVersion) -> Result<Follower> {
        let expected = options.version();
        let reboot_mode = match options.reboot {
            RebootMode::PowerCycle => EarlyReboot::Powercycle,
            _ => EarlyReboot::Default,
        };
        let message = UpgradeRequest {
            image: options.image,
            preserve: false,
            stage: options.stage,
            force: options.force,
            reboot_mode: reboot_mode.into(),
        };
        let act = |node: Node| async move {
            let reply = node
                .call(message, |raw, request| async move { raw.machine().upgrade(request).await })
                .await?;
            Ok(Some(reply.single()?.actor_id))
        };
        let sequences = &["upgrade", "stageUpgrade", "maintenanceUpgrade"];
        Ok(Follower::begin(self, Goal::Up, sequences, act).await?.expecting(version, expected))
    }
}

/// Whether upgrades go step by step. The first pre-releases of 1.13 did not have it yet, and nobody knows of 2.0.
fn has_lifecycle(version: &TalosVersion) -> bool {
    let early = (version.minor(), version.patch()) == (13, 0)
        && matches!(version.pre_release(), Some("alpha.0" | "alpha.1" | "alpha.2"));
    version.major() == 1 && version.is_at_least(1, 13) && !early
}

/// An upgrade that goes step by step, before its reboot.
pub(crate) struct Upgrade {
    node: Node,
    options: UpgradeOptions,
    version: TalosVersion,
    step: Step,
}

enum Step {
    Pulling(ImagePull),
    Installing(InstallerRun),
}

/// What an upgrade does next.
pub(crate) enum Preparation {
    Goes(Progress),
    /// Nothing is left but to reboot.
    Ready,
}

impl Upgrade {
    fn new(node: Node, options: UpgradeOptions, version: TalosVersion) -> Self {
        let step = Step::Pulling(node.pull_image(ImageStore::System, options.image.clone()));
        Self { node, options, version, step }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) async fn next(&mut self) -> Result<Preparation> {
        match &mut self.step {
            Step::Pulling(pull) => {
                // A pull ends with the name or with an error.
                let progress =
                    pull.try_next().await?.ok_or_else(|| malformed("the pull ended without a name"))?;
                if let PullProgress::Pulled { name } = &progress {
                    self.step = Step::Installing(self.node.run_upgrade(ImageStore::System, name));
                }
                Ok(Preparation::Goes(Progress::Pull(progress)))
            }
            Step::Installing(installer) => Ok(match installer.try_next().await? {
                Some(line) => Preparation::Goes(Progress::Installer(line)),
                None => Preparation::Ready,
            }),
        }
    }

    /// Reboots into what the installer wrote.
    pub(crate) async fn reboot(&mut self) -> Result<Follower> {
        let options = RebootOptions::default().with_mode(self.options.reboot);
        let follower = self.node.begin_reboot(options).await?;
        Ok(follower.expecting(self.version.clone(), self.options.version()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_on_the_way() {
        for (version, lifecycle) in [
            ("v1.9.6", false),
            ("v1.12.99", false),
            ("v1.13.0-alpha.0", false),
            ("v1.13.0-alpha.2", false),
            ("v1.13.0-alpha.3", true),
            ("v1.13.0-beta.0", true),
            ("v1.13.0", true),
            ("v1.14.0-alpha.0", true),
            ("v2.0.0", false),
        ] {
            assert_eq!(has_lifecycle(&version.parse().unwrap()), lifecycle, "{version}");
        }
    }

    #[test]
    fn a_tag_promises_a_version() {
        let version = |image: &str| UpgradeOptions::new(image).version().map(|version| version.to_string());
        assert_eq!(version("ghcr.io/siderolabs/installer:v1.13.9").as_deref(), Some("v1.13.9"));
        assert_eq!(
            version("registry:5000/installer:v1.14.0-rc.1@sha256:00").as_deref(),
            Some("v1.14.0-rc.1")
        );
        assert_eq!(version("registry:5000/installer"), None);
        assert_eq!(version("installer:latest"), None);
    }
}
