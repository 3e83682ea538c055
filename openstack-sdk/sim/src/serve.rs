//! From a connection to a service and back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::faults::Effect;
use crate::http::{Reply, Request, parse_query};
use crate::upload::{Digest, Hasher};
use crate::world::{SERVICES, World, prefix};
use crate::{Call, Faults, Service, glance, keystone, neutron, nova};

/// Longest body of a call that is not an upload.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    pub(crate) faults: Faults,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection ends without a reply.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// Accepts connections until it is dropped, and with it all of them.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Answers one call, with its faults, and writes it down.
async fn answer(shared: Arc<Shared>, request: http::Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let service = SERVICES.into_iter().find_map(|service| {
        let rest = path.strip_prefix(prefix(service))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| (service, rest.to_owned()))
    });
    let Some((service, path)) = service else {
        return Ok(response(Reply::empty(StatusCode::NOT_FOUND)));
    };
    let query = parts.uri.query().unwrap_or_default();
    let mut request = Request {
        service,
        query: parse_query(query),
        method: parts.method,
        path,
        headers: parts.headers,
        body: Bytes::new(),
        server_error: None,
    };
    let index = {
        let mut world = shared.world();
        world.calls.push(Call {
            service,
            method: request.method.to_string(),
            path: request.path.clone(),
            query: query.to_owned(),
            status: None,
        });
        world.calls.len() - 1
    };
    let effect = shared.faults.take(service, request.method.as_str(), &request.path);
    let reply = with_fault(&shared, &mut request, body, effect).await?;
    let mut world = shared.world();
    if let Some(call) = world.calls.get_mut(index) {
        call.status = Some(reply.status.as_u16());
    }
    drop(world);
    let request_id = format!("req-{:08}", index + 1);
    Ok(response(reply.with(HeaderName::from_static("x-openstack-request-id"), &request_id)))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().extend(reply.headers);
    response
}

async fn with_fault(
    shared: &Arc<Shared>,
    request: &mut Request,
    body: Incoming,
    effect: Option<Effect>,
) -> Result<Reply, Cut> {
    match effect {
        None => serve(shared, request, body, None).await,
        Some(Effect::Delay { millis }) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            serve(shared, request, body, None).await
        }
        Some(Effect::Hang) => std::future::pending().await,
        Some(Effect::CutUpload { bytes }) => serve(shared, request, body, Some(bytes)).await,
        Some(Effect::LoseReply) => {
            serve(shared, request, body, None).await?;
            Err(Cut)
        }
        Some(Effect::ServerError { text }) => {
            request.server_error = Some(text);
            serve(shared, request, body, None).await
        }
        Some(Effect::Unauthorized) => {
            let mut world = shared.world();
            if let Some(token) = request.header("x-auth-token") {
                world.keystone.forget(token);
            }
            Ok(unauthorized(&world, request))
        }
        Some(Effect::TooManyRequests { retry_after }) => {
            Ok(error(request, StatusCode::TOO_MANY_REQUESTS, "Too many requests, come back later.")
                .with(RETRY_AFTER, &retry_after.to_string()))
        }
        Some(Effect::Unavailable { retry_after }) => {
            let reply = error(request, StatusCode::SERVICE_UNAVAILABLE, "The service is not available now.");
            Ok(match retry_after {
                Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
                None => reply,
            })
        }
        Some(Effect::QuotaExceeded) => Ok(match request.service {
            Service::Network => neutron::over_quota(neutron::counted(request).unwrap_or("port")),
            Service::Image => error(request, StatusCode::PAYLOAD_TOO_LARGE, "Quota exceeded for images."),
            _ => error(request, StatusCode::FORBIDDEN, "Quota exceeded for instances."),
        }),
    }
}

/// The answer to a request without a good token.
fn unauthorized(world: &World, request: &Request) -> Reply {
    let reply = match request.service {
        Service::Image => glance::error(request, StatusCode::UNAUTHORIZED, keystone::NO_TOKEN),
        _ => keystone::error(StatusCode::UNAUTHORIZED, keystone::NO_TOKEN),
    };
    let path = if request.service == Service::Identity { "/v3" } else { "" };
    reply.with(WWW_AUTHENTICATE, &format!("Keystone uri=\"{}{path}\"", world.url(Service::Identity)))
}

/// An error in the form of the service called.
fn error(request: &Request, status: StatusCode, message: &str) -> Reply {
    match request.service {
        Service::Identity => keystone::error(status, message),
        Service::Image => glance::error(request, status, message),
        Service::Compute => nova::error(status, message),
        Service::Network => neutron::error(status, "HTTPException", message),
    }
}

async fn serve(
    shared: &Arc<Shared>,
    request: &mut Request,
    body: Incoming,
    cut: Option<u64>,
) -> Result<Reply, Cut> {
    let public = match request.service {
        Service::Identity => keystone::is_public(request),
        Service::Image => glance::is_public(request),
        Service::Compute => nova::is_public(request),
        Service::Network => neutron::is_public(request),
    };
    if !public {
        let world = shared.world();
        if !world.keystone.accepts(request.header("x-auth-token"), world.options.clock.now()) {
            return Ok(unauthorized(&world, request));
        }
    }
    if request.service == Service::Image
        && let Some(id) = glance::upload_target(request)
    {
        return upload(shared, request, &id, body, cut).await;
    }
    request.body = match read(body, cut).await? {
        Some(body) => body,
        None => return Ok(error(request, StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.")),
    };
    let mut world = shared.world();
    Ok(match request.service {
        Service::Identity => keystone::handle(&mut world, request),
        Service::Image => glance::handle(&mut world, request),
        Service::Compute => nova::handle(&mut world, request),
        Service::Network => neutron::handle(&mut world, request),
    })
}

/// The whole body; `None` when it is too long.
async fn read(mut body: Incoming, cut: Option<u64>) -> Result<Option<Bytes>, Cut> {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Cut)?.into_data() else { continue };
        all.extend_from_slice(&data);
        if cut.is_some_and(|bytes| all.len() as u64 >= bytes) {
            return Err(Cut);
        }
        if all.len() > MAX_BODY {
            return Ok(None);
        }
    }
    match cut {
        Some(_) => Err(Cut),
        None => Ok(Some(Bytes::from(all))),
    }
}

/// `PUT /v2/images/{id}/file`.
async fn upload(
    shared: &Arc<Shared>,
    request: &Request,
    id: &str,
    mut body: Incoming,
    cut: Option<u64>,
) -> Result<Reply, Cut> {
    let keep = {
        let mut world = shared.world();
        if let Err(reply) = glance::begin_upload(&mut world, request, id) {
            return Ok(reply);
        }
        world.options.kept_image_bytes
    };
    let mut open = OpenUpload { shared, id, digest: None };
    let mut hasher = Hasher::new(keep);
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Cut)?.into_data() else { continue };
        size += data.len() as u64;
        hasher.push(data).await;
        if cut.is_some_and(|bytes| size >= bytes) {
            return Err(Cut);
        }
    }
    if cut.is_some() {
        return Err(Cut);
    }
    open.digest = Some(hasher.finish().await.map_err(|_| Cut)?);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Closes the image however the upload ends.
struct OpenUpload<'a> {
    shared: &'a Shared,
    id: &'a str,
    digest: Option<Digest>,
}

impl Drop for OpenUpload<'_> {
    fn drop(&mut self) {
        glance::end_upload(&mut self.shared.world(), self.id, self.digest.take());
    }
}
