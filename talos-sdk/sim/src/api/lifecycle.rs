//! Putting a version of Talos on the disk: installation, both forms of upgrades, and the way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use talos_proto::machine::lifecycle_service_install_progress::Response;
use talos_proto::machine::{self, LifecycleServiceInstallProgress as Progress};
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::images::{Reference, Store};
use crate::node::uuid;
use crate::run::{Next, Run};
use crate::version::TalosVersion;

/// What an installer ends with.
mod exit {
    pub(super) const SUCCESS: i32 = 0;
    /// It cannot go from the version that runs to its own.
    pub(super) const UNSUPPORTED: i32 = 3;
    /// It began and could not finish.
    pub(super) const INSTALL: i32 = 7;
}

/// An installer carries its version in its tag; an image without one is broken.
fn version_of(reference: &Reference) -> Option<TalosVersion> {
    reference.tag.as_deref()?.parse().ok()
}

/// How the installer of `new` ends on a machine that runs `old`.
fn verdict(old: &TalosVersion, new: Option<&TalosVersion>) -> i32 {
    match new {
        None => exit::INSTALL,
        // A version comes after the two before it, or before the one after it.
        Some(new) if old.minor() + 2 < new.minor() || new.minor() + 1 < old.minor() => exit::UNSUPPORTED,
        Some(_) => exit::SUCCESS,
    }
}

/// Holds the place of the one installer that may run.
struct Installing(Arc<Run>);

impl Installing {
    fn begin(run: &Arc<Run>) -> Result<Self, Status> {
        let busy = || Status::failed_precondition("another installation or upgrade is going on");
        let free = run.installing.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire);
        free.map(|_| Self(run.clone())).map_err(|_| busy())
    }
}

impl Drop for Installing {
    fn drop(&mut self) {
        AtomicBool::store(&self.0.installing, false, Ordering::Release);
    }
}

/// The installer that a caller names, which must be in the store already.
fn installer(
    run: &Run,
    containerd: Option<&talos_proto::common::ContainerdInstance>,
    source: Option<machine::InstallArtifactsSource>,
) -> Result<Option<TalosVersion>, Status> {
    let name = source.unwrap_or_default().image_name;
    if name.is_empty() {
        return Err(Status::invalid_argument("the image of the installer is missing"));
    }
    let missing = |why: &str| Status::internal(format!("cannot run the installer {name:?}: {why}"));
    let store = Store::of_instance(containerd).map_err(|status| missing(status.message()))?;
    run.images(store, |names| {
        let found = names.get(&name).ok_or_else(|| missing("it was not pulled"))?;
        // A name that is only a digest leads to the tag by way of the names beside it.
        let same = names.iter().filter(|(_, image)| image.digest == found.digest);
        let references = same.filter_map(|(name, _)| Reference::parse(name).ok());
        Ok(references.filter_map(|reference| version_of(&reference)).next())
    })
}

/// Runs the installer while the caller listens, and tells what it says.
fn run_installer(
    cx: &Context<'_>,
    installing: Installing,
    disk: &str,
    version: Option<TalosVersion>,
    done: fn(&Run, TalosVersion),
) -> impl futures_core::Stream<Item = Progress> + Send + use<> {
    let code = match cx.run.node.disk().installed {
        true => verdict(&cx.run.version, version.as_ref()),
        false => verdict(&cx.run.version, version.as_ref().map(|_| &cx.run.version)),
    };
    let lost = cx.lost();
    let message = |text: String| Progress { response: Some(Response::Message(text)) };
    let first = vec![
        message(format!("installing to {disk}")),
        message(match &version {
            Some(version) => format!("installer of Talos {version}"),
            None => "the installer is broken: it has no version".to_owned(),
        }),
    ];
    let last = async move {
        let run = &installing.0;
        run.sleep(run.node.world.pace.install).await;
        if let Some(version) = version.filter(|_| code == exit::SUCCESS && !lost) {
            done(run, version);
        }
        Progress { response: Some(Response::ExitCode(code)) }
    };
    stream::iter(first).chain(stream::once(last))
}

pub(super) fn install(
    cx: &Context<'_>,
    request: machine::LifecycleServiceInstallRequest,
) -> Result<Answer, Status> {
    let installing = Installing::begin(cx.run)?;
    cx.not_in_container()?;
    if cx.run.node.disk().installed {
        return Err(Status::already_exists("Talos is installed already"));
    }
    let version = installer(cx.run, request.containerd.as_ref(), request.source)?;
    let disk = request.destination.unwrap_or_default().disk;
    if disk.is_empty() {
        return Err(Status::invalid_argument("the disk to install to is missing"));
    }
    if !cx.run.node.disk().storage.disks.iter().any(|known| known.path() == disk) {
        return Err(Status::invalid_argument(format!("there is no disk {disk:?}")));
    }
    let done = |run: &Run, version: TalosVersion| {
        let mut disk = run.node.disk();
        disk.installed = true;
        disk.version = version;
    };
    let progress = run_installer(cx, installing, &disk, version, done);
    Ok(Answer::many(
        progress.map(|progress| Ok(machine::LifecycleServiceInstallResponse { progress: Some(progress) })),
    ))
}

pub(super) fn upgrade(
    cx: &Context<'_>,
    request: machine::LifecycleServiceUpgradeRequest,
) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let installing = Installing::begin(cx.run)?;
    if !cx.run.node.disk().installed {
        return Err(Status::failed_precondition("Talos is not installed"));
    }
    let version = installer(cx.run, request.containerd.as_ref(), request.source)?;
    let progress = run_installer(cx, installing, "/dev/vda", version, replace);
    Ok(Answer::many(
        progress.map(|progress| Ok(machine::LifecycleServiceUpgradeResponse { progress: Some(progress) })),
    ))
}

/// Makes `version` the one that boots next, and the one that runs the one to come back to.
fn replace(run: &Run, version: TalosVersion) {
    let mut disk = run.node.disk();
    disk.previous = Some(run.version.clone());
    disk.version = version;
}

/// The upgrade of Talos up to 1.12, which later ones still serve: it pulls, installs and reboots on its own.
pub(super) fn upgrade_early(cx: &Context<'_>, request: machine::UpgradeRequest) -> Result<Answer, Status> {
    let run = cx.run;
    cx.not_in_container()?;
    if !run.node.disk().installed {
        return Err(Status::failed_precondition("Talos is not installed"));
    }
    let version = Reference::parse(&request.image).ok().as_ref().and_then(version_of);
    let version = version.filter(|version| verdict(&run.version, Some(version)) == exit::SUCCESS);
    let version = version
        .ok_or_else(|| Status::unknown(format!("{:?} is no installer for this machine", request.image)))?;
    let control_plane = run.config().is_some_and(|config| config.control_plane);
    if control_plane && !request.force && !request.preserve {
        check_etcd(run)?;
    }
    let actor_id = uuid(&mut run.node.rng());
    if !cx.lost() {
        let actor = actor_id.clone();
        if !run.end(Next::Upgrade { actor, version, stage: request.stage }) {
            return Err(Status::failed_precondition("the machine is going down already"));
        }
    }
    let reply = machine::Upgrade { metadata: None, ack: "the upgrade begins".to_owned(), actor_id };
    Ok(Answer::one(&machine::UpgradeResponse { messages: vec![reply] }))
}

/// Refuses to take a member away if etcd could not go on without it.
fn check_etcd(run: &Run) -> Result<(), Status> {
    let membership = run.node.disk().etcd.as_ref().map(|membership| membership.cluster);
    let members = run
        .cluster()
        .zip(membership)
        .map(|(cluster, id)| cluster.etcd(id).map_or(0, |etcd| etcd.members.len()));
    match members {
        Some(2) => Err(Status::unknown("etcd has two members and would lose its quorum")),
        Some(_) if run.services.healthy("etcd") => Ok(()),
        _ => Err(Status::unknown("etcd is not healthy")),
    }
}

/// Boots what ran before the last upgrade.
pub(super) fn rollback(cx: &Context<'_>) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let previous = cx.run.node.disk().previous.clone();
    let previous = previous.ok_or_else(|| Status::unknown("there is no other version on the disk"))?;
    if !cx.lost() {
        replace(cx.run, previous);
        cx.run.end(Next::Reboot { actor: String::new(), force: false });
    }
    let reply = machine::Rollback { metadata: None };
    Ok(Answer::one(&machine::RollbackResponse { messages: vec![reply] }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_installer_knows_what_it_follows() {
        for (old, new, code) in [
            ("v1.13.9", "v1.14.0", exit::SUCCESS),
            ("v1.13.9", "v1.13.9", exit::SUCCESS),
            ("v1.13.9", "v1.12.0", exit::SUCCESS),
            ("v1.13.9", "v1.11.0", exit::UNSUPPORTED),
            ("v1.11.0", "v1.13.9", exit::SUCCESS),
            ("v1.10.0", "v1.13.9", exit::UNSUPPORTED),
        ] {
            let (old, new) = (old.parse().unwrap(), new.parse().unwrap());
            assert_eq!(verdict(&old, Some(&new)), code, "{old} to {new}");
        }
        assert_eq!(verdict(&TalosVersion::default(), None), exit::INSTALL);
    }
}
