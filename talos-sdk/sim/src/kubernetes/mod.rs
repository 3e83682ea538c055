//! The Kubernetes API: enough to see nodes and pods, to cordon, drain and delete nodes, and to watch it.

mod api;
mod budget;
mod discovery;
mod kubelet;
mod node;
mod pod;
mod protobuf;
mod registry;
mod reply;
mod request;
mod selector;
mod state;
mod watch;

pub(crate) use kubelet::register;
pub(crate) use pod::status as pod_status;
pub(crate) use registry::Registry;

use std::convert::Infallible;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use talos_pki::Certificate;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::cluster::ClusterKey;
use crate::config::NodeConfig;
use crate::identity::kubernetes_tls;
use crate::run::Run;
use crate::server::bind;
use api::Api;

/// The port of the Kubernetes API.
const PORT: u16 = 6443;

/// Starts the API server, and returns as soon as it listens.
pub(crate) async fn serve(run: &Arc<Run>, config: &NodeConfig, hostname: &str) {
    let tls = match kubernetes_tls(config, run.address(), hostname, &run.node.world.clock) {
        Ok(tls) => TlsAcceptor::from(tls),
        Err(error) => return run.console(&format!("[talos] no certificate for kube-apiserver: {error}")),
    };
    let cluster = run.node.world.cluster(&ClusterKey::of(config));
    let listener = bind(run.address(), PORT).await;
    let api = Arc::new(Api {
        world: run.node.world.clone(),
        cluster: cluster.clone(),
        version: config.kubernetes_version.clone(),
    });
    let spawner = run.tasks.spawner();
    run.tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, api, connections) = (tls.clone(), api.clone(), spawner.clone());
            spawner.spawn(async move {
                if let Err(error) = connection(tls, api, connections, stream).await {
                    tracing::debug!(%error, "Kubernetes connection ended");
                }
            });
        }
    });
    cluster.api_up(run.address());
}

async fn connection(
    tls: TlsAcceptor,
    api: Arc<Api>,
    spawner: crate::tasks::Spawner,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tls.accept(stream).await?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let caller = leaf.and_then(|leaf| Certificate::from_der(leaf).ok()).map(Arc::new);
    let service = service_fn(move |request: Request<Incoming>| {
        let (api, caller) = (api.clone(), caller.clone());
        async move { Ok::<_, Infallible>(api.answer(request, caller.as_deref()).await) }
    });
    let mut builder = auto::Builder::new(spawner);
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    builder.serve_connection(TokioIo::new(stream), service).await
}
