//! Probes of connectivity.

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::types::{Duration, Url};
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

const PROBE_NAME: &str = "the name of the probe";

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

impl Rules for TcpProbeConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, PROBE_NAME);
        found.require("endpoint", &self.endpoint, "host and port, such as proxy.example:3128");
        check_not_negative("timeout", self.timeout, found);
        self.probe.check(found);
    }
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

impl Rules for HttpProbeConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, PROBE_NAME);
        if self.url.is_zero() {
            found.missing("url", "what to ask for, such as https://example.com/healthz");
        } else if !matches!(self.url.scheme(), "http" | "https") {
            found.error("url", "the URL must start with http:// or https://");
        } else if self.url.host().is_empty() {
            found.error("url", "the URL has no host: write one such as https://example.com/healthz");
        }
        check_not_negative("timeout", self.timeout, found);
        self.probe.check(found);
    }
}

/// What every probe has.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct CommonProbeConfig {
    /// Interval of tries.
    pub interval: Duration,
    /// Failures in a row before it counts as failed.
    pub failure_threshold: i64,
}

impl CommonProbeConfig {
    fn check(&self, found: &mut Findings) {
        check_not_negative("interval", self.interval, found);
        if self.failure_threshold < 0 {
            found.error("failureThreshold", "it can't be negative: write a number of failures");
        }
    }
}
