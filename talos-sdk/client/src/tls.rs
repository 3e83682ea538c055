//! What we show to servers, whom we trust, and what a failed handshake means.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore, SignatureScheme};
use talos_pki::{Certificate, Clock, Fingerprint, Identity, Usage};
use talosconfig::Context;
use time::OffsetDateTime;

use crate::pin::{Mismatch, PinnedKey};
use crate::{Error, ErrorKind, Result};

/// TLS of one client: the same for all its endpoints.
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) clock: Arc<dyn Clock>,
    own: Arc<OwnIdentity>,
    /// Servers that trust us by something else are shown no certificate.
    takes_identity: bool,
}

/// Our certificate and key, which may be replaced at any time.
#[derive(Default)]
struct OwnIdentity(RwLock<Option<(Arc<CertifiedKey>, Certificate)>>);

impl OwnIdentity {
    fn read(&self) -> RwLockReadGuard<'_, Option<(Arc<CertifiedKey>, Certificate)>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, identity: &Identity) -> Result<()> {
        let (chain, key) = identity.to_rustls();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| {
            invalid(format!("certificate and key of the client can't be used: {error}")).with_source(error)
        })?;
        let new = Some((Arc::new(certified), identity.certificate.clone()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl ResolvesClientCert for OwnIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.read().as_ref().map(|(key, _)| Arc::clone(key))
    }

    fn has_certs(&self) -> bool {
        self.read().is_some()
    }
}

impl fmt::Debug for OwnIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnIdentity").finish_non_exhaustive()
    }
}

impl Tls {
    /// Authority and client certificate of a context.
    pub(crate) fn from_context(context: &Context, clock: Arc<dyn Clock>) -> Result<Self> {
        let authorities = context.authorities().map_err(configuration)?;
        let roots = if authorities.is_empty() { system_roots()? } else { roots(&authorities)? };
        let own = Arc::new(OwnIdentity::default());
        if let Some(identity) = context.identity().map_err(configuration)? {
            own.set(&identity)?;
        }
        let config = builder(&clock)?
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::clone(&own) as Arc<dyn ResolvesClientCert>);
        Ok(Self::new(config, clock, own, true))
    }

    /// Sockets of this machine, which have no TLS.
    pub(crate) fn unused(clock: Arc<dyn Clock>) -> Result<Self> {
        let config = builder(&clock)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        Ok(Self::new(config, clock, Arc::default(), false))
    }

    /// A machine in maintenance mode: no certificate of ours, and a key of theirs that was pinned, or any.
    pub(crate) fn maintenance(accepted: Option<Vec<Fingerprint>>, clock: Arc<dyn Clock>) -> Result<Self> {
        let builder = builder(&clock)?;
        let algorithms = builder.crypto_provider().signature_verification_algorithms;
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedKey::new(accepted, algorithms)))
            .with_no_client_auth();
        Ok(Self::new(config, clock, Arc::default(), false))
    }

    fn new(
        mut config: ClientConfig,
        clock: Arc<dyn Clock>,
        own: Arc<OwnIdentity>,
        takes_identity: bool,
    ) -> Self {
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Every connection checks the server anew; Talos gives no tickets anyway.
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config), clock, own, takes_identity }
    }

    /// Our own certificate.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        self.own.read().as_ref().map(|(_, certificate)| certificate.clone())
    }

    /// The roles in our certificate; `None` without one.
    pub(crate) fn roles(&self) -> Option<Vec<String>> {
        self.own.read().as_ref().map(|(_, certificate)| certificate.organizations().to_vec())
    }

    /// Shows this certificate from now on.
    pub(crate) fn set_identity(&self, identity: &Identity) -> Result<()> {
        if !self.takes_identity {
            return Err(invalid(
                "this client shows no certificate: the machine has no cluster yet, or TLS is not used".into(),
            ));
        }
        check(&identity.certificate, self.clock.now())?;
        self.own.set(identity)
    }

    /// Fails when our own certificate is of no use, which servers report in many ways and often not at all.
    pub(crate) fn check_own_certificate(&self) -> Result<()> {
        self.own.read().as_ref().map_or(Ok(()), |(_, certificate)| check(certificate, self.clock.now()))
    }
}

/// Whether a certificate of ours can be of use.
fn check(certificate: &Certificate, now: SystemTime) -> Result<()> {
    if now > certificate.not_after() {
        return Err(Error::new(
            ErrorKind::ClientCertificateExpired,
            format!(
                "the client certificate of the context expired on {}: issue a new one from the secrets bundle, or \
                 ask an administrator for a new talosconfig",
                date(certificate.not_after())
            ),
        ));
    }
    if !certificate.usages().is_empty() && !certificate.usages().contains(&Usage::Client) {
        return Err(Error::new(
            ErrorKind::CertificatePurpose,
            "the client certificate of the context is not for clients but for servers: use the talosconfig, not \
             the certificate of a machine",
        ));
    }
    Ok(())
}

/// TLS to a proxy.
pub(crate) fn of_proxy(authorities: &[Certificate], clock: &Arc<dyn Clock>) -> Result<Arc<ClientConfig>> {
    let roots = if authorities.is_empty() { system_roots()? } else { roots(authorities)? };
    Ok(Arc::new(builder(clock)?.with_root_certificates(roots).with_no_client_auth()))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
}

/// An error of the configuration file, as ours.
pub(crate) fn configuration(error: talosconfig::Error) -> Error {
    invalid(error.to_string()).with_source(error)
}

/// Year, month, day and minute in UTC.
fn date(instant: SystemTime) -> String {
    let instant = OffsetDateTime::from(instant);
    format!("{} {:02}:{:02} UTC", instant.date(), instant.hour(), instant.minute())
}

fn builder(clock: &Arc<dyn Clock>) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_details(
        Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        Arc::new(Time(Arc::clone(clock))),
    )
    .with_safe_default_protocol_versions()
    .map_err(|error| Error::new(ErrorKind::Tls, "no TLS version can be used").with_source(error))
}

/// All certificates of the bundle: while an authority is replaced there are two.
fn roots(authorities: &[Certificate]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.to_rustls()).map_err(|error| {
            invalid(format!("ca of the context can't be used: {error}")).with_source(error)
        })?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        return Err(invalid(
            "the context has no `ca` and this system has no certificate authorities: set `ca`".into(),
        ));
    }
    Ok(roots)
}

/// Lets rustls take the time from our clock.
struct Time(Arc<dyn Clock>);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.now().duration_since(SystemTime::UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

/// What a TLS error means to the caller.
pub(crate) fn explain(error: &rustls::Error) -> Error {
    use rustls::Error as Tls;
    let (kind, message) = match error {
        Tls::InvalidCertificate(reason) => return explain_certificate(reason, error),
        Tls::AlertReceived(alert) => explain_alert(*alert),
        Tls::InvalidMessage(_)
        | Tls::InappropriateMessage { .. }
        | Tls::InappropriateHandshakeMessage { .. } => (
            ErrorKind::NotTls,
            "what answers there does not speak TLS: check the port, the Talos API listens on 50000"
                .to_owned(),
        ),
        Tls::NoApplicationProtocol => (ErrorKind::NotTalosApi, not_http2()),
        Tls::PeerIncompatible(_) => {
            (ErrorKind::Tls, format!("the server offers no TLS that this client accepts: {error}"))
        }
        other => (ErrorKind::Tls, format!("TLS failed: {other}")),
    };
    Error::new(kind, message).with_source(error.clone())
}

pub(crate) fn not_http2() -> String {
    "what answers there speaks TLS but not HTTP/2, so it is no Talos API: check the address and the port"
        .to_owned()
}

fn explain_certificate(reason: &CertificateError, error: &rustls::Error) -> Error {
    let (kind, message) = match reason {
        CertificateError::Other(other) => {
            if let Some(mismatch) = other.0.downcast_ref::<Mismatch>() {
                return Error::new(
                    ErrorKind::FingerprintMismatch,
                    format!(
                        "{mismatch}, which is not a pinned one: compare it with what the console of the machine \
                         prints, and pin it only if they are equal"
                    ),
                )
                .with_source(mismatch.clone());
            }
            (ErrorKind::Tls, format!("the certificate of the server can't be read: {other}"))
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            ErrorKind::CertificatePurpose,
            "the certificate of the server is not for servers: what answers there shows the certificate of a client, \
             check the address and what was configured there"
                .to_owned(),
        ),
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            ErrorKind::UnknownAuthority,
            "the certificate of the server is not from the authority in `ca` of the context: use the talosconfig of \
             this cluster, or wait if the machine is still in maintenance mode"
                .to_owned(),
        ),
        CertificateError::NotValidForName => (
            ErrorKind::NameMismatch,
            "the certificate of the server is not for this endpoint: use an address of the machine, or add this one \
             to `machine.certSANs`"
                .to_owned(),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            ErrorKind::NameMismatch,
            format!(
                "the certificate of the server is for {}, not for this endpoint: use one of these, or add this one to \
                 `machine.certSANs`",
                if presented.is_empty() { "nothing".to_owned() } else { presented.join(", ") }
            ),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            ErrorKind::ServerCertificateExpired,
            format!("the certificate of the server is out of date{}: check the clocks of both sides", not_after(reason)),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            ErrorKind::ServerCertificateExpired,
            "the certificate of the server is not valid yet: check the clocks of both sides".to_owned(),
        ),
        other => (ErrorKind::Tls, format!("the certificate of the server can't be accepted: {other}")),
    };
    Error::new(kind, message).with_source(error.clone())
}

fn not_after(reason: &CertificateError) -> String {
    match reason {
        CertificateError::ExpiredContext { not_after, .. } => {
            let instant = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(not_after.as_secs());
            format!(" since {}", date(instant))
        }
        _ => String::new(),
    }
}

fn explain_alert(alert: AlertDescription) -> (ErrorKind, String) {
    match alert {
        AlertDescription::CertificateExpired => (
            ErrorKind::ClientCertificateExpired,
            "the server says that our client certificate is out of date: issue a new one, or check the clocks".into(),
        ),
        AlertDescription::CertificateRequired => (
            ErrorKind::ClientCertificateRefused,
            "the server wants a client certificate: the machine is configured, use the talosconfig of its cluster".into(),
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => (
            ErrorKind::ClientCertificateRefused,
            format!(
                "the server refuses our client certificate ({alert:?}): use the talosconfig of this cluster; an old one \
                 stops working when the authority is replaced"
            ),
        ),
        AlertDescription::NoApplicationProtocol => (ErrorKind::NotTalosApi, not_http2()),
        other => (ErrorKind::Tls, format!("the server ended the TLS handshake ({other:?})")),
    }
}
