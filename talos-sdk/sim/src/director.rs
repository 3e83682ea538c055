//! Where a call goes: to this machine or to others.

use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use talos_pki::{Role, RoleSet};
use tonic::Status;

use crate::forward;
use crate::grpc::{ResponseBody, refuse};
use crate::local;
use crate::server::Connection;

/// The services that may be asked of many machines at once from Talos 1.13 on.
const FAN_OUT: [&str; 5] = [
    "/machine.MachineService/",
    "/cluster.ClusterService/",
    "/inspect.InspectService/",
    "/storage.StorageService/",
    "/time.TimeService/",
];

enum Route {
    Local,
    One(String),
    Many(Vec<String>),
}

/// Answers a call.
pub(crate) async fn handle(
    connection: &Arc<Connection>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let roles = match caller_roles(connection, request.headers()) {
        Ok(roles) => roles,
        Err(status) => return refuse(&status),
    };
    match route(connection, &request) {
        Ok(Route::Local) => local::serve(connection, roles, request).await,
        Ok(Route::One(target)) => forward::to_one(&connection.run, &target, &roles, request).await,
        Ok(Route::Many(targets)) => forward::to_many(&connection.run, targets, &roles, request).await,
        Err(status) => refuse(&status),
    }
}

/// The roles in the certificate or, if another machine forwards the call, those of its caller.
fn caller_roles(connection: &Connection, headers: &HeaderMap) -> Result<RoleSet, Status> {
    if connection.run.maintenance() {
        let role = if connection.run.node.siderolink { Role::Admin } else { Role::Reader };
        return Ok(RoleSet::from([role]));
    }
    let named = values(headers, "talos-role");
    if connection.roles.contains(Role::Impersonator) && !named.is_empty() {
        return RoleSet::parse(&named).map_err(|error| Status::invalid_argument(error.to_string()));
    }
    Ok(connection.roles.clone())
}

fn route(connection: &Connection, request: &Request<Incoming>) -> Result<Route, Status> {
    let run = &connection.run;
    let headers = request.headers();
    if run.maintenance() || headers.contains_key("proxyfrom") {
        return Ok(Route::Local);
    }
    let (one, many) = (values(headers, "node"), values(headers, "nodes"));
    if one.len() > 1 {
        return Err(Status::invalid_argument("node metadata must have a single value"));
    }
    let forwards = run.tls().is_some_and(|tls| tls.client.is_some());
    if !forwards {
        let only = one.first().or(many.first().filter(|_| many.len() == 1));
        if only.is_some_and(|target| is_self(connection, target)) {
            return Ok(Route::Local);
        }
        if !one.is_empty() || !many.is_empty() {
            return Err(Status::permission_denied("no request forwarding"));
        }
    }
    if !many.is_empty() {
        let path = request.uri().path();
        let allowed = match run.minor() {
            ..13 => !path.starts_with("/cosi."),
            _ => FAN_OUT.iter().any(|service| path.starts_with(service)),
        };
        if !allowed {
            return Err(Status::invalid_argument("this method cannot be asked of many nodes at once"));
        }
        if let Some(wrong) = many.iter().find(|target| !forward::is_valid(target)) {
            return Err(forward::invalid(wrong));
        }
        return Ok(Route::Many(many));
    }
    Ok(match one.into_iter().next() {
        Some(target) => Route::One(target),
        None => Route::Local,
    })
}

fn is_self(connection: &Connection, target: &str) -> bool {
    let node = &connection.run.node;
    target == node.address.to_string() || target == node.hostname()
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
}
