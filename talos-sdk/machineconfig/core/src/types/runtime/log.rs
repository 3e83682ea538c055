//! Receivers of events and logs.

use talos_machineconfig_derive::Fields;

use crate::types::Url;
use crate::validate::address::is_host_and_port;
use crate::validate::{Findings, Rules};

/// A receiver of events.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EventSinkConfig", since = "1.5")]
pub struct EventSinkConfig {
    /// Host and port.
    #[config(always)]
    pub endpoint: String,
}

impl Rules for EventSinkConfig {
    fn check(&self, found: &mut Findings) {
        if !is_host_and_port(&self.endpoint) {
            found.error("endpoint", "write host and port, such as 10.0.0.1:3247 or [fd00::1]:3247");
        }
    }
}

/// A receiver of the kernel log.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KmsgLogConfig", since = "1.5")]
pub struct KmsgLogConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// `tcp://` or `udp://` URL.
    #[config(always)]
    pub url: Url,
}

impl Rules for KmsgLogConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "a name for the receiver");
        if !matches!(self.url.scheme(), "tcp" | "udp") {
            found.error("url", "write a URL that starts with tcp:// or udp://");
        } else if !matches!(self.url.path(), "" | "/") {
            found.error("url", "the URL has a path: remove it");
        } else if self.url.port().is_empty() {
            found.error("url", "the URL has no port: write one such as udp://10.0.0.1:3478");
        }
    }
}
