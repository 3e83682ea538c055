//! Containers that Talos runs beside Kubernetes.

use std::collections::BTreeSet;

use talos_machineconfig_derive::Fields;

use crate::types::size::parse_bytes;
use crate::validate::image::{Reference, parse_reference};
use crate::validate::kubernetes::one_of;
use crate::validate::{Findings, Rules};

/// Longest name of a container.
const LONGEST_NAME: usize = 63;
const MOUNT_OPTIONS: [&str; 8] = ["ro", "rw", "noexec", "nosuid", "nodev", "noatime", "rbind", "rshared"];
const PROFILES: [&str; 2] = ["restricted", "privileged"];
const NETWORK_MODES: [&str; 2] = ["none", "host"];
const NETWORK_STATES: [&str; 4] = ["addresses", "connectivity", "hostname", "etcfiles"];
/// Stands for every capability.
const ALL: &str = "ALL";

/// A container that Talos runs beside Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ContainerConfig", since = "1.14")]
pub struct ContainerConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Image.
    #[config(always)]
    pub image: String,
    /// Program and first arguments.
    pub entrypoint: Vec<String>,
    /// Further arguments.
    pub args: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// User and group.
    pub run_as: Option<ContainerRunAs>,
    /// Environment variables, `KEY=value`.
    pub environment: Vec<String>,
    /// Mounts.
    pub mounts: Vec<ContainerMount>,
    /// Restrictions.
    pub security: Option<ContainerSecurity>,
    /// Network.
    pub network: Option<ContainerNetwork>,
    /// Resources.
    pub resources: Option<ContainerResources>,
    /// What has to be there before it starts.
    pub depends_on: Option<ContainerDependsOn>,
}

/// User and group of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerRunAs {
    /// User id.
    pub uid: Option<i32>,
    /// Group id.
    pub gid: Option<i32>,
}

/// A mount of a container; one of the kinds.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerMount {
    /// A user volume.
    pub user_volume: Option<UserVolumeMount>,
    /// A file system in memory.
    pub tmpfs: Option<TmpfsMount>,
    /// A path of the host.
    pub host_path: Option<HostPathMount>,
}

/// A user volume in a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct UserVolumeMount {
    /// Name of the volume.
    #[config(always)]
    pub name: String,
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// A file system in memory.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct TmpfsMount {
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Most bytes.
    pub size: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// A path of the host in a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct HostPathMount {
    /// Path on the host.
    #[config(always)]
    pub source: String,
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// Restrictions of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerSecurity {
    /// Profile.
    pub profile: String,
    /// Capabilities.
    pub capabilities: Option<ContainerCapabilities>,
}

/// Capabilities of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerCapabilities {
    /// Capabilities it gets.
    pub add: Vec<String>,
    /// Capabilities it loses.
    pub drop: Vec<String>,
}

/// Network of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerNetwork {
    /// `none` or `host`.
    pub mode: String,
}

/// Resources of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerResources {
    /// What it may use.
    pub limits: Option<ContainerResourceLimits>,
}

/// What a container may use.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerResourceLimits {
    /// CPU.
    pub cpu: String,
    /// Memory.
    pub memory: String,
}

/// What has to be there before a container starts.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerDependsOn {
    /// Paths.
    pub paths: Vec<String>,
    /// States of the network.
    pub networks: Vec<String>,
    /// Whether the clock has to be set.
    pub time: Option<bool>,
    /// Other containers.
    pub containers: Vec<String>,
}

impl Rules for ContainerConfig {
    fn check(&self, found: &mut Findings) {
        self.check_name(found);
        self.check_image(found);
        found.each("environment", &self.environment, |variable, found| {
            if !variable.contains('=') {
                found.error("", "this sets no value: write KEY=value");
            }
        });
        self.check_mounts(found);
        if let Some(security) = &self.security {
            found.within("security", |found| security.check(found));
        }
        let mode = self.network.as_ref().map_or("", |network| network.mode.as_str());
        check_word("network.mode", "network mode", mode, &NETWORK_MODES, found);
        if let Some(limits) = self.resources.as_ref().and_then(|resources| resources.limits.as_ref()) {
            found.within("resources", |found| found.within("limits", |found| limits.check(found)));
        }
        if let Some(depends_on) = &self.depends_on {
            found.within("dependsOn", |found| depends_on.check(found));
        }
        let run_as = self.run_as.as_ref();
        for (keys, id) in
            [("runAs.uid", run_as.and_then(|ids| ids.uid)), ("runAs.gid", run_as.and_then(|ids| ids.gid))]
        {
            if id.is_some_and(|id| id < 0) {
                found.error(keys, "an id can't be negative: write 0 or more");
            }
        }
    }
}

impl ContainerConfig {
    fn check_name(&self, found: &mut Findings) {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        found.require("name", &self.name, "a name of lower-case letters, digits and -");
        if self.name.len() > LONGEST_NAME {
            let length = self.name.len();
            found.error("name", format!("the name is {length} bytes long: write at most {LONGEST_NAME}"));
        } else if !self.name.bytes().all(is_allowed) {
            found.error("name", "the name can only have lower-case letters, digits and -");
        }
    }

    fn check_image(&self, found: &mut Findings) {
        if self.image.is_empty() {
            found.missing("image", "the image to run, such as docker.io/library/nginx:1.27");
            return;
        }
        match parse_reference(&self.image) {
            Err(problem) => found.error("image", problem),
            Ok(Reference::Tag) => {
                found.warn("image", "a tag may mean another image after a restart: add @sha256:… to fix it");
            }
            Ok(Reference::Digest) => {}
        }
    }

    fn check_mounts(&self, found: &mut Findings) {
        let mut taken = BTreeSet::new();
        found.each("mounts", &self.mounts, |mount, found| {
            let (key, destination) = match (&mount.user_volume, &mount.tmpfs, &mount.host_path) {
                (Some(volume), None, None) => ("userVolume", &volume.destination),
                (None, Some(tmpfs), None) => ("tmpfs", &tmpfs.destination),
                (None, None, Some(path)) => ("hostPath", &path.destination),
                _ => {
                    found.error("", "write exactly one of userVolume, tmpfs and hostPath");
                    return;
                }
            };
            found.within(key, |found| {
                if mount.check(found) && !taken.insert(destination) {
                    found.error("destination", "something else is mounted there: choose another path");
                }
            });
        });
    }
}

impl ContainerMount {
    /// Checks what there is of the kinds, and says whether it is right.
    fn check(&self, found: &mut Findings) -> bool {
        let mut is_right = true;
        if let Some(volume) = &self.user_volume {
            found.require("name", &volume.name, "the name of the user volume");
            is_right &= !volume.name.is_empty();
            is_right &= check_path("destination", &volume.destination, found);
            is_right &= check_mount_options(&volume.options, found);
        }
        if let Some(tmpfs) = &self.tmpfs {
            is_right &= check_path("destination", &tmpfs.destination, found);
            is_right &= check_mount_options(&tmpfs.options, found);
        }
        if let Some(path) = &self.host_path {
            is_right &= check_path("source", &path.source, found);
            is_right &= check_path("destination", &path.destination, found);
            is_right &= check_mount_options(&path.options, found);
        }
        is_right
    }
}

fn check_path(keys: &str, path: &str, found: &mut Findings) -> bool {
    let is_right = path.starts_with('/');
    if !is_right {
        found.error(keys, "write a path that starts with /");
    }
    is_right
}

fn check_mount_options(options: &[String], found: &mut Findings) -> bool {
    let mut is_right = true;
    found.each("options", options, |option, found| {
        if !MOUNT_OPTIONS.contains(&option.as_str()) {
            found.error("", one_of("mount option", option, &MOUNT_OPTIONS));
            is_right = false;
        }
    });
    if ["ro", "rw"].iter().all(|mode| options.iter().any(|option| option == mode)) {
        found.error("options", "ro and rw are both there: remove one of the two");
        is_right = false;
    }
    is_right
}

/// Checks that `word` is one of those known, or empty.
fn check_word(keys: &str, what: &str, word: &str, known: &[&str], found: &mut Findings) {
    if !word.is_empty() && !known.contains(&word) {
        found.error(keys, one_of(what, word, known));
    }
}

impl ContainerSecurity {
    fn check(&self, found: &mut Findings) {
        check_word("profile", "profile", &self.profile, &PROFILES, found);
        let Some(capabilities) = &self.capabilities else { return };
        found.within("capabilities", |found| {
            found.each("add", &capabilities.add, |name, found| {
                if name == ALL {
                    found.error("", "all capabilities can't be added: write profile: privileged instead");
                } else {
                    check_capability(name, found);
                }
                if capabilities.drop.contains(name) {
                    found.error("", "it is in drop too: remove it from one of the two");
                }
            });
            found.each("drop", &capabilities.drop, |name, found| {
                if name != ALL {
                    check_capability(name, found);
                }
            });
        });
    }
}

fn check_capability(name: &str, found: &mut Findings) {
    let is_allowed = |b: u8| b.is_ascii_uppercase() || b == b'_';
    if name.is_empty() || name.starts_with("CAP_") || !name.bytes().all(is_allowed) {
        found.error("", "write a capability in capitals and without CAP_, such as NET_ADMIN");
    }
}

impl ContainerResourceLimits {
    fn check(&self, found: &mut Findings) {
        if !self.memory.is_empty()
            && let Err(error) = parse_bytes(&self.memory)
        {
            found.error("memory", error.to_string());
        }
        let digits = self.cpu.strip_suffix('m').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let cpu: Option<u64> = digits.and_then(|digits| digits.parse().ok());
        if !self.cpu.is_empty() && cpu.is_none_or(|cpu| cpu == 0) {
            found.error("cpu", "write thousandths of a CPU, such as 1500m");
        }
    }
}

impl ContainerDependsOn {
    /// Checks all but `containers`, which can only be judged with the other documents.
    fn check(&self, found: &mut Findings) {
        found.each("paths", &self.paths, |path, found| {
            check_path("", path, found);
        });
        found.each("networks", &self.networks, |state, found| {
            if !NETWORK_STATES.contains(&state.as_str()) {
                found.error("", one_of("state of the network", state, &NETWORK_STATES));
            }
        });
    }
}
