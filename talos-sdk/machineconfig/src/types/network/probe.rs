//! Probes of connectivity.

use talos_machineconfig_derive::Fields;

use crate::types::{Duration, Url};

/// A probe that opens a TCP connection.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "TCPProbeConfig", since = "1.13")]
pub struct TcpProbeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// What every probe has.
    #[config(inline)]
    pub probe: CommonProbeConfig,
    /// Host and port.
    #[config(always)]
    pub endpoint: String,
    /// Time after which it fails.
    pub timeout: Duration,
}

/// A probe that sends an HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "HTTPProbeConfig", since = "1.14")]
pub struct HttpProbeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// What every probe has.
    #[config(inline)]
    pub probe: CommonProbeConfig,
    /// URL.
    #[config(always)]
    pub url: Url,
    /// Time after which it fails.
    pub timeout: Duration,
}

/// What every probe has.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct CommonProbeConfig {
    /// Interval of tries.
    pub interval: Duration,
    /// Failures in a row before it counts as failed.
    pub failure_threshold: i64,
}
