//! Where a machine keeps container images.

use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};

/// One of the places where a machine keeps container images: an instance of containerd and a namespace in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageStore {
    /// Images of the system on the disk of the machine, where installers are pulled to.
    System,
    /// Images of the system in memory, which a machine has before it has a disk. From Talos 1.13.
    InMemory,
    /// Images of Kubernetes.
    Kubernetes,
}

impl ImageStore {
    pub(crate) fn instance(self) -> ContainerdInstance {
        let (driver, namespace) = match self {
            Self::System => (ContainerDriver::Cri, ContainerdNamespace::NsSystem),
            Self::InMemory => (ContainerDriver::Containerd, ContainerdNamespace::NsSystem),
            Self::Kubernetes => (ContainerDriver::Cri, ContainerdNamespace::NsCri),
        };
        ContainerdInstance { driver: driver.into(), namespace: namespace.into() }
    }

    /// How calls from before 1.13 say it, as far as they can.
    pub(crate) fn namespace(self) -> Option<ContainerdNamespace> {
        match self {
            Self::System => Some(ContainerdNamespace::NsSystem),
            Self::InMemory => None,
            Self::Kubernetes => Some(ContainerdNamespace::NsCri),
        }
    }
}
