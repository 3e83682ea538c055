//! The configuration as a file.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use talos_pki::{SecretString, base64};
use talos_yaml::mapping;

use crate::paths::is_read_only;
use crate::{Auth, BasicAuth, Context, Error, ErrorKind, Paths, Pem, Result, SideroV1Auth, TalosConfig};

// The shape of the file. The fields stand in the order in which they are written.
mapping! {
    struct FileShape {
        context: String = "context",
        contexts: BTreeMap<String, Option<ContextShape>> = "contexts",
    }

    struct ContextShape {
        /// The only endpoint, in files of old.
        target: String = "target" [never written],
        endpoints: Vec<String> = "endpoints",
        nodes: Vec<String> = "nodes" [unless Vec::is_empty],
        ca: String = "ca" [unless String::is_empty],
        crt: String = "crt" [unless String::is_empty],
        key: String = "key" [unless String::is_empty],
        auth: AuthShape = "auth" [unless AuthShape::is_empty],
        cluster: String = "cluster" [unless String::is_empty],
        proxy_url: String = "proxy-url" [unless String::is_empty],
    }

    struct AuthShape {
        basic: Option<BasicShape> = "basic" [unless Option::is_none],
        siderov1: Option<SideroV1Shape> = "siderov1" [unless Option::is_none],
    }

    struct BasicShape {
        username: String = "username",
        password: String = "password",
    }

    struct SideroV1Shape {
        identity: String = "identity",
    }
}

impl AuthShape {
    fn is_empty(&self) -> bool {
        self.basic.is_none() && self.siderov1.is_none()
    }
}

impl TalosConfig {
    /// Reads a configuration from YAML. Unknown keys are ignored.
    ///
    /// Errors: [`ErrorKind::Empty`] for a text without a document, [`ErrorKind::Syntax`], and [`ErrorKind::Invalid`]
    /// for credentials that are not base64.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let syntax = |error| {
            let message = format!("the text is no talosconfig: {error}");
            Error::new(ErrorKind::Syntax, message).with_source(error)
        };
        let Some(document) = talos_yaml::parse_first(text).map_err(syntax)? else {
            return Err(Error::new(ErrorKind::Empty, "the talosconfig is empty"));
        };
        document.check_unique_keys().map_err(syntax)?;
        let shape: FileShape = talos_yaml::from_node(&document).map_err(syntax)?;
        let mut contexts = BTreeMap::new();
        for (name, context) in shape.contexts {
            let context = context.unwrap_or_default().decode(&name)?;
            contexts.insert(name, context);
        }
        Ok(Self { context: shape.context, contexts })
    }

    /// The configuration as YAML, byte for byte as `talosctl` writes it. The text holds the private keys.
    pub fn to_yaml(&self) -> Result<SecretString> {
        let contexts = self
            .contexts
            .iter()
            .map(|(name, context)| (name.clone(), Some(ContextShape::encode(context))))
            .collect();
        let shape = FileShape { context: self.context.clone(), contexts };
        talos_yaml::to_string(&shape).map(SecretString::new).map_err(|error| {
            Error::new(ErrorKind::Invalid, "the talosconfig cannot be written as YAML").with_source(error)
        })
    }

    /// Reads the file at `path`. Fails with [`ErrorKind::NotFound`] if there is none.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                return Error::new(
                    ErrorKind::NotFound,
                    format!("there is no talosconfig at {}", path.display()),
                );
            }
            failed("read", path, error)
        })?;
        Self::from_yaml(&text).map_err(|error| {
            Error::new(error.kind(), format!("{}: {error}", path.display())).with_source(error)
        })
    }

    /// Reads the first file at the usual [`Paths`]. Fails with [`ErrorKind::NotFound`] if there is none.
    pub fn find() -> Result<Self> {
        let paths = Paths::from_env();
        let Some(path) = paths.existing() else {
            let tried: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            let message =
                format!("there is no talosconfig at {}: set TALOSCONFIG or name a file", tried.join(" or "));
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        Self::load(path)
    }

    /// Writes the configuration to `path`, for the owner's eyes only (mode 0600; missing folders 0700), in one step:
    /// a reader sees the old file or the new one. Where `path` is a link, its target is replaced.
    ///
    /// Fails with [`ErrorKind::ReadOnly`] for the file that Talos mounts into pods.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if is_read_only(path) {
            let message = format!("{} is given by Talos: save the talosconfig elsewhere", path.display());
            return Err(Error::new(ErrorKind::ReadOnly, message));
        }
        let text = self.to_yaml()?;
        write_file(path, text.expose().as_bytes()).map_err(|error| failed("write", path, error))
    }
}

impl ContextShape {
    fn decode(self, name: &str) -> Result<Context> {
        let pem = |field, text: &str| {
            if text.is_empty() {
                return Ok(None);
            }
            match base64::decode_text(text) {
                Some(text) => Ok(Some(text.to_string())),
                None => {
                    let message = format!("{field} of context {name:?} is not PEM text in base64");
                    Err(Error::new(ErrorKind::Invalid, message))
                }
            }
        };
        let mut endpoints = self.endpoints;
        endpoints.extend(some(self.target));
        Ok(Context {
            endpoints,
            nodes: self.nodes,
            ca: pem("ca", &self.ca)?.map(Pem::from),
            crt: pem("crt", &self.crt)?.map(Pem::from),
            key: pem("key", &self.key)?.map(SecretString::from),
            auth: Auth {
                basic: self
                    .auth
                    .basic
                    .map(|basic| BasicAuth { username: basic.username, password: basic.password.into() }),
                siderov1: self.auth.siderov1.map(|siderov1| SideroV1Auth { identity: siderov1.identity }),
            },
            cluster: some(self.cluster),
            proxy_url: some(self.proxy_url),
        })
    }

    fn encode(context: &Context) -> Self {
        let encoded =
            |text: Option<&str>| text.map(|text| base64::encode(text).to_string()).unwrap_or_default();
        Self {
            target: String::new(),
            endpoints: context.endpoints.clone(),
            nodes: context.nodes.clone(),
            ca: encoded(context.ca.as_ref().map(Pem::as_str)),
            crt: encoded(context.crt.as_ref().map(Pem::as_str)),
            key: encoded(context.key.as_ref().map(SecretString::expose)),
            auth: AuthShape {
                basic: context.auth.basic.as_ref().map(|basic| BasicShape {
                    username: basic.username.clone(),
                    password: basic.password.expose().to_owned(),
                }),
                siderov1: context
                    .auth
                    .siderov1
                    .as_ref()
                    .map(|siderov1| SideroV1Shape { identity: siderov1.identity.clone() }),
            },
            cluster: context.cluster.clone().unwrap_or_default(),
            proxy_url: context.proxy_url.clone().unwrap_or_default(),
        }
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("could not {what} {}: {error}", path.display())).with_source(error)
}

/// Writes a neighbour of the file and renames it, so that nobody sees half a file or a readable one.
fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;

    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".talosconfig-{}-{number}", std::process::id()));
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error counts; a leftover is harmless.
        _ = fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
