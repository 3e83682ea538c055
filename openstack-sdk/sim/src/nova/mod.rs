//! Nova, Compute API version 2.1 with microversions up to 2.93.

pub(crate) mod groups;
pub(crate) mod servers;

use http::header::{HeaderName, VARY};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::world::World;
use crate::{Flavor, Service};

const API_VERSION: HeaderName = HeaderName::from_static("openstack-api-version");
const OLD_API_VERSION: HeaderName = HeaderName::from_static("x-openstack-nova-api-version");
const MAX_MINOR: u32 = 93;

#[derive(Default)]
pub(crate) struct Nova {
    pub(crate) servers: Vec<servers::Record>,
    pub(crate) groups: Vec<groups::Group>,
}

/// Nova names an error's body after its status.
pub(crate) fn error(status: StatusCode, message: &str) -> Reply {
    let kind = match status.as_u16() {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        415 => "badMediaType",
        503 => "serviceUnavailable",
        _ => "computeFault",
    };
    Reply::json(status, &json!({kind: {"code": status.as_u16(), "message": message}}))
}

pub(crate) fn bad(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, message)
}

pub(crate) fn conflict(message: &str) -> Reply {
    error(StatusCode::CONFLICT, message)
}

pub(crate) fn not_found(what: &str, id: &str) -> Reply {
    error(StatusCode::NOT_FOUND, &format!("There is no {what} {id}."))
}

pub(crate) fn is_public(request: &Request) -> bool {
    request.segments().len() < 2
}

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let minor = match asked_minor(request) {
        Ok(minor) => minor,
        Err(reply) => return reply,
    };
    let version = format!("2.{minor}");
    route(world, request, minor)
        .with(API_VERSION, &format!("compute {version}"))
        .with(OLD_API_VERSION, &version)
        .with(VARY, "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
}

/// The minor version that the request asks for; 2.1 when it asks for none.
fn asked_minor(request: &Request) -> Result<u32, Reply> {
    let asked = match request.header("openstack-api-version") {
        Some(value) => value.split(',').find_map(|entry| entry.trim().strip_prefix("compute ")),
        None => request.header("x-openstack-nova-api-version"),
    };
    let Some(asked) = asked.map(str::trim) else { return Ok(1) };
    if asked == "latest" {
        return Ok(MAX_MINOR);
    }
    let number = asked
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    match number {
        Some((2, minor)) if (1..=MAX_MINOR).contains(&minor) => Ok(minor),
        Some(_) => Err(error(
            StatusCode::NOT_ACCEPTABLE,
            &format!("Version {asked} is not served; versions 2.1 to 2.{MAX_MINOR} are."),
        )),
        None => Err(bad("The version asked for is not of the form 2.1.")),
    }
}

fn route(world: &mut World, request: &Request, minor: u32) -> Reply {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some((first, path)) = path.split_first() else {
        return Reply::ok(&json!({"versions": [version(world)]}));
    };
    if *first != "v2.1" {
        return error(StatusCode::NOT_FOUND, "No such version.");
    }
    match (request.method.as_str(), path) {
        ("GET", []) => Reply::ok(&json!({"version": version(world)})),
        (_, ["servers", rest @ ..]) => servers::route(world, request, minor, rest),
        (_, ["os-server-groups", rest @ ..]) => groups::route(world, request, minor, rest),
        ("GET", ["flavors"]) => flavors(world, request, minor, false),
        ("GET", ["flavors", "detail"]) => flavors(world, request, minor, true),
        ("GET", ["flavors", id]) => match find_flavor(world, id) {
            Some(flavor) => Reply::ok(&json!({"flavor": flavor_view(world, flavor, minor)})),
            None => not_found("flavor", id),
        },
        ("GET", ["flavors", id, "os-extra_specs"]) => match find_flavor(world, id) {
            Some(_) => Reply::ok(&json!({"extra_specs": {}})),
            None => not_found("flavor", id),
        },
        ("GET", ["limits"]) => limits(world),
        ("GET", ["os-quota-sets", project, ..]) => quota_set(world, project),
        ("GET", ["os-keypairs"]) => Reply::ok(&json!({"keypairs": []})),
        ("GET", ["os-availability-zone", _]) => {
            error(StatusCode::FORBIDDEN, "Only administrators see the hosts of a zone.")
        }
        ("GET", ["os-availability-zone"]) => Reply::ok(&json!({"availabilityZoneInfo": [
            {"zoneName": "nova", "zoneState": {"available": true}, "hosts": null},
        ]})),
        ("GET", ["extensions"]) => Reply::ok(&json!({"extensions": []})),
        (_, [known @ ("flavors" | "limits" | "os-keypairs" | "os-availability-zone"), ..])
            if request.method != Method::GET =>
        {
            error(StatusCode::FORBIDDEN, &format!("Only administrators change {known}."))
        }
        _ => error(StatusCode::NOT_FOUND, "No such resource."),
    }
}

fn version(world: &World) -> Value {
    json!({
        "id": "v2.1",
        "status": "CURRENT",
        "version": format!("2.{MAX_MINOR}"),
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": format!("{}/v2.1/", world.url(Service::Compute))}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}],
    })
}

pub(crate) fn links(world: &World, kind: &str, id: &str) -> Value {
    let base = world.url(Service::Compute);
    json!([
        {"rel": "self", "href": format!("{base}/v2.1/{kind}/{id}")},
        {"rel": "bookmark", "href": format!("{base}/{kind}/{id}")},
    ])
}

pub(crate) fn find_flavor<'a>(world: &'a World, id: &str) -> Option<&'a Flavor> {
    world.options.flavors.iter().find(|flavor| flavor.id == id)
}

fn flavors(world: &World, request: &Request, minor: u32, detail: bool) -> Reply {
    let at_least = |name: &str| request.query(name).and_then(|value| value.parse::<u32>().ok()).unwrap_or(0);
    let (ram, disk) = (at_least("minRam"), at_least("minDisk"));
    let list: Vec<Value> = world
        .options
        .flavors
        .iter()
        .filter(|flavor| flavor.ram >= ram && flavor.disk >= disk)
        .skip_while(|flavor| request.query("marker").is_some_and(|marker| marker != flavor.id))
        .skip(usize::from(request.query("marker").is_some()))
        .take(request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX))
        .map(|flavor| match detail {
            true => flavor_view(world, flavor, minor),
            false => {
                json!({"id": flavor.id, "name": flavor.name, "links": links(world, "flavors", &flavor.id)})
            }
        })
        .collect();
    Reply::ok(&json!({"flavors": list}))
}

fn flavor_view(world: &World, flavor: &Flavor, minor: u32) -> Value {
    let mut body = json!({
        "id": flavor.id,
        "name": flavor.name,
        "vcpus": flavor.vcpus,
        "ram": flavor.ram,
        "disk": flavor.disk,
        "swap": if minor >= 75 { json!(0) } else { json!("") },
        "rxtx_factor": 1.0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": false,
        "os-flavor-access:is_public": true,
        "links": links(world, "flavors", &flavor.id),
    });
    if minor >= 55 {
        body["description"] = Value::Null;
    }
    if minor >= 61 {
        body["extra_specs"] = json!({});
    }
    body
}

/// Servers, processors and memory in use.
pub(crate) fn usage(world: &World) -> (i64, i64, i64) {
    let flavors = world.nova.servers.iter().filter_map(|server| find_flavor(world, &server.flavor_id));
    flavors.fold((0, 0, 0), |(instances, cores, ram), flavor| {
        (instances + 1, cores + i64::from(flavor.vcpus), ram + i64::from(flavor.ram))
    })
}

fn limits(world: &World) -> Reply {
    let quota = &world.options.quota;
    let (instances, cores, ram) = usage(world);
    Reply::ok(&json!({"limits": {"rate": [], "absolute": {
        "maxTotalInstances": quota.instances,
        "maxTotalCores": quota.cores,
        "maxTotalRAMSize": quota.ram,
        "maxServerGroups": quota.server_groups,
        "maxServerGroupMembers": 100,
        "maxServerMeta": 128,
        "maxTotalKeypairs": 100,
        "totalInstancesUsed": instances,
        "totalCoresUsed": cores,
        "totalRAMUsed": ram,
        "totalServerGroupsUsed": world.nova.groups.len(),
    }}}))
}

fn quota_set(world: &World, project: &str) -> Reply {
    if project != world.keystone.project_id {
        return error(StatusCode::FORBIDDEN, "Only your own project's quota is open to you.");
    }
    let quota = &world.options.quota;
    Reply::ok(&json!({"quota_set": {
        "id": project,
        "instances": quota.instances,
        "cores": quota.cores,
        "ram": quota.ram,
        "key_pairs": 100,
        "metadata_items": 128,
        "server_groups": quota.server_groups,
        "server_group_members": 100,
    }}))
}
