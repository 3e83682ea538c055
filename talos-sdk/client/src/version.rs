//! What runs on a machine.

use talos_proto::machine;

use crate::{Node, Result};

/// The version of Talos, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The release, such as `v1.13.9`.
    pub tag: String,
    /// The commit it was built from.
    pub sha: String,
    /// When it was built, as the build wrote it.
    pub built: String,
    /// The Go version it was built with.
    pub go_version: String,
    /// The operating system, `linux`.
    pub os: String,
    /// The architecture: `amd64` or `arm64`.
    pub arch: String,
    /// Where the machine runs, such as `openstack` or `metal`.
    pub platform: String,
    /// How the machine runs: `cloud`, `metal`, `container` or `metal-agent`.
    pub mode: String,
    /// Whether roles are enforced.
    pub rbac: bool,
}

impl Node {
    /// What runs on the machine (`machine.MachineService/Version`, any role).
    ///
    /// The cheapest call there is, and so the one to find out whether a machine answers.
    pub async fn version(&self) -> Result<Version> {
        let reply = self.call((), |raw, request| async move { raw.machine().version(request).await }).await?;
        let machine::Version { version, platform, features, .. } = reply.single()?;
        let version = version.unwrap_or_default();
        let platform = platform.unwrap_or_default();
        self.note_version(&version.tag);
        Ok(Version {
            tag: version.tag,
            sha: version.sha,
            built: version.built,
            go_version: version.go_version,
            os: version.os,
            arch: version.arch,
            platform: platform.name,
            mode: platform.mode,
            rbac: features.unwrap_or_default().rbac,
        })
    }
}
