//! Nova: flavors, server groups, servers, limits.
//!
//! Defined by the Compute API v2.1. Each call asks for the microversion that it needs.

mod flavor;
mod group;
mod limits;
mod new;
mod server;

use http::Method;
use serde_json::{Value, json};

pub use self::flavor::Flavor;
pub use self::group::{GroupPolicy, ServerGroup};
pub use self::limits::{Limits, Usage};
pub use self::new::{MAX_USER_DATA, NewServer, ServerNetwork};
pub use self::server::{Fault, RebootKind, Server, ServerAddress, ServerQuery, ServerStatus};
use crate::cloud::Cloud;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::image::one_of;
use crate::request::{Request, segment};
use crate::service::ServiceType;
use crate::version::{Microversion, MicroversionRange};
use crate::wait::{self, Look};

/// Tags in `POST /servers`; all that the server calls know.
const SERVERS: Microversion = Microversion::new(2, 52);
/// Tags of servers, and filters by them.
const TAGS: Microversion = Microversion::new(2, 26);
/// What every server of this decade has.
const OLDEST: Microversion = Microversion::new(2, 1);

/// The calls of the Compute API. Made by [`Cloud::compute`].
#[derive(Debug, Clone)]
pub struct ComputeClient {
    cloud: Cloud,
}

impl ComputeClient {
    pub(crate) fn new(cloud: Cloud) -> ComputeClient {
        ComputeClient { cloud }
    }

    /// The microversions that Nova offers; `None` for a Nova without any.
    ///
    /// # Errors
    /// When Nova's version document can't be had.
    pub async fn microversions(&self) -> Result<Option<MicroversionRange>> {
        self.cloud.compute_versions().await
    }

    /// The flavors that this project may use.
    ///
    /// # Errors
    /// When Nova refuses.
    pub async fn flavors(&self) -> Result<Vec<Flavor>> {
        self.cloud.list(&Request::get(ServiceType::COMPUTE, "flavors/detail"), "flavors").await
    }

    /// The flavor of that id or name.
    ///
    /// # Errors
    /// When there is none; the error names some that there are.
    pub async fn find_flavor(&self, id_or_name: &str) -> Result<Flavor> {
        let all = self.flavors().await?;
        if let Some(found) = all.iter().find(|flavor| flavor.id == id_or_name) {
            return Ok(found.clone());
        }
        let some: Vec<_> = all.iter().take(8).map(|flavor| flavor.name.clone()).collect();
        let found: Vec<_> = all.into_iter().filter(|flavor| flavor.name == id_or_name).collect();
        if found.is_empty() {
            let text = format!("there is no flavor `{id_or_name}`; there are {}", some.join(", "));
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        one_of("flavor", id_or_name, found)
    }

    /// The project's server groups.
    ///
    /// # Errors
    /// When Nova refuses.
    pub async fn server_groups(&self) -> Result<Vec<ServerGroup>> {
        self.cloud.list(&group::list_request(), "server_groups").await
    }

    /// The server groups of that name; names are not unique.
    ///
    /// # Errors
    /// When Nova refuses.
    pub async fn server_groups_named(&self, name: &str) -> Result<Vec<ServerGroup>> {
        let mut groups = self.server_groups().await?;
        groups.retain(|group| group.name == name);
        Ok(groups)
    }

    /// Makes a server group.
    ///
    /// # Errors
    /// `QuotaExceeded`, or `Unsupported` when Nova is too old for the policy.
    pub async fn create_server_group(&self, name: &str, policy: &GroupPolicy) -> Result<ServerGroup> {
        let range = self.microversions().await?;
        self.cloud.fetch(&group::create_request(name, policy, range), "server_group").await
    }

    /// Deletes a server group. Its servers stay.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn delete_server_group(&self, id: &str) -> Result<()> {
        let path = format!("os-server-groups/{}", segment(id));
        self.cloud.send(&Request::delete(ServiceType::COMPUTE, path)).await.map(drop)
    }

    /// Asks for a server and gives its id. Nova goes on in the background: see
    /// [`wait_for_server`](ComputeClient::wait_for_server).
    ///
    /// # Errors
    /// Before anything is sent when the user data is too long; `BadRequest` when the image, flavor, port or group
    /// does not exist; `QuotaExceeded`. When the error is `Interrupted`, the server may exist: look for it by name.
    pub async fn create_server(&self, server: &NewServer) -> Result<String> {
        let made: Value = self.cloud.fetch(&server.request()?, "server").await?;
        let id = made.get("id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| Error::protocol("the new server has no id"))
    }

    fn server_request(method: Method, id: &str, rest: &str) -> Request {
        Request::new(method, ServiceType::COMPUTE, format!("servers/{}{rest}", segment(id)))
            .with_microversion(OLDEST, SERVERS)
    }

    /// A server by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn server(&self, id: &str) -> Result<Server> {
        self.cloud.fetch(&ComputeClient::server_request(Method::GET, id, ""), "server").await
    }

    /// The servers that fit.
    ///
    /// # Errors
    /// When Nova refuses.
    pub async fn servers(&self, query: &ServerQuery) -> Result<Vec<Server>> {
        let mut servers: Vec<Server> = self.cloud.list(&query.request(), "servers").await?;
        servers.retain(|server| query.fits(server));
        Ok(servers)
    }

    /// Deletes a server. Ports that were made for it by others stay.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn delete_server(&self, id: &str) -> Result<()> {
        self.cloud.send(&ComputeClient::server_request(Method::DELETE, id, "")).await.map(drop)
    }

    async fn action(&self, id: &str, action: &Value) -> Result<crate::Response> {
        let request = ComputeClient::server_request(Method::POST, id, "/action").with_value(action);
        self.cloud.send(&request).await
    }

    /// Reboots a server.
    ///
    /// # Errors
    /// `Conflict` when its state does not allow it.
    pub async fn reboot_server(&self, id: &str, kind: RebootKind) -> Result<()> {
        self.action(id, &json!({"reboot": {"type": kind.as_str()}})).await.map(drop)
    }

    /// Starts a stopped server.
    ///
    /// # Errors
    /// `Conflict` when its state does not allow it.
    pub async fn start_server(&self, id: &str) -> Result<()> {
        self.action(id, &json!({"os-start": null})).await.map(drop)
    }

    /// Stops a server.
    ///
    /// # Errors
    /// `Conflict` when its state does not allow it.
    pub async fn stop_server(&self, id: &str) -> Result<()> {
        self.action(id, &json!({"os-stop": null})).await.map(drop)
    }

    /// What the server wrote to its serial console: the last `lines`, or all that is kept.
    ///
    /// # Errors
    /// `Conflict` while the server is not on a host yet.
    pub async fn console_output(&self, id: &str, lines: Option<u32>) -> Result<String> {
        let options = lines.map_or_else(|| json!({}), |lines| json!({"length": lines}));
        // Reading it twice does no harm, though it is a POST.
        let request = ComputeClient::server_request(Method::POST, id, "/action")
            .with_value(&json!({"os-getConsoleOutput": options}))
            .with_idempotent(true);
        self.cloud.fetch(&request, "output").await
    }

    /// Replaces the tags of a server.
    ///
    /// # Errors
    /// `Conflict` while the server is in `ERROR`.
    pub async fn set_server_tags(&self, id: &str, tags: &[&str]) -> Result<()> {
        let request = ComputeClient::server_request(Method::PUT, id, "/tags")
            .with_microversion(TAGS, SERVERS)
            .with_value(&json!({"tags": tags}));
        self.cloud.send(&request).await.map(drop)
    }

    /// Waits until a server is in a state.
    ///
    /// # Errors
    /// `ServerFault` with Nova's text as soon as the server is in `ERROR`; `NotFound` when it is gone; `Deadline`.
    pub async fn wait_for_server(
        &self,
        id: &str,
        wanted: &ServerStatus,
        deadline: impl Into<Deadline>,
    ) -> Result<Server> {
        let deadline = deadline.into().earlier(self.cloud.deadline());
        let client = ComputeClient::new(self.cloud.with_deadline(deadline));
        wait::until(&format!("server {id} is {wanted}"), deadline, || async {
            let server = client.server(id).await?;
            if server.status == *wanted {
                return Ok(Look::Done(server));
            }
            match server.status {
                ServerStatus::Error => Err(server.fault_error()),
                ServerStatus::Deleted | ServerStatus::SoftDeleted => {
                    Err(Error::new(ErrorKind::NotFound, format!("server {id} was deleted")))
                }
                _ => Ok(Look::NotYet(server.state())),
            }
        })
        .await
    }

    /// Waits until a server is gone. Nova frees its ports before that.
    ///
    /// # Errors
    /// `ServerFault` when the deletion failed; `Deadline`.
    pub async fn wait_for_server_deleted(&self, id: &str, deadline: impl Into<Deadline>) -> Result<()> {
        let deadline = deadline.into().earlier(self.cloud.deadline());
        let client = ComputeClient::new(self.cloud.with_deadline(deadline));
        wait::until(&format!("server {id} is deleted"), deadline, || async {
            match client.server(id).await {
                Err(error) if error.is_not_found() => Ok(Look::Done(())),
                Err(error) => Err(error),
                Ok(server) => match server.status {
                    ServerStatus::SoftDeleted => Ok(Look::Done(())),
                    // One in ERROR stays so until the deletion is through; one that is DELETED still takes calls for a moment.
                    _ => Ok(Look::NotYet(server.state())),
                },
            }
        })
        .await
    }

    /// The project's limits and what is used of them.
    ///
    /// # Errors
    /// When Nova refuses.
    pub async fn limits(&self) -> Result<Limits> {
        let reply: limits::Reply =
            self.cloud.fetch(&Request::get(ServiceType::COMPUTE, "limits"), "limits").await?;
        Ok(reply.absolute)
    }
}
