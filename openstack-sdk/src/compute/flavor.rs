//! Flavors: sizes of servers.

use serde::Deserialize;

/// A size of servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Flavor {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Processors.
    pub vcpus: u32,
    /// Memory in MiB.
    pub ram: u64,
    /// The disk in GiB; 0 for one as large as the image.
    pub disk: u64,
    /// Whether every project may use it.
    #[serde(default, rename = "os-flavor-access:is_public")]
    pub is_public: bool,
}
