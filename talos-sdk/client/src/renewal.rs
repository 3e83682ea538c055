//! Our certificate, replaced before it expires.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use talosconfig::TalosConfig;

use crate::reply::malformed;
use crate::{Client, Error, ErrorKind, Result, tls};

/// How often the clock is looked at while there is nothing to do: it may be set, and machines may sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// When and how [`Client::keep_certificate`] renews.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RenewalOptions {
    /// How long the new certificates are valid; by default as long as the present one was in all.
    pub lifetime: Option<Duration>,
    /// How long before the present one expires the new one is asked for; by default a third of its lifetime.
    pub before: Option<Duration>,
}

impl RenewalOptions {
    /// Asks for certificates that are valid so long.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Renews so long before the end.
    #[must_use]
    pub fn with_before(mut self, before: Duration) -> Self {
        self.before = Some(before);
        self
    }
}

impl Client {
    /// Gets a new client certificate with the roles of the present one and uses it from now on, by
    /// [`set_identity`](Self::set_identity) (`machine.MachineService/GenerateClientConfiguration`, os:admin).
    ///
    /// Gives the talosconfig that was issued, so that it can be kept; it has no endpoints. `lifetime` is that of the
    /// new certificate; `None` for as long as the present one was valid in all.
    ///
    /// [`ErrorKind::InvalidConfiguration`]: this client shows no certificate.
    pub async fn renew_certificate(&self, lifetime: Option<Duration>) -> Result<TalosConfig> {
        let certificate = self.certificate().ok_or_else(no_certificate)?;
        let lifetime = lifetime.unwrap_or_else(|| whole(certificate.not_before(), certificate.not_after()));
        let config = self.endpoint().client_configuration(&certificate.roles(), lifetime).await?;
        let identity = config
            .current(None)
            .and_then(|context| context.identity())
            .map_err(tls::configuration)?
            .ok_or_else(|| malformed("the talosconfig has no certificate"))?;
        self.set_identity(&identity)?;
        Ok(config)
    }

    /// Renews the client certificate before it expires, again and again, for as long as this future is polled. Run it
    /// beside the work, for example in a task, and drop it to end it.
    ///
    /// `renewed` is told of each new talosconfig, for those who keep it. Where a renewal fails for a while, it is tried
    /// again until the certificate has expired. So this ends only with an error: the certificate has expired, or may
    /// not renew itself.
    ///
    /// ```no_run
    /// # async fn example(client: talos_client::Client) {
    /// use talos_client::RenewalOptions;
    ///
    /// let renewing = client.clone();
    /// let task = tokio::spawn(async move {
    ///     let Err(error) = renewing.keep_certificate(RenewalOptions::default(), |_| ()).await;
    ///     eprintln!("the certificate is not renewed any more: {error}");
    /// });
    /// # task.abort();
    /// # }
    /// ```
    pub async fn keep_certificate(
        &self,
        options: RenewalOptions,
        mut renewed: impl FnMut(&TalosConfig),
    ) -> Result<Infallible> {
        let mut failures = 0;
        loop {
            let certificate = self.certificate().ok_or_else(no_certificate)?;
            let (from, end) = (certificate.not_before(), certificate.not_after());
            let before = options.before.unwrap_or_else(|| whole(from, end) / 3);
            let now = self.clock().now();
            let left = end.duration_since(now).unwrap_or_default();
            if left > before {
                tokio::time::sleep((left - before).min(LONGEST_SLEEP)).await;
                continue;
            }
            match self.renew_certificate(options.lifetime).await {
                Ok(config) => {
                    failures = 0;
                    renewed(&config);
                    // A lifetime shorter than `before` must not become a storm of calls.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) if error.is_retryable() => {
                    failures += 1;
                    let pause = Duration::from_secs(1 << failures.min(6)).min(LONGEST_SLEEP);
                    tracing::debug!(%error, ?pause, "the client certificate was not renewed");
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn whole(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

fn no_certificate() -> Error {
    Error::new(ErrorKind::InvalidConfiguration, "there is no client certificate that could be renewed")
}
