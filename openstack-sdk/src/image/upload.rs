//! The upload: from a restartable source into a queued image, in constant memory, hashed on the way.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Body;
use tracing::debug;

use super::{
    IMAGE_SIZE, Image, ImageClient, ImageStatus, OCTETS, SourceError, UploadBody, UploadSource, failed,
};
use crate::catalog;
use crate::cloud::late;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::failure;
use crate::service::ServiceType;
use crate::transport::Outgoing;
use crate::wait::{self, Look};

/// How long a token has to last when an upload begins.
const TOKEN_LASTING: Duration = Duration::from_secs(15 * 60);
/// How long Glance may take to see that an upload was cut off.
const SETTLING: Duration = Duration::from_secs(60);

/// How an upload is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct UploadOptions {
    /// Whether the bytes are hashed on the way and compared with what Glance stored; they are.
    pub verify: bool,
    /// How long no byte may move before the connection is given up; 2 minutes.
    pub stall_timeout: Duration,
    /// How often the source is opened; 4 times.
    pub attempts: u32,
    progress: Option<Arc<dyn Fn(UploadProgress) + Send + Sync>>,
}

impl Default for UploadOptions {
    fn default() -> UploadOptions {
        UploadOptions { verify: true, stall_timeout: Duration::from_secs(120), attempts: 4, progress: None }
    }
}

impl UploadOptions {
    /// Sets whether the bytes are hashed and compared.
    pub fn with_verify(mut self, verify: bool) -> UploadOptions {
        self.verify = verify;
        self
    }

    /// Sets how long no byte may move.
    pub fn with_stall_timeout(mut self, time: Duration) -> UploadOptions {
        self.stall_timeout = time;
        self
    }

    /// Sets how often the source is opened, at least once.
    pub fn with_attempts(mut self, attempts: u32) -> UploadOptions {
        self.attempts = attempts.max(1);
        self
    }

    /// Calls this with every piece that leaves. It must be quick: the upload waits for it.
    pub fn with_progress(
        mut self,
        progress: impl Fn(UploadProgress) + Send + Sync + 'static,
    ) -> UploadOptions {
        self.progress = Some(Arc::new(progress));
        self
    }
}

impl fmt::Debug for UploadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadOptions")
            .field("verify", &self.verify)
            .field("stall_timeout", &self.stall_timeout)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes sent in this attempt.
    pub sent: u64,
    /// Bytes there will be, if the source knows.
    pub total: Option<u64>,
    /// The attempt, from 1; `sent` begins at zero with each.
    pub attempt: u32,
}

/// A finished upload.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Uploaded {
    /// The image, active.
    pub image: Image,
    /// Bytes that went up.
    pub bytes: u64,
    /// SHA-512 of the bytes in hexadecimal, unless verification was turned off.
    pub sha512: Option<String>,
}

/// What is known about the pieces that left.
#[derive(Default)]
struct Sent {
    bytes: AtomicU64,
    /// Whether the last piece has left.
    complete: AtomicBool,
    /// The digest so far; taken at the end.
    digest: Mutex<Option<digest::Context>>,
    /// What the source failed with.
    failure: Mutex<Option<SourceError>>,
}

impl Sent {
    /// Counts and hashes a piece; gives the bytes so far.
    fn add(&self, piece: &Bytes, total: Option<u64>) -> Result<u64, SourceError> {
        let length = piece.len() as u64;
        let bytes = self.bytes.fetch_add(length, Ordering::AcqRel) + length;
        if let Some(total) = total.filter(|total| bytes > *total) {
            return Err(format!("it gives more than the {total} bytes it promised").into());
        }
        if let Some(digest) = lock(&self.digest).as_mut() {
            digest.update(piece);
        }
        // Nobody asks a source of known size for more than that.
        if total == Some(bytes) {
            self.complete.store(true, Ordering::Release);
        }
        Ok(bytes)
    }

    /// Sees that the source gave what it promised.
    fn end(&self, total: Option<u64>) -> Result<(), SourceError> {
        let bytes = self.bytes.load(Ordering::Acquire);
        if let Some(total) = total.filter(|total| bytes < *total) {
            return Err(format!("it ended after {bytes} of the {total} bytes it promised").into());
        }
        self.complete.store(true, Ordering::Release);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ImageClient {
    /// Sends the bytes of a queued image and waits until Glance has made it active.
    ///
    /// An image that is `saving` is given a minute to become `queued`: an upload that was cut off leaves it so until
    /// Glance has seen its end.
    ///
    /// After a refused token or a broken connection the source is opened anew, if the image is still (or again)
    /// `queued`. Dropping the future closes the connection; Glance then puts the image back to `queued`.
    ///
    /// # Errors
    /// `Conflict` when the image has bytes already, `Source` when the source failed, `Checksum` when Glance stored
    /// something else than was sent, `Deadline` when it took too long.
    pub async fn upload(
        &self,
        id: &str,
        source: &dyn UploadSource,
        options: UploadOptions,
        deadline: impl Into<Deadline>,
    ) -> Result<Uploaded> {
        let deadline = deadline.into().earlier(self.cloud.deadline());
        let client = ImageClient::new(self.cloud.with_deadline(deadline));
        let upload = Upload { client: &client, id, source, options: &options, deadline };
        match tokio::time::timeout_at(deadline.instant(), upload.run()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(late(&upload.label())),
        }
    }
}

struct Upload<'a> {
    client: &'a ImageClient,
    id: &'a str,
    source: &'a dyn UploadSource,
    options: &'a UploadOptions,
    deadline: Deadline,
}

impl Upload<'_> {
    fn label(&self) -> String {
        format!("image PUT /{}", ImageClient::path(self.id, "/file"))
    }

    async fn run(&self) -> Result<Uploaded> {
        // This also renews a token that the service no longer takes, before a byte is sent.
        let status = self.client.image(self.id).await?.status;
        let conflict = |status: &ImageStatus| {
            let text = format!("image {} is {status}, only a queued one takes bytes", self.id);
            Error::new(ErrorKind::Conflict, text)
        };
        // An upload that was cut off, perhaps with the process that made it, ends only when Glance sees it.
        let status = match status {
            ImageStatus::Saving => self.settled(&conflict(&status)).await?,
            status => status,
        };
        if status != ImageStatus::Queued {
            return Err(conflict(&status));
        }
        let mut attempt = 1;
        loop {
            let sent = Arc::new(Sent::default());
            let error = match self.send(&sent, attempt).await {
                Ok(()) => return self.confirm(&sent).await,
                Err(error) => error,
            };
            // Glance says 409 or 410 when it had not yet seen the end of an attempt before this one.
            let again = error.is_retryable()
                || error.is_unauthorized()
                || error.is_conflict()
                || error.status() == Some(StatusCode::GONE);
            if !again || attempt >= self.options.attempts {
                return Err(error);
            }
            debug!(image = self.id, attempt, %error, "upload broke off");
            match self.settled(&error).await? {
                ImageStatus::Queued => {}
                // The answer may have been lost after Glance had everything.
                ImageStatus::Active if error.is_retryable() && sent.complete.load(Ordering::Acquire) => {
                    return self.confirm(&sent).await;
                }
                _ => return Err(error),
            }
            let retry = &self.client.cloud.options().retry;
            match retry.pause(error.clone(), true, attempt - 1, self.deadline) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(error) if error.is_retryable() => return Err(error),
                // The others need no pause: the token is a new one, the earlier attempt has ended.
                Err(_) => {}
            }
            attempt += 1;
        }
    }

    /// The state of the image once Glance has noticed that the upload broke off.
    async fn settled(&self, cause: &Error) -> Result<ImageStatus> {
        let limit = Deadline::after(SETTLING).earlier(Some(self.deadline));
        let looked = wait::until("the broken upload has ended", limit, || async {
            let image = self.client.image(self.id).await?;
            match image.status {
                ImageStatus::Saving => Ok(Look::NotYet(image.status.to_string())),
                status => Ok(Look::Done(status)),
            }
        });
        match looked.await {
            Err(error) if error.is_deadline() => Err(cause.clone()),
            outcome => outcome,
        }
    }

    /// One attempt.
    async fn send(&self, sent: &Arc<Sent>, attempt: u32) -> Result<()> {
        let cloud = &self.client.cloud;
        let token = cloud.token_lasting(TOKEN_LASTING, None, self.deadline).await?;
        let url =
            catalog::join(&cloud.url(&token, &ServiceType::IMAGE)?, &ImageClient::path(self.id, "/file"));
        let body = self.source.open().await.map_err(|error| self.source_failed(error))?;
        let mut outgoing = Outgoing::new(Method::PUT, url, Vec::new());
        outgoing.headers.insert("x-auth-token", token.header());
        outgoing.headers.insert(header::CONTENT_TYPE, OCTETS);
        if let Some(size) = body.size {
            outgoing.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            outgoing.headers.insert(IMAGE_SIZE, HeaderValue::from(size));
        }
        let label = self.label();
        let body = self.counted(body, sent.clone(), attempt);
        let exchange = cloud.transport().exchange_body(&label, outgoing, Some(body));
        let outcome = tokio::select! {
            outcome = exchange => outcome,
            () = stalled(sent, self.options.stall_timeout) => Err(Error::new(
                ErrorKind::Interrupted,
                format!("{label}: no byte moved for {:?}", self.options.stall_timeout),
            )),
        };
        // A source that failed is why the exchange broke, whatever that looks like from there.
        if let Some(error) = lock(&sent.failure).take() {
            return Err(self.source_failed(error));
        }
        let answer = outcome?;
        match answer.status {
            StatusCode::UNAUTHORIZED => {
                // Have the token renewed for the next attempt.
                cloud.token_lasting(Duration::ZERO, Some(&token), self.deadline).await?;
                Err(failure::error(&label, answer.status, &answer.headers, &answer.body, &[]))
            }
            status if status.is_success() => Ok(()),
            status => Err(failure::error(&label, status, &answer.headers, &answer.body, &[])),
        }
    }

    fn source_failed(&self, error: SourceError) -> Error {
        let text = format!("the source of image {} failed: {error}", self.id);
        Error::new(ErrorKind::Source, text).with_source(error)
    }

    /// The source's pieces, counted, hashed and told.
    fn counted(&self, body: UploadBody, sent: Arc<Sent>, attempt: u32) -> Body {
        if self.options.verify {
            *lock(&sent.digest) = Some(digest::Context::new(&digest::SHA512));
        }
        let total = body.size;
        let progress = self.options.progress.clone();
        let (counter, failing, last) = (sent.clone(), sent.clone(), sent);
        let pieces = body.stream.and_then(move |piece| {
            let outcome = counter.add(&piece, total);
            if let (Ok(sent), Some(progress)) = (&outcome, &progress) {
                progress(UploadProgress { sent: *sent, total, attempt });
            }
            future::ready(outcome.map(|_| piece))
        });
        let end = stream::once(async move { last.end(total) });
        let pieces = pieces.chain(end.filter_map(|outcome| future::ready(outcome.err().map(Err))));
        Body::wrap_stream(pieces.map_err(move |error| {
            let text = error.to_string();
            *lock(&failing.failure) = Some(error);
            std::io::Error::other(text)
        }))
    }

    /// Waits for the image and compares it with what was sent.
    async fn confirm(&self, sent: &Sent) -> Result<Uploaded> {
        let image = match self.client.wait_for_active(self.id, self.deadline).await {
            Ok(image) => image,
            Err(error) if error.is_not_found() => return Err(failed(self.id, &ImageStatus::Deleted)),
            Err(error) => return Err(error),
        };
        let bytes = sent.bytes.load(Ordering::Acquire);
        let digest = lock(&sent.digest).take();
        let sha512 = digest.map(|digest| hex(digest.finish().as_ref()));
        let wrong = |what: &str| {
            let text = format!("image {}: Glance stored another {what} than was sent; delete it", self.id);
            Err(Error::new(ErrorKind::Checksum, text))
        };
        if image.size.is_some_and(|size| size != bytes) {
            return wrong("number of bytes");
        }
        let same = match (image.hash_algorithm.as_deref(), &sha512, &image.hash) {
            (Some("sha512"), Some(sent), Some(stored)) => sent.eq_ignore_ascii_case(stored),
            _ => true,
        };
        if !same {
            return wrong("content");
        }
        Ok(Uploaded { image, bytes, sha512 })
    }
}

/// Ends when no byte has moved for that long. Once all are sent, Glance may take until the deadline.
async fn stalled(sent: &Sent, limit: Duration) {
    let mut before = None;
    loop {
        let now = sent.bytes.load(Ordering::Acquire);
        if before == Some(now) && !sent.complete.load(Ordering::Acquire) {
            return;
        }
        before = Some(now);
        tokio::time::sleep(limit).await;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
