//! The images that a machine's containerd keeps.

use std::collections::BTreeMap;
use std::time::SystemTime;

use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use tonic::Status;

/// One image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) digest: String,
    /// Bytes.
    pub(crate) size: i64,
    pub(crate) created: SystemTime,
}

/// Images by their names.
pub(crate) type Names = BTreeMap<String, Image>;

/// Which containerd, and which namespace of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// The containerd that starts first and keeps its images in memory.
    InMemory,
    /// The system namespace of the CRI's containerd: the kubelet, etcd, installers.
    System,
    /// Kubernetes' namespace of the CRI's containerd.
    Cri,
}

impl Store {
    /// The store that a caller names with a driver and a namespace.
    pub(crate) fn of_instance(instance: Option<&ContainerdInstance>) -> Result<Self, Status> {
        let instance = instance.cloned().unwrap_or_default();
        match (instance.driver(), instance.namespace()) {
            (ContainerDriver::Containerd, ContainerdNamespace::NsSystem) => Ok(Self::InMemory),
            (ContainerDriver::Cri, ContainerdNamespace::NsSystem) => Ok(Self::System),
            (ContainerDriver::Cri, ContainerdNamespace::NsCri) => Ok(Self::Cri),
            (driver, namespace) => Err(Status::invalid_argument(format!(
                "driver {} has no namespace {}",
                driver.as_str_name(),
                namespace.as_str_name()
            ))),
        }
    }

    /// The store that a caller of the older methods names.
    pub(crate) fn of_namespace(namespace: i32) -> Result<Self, Status> {
        match ContainerdNamespace::try_from(namespace) {
            Ok(ContainerdNamespace::NsSystem) => Ok(Self::System),
            Ok(ContainerdNamespace::NsCri) => Ok(Self::Cri),
            _ => Err(Status::invalid_argument(format!("there is no namespace number {namespace}"))),
        }
    }
}

/// The images that last over reboots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Images {
    pub(crate) system: Names,
    pub(crate) cri: Names,
}

/// A reference to an image in full: `registry/repository:tag` or `registry/repository@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Registry and repository.
    pub(crate) repository: String,
    pub(crate) tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Reads what a person writes, `alpine` or `ghcr.io/siderolabs/installer:v1.13.9`.
    pub(crate) fn parse(text: &str) -> Result<Self, Status> {
        let wrong = |why: &str| Status::unknown(format!("{text:?} is no image reference: {why}"));
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (text, None),
        };
        if digest.as_ref().is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("its digest is malformed"));
        }
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (name, None),
        };
        let tag_ok = |tag: &String| {
            !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if tag.as_ref().is_some_and(|tag| !tag_ok(tag)) {
            return Err(wrong("its tag is malformed"));
        }
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        let part_ok = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        };
        if name.is_empty() || !path.split('/').all(part_ok) {
            return Err(wrong("its name is malformed"));
        }
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { repository: format!("{registry}/{path}"), tag, digest })
    }

    /// The name under which containerd keeps it.
    pub(crate) fn name(&self) -> String {
        let mut name = self.repository.clone();
        if let Some(tag) = &self.tag {
            name = format!("{name}:{tag}");
        }
        if let Some(digest) = &self.digest {
            name = format!("{name}@{digest}");
        }
        name
    }

    /// The digest that it names, or the one that the simulated registry gives this name.
    pub(crate) fn digest(&self) -> String {
        self.digest.clone().unwrap_or_else(|| sha256(self.name().as_bytes()))
    }

    /// The same image by its digest alone.
    pub(crate) fn pinned(&self) -> String {
        match &self.digest {
            Some(_) => self.name(),
            None => format!("{}@{}", self.repository, self.digest()),
        }
    }
}

impl Image {
    /// What the simulated registry has under this name.
    pub(crate) fn pulled(reference: &Reference, now: SystemTime) -> Self {
        let digest = reference.digest();
        // Between 16 and 32 MiB, and always the same for the same image.
        let size = digest.bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % (16 << 20));
        Self { digest, size: size + (16 << 20), created: now }
    }
}

/// Pulls an image: it is known by its name and by its digest then. Says whether it was there before.
pub(crate) fn pull(names: &mut Names, reference: &Reference, now: SystemTime) -> bool {
    let known = names.contains_key(&reference.name());
    if !known {
        let image = Image::pulled(reference, now);
        names.insert(reference.pinned(), image.clone());
        names.insert(reference.name(), image);
    }
    known
}

/// A digest as registries write it.
pub(crate) fn sha256(data: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    digest.as_ref().iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, name) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("siderolabs/x:1", "docker.io/siderolabs/x:1"),
            ("localhost/x", "localhost/x:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("ghcr.io/siderolabs/installer:v1.13.9", "ghcr.io/siderolabs/installer:v1.13.9"),
        ] {
            assert_eq!(Reference::parse(text).unwrap().name(), name);
        }
        for text in ["", "UPPER", "a:", "a@sha256:1", "a//b", "a b"] {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        let pinned = Reference::parse("alpine").unwrap().pinned();
        assert!(pinned.starts_with("docker.io/library/alpine@sha256:"), "{pinned}");
        assert_eq!(Reference::parse(&pinned).unwrap().pinned(), pinned);
    }
}
