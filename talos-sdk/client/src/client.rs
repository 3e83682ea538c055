//! The client of one cluster, or of one machine in maintenance mode.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use talos_pki::{Certificate, Clock, Fingerprint, Identity};
use talosconfig::{Context, TalosConfig};

use crate::balance::Balancer;
use crate::channel::{Channel, Shared};
use crate::connect::Connector;
use crate::dial::Dial;
use crate::proxy::Proxies;
use crate::talos_version::Versions;
use crate::target::Target;
use crate::tls::{self, Tls};
use crate::{ClientOptions, Endpoint, Error, ErrorKind, Node, Nodes, Result, SideroV1Signer};

/// A client of the machine API.
///
/// Cheap to clone; clones share their connections. Nothing is connected before the first call, and the calls need a
/// Tokio runtime. With several endpoints, calls go round those that can be reached; see the
/// [front page](crate#endpoints-and-failures).
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    /// A client of the cluster of a context: the one named in the options, or the current one.
    ///
    /// Fails when there is no such context or it can't be used as it is: no endpoints, unreadable certificates.
    /// Nothing is sent yet.
    pub fn connect(config: &TalosConfig, options: ClientOptions) -> Result<Self> {
        let context = config.current(options.context.as_deref()).map_err(tls::configuration)?;
        let options =
            ClientOptions { context: options.context.or_else(|| Some(config.context.clone())), ..options };
        Self::from_context(context, options)
    }

    /// A client of the cluster of this context. The options may name it, for the files of keys that are named after it.
    pub fn from_context(context: &Context, options: ClientOptions) -> Result<Self> {
        let signer = signer(context, &options)?;
        let authorization = context
            .auth
            .basic
            .as_ref()
            .map(|basic| -> Result<HeaderValue> {
                let pair = STANDARD.encode(format!("{}:{}", basic.username, basic.password.expose()));
                let mut value = header(&format!("Basic {pair}"), "auth.basic")?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        let cluster = context
            .cluster
            .as_deref()
            .filter(|cluster| !cluster.is_empty())
            .map(|cluster| header(cluster, "cluster"))
            .transpose()?;

        let endpoints = if options.endpoints.is_empty() { &context.endpoints } else { &options.endpoints };
        let endpoints = parse(endpoints)?;
        let clock = Arc::clone(&options.clock);
        let tls = match endpoints.iter().all(|endpoint| endpoint.unix_socket().is_some()) {
            true => Tls::unused(clock)?,
            false => Tls::from_context(context, clock)?,
        };
        let proxy = options.proxy_url.as_deref().or(context.proxy_url.as_deref());
        let shared = Shared {
            cluster,
            authorization,
            signer,
            default_nodes: context.nodes.clone(),
            ..Self::shared(endpoints, tls, proxy, &options)?
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// A client of one machine in maintenance mode, which has no certificate of the cluster yet.
    ///
    /// The server is trusted by the key in its certificate: one of `fingerprints`, which the machine prints on its
    /// console. Our side shows no certificate. The only node is [`Client::endpoint`].
    ///
    /// Fails when `fingerprints` is empty; [`danger`](crate::danger) has the client that trusts anyone.
    pub fn maintenance(endpoint: &str, fingerprints: &[Fingerprint], options: ClientOptions) -> Result<Self> {
        if fingerprints.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "maintenance mode needs the fingerprint of the machine: its console prints it",
            ));
        }
        Self::in_maintenance(endpoint, Some(fingerprints.to_vec()), options)
    }

    pub(crate) fn in_maintenance(
        endpoint: &str,
        accepted: Option<Vec<Fingerprint>>,
        options: ClientOptions,
    ) -> Result<Self> {
        let tls = Tls::maintenance(accepted, Arc::clone(&options.clock))?;
        let shared =
            Self::shared(parse(&[endpoint.to_owned()])?, tls, options.proxy_url.as_deref(), &options)?;
        Ok(Self { shared: Arc::new(Shared { maintenance: true, ..shared }) })
    }

    fn shared(
        endpoints: Vec<Endpoint>,
        tls: Tls,
        proxy: Option<&str>,
        options: &ClientOptions,
    ) -> Result<Shared> {
        let authorities = options.proxy_authorities.clone();
        let proxies = Proxies::new(proxy, authorities, Arc::clone(&options.clock))?;
        let dial = Dial { dialer: options.dialer.clone(), proxies };
        let connector = Connector { dial, tls, timeout: options.connect_timeout };
        Ok(Shared {
            balancer: Balancer::new(endpoints, connector, options.idle_timeout)?,
            call_timeout: options.call_timeout,
            max_message_size: options.max_message_size,
            concurrency: options.concurrency.max(1),
            cluster: None,
            authorization: None,
            signer: None,
            maintenance: false,
            default_nodes: Vec::new(),
            versions: Versions::default(),
        })
    }

    /// The node with this address or host name, through whichever endpoint is next.
    ///
    /// A name that can't be one (empty, with a port) makes every call on the node fail with
    /// [`ErrorKind::InvalidTarget`] before anything is sent.
    #[must_use]
    pub fn node(&self, name: impl AsRef<str>) -> Node {
        self.at(Target::node(name.as_ref()))
    }

    /// The machine behind the endpoint itself. With several endpoints that may be another one in each call.
    #[must_use]
    pub fn endpoint(&self) -> Node {
        self.at(Target::Endpoint)
    }

    /// Several nodes, to be asked at once and answered for one by one.
    ///
    /// If one of the names can't be a node, or is there twice, no node is asked and each result says so.
    #[must_use]
    pub fn nodes<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Nodes {
        Nodes::new(self, names.into_iter().map(|name| name.as_ref().to_owned()).collect())
    }

    /// The nodes that the context names, for when the caller names none.
    #[must_use]
    pub fn default_nodes(&self) -> &[String] {
        &self.shared.default_nodes
    }

    /// The endpoints, in the order in which they are used.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.shared.balancer.endpoints()
    }

    /// Shows this client certificate from now on: on every connection made after this.
    ///
    /// Calls that run go on over the connections they have; the next ones connect anew. All clones are meant.
    ///
    /// Fails with [`ErrorKind::InvalidConfiguration`] if certificate and key do not belong together or this client
    /// shows no certificate, and as the first call would if the certificate is expired or not for clients. The old
    /// one stays then.
    pub fn set_identity(&self, identity: &Identity) -> Result<()> {
        self.shared.balancer.tls().set_identity(identity)?;
        self.shared.balancer.reconnect();
        Ok(())
    }

    /// The client certificate that is shown, if there is one.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        self.shared.balancer.tls().certificate()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.balancer.tls().clock
    }

    pub(crate) fn at(&self, target: Target) -> Node {
        Node::new(Channel { shared: Arc::clone(&self.shared), target, timeout: None })
    }

    pub(crate) fn concurrency(&self) -> usize {
        self.shared.concurrency
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints: Vec<String> = self.endpoints().map(ToString::to_string).collect();
        f.debug_struct("Client")
            .field("endpoints", &endpoints)
            .field("maintenance", &self.shared.maintenance)
            .finish_non_exhaustive()
    }
}

/// What signs the calls, if the context or the options want that.
fn signer(context: &Context, options: &ClientOptions) -> Result<Option<SideroV1Signer>> {
    let (None, Some(wanted)) = (&options.signer, &context.auth.siderov1) else {
        return Ok(options.signer.clone());
    };
    #[cfg(feature = "siderov1")]
    if let Some(keys) = &options.siderov1_keys {
        return keys.signer(options.context.as_deref().unwrap_or_default(), &wanted.identity).map(Some);
    }
    Err(Error::new(
        ErrorKind::InvalidConfiguration,
        format!(
            "`auth.siderov1` of the context wants every call signed by {}: give the key in `ClientOptions::with_signer`, or \
             say where it is in `with_siderov1_keys` (feature `siderov1`)",
            wanted.identity
        ),
    ))
}

fn header(text: &str, what: &str) -> Result<HeaderValue> {
    // The value may be a secret, so neither it nor the error that may quote it is shown.
    HeaderValue::from_str(text).map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("`{what}` of the context has characters that no header can carry"),
        )
    })
}

/// The endpoints, each once.
fn parse(endpoints: &[String]) -> Result<Vec<Endpoint>> {
    let mut parsed: Vec<Endpoint> = Vec::new();
    for endpoint in endpoints {
        let endpoint = endpoint.parse()?;
        if !parsed.contains(&endpoint) {
            parsed.push(endpoint);
        }
    }
    if parsed.is_empty() {
        return Err(Error::new(
            ErrorKind::NoEndpoints,
            "the context has no endpoints: add the address of a control plane node to `endpoints` of the talosconfig, \
             or give one in the options",
        ));
    }
    Ok(parsed)
}
