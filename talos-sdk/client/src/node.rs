//! One node.

use std::future::Future;
use std::time::Duration;

use tonic::{Code, Response, Status, Streaming};

use crate::channel::{Channel, Route, overdue};
use crate::method::Method;
use crate::raw::Raw;
use crate::status::Circumstances;
use crate::target::Target;
use crate::{Client, ClientOptions, Error, ErrorKind, Result};

/// What no call outlives, even if it has no limit of its own.
const LONG_WORK: Duration = Duration::from_secs(24 * 60 * 60);

/// One machine, seen through an endpoint. Cheap to clone.
///
/// The calls are in groups:
///
/// | for | use |
/// |---|---|
/// | what it is | [`hostname`](Self::hostname), [`version`](Self::version), [`server_version`](Self::server_version), [`cpus`](Self::cpus), [`memory`](Self::memory), [`mounts`](Self::mounts), [`disks`](Self::disks), [`time`](Self::time), [`time_against`](Self::time_against) |
/// | how busy it is | [`load_average`](Self::load_average), [`system_stat`](Self::system_stat), [`cpu_frequencies`](Self::cpu_frequencies), [`disk_counters`](Self::disk_counters), [`network_counters`](Self::network_counters) |
/// | what runs there | [`services`](Self::services), [`service`](Self::service), [`start_service`](Self::start_service), [`stop_service`](Self::stop_service), [`restart_service`](Self::restart_service), [`processes`](Self::processes), [`containers`](Self::containers), [`container_usage`](Self::container_usage), [`restart_container`](Self::restart_container), [`controller_dependencies`](Self::controller_dependencies) |
/// | what happens there | [`events`](Self::events), [`logs`](Self::logs), [`log_ids`](Self::log_ids), [`dmesg`](Self::dmesg) |
/// | its files | [`list`](Self::list), [`read`](Self::read), [`copy`](Self::copy), [`disk_usage`](Self::disk_usage) |
/// | its network | [`sockets`](Self::sockets), [`capture_packets`](Self::capture_packets) |
/// | images and installation | [`images`](Self::images), [`pull_image`](Self::pull_image), [`import_image`](Self::import_image), [`import_image_stream`](Self::import_image_stream), [`remove_image`](Self::remove_image), [`verify_image`](Self::verify_image), [`run_install`](Self::run_install), [`run_upgrade`](Self::run_upgrade) |
/// | storage | [`wipe_block_devices`](Self::wipe_block_devices), [`remove_logical_volume`](Self::remove_logical_volume), [`remove_volume_group`](Self::remove_volume_group), [`remove_physical_volume`](Self::remove_physical_volume), [`destroy_array`](Self::destroy_array), [`write_meta`](Self::write_meta), [`delete_meta`](Self::delete_meta) |
/// | looking for a mistake | [`debug_container`](Self::debug_container) |
/// | its configuration | [`configuration`](Self::configuration), [`saved_configuration`](Self::saved_configuration), [`apply_configuration`](Self::apply_configuration), [`patch_configuration`](Self::patch_configuration), [`generate_configuration`](Self::generate_configuration) |
/// | the cluster | [`bootstrap`](Self::bootstrap), [`kubeconfig`](Self::kubeconfig), [`client_configuration`](Self::client_configuration), [`cluster_health`](Self::cluster_health) |
/// | etcd | [`etcd_members`](Self::etcd_members), [`etcd_status`](Self::etcd_status), [`etcd_alarms`](Self::etcd_alarms), [`etcd_disarm_alarms`](Self::etcd_disarm_alarms), [`etcd_defragment`](Self::etcd_defragment), [`etcd_snapshot`](Self::etcd_snapshot), [`etcd_snapshot_to`](Self::etcd_snapshot_to), [`etcd_recover`](Self::etcd_recover), [`etcd_recover_from`](Self::etcd_recover_from), [`etcd_leave`](Self::etcd_leave), [`etcd_remove_member`](Self::etcd_remove_member), [`etcd_forfeit_leadership`](Self::etcd_forfeit_leadership), [`etcd_validate_downgrade`](Self::etcd_validate_downgrade), [`etcd_enable_downgrade`](Self::etcd_enable_downgrade), [`etcd_cancel_downgrade`](Self::etcd_cancel_downgrade) |
/// | power | [`reboot`](Self::reboot), [`shutdown`](Self::shutdown), [`reset`](Self::reset) |
/// | its version | [`upgrade`](Self::upgrade), [`rollback`](Self::rollback), [`has_method`](Self::has_method), [`forget_server_version`](Self::forget_server_version) |
/// | resources | [`resources`](Self::resources), [`resources_untyped`](Self::resources_untyped), [`resource_definition`](Self::resource_definition), [`resource_definitions`](Self::resource_definitions) |
/// | every other call | [`raw`](Self::raw) |
/// | this handle | [`name`](Self::name), [`with_timeout`](Self::with_timeout) |
#[derive(Debug, Clone)]
pub struct Node {
    channel: Channel,
}

impl Node {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { channel }
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The name given to [`Client::node`](crate::Client::node); none for the endpoint itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.channel.target.name()
    }

    /// The same node, with a limit for each call on it instead of the one in the options. It also limits streams,
    /// from the call to the last item.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.channel.timeout = Some(timeout);
        self
    }

    /// The endpoints of the client.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        self.channel.shared.balancer.endpoints().map(ToString::to_string).collect()
    }

    pub(crate) fn in_maintenance(&self) -> bool {
        self.channel.shared.maintenance
    }

    /// The same node, without a limit of its own for each call.
    pub(crate) fn without_timeout(mut self) -> Self {
        self.channel.timeout = None;
        self
    }

    /// The same machine as somebody without credentials sees it, if it waits for a configuration. Nothing secret is
    /// sent there, and nothing it says can be trusted.
    pub(crate) fn as_stranger(&self) -> Option<Self> {
        let endpoint = match self.name() {
            Some(name) if name.contains(':') => format!("[{name}]"),
            Some(name) => name.to_owned(),
            None => self.channel.shared.balancer.endpoints().next()?.to_string(),
        };
        let options = ClientOptions {
            connect_timeout: self.channel.timeout.unwrap_or_default(),
            call_timeout: self.channel.timeout,
            ..ClientOptions::default()
        };
        Some(Client::in_maintenance(&endpoint, None, options).ok()?.endpoint())
    }

    /// The generated stubs over the same connections, targeting and limits, for calls that have no method here.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw::new(self.channel.clone())
    }

    /// Refuses what could hit the wrong machine: without a name, each call may go to another endpoint. A machine in
    /// maintenance mode has no name yet, and its client has no other endpoint.
    pub(crate) fn must_be_named(&self, what: &str) -> Result<()> {
        match self.channel.target {
            Target::Endpoint if !self.channel.shared.maintenance => Err(Error::new(
                ErrorKind::InvalidTarget,
                format!(
                    "{what} is for a node that is named: use `client.node(…)` with its address or host name"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses what has to find the same machine again: without a name, each call may go to another endpoint.
    pub(crate) fn must_be_one_machine(&self, what: &str) -> Result<()> {
        if self.channel.shared.balancer.len() == 1 { Ok(()) } else { self.must_be_named(what) }
    }

    /// The same node, for a stream that is read to its end at once: it has the time of a single reply.
    pub(crate) fn for_one_reply(&self) -> Self {
        let mut node = self.clone();
        node.channel.timeout = node.channel.timeout.or(node.channel.shared.call_timeout);
        node
    }

    /// The same node, for a call whose single reply comes after long work: without the limit for single replies.
    pub(crate) fn for_long_work(&self) -> Self {
        let mut node = self.clone();
        node.channel.timeout = node.channel.timeout.or(Some(LONG_WORK));
        node
    }

    /// Gives a stream the time of a single reply to begin.
    pub(crate) async fn begin<T>(&self, opening: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(limit) = self.channel.timeout.or(self.channel.shared.call_timeout) else {
            return opening.await;
        };
        tokio::time::timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(overdue("the stream did not begin").at(None, self.name(), None)))
    }

    /// Opens a stream that a machine greets on, and takes the greeting.
    pub(crate) async fn open<Q, R, F, Fut>(&self, message: Q, call: F) -> Result<Opened<R>>
    where
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut,
        Fut: Future<Output = Result<Response<Streaming<R>>, Status>>,
    {
        self.begin(async {
            let Reply { message: mut messages, origin } = self.call(message, call).await?;
            let first = messages.message().await.map_err(|status| origin.error(status))?;
            Ok(Opened { messages, origin, first })
        })
        .await
    }

    /// Makes one call through the stubs.
    pub(crate) async fn call<Q, R, F, Fut>(&self, message: Q, call: F) -> Result<Reply<R>>
    where
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let origin = Origin { channel: self.channel.clone(), route: Route::default() };
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(origin.route.clone());
        match call(self.raw(), request).await {
            Ok(response) => Ok(Reply { message: response.into_inner(), origin }),
            Err(status) => Err(origin.error(status)),
        }
    }
}

/// A reply, and where it came from.
pub(crate) struct Reply<R> {
    pub(crate) message: R,
    pub(crate) origin: Origin,
}

/// A stream that has begun.
pub(crate) struct Opened<R> {
    pub(crate) messages: Streaming<R>,
    pub(crate) origin: Origin,
    /// None if it has ended as well.
    pub(crate) first: Option<R>,
}

/// Where replies come from, to say so in errors.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    channel: Channel,
    route: Route,
}

impl Origin {
    pub(crate) fn error(&self, status: Status) -> Error {
        let node = Node::new(self.channel.clone());
        let version = node.known_version();
        let roles = self.channel.shared.balancer.tls().roles();
        let error = Error::from_status(
            status,
            Circumstances {
                path: self.route.path(),
                node: self.channel.target.name(),
                endpoint: self.route.endpoint().as_deref(),
                roles: roles.as_deref(),
                version: version.as_ref(),
            },
        );
        // A machine without a method that its version has may run another version by now.
        let method = self.route.path().and_then(Method::find);
        let contradicted =
            matches!((method, &version), (Some(method), Some(version)) if method.is_in(version));
        if contradicted && error.code() == Some(Code::Unimplemented) {
            node.forget_server_version();
        }
        error
    }

    /// Puts the place on an error that was found on our side.
    pub(crate) fn place(&self, error: Error) -> Error {
        error.at(
            self.route.path().map(crate::method::name),
            self.channel.target.name(),
            self.route.endpoint().as_deref(),
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
mod tests {
    use std::fs;
    use std::path::Path;

    fn sources(folder: &Path) -> Vec<String> {
        let mut texts = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => texts.extend(sources(&path)),
                false => texts.push(fs::read_to_string(path).unwrap()),
            }
        }
        texts
    }

    #[test]
    fn every_call_is_in_the_table_of_the_documentation() {
        let mut calls = 0;
        for text in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            for part in text.split("\nimpl Node {\n").skip(1) {
                let body = part.split("\n}\n").next().unwrap();
                let names = body.lines().filter_map(|line| {
                    let name = line.strip_prefix("    pub async fn ").or(line.strip_prefix("    pub fn "))?;
                    name.split(['(', '<']).next()
                });
                for name in names {
                    calls += 1;
                    assert!(
                        include_str!("node.rs").contains(&format!("(Self::{name})")),
                        "{name} is missing"
                    );
                }
            }
        }
        assert!(calls > 80, "{calls}");
    }
}
