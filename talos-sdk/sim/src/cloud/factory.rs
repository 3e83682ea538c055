//! A small Image Factory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::json;

use super::http::{Body, read, serve, text, typed};
use super::image::{Packing, make};
use crate::simulation::World;
use crate::tasks::Tasks;
use crate::version::TalosVersion;

/// The id of the schematic that asks for nothing.
const EMPTY_SCHEMATIC: &str = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

/// A running Image Factory.
pub(super) struct Factory {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    world: Arc<World>,
    mebibytes: u32,
    versions: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    schematics: BTreeSet<String>,
    images: BTreeMap<(u64, Packing), Bytes>,
    downloads: Vec<String>,
}

/// The versions that are offered if nobody says which.
pub(super) fn default_versions() -> Vec<String> {
    ["v1.9.4", "v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"]
        .map(str::to_owned)
        .into()
}

impl Factory {
    pub(super) async fn start(
        tasks: &Tasks,
        world: &Arc<World>,
        mebibytes: u32,
        versions: Vec<String>,
    ) -> io::Result<Self> {
        let state = State { schematics: [EMPTY_SCHEMATIC.to_owned()].into(), ..State::default() };
        let shared = Arc::new(Shared { world: world.clone(), mebibytes, versions, state: Mutex::new(state) });
        let handler = shared.clone();
        let address = serve(tasks, Ipv4Addr::LOCALHOST, 0, move |request| {
            let shared = handler.clone();
            async move { shared.answer(request).await }
        });
        Ok(Self { address: address.await?, shared })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn downloads(&self) -> Vec<String> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).downloads.clone()
    }
}

impl std::fmt::Debug for Factory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factory").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method(), &parts[..]) {
            (&Method::GET, ["versions"]) => {
                typed(StatusCode::OK, "application/json", json!(self.versions).to_string().into())
            }
            (&Method::POST, ["schematics"]) => match read(request.into_body()).await {
                Ok(body) => self.schematic(&body),
                Err(refused) => refused,
            },
            (&(Method::GET | Method::HEAD), ["image", schematic, version, file]) => {
                let head = request.method() == Method::HEAD;
                self.image(&path, schematic, version, file, request.headers(), head).await
            }
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    /// Takes a schematic. Its id is the hash of its canonical form.
    fn schematic(&self, body: &[u8]) -> Response<Body> {
        let canonical = std::str::from_utf8(body).ok().and_then(|text| {
            let documents = talos_yaml::parse_documents(text).ok()?;
            documents.first().map(talos_yaml::emit)
        });
        let Some(canonical) = canonical else {
            return text(StatusCode::BAD_REQUEST, "the schematic is not YAML\n");
        };
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        let id = hash.as_ref().iter().fold(String::new(), |mut id, byte| {
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        self.state.lock().unwrap_or_else(PoisonError::into_inner).schematics.insert(id.clone());
        typed(StatusCode::CREATED, "application/json", json!({"id": id}).to_string().into())
    }

    async fn image(
        &self,
        path: &str,
        schematic: &str,
        version: &str,
        file: &str,
        headers: &HeaderMap,
        head: bool,
    ) -> Response<Body> {
        let known = self.state.lock().unwrap_or_else(PoisonError::into_inner).schematics.contains(schematic);
        let (Ok(talos), Some(packing), true) = (version.parse::<TalosVersion>(), Packing::of(file), known)
        else {
            return text(StatusCode::NOT_FOUND, "there is no such schematic, version or file\n");
        };
        let seed = seed(&[schematic, talos.tag(), file.split('.').next().unwrap_or_default()]);
        let image = match self.load(seed, packing).await {
            Ok(image) => image,
            Err(error) => return text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
        };
        if !head {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).downloads.push(path.to_owned());
            // Servers whose image does not name a version play the one that was asked for last.
            *self.world.version() = talos;
        }
        send(image, headers, head)
    }

    async fn load(&self, seed: u64, packing: Packing) -> io::Result<Bytes> {
        let known =
            self.state.lock().unwrap_or_else(PoisonError::into_inner).images.get(&(seed, packing)).cloned();
        if let Some(image) = known {
            return Ok(image);
        }
        let mebibytes = self.mebibytes;
        let made = tokio::task::spawn_blocking(move || make(seed, mebibytes, packing)).await;
        let image = made.map_err(io::Error::other)??;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.images.insert((seed, packing), image.clone());
        Ok(image)
    }
}

/// A number that follows from the names.
fn seed(names: &[&str]) -> u64 {
    let hash = digest::digest(&digest::SHA256, names.join("/").as_bytes());
    hash.as_ref().iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Sends an image piece by piece, from where the caller wants it.
fn send(image: Bytes, headers: &HeaderMap, head: bool) -> Response<Body> {
    let total = image.len();
    let start = headers.get(header::RANGE).and_then(|range| {
        range.to_str().ok()?.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
    });
    if start.is_some_and(|start| start >= total) {
        return text(StatusCode::RANGE_NOT_SATISFIABLE, "the image is not that long\n");
    }
    let rest = image.slice(start.unwrap_or(0)..);
    let length = rest.len();
    let rest = if head { Bytes::new() } else { rest };
    let pieces = stream::unfold(rest, |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(64 * 1024));
        Some((Ok(Frame::data(piece)), rest))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(start) = start {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {start}-{}/{total}", total - 1);
        if let Ok(range) = HeaderValue::from_str(&range) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    response
}
