//! Containers for debugging. From Talos 1.13.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use talos_proto::machine::debug_container_run_request::Request;
use talos_proto::machine::debug_container_run_request_spec::Profile;
use talos_proto::machine::debug_container_run_response::Resp;
use talos_proto::machine::{
    DebugContainerRunRequest, DebugContainerRunRequestSpec, DebugContainerRunResponse,
    DebugContainerTerminalResize,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::image_store::ImageStore;
use crate::reply::malformed;
use crate::stream::Messages;
use crate::{Error, ErrorKind, Node, Result};

/// So many messages wait for the machine at most.
const AHEAD: usize = 16;
/// What goes into one message.
const PIECE: usize = 32 << 10;

/// What to run, for [`Node::debug_container`]. It has all rights on the machine.
///
/// ```
/// # use talos_client::{DebugContainer, ImageStore};
/// let shell = DebugContainer::privileged(ImageStore::System, "docker.io/library/alpine@sha256:…")
///     .with_args(["/bin/sh", "-i"])
///     .with_env("TERM", "xterm")
///     .with_terminal();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DebugContainer {
    /// Where the image is.
    pub store: ImageStore,
    /// The image, under the name that [`Node::pull_image`] or [`Node::import_image`] gave.
    pub image: String,
    /// What to run in it, instead of what the image says.
    pub args: Vec<String>,
    /// Variables of the environment.
    pub env: BTreeMap<String, String>,
    /// How near it is to the machine.
    pub profile: DebugProfile,
    /// Whether it has a terminal.
    pub terminal: bool,
}

/// How near a container is to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DebugProfile {
    /// A container with all rights, and the file system of the machine in `/host`.
    Privileged,
    /// In the namespaces of the machine itself.
    HostNamespaces,
}

impl DebugContainer {
    /// A container with all rights, and the file system of the machine in `/host`.
    #[must_use]
    pub fn privileged(store: ImageStore, image: impl Into<String>) -> Self {
        Self::new(store, image, DebugProfile::Privileged)
    }

    /// A container in the namespaces of the machine itself.
    #[must_use]
    pub fn in_host_namespaces(store: ImageStore, image: impl Into<String>) -> Self {
        Self::new(store, image, DebugProfile::HostNamespaces)
    }

    fn new(store: ImageStore, image: impl Into<String>, profile: DebugProfile) -> Self {
        Self { store, image: image.into(), args: Vec::new(), env: BTreeMap::new(), profile, terminal: false }
    }

    /// Runs this instead of what the image says.
    #[must_use]
    pub fn with_args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Gives it a terminal.
    #[must_use]
    pub fn with_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    fn into_proto(self) -> DebugContainerRunRequestSpec {
        DebugContainerRunRequestSpec {
            containerd: Some(self.store.instance()),
            image_name: self.image,
            args: self.args,
            env: self.env.into_iter().collect(),
            profile: match self.profile {
                DebugProfile::Privileged => Profile::Privileged,
                DebugProfile::HostNamespaces => Profile::HostNs,
            }
            .into(),
            tty: self.terminal,
        }
    }
}

/// A container that runs, from [`Node::debug_container`].
///
/// [`split`](Self::split) gives both directions; [`run`](Self::run) connects them with a reader and a writer. The
/// machine stops the container when this is dropped.
#[derive(Debug)]
#[must_use = "nothing runs before the output is read"]
pub struct DebugSession {
    input: DebugInput,
    output: DebugOutput,
}

/// What a container is told. Cheap to clone; its standard input ends when all clones are gone.
#[derive(Debug, Clone)]
pub struct DebugInput {
    messages: mpsc::Sender<Request>,
}

/// What a container says: a stream of pieces of its standard output and standard error, which are one.
///
/// It ends when the container ended; then [`exit_code`](Self::exit_code) has its exit code. The call is made when this
/// is first polled. Dropping it stops the container.
pub struct DebugOutput {
    messages: Messages<DebugContainerRunResponse>,
    /// Ends our side of the call.
    half_close: Option<tokio::sync::oneshot::Sender<()>>,
    exit_code: Option<i32>,
    ended: bool,
}

impl DebugInput {
    /// Writes to the standard input. Waits while the machine takes nothing more.
    ///
    /// [`ErrorKind::Canceled`]: the container ended.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<()> {
        let mut bytes = bytes.into();
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            self.send(Request::StdinData(piece)).await?;
        }
        Ok(())
    }

    /// Tells the size of the terminal, in characters.
    pub async fn resize(&self, width: u16, height: u16) -> Result<()> {
        let size = DebugContainerTerminalResize { width: width.into(), height: height.into() };
        self.send(Request::TermResize(size)).await
    }

    /// Sends a signal by its number on Linux, such as 15 for SIGTERM.
    pub async fn signal(&self, number: i32) -> Result<()> {
        self.send(Request::Signal(number)).await
    }

    async fn send(&self, request: Request) -> Result<()> {
        self.messages
            .send(request)
            .await
            .map_err(|_| Error::new(ErrorKind::Canceled, "the debug container takes no input: it ended"))
    }
}

impl DebugOutput {
    /// With what the container ended; `None` until the stream ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code.filter(|_| self.ended)
    }
}

impl Stream for DebugOutput {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        while !self.ended {
            let message = ready!(self.messages.poll_message(cx));
            match message {
                Some(Ok(DebugContainerRunResponse { resp: Some(Resp::StdoutData(bytes)) })) => {
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Ok(DebugContainerRunResponse { resp: Some(Resp::ExitCode(code)) })) => {
                    self.exit_code = Some(code);
                    // The machine waits for this before it ends the call.
                    self.half_close = None;
                }
                Some(Ok(DebugContainerRunResponse { resp: None })) => {}
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.ended = true;
                    if self.exit_code.is_none() {
                        return Poll::Ready(Some(Err(malformed(
                            "the debug container ended without an exit code",
                        ))));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

impl std::fmt::Debug for DebugOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DebugOutput").field("exit_code", &self.exit_code).finish_non_exhaustive()
    }
}

impl DebugSession {
    /// Both directions, to be used by tasks of their own.
    pub fn split(self) -> (DebugInput, DebugOutput) {
        (self.input, self.output)
    }

    /// Connects the container with a reader and a writer until it ends, and gives its exit code, which may be other
    /// than zero.
    ///
    /// [`ErrorKind::Io`]: the reader or the writer failed; the container is stopped then.
    pub async fn run(self, stdin: impl AsyncRead + Send, stdout: impl AsyncWrite + Send) -> Result<i32> {
        let Self { input, mut output } = self;
        let feed = async move {
            let mut stdin = std::pin::pin!(stdin);
            let mut buffer = vec![0; PIECE];
            loop {
                let read = stdin.read(&mut buffer).await.map_err(|error| io("read the input", error))?;
                if read == 0 || input.write(Bytes::copy_from_slice(&buffer[..read])).await.is_err() {
                    break;
                }
            }
            // What ends the standard input.
            drop(input);
            std::future::pending::<Result<i32>>().await
        };
        let show = async {
            let mut stdout = std::pin::pin!(stdout);
            while let Some(piece) = output.next().await {
                let piece = piece?;
                stdout.write_all(&piece).await.map_err(|error| io("write the output", error))?;
                stdout.flush().await.map_err(|error| io("write the output", error))?;
            }
            output.exit_code().ok_or_else(|| malformed("the debug container ended without an exit code"))
        };
        tokio::select! {
            failed = feed => failed,
            code = show => code,
        }
    }
}

fn io(what: &str, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("could not {what} of the debug container: {error}")).with_source(error)
}

impl Node {
    /// Runs a container for debugging with all rights on the machine (`machine.DebugService/ContainerRun`, os:admin,
    /// from Talos 1.13). Its image must be in the store already.
    ///
    /// [`ErrorKind::NotFound`], as the first item of the output: the image is not there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::{DebugContainer, ImageStore};
    ///
    /// let image = node.pull_image(ImageStore::System, "docker.io/library/alpine:3").finish().await?;
    /// let container = DebugContainer::privileged(ImageStore::System, image).with_args(["echo", "hello"]);
    /// let mut output = Vec::new();
    /// let code = node.debug_container(container).run(tokio::io::empty(), &mut output).await?;
    /// println!("{code}: {}", String::from_utf8_lossy(&output));
    /// # Ok(()) }) }
    /// ```
    ///
    /// [`ErrorKind::InvalidTarget`], with nothing sent: no name on a client with several endpoints.
    pub fn debug_container(&self, container: DebugContainer) -> DebugSession {
        let (sender, requests) = mpsc::channel(AHEAD);
        let (half_close, closed) = tokio::sync::oneshot::channel::<()>();
        let first = stream::iter([Request::Spec(container.into_proto())]);
        let rest =
            stream::unfold(requests, |mut requests| async move { Some((requests.recv().await?, requests)) });
        let requests = first
            .chain(rest)
            .take_until(closed)
            .map(|request| DebugContainerRunRequest { request: Some(request) });
        let messages =
            Messages::new(
                self,
                requests,
                |raw, request| async move { raw.debug().container_run(request).await },
            )
            .unless(self.must_be_one_machine("a debug container"));
        DebugSession {
            input: DebugInput { messages: sender },
            output: DebugOutput { messages, half_close: Some(half_close), exit_code: None, ended: false },
        }
    }
}
