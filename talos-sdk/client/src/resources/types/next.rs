//! Types of versions after 1.14, whose messages are not in `talos-proto` yet.

use talos_proto::talos::resource::definitions::containers::{
    ContainerNetworkSpec, ContainerResourcesSpec, ContainerRunAsSpec, ContainerSecuritySpec,
};

/// The image of a container.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerImageStatusSpec {
    /// What is done with it.
    #[prost(enumeration = "ContainerImagePhase", tag = "1")]
    pub phase: i32,
    /// The reference that was asked for.
    #[prost(string, tag = "2")]
    pub image: String,
    /// What it stood for.
    #[prost(string, tag = "3")]
    pub digest: String,
    /// Why it failed.
    #[prost(string, tag = "4")]
    pub error: String,
}

/// What is done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ContainerImagePhase {
    /// Nothing yet.
    Pending = 0,
    /// It is downloaded.
    Pulling = 1,
    /// It is there.
    Ready = 2,
    /// It could not be had.
    Failed = 3,
}

/// A container that is to run now.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerInstanceSpecSpec {
    /// The container that this is an instance of.
    #[prost(string, tag = "1")]
    pub container_id: String,
    /// Grows with each change of the container.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// The image, by its digest.
    #[prost(string, tag = "3")]
    pub image: String,
    /// Instead of the entry point of the image.
    #[prost(string, repeated, tag = "4")]
    pub entrypoint: Vec<String>,
    /// Instead of the arguments of the image.
    #[prost(string, repeated, tag = "5")]
    pub args: Vec<String>,
    /// Instead of the working directory of the image.
    #[prost(string, tag = "6")]
    pub working_dir: String,
    /// User and group.
    #[prost(message, optional, tag = "7")]
    pub run_as: Option<ContainerRunAsSpec>,
    /// `KEY=value`.
    #[prost(string, repeated, tag = "8")]
    pub environment: Vec<String>,
    /// What is mounted.
    #[prost(message, repeated, tag = "9")]
    pub mounts: Vec<ResolvedMountSpec>,
    /// Privileges.
    #[prost(message, optional, tag = "10")]
    pub security: Option<ContainerSecuritySpec>,
    /// The network.
    #[prost(message, optional, tag = "11")]
    pub network: Option<ContainerNetworkSpec>,
    /// Limits.
    #[prost(message, optional, tag = "12")]
    pub resources: Option<ContainerResourcesSpec>,
}

/// A mount of a container whose source is known.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResolvedMountSpec {
    /// The kind of mount.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// What is mounted.
    #[prost(string, tag = "2")]
    pub source: String,
    /// Where it is mounted.
    #[prost(string, tag = "3")]
    pub destination: String,
    /// Bytes, for mounts in memory.
    #[prost(uint64, tag = "4")]
    pub size: u64,
    /// Options of the mount.
    #[prost(string, repeated, tag = "5")]
    pub options: Vec<String>,
}

/// How far the clock is trusted by time servers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NtpStatusSpec {
    /// The last answer was so far off that it was not believed.
    #[prost(bool, tag = "1")]
    pub spike_detected: bool,
    /// How many answers in a row were.
    #[prost(int64, tag = "2")]
    pub consecutive_spikes: i64,
}

super::message_types! {
    ContainerImageStatusSpec = "ContainerImageStatuses.containers.talos.dev" in "containers", since 15;
    ContainerInstanceSpecSpec = "ContainerInstanceSpecs.containers.talos.dev" in "containers", since 15;
    NtpStatusSpec = "NTPStatuses.v1alpha1.talos.dev" in "runtime", since 15, id "node";
}
