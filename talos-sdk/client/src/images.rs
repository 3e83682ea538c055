//! Container images of a machine.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};
use talos_pki::SecretString;
use talos_proto::common::{ContainerdNamespace, Data};
use talos_proto::machine::image_service_import_request::Request as ImportRequest;
use talos_proto::machine::image_service_pull_layer_progress::Status as LayerStatus;
use talos_proto::machine::image_service_pull_response::Response as PullResponse;
use talos_proto::machine::{
    ImageListRequest, ImageListResponse, ImagePullRequest, ImageServiceCredentials,
    ImageServiceImportRequest, ImageServiceListRequest, ImageServiceListResponse, ImageServicePullProgress,
    ImageServicePullRequest, ImageServicePullResponse, ImageServiceRemoveRequest, ImageServiceVerifyRequest,
};
use tokio::io::AsyncRead;

use crate::image_store::ImageStore;
use crate::instant::instant;
use crate::raw::Raw;
use crate::reply::malformed;
use crate::stream::{ItemStream, Messages};
use crate::upload::{self, pieces};
use crate::{Error, Node, Result};

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// Its name, with a tag or a digest.
    pub name: String,
    /// Its digest, such as `sha256:…`.
    pub digest: String,
    /// Its size in bytes; none if the machine could not tell, for example because layers are missing.
    pub size: Option<u64>,
    /// When it came to the machine.
    pub created_at: Option<SystemTime>,
    /// Its labels; none on machines before Talos 1.13.
    pub labels: BTreeMap<String, String>,
}

/// A step of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullProgress {
    /// A layer went on.
    Layer(LayerProgress),
    /// The image is there; this is the last step.
    Pulled {
        /// The name it has in the store: with a digest from Talos 1.13, the reference that was asked for before.
        name: String,
    },
}

/// How far a layer of an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerProgress {
    /// The beginning of its digest.
    pub id: String,
    /// What is done with it.
    pub state: LayerState,
    /// How many bytes are there.
    pub offset: u64,
    /// How many there will be; zero if that is not known.
    pub total: u64,
    /// For how long.
    pub elapsed: Duration,
}

/// What is done with a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayerState {
    /// It comes from the registry.
    Downloading,
    /// It came from the registry.
    Downloaded,
    /// It is unpacked.
    Extracting,
    /// It was unpacked.
    Extracted,
    /// It was there before.
    AlreadyExists,
    /// A word that this version of the library does not know.
    Unknown,
}

/// A pull that goes on, from [`Node::pull_image`]: a stream of [`PullProgress`] that ends after
/// [`PullProgress::Pulled`], or with an error. Dropping it stops the pull.
#[derive(Debug)]
#[must_use = "nothing is pulled before the stream is polled"]
pub struct ImagePull {
    steps: ItemStream<PullProgress>,
    done: bool,
}

impl ImagePull {
    /// Pulls to the end and gives the name of the image in the store.
    pub async fn finish(mut self) -> Result<String> {
        while let Some(step) = self.try_next().await? {
            if let PullProgress::Pulled { name } = step {
                return Ok(name);
            }
        }
        Err(unfinished())
    }
}

impl Stream for ImagePull {
    type Item = Result<PullProgress>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<PullProgress>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let step = ready!(self.steps.poll_next_unpin(cx)).unwrap_or_else(|| Err(unfinished()));
        self.done = !matches!(step, Ok(PullProgress::Layer(_)));
        Poll::Ready(Some(step))
    }
}

fn unfinished() -> Error {
    malformed(
        "the machine stopped reporting the pull without naming the image: list the images, or pull again",
    )
}

/// Who may pull from a registry, for [`Node::verify_image`].
#[derive(Clone)]
pub struct RegistryCredentials {
    host: String,
    username: String,
    password: SecretString,
}

impl RegistryCredentials {
    /// A user of the registry of this host.
    #[must_use]
    pub fn new(
        host: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<SecretString>,
    ) -> Self {
        Self { host: host.into(), username: username.into(), password: password.into() }
    }
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryCredentials")
            .field("host", &self.host)
            .field("username", &self.username)
            .field("password", &"[redacted]")
            .finish()
    }
}

/// What the rules of a machine say about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageVerification {
    /// Whether a rule covers the image and its signature is right. An image that no rule covers is not verified, and
    /// may still be used; a wrong signature is an error of [`Node::verify_image`].
    pub verified: bool,
    /// The same in words.
    pub message: String,
    /// The reference with the digest that was looked at.
    pub digested_reference: String,
}

impl Node {
    /// The container images in a store (`machine.ImageService/List`, any role; before Talos 1.13
    /// `machine.MachineService/ImageList`).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use futures_util::TryStreamExt;
    /// use talos_client::ImageStore;
    ///
    /// let mut images = node.images(ImageStore::Kubernetes);
    /// while let Some(image) = images.try_next().await? {
    ///     println!("{} {} MiB", image.name, image.size.unwrap_or_default() >> 20);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub fn images(&self, store: ImageStore) -> ItemStream<Image> {
        let node = self.clone();
        let opened = async move {
            let node = &node;
            let new = async {
                let request = ImageServiceListRequest { containerd: Some(store.instance()) };
                let call = |raw: Raw, request| async move { raw.images().list(request).await };
                Ok(Messages::begin(node, request, call).await?.items(|image| Ok(Image::from(image))))
            };
            let old = |namespace: ContainerdNamespace| async move {
                let request = ImageListRequest { namespace: namespace.into() };
                let call = |raw: Raw, request| async move { raw.machine().image_list(request).await };
                Ok(Messages::new(node, request, call).items(|image| Ok(Image::from(image))))
            };
            new_or_old(node, store, "/machine.ImageService/List", new, old).await
        };
        ItemStream::new(stream::once(opened).try_flatten())
    }

    /// Pulls a container image into a store (`machine.ImageService/Pull`, os:admin or os:operator; before Talos 1.13
    /// `machine.MachineService/ImagePull`, which reports no progress).
    ///
    /// There is no limit to the time it takes but the one of [`with_timeout`](Self::with_timeout).
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): the registry has no such image.
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use futures_util::TryStreamExt;
    /// use talos_client::{ImageStore, PullProgress};
    ///
    /// let mut pull = node.pull_image(ImageStore::System, "ghcr.io/siderolabs/installer:v1.13.9");
    /// while let Some(step) = pull.try_next().await? {
    ///     match step {
    ///         PullProgress::Layer(layer) => println!("{} {}/{}", layer.id, layer.offset, layer.total),
    ///         PullProgress::Pulled { name } => println!("pulled as {name}"),
    ///         _ => {}
    ///     }
    /// }
    /// // Or, without watching it:
    /// let name = node.pull_image(ImageStore::System, "ghcr.io/siderolabs/installer:v1.13.9").finish().await?;
    /// node.remove_image(ImageStore::System, name).await?;
    /// # Ok(()) }) }
    /// ```
    pub fn pull_image(&self, store: ImageStore, reference: impl Into<String>) -> ImagePull {
        let node = self.clone();
        let reference = reference.into();
        let opened = async move {
            node.must_be_one_machine("pulling an image")?;
            let (node, reference) = (&node, &reference);
            let new = async {
                let request = ImageServicePullRequest {
                    containerd: Some(store.instance()),
                    image_ref: reference.clone(),
                };
                let call = |raw: Raw, request| async move { raw.images().pull(request).await };
                let steps = Messages::begin(node, request, call).await?;
                Ok(ItemStream::new(steps.try_filter_map(|step| async { Ok(progress(step)) })))
            };
            let old = |namespace: ContainerdNamespace| async move {
                let request = ImagePullRequest { namespace: namespace.into(), reference: reference.clone() };
                let call = |raw: Raw, request| async move { raw.machine().image_pull(request).await };
                node.for_long_work().call(request, call).await?.single()?;
                let name = reference.clone();
                Ok(ItemStream::new(stream::iter([Ok(PullProgress::Pulled { name })])))
            };
            new_or_old(node, store, "/machine.ImageService/Pull", new, old).await
        };
        ImagePull { steps: ItemStream::new(stream::once(opened).try_flatten()), done: false }
    }

    /// Removes a container image from a store, by its name there (`machine.ImageService/Remove`, os:admin, from Talos
    /// 1.13).
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): there is no image of that name.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn remove_image(&self, store: ImageStore, name: impl Into<String>) -> Result<()> {
        self.must_be_one_machine("removing an image")?;
        let request =
            ImageServiceRemoveRequest { containerd: Some(store.instance()), image_ref: name.into() };
        self.call(request, |raw, request| async move { raw.images().remove(request).await }).await?;
        Ok(())
    }

    /// Checks an image against the rules for signatures that the machine has (`machine.ImageService/Verify`, any role
    /// or os:image:verifier, from Talos 1.13). Nothing is pulled but the signatures.
    pub async fn verify_image(
        &self,
        reference: impl Into<String>,
        credentials: Option<RegistryCredentials>,
    ) -> Result<ImageVerification> {
        let credentials = credentials.map(|credentials| ImageServiceCredentials {
            host: credentials.host,
            username: credentials.username,
            password: credentials.password.expose().to_owned(),
        });
        let request = ImageServiceVerifyRequest { image_ref: reference.into(), credentials };
        let reply =
            self.call(request, |raw, request| async move { raw.images().verify(request).await }).await?;
        let reply = reply.message;
        Ok(ImageVerification {
            verified: reply.verified,
            message: reply.message,
            digested_reference: reply.digested_image_ref,
        })
    }

    /// Brings an archive of container images, as `docker save` and `crane export` write it, into a store
    /// (`machine.ImageService/Import`, os:admin, from Talos 1.13), and gives the name of its first image there.
    ///
    /// The archive is sent while it is read, in constant memory. An error of the reader ends the call; nothing is then
    /// imported.
    pub async fn import_image(
        &self,
        store: ImageStore,
        archive: impl AsyncRead + Send + 'static,
    ) -> Result<String> {
        self.import_image_stream(store, pieces(archive)).await
    }

    /// Like [`import_image`](Self::import_image), from a stream.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn import_image_stream(
        &self,
        store: ImageStore,
        archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<String> {
        self.must_be_one_machine("importing an image")?;
        let (archive, failure) = upload::source(archive);
        let first = ImportRequest::Containerd(store.instance());
        let chunks = archive.map(|bytes| ImportRequest::ImageChunk(Data { metadata: None, bytes }));
        let messages = stream::iter([first])
            .chain(chunks)
            .map(|request| ImageServiceImportRequest { request: Some(request) });
        let call = self.call(messages, |raw, request| async move { raw.images().import(request).await });
        Ok(failure.or(call).await?.message.name)
    }
}

/// Makes a call of Talos 1.13, or the one before it where the machine does not have that.
async fn new_or_old<T, F: Future<Output = Result<T>>>(
    node: &Node,
    store: ImageStore,
    path: &str,
    new: impl Future<Output = Result<T>>,
    old: impl FnOnce(ContainerdNamespace) -> F,
) -> Result<T> {
    let Some(namespace) = store.namespace() else { return new.await };
    if !node.is_known_without(path) {
        match new.await {
            // The next call then knows.
            Err(error) if error.is_unimplemented() => _ = node.server_version().await,
            result => return result,
        }
    }
    old(namespace).await
}

fn progress(step: ImageServicePullResponse) -> Option<PullProgress> {
    Some(match step.response? {
        PullResponse::Name(name) => PullProgress::Pulled { name },
        PullResponse::PullProgress(ImageServicePullProgress { layer_id, progress }) => {
            let progress = progress.unwrap_or_default();
            PullProgress::Layer(LayerProgress {
                id: layer_id,
                state: match LayerStatus::try_from(progress.status) {
                    Ok(LayerStatus::Downloading) => LayerState::Downloading,
                    Ok(LayerStatus::DownloadComplete) => LayerState::Downloaded,
                    Ok(LayerStatus::Extracting) => LayerState::Extracting,
                    Ok(LayerStatus::ExtractComplete) => LayerState::Extracted,
                    Ok(LayerStatus::AlreadyExists) => LayerState::AlreadyExists,
                    Err(_) => LayerState::Unknown,
                },
                offset: u64::try_from(progress.offset).unwrap_or_default(),
                total: u64::try_from(progress.total).unwrap_or_default(),
                elapsed: progress.elapsed.and_then(|time| time.try_into().ok()).unwrap_or_default(),
            })
        }
    })
}

impl From<ImageServiceListResponse> for Image {
    fn from(image: ImageServiceListResponse) -> Self {
        Self {
            name: image.name,
            digest: image.digest,
            size: u64::try_from(image.size).ok().filter(|size| *size > 0),
            created_at: instant(image.created_at),
            labels: image.labels.into_iter().collect(),
        }
    }
}

impl From<ImageListResponse> for Image {
    fn from(image: ImageListResponse) -> Self {
        let ImageListResponse { name, digest, size, created_at, .. } = image;
        ImageServiceListResponse { name, digest, size, created_at, ..Default::default() }.into()
    }
}
