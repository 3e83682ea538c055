//! Receivers of events and logs.

use talos_machineconfig_derive::Fields;

use crate::types::Url;

/// A receiver of events.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EventSinkConfig", since = "1.5")]
pub struct EventSinkConfig {
    /// Host and port.
    #[config(always)]
    pub endpoint: String,
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
