//! Network documents.

mod hostname;
mod kubespan;

pub use hostname::{AutoHostnameKind, HostnameConfig};
pub use kubespan::{KubeSpanConfig, KubeSpanFiltersConfig};
