//! Containers beside Kubernetes.

mod config;

pub use config::{
    ContainerCapabilities, ContainerConfig, ContainerDependsOn, ContainerMount, ContainerNetwork,
    ContainerResourceLimits, ContainerResources, ContainerRunAs, ContainerSecurity, HostPathMount,
    TmpfsMount, UserVolumeMount,
};
