//! How a client behaves.

use std::sync::Arc;
use std::time::Duration;

use talos_pki::{Certificate, Clock, SystemClock};

use crate::{Dialer, SideroV1Signer};

/// How a [`Client`](crate::Client) connects and calls.
///
/// ```
/// # use std::time::Duration;
/// # use talos_client::ClientOptions;
/// let options = ClientOptions::default().with_context("prod").with_call_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The context to use instead of the current one.
    pub context: Option<String>,
    /// Endpoints to use instead of those of the context.
    pub endpoints: Vec<String>,
    /// How long to look up, connect and shake hands with one endpoint; 10 s by default.
    pub connect_timeout: Duration,
    /// How long a call with a single reply, a list or a kubeconfig may take, connecting included, and how long events
    /// and watches may take to begin; 60 s by default, `None` for no limit.
    ///
    /// Once they began, streams have no limit but the one of [`Node::with_timeout`](crate::Node::with_timeout).
    pub call_timeout: Option<Duration>,
    /// The largest message that is accepted, in bytes; 32 MiB by default, which is what Talos sends at most.
    pub max_message_size: usize,
    /// How many nodes are asked at once by [`Nodes::each`](crate::Nodes::each); 64 by default.
    pub concurrency: usize,
    /// What tells the time when certificates are checked.
    pub clock: Arc<dyn Clock>,
    /// How long a connection without calls is kept; 30 minutes by default, `None` for as long as it lasts.
    pub idle_timeout: Option<Duration>,
    /// The proxy to use instead of the `proxy-url` of the context: `direct` for none, or `socks5://`, `http://` or
    /// `https://` with host, port and, if need be, user and password.
    ///
    /// Where neither names one, the environment decides at every connection: `HTTPS_PROXY`, then `ALL_PROXY`, except
    /// for `NO_PROXY` and this machine itself, all read as Go reads them.
    pub proxy_url: Option<String>,
    /// Who may issue the certificate of an `https://` proxy; none stands for the authorities of the system.
    pub proxy_authorities: Vec<Certificate>,
    /// Connects in a way of the caller's own; no proxy is used then.
    pub dialer: Option<Dialer>,
    /// Signs the calls, for a context with `auth.siderov1`.
    pub signer: Option<SideroV1Signer>,
    /// Where to look for a key for a context with `auth.siderov1`, if there is no signer.
    #[cfg(feature = "siderov1")]
    pub siderov1_keys: Option<crate::SideroV1Keys>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            context: None,
            endpoints: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            call_timeout: Some(Duration::from_secs(60)),
            max_message_size: 32 << 20,
            concurrency: 64,
            clock: Arc::new(SystemClock),
            idle_timeout: Some(Duration::from_secs(30 * 60)),
            proxy_url: None,
            proxy_authorities: Vec::new(),
            dialer: None,
            signer: None,
            #[cfg(feature = "siderov1")]
            siderov1_keys: None,
        }
    }
}

impl ClientOptions {
    /// Uses this context instead of the current one.
    #[must_use]
    pub fn with_context(mut self, name: impl Into<String>) -> Self {
        self.context = Some(name.into());
        self
    }

    /// Uses these endpoints instead of those of the context.
    #[must_use]
    pub fn with_endpoints<S: Into<String>>(mut self, endpoints: impl IntoIterator<Item = S>) -> Self {
        self.endpoints = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// Gives each endpoint this long to connect.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Gives each call with a single reply this long; `None` for no limit.
    #[must_use]
    pub fn with_call_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.call_timeout = timeout.into();
        self
    }

    /// Accepts messages up to this many bytes.
    #[must_use]
    pub fn with_max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Asks this many nodes at once, at least one.
    #[must_use]
    pub fn with_concurrency(mut self, nodes: usize) -> Self {
        self.concurrency = nodes.max(1);
        self
    }

    /// Keeps connections without calls for this long; `None` for as long as they last.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// Uses this proxy instead of that of the context; `direct` for none.
    #[must_use]
    pub fn with_proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = Some(url.into());
        self
    }

    /// Trusts these authorities for the certificate of an `https://` proxy.
    #[must_use]
    pub fn with_proxy_authorities(mut self, authorities: impl IntoIterator<Item = Certificate>) -> Self {
        self.proxy_authorities = authorities.into_iter().collect();
        self
    }

    /// Connects with this.
    #[must_use]
    pub fn with_dialer(mut self, dialer: Dialer) -> Self {
        self.dialer = Some(dialer);
        self
    }

    /// Signs the calls with this.
    #[must_use]
    pub fn with_signer(mut self, signer: SideroV1Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Signs the calls with one of these keys, if the context has `auth.siderov1`. The key is read by
    /// [`Client::connect`](crate::Client::connect), once.
    #[cfg(feature = "siderov1")]
    #[must_use]
    pub fn with_siderov1_keys(mut self, keys: crate::SideroV1Keys) -> Self {
        self.siderov1_keys = Some(keys);
        self
    }

    /// Takes the time from this clock when certificates are checked.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("context", &self.context)
            .field("endpoints", &self.endpoints)
            .field("connect_timeout", &self.connect_timeout)
            .field("call_timeout", &self.call_timeout)
            .field("max_message_size", &self.max_message_size)
            .field("concurrency", &self.concurrency)
            .field("idle_timeout", &self.idle_timeout)
            .finish_non_exhaustive()
    }
}
