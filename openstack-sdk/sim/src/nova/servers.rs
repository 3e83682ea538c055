//! Servers: the calls on them and their life.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::{bad, conflict, error, find_flavor, links, not_found, usage};
use crate::http::{Reply, Request};
use crate::machines::Boot;
use crate::neutron::ports;
use crate::world::{Work, World};
use crate::{Server, Service, UserData};

/// Longest user data, counted in base64.
const MAX_USER_DATA: usize = 65_535;
/// Longest text of a name, a key or a value.
const MAX_TEXT: usize = 255;
/// First versions with a feature.
const DESCRIPTION: u32 = 19;
const TAGS: u32 = 26;
const NETWORKS_REQUIRED: u32 = 37;
const FLAVOR_INSIDE: u32 = 47;
const TAGS_ON_CREATE: u32 = 52;
const GROUPS_INSIDE: u32 = 71;

pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) flavor_id: String,
    pub(crate) group: Option<String>,
    name: String,
    description: Value,
    status: &'static str,
    task: Option<&'static str>,
    fault: Option<Fault>,
    image_id: Option<String>,
    user_data: Option<UserData>,
    metadata: BTreeMap<String, String>,
    tags: BTreeSet<String>,
    config_drive: bool,
    host_id: String,
    created: String,
    updated: String,
    launched: Option<String>,
}

struct Fault {
    text: String,
    at: String,
}

/// How a server's work ended.
pub(crate) enum Outcome {
    Active,
    Error(String),
    Gone,
}

pub(crate) fn route(world: &mut World, request: &Request, minor: u32, path: &[&str]) -> Reply {
    let method = request.method.as_str();
    match (method, path) {
        ("GET", []) => list(world, request, minor, false),
        ("GET", ["detail"]) => list(world, request, minor, true),
        ("POST", []) => create(world, request, minor).unwrap_or_else(|reply| reply),
        (_, [id, ..]) if position(world, id).is_none() => not_found("server", id),
        ("GET", [id]) => {
            with_server(world, id, |world, server| Reply::ok(&json!({"server": view(world, server, minor)})))
        }
        ("DELETE", [id]) => delete(world, id),
        ("POST", [id, "action"]) => action(world, request, id),
        ("GET", [id, "metadata"]) => {
            with_server(world, id, |_, server| Reply::ok(&json!({"metadata": server.metadata})))
        }
        ("POST" | "PUT", [id, "metadata"]) => set_metadata(world, request, id),
        (_, [_, "tags", ..]) if minor < TAGS => {
            error(StatusCode::NOT_FOUND, "No such resource in this version.")
        }
        (_, [id, "tags", rest @ ..]) => tags(world, request, id, rest),
        ("GET", [id, "os-interface"]) => {
            let list: Vec<Value> = ports::of_device(&world.neutron, id)
                .map(|port| {
                    json!({
                        "port_id": port["id"],
                        "net_id": port["network_id"],
                        "mac_addr": port["mac_address"],
                        "port_state": port["status"],
                        "fixed_ips": port["fixed_ips"],
                    })
                })
                .collect();
            Reply::ok(&json!({"interfaceAttachments": list}))
        }
        ("GET", [_, "os-volume_attachments"]) => Reply::ok(&json!({"volumeAttachments": []})),
        ("GET", [_, "os-security-groups"]) => Reply::ok(&json!({"security_groups": []})),
        _ => error(StatusCode::NOT_FOUND, "No such resource."),
    }
}

fn position(world: &World, id: &str) -> Option<usize> {
    world.nova.servers.iter().position(|server| server.id == id)
}

fn with_server(world: &World, id: &str, reply: impl FnOnce(&World, &Record) -> Reply) -> Reply {
    match world.nova.servers.iter().find(|server| server.id == id) {
        Some(server) => reply(world, server),
        None => not_found("server", id),
    }
}

fn server_mut<'a>(world: &'a mut World, id: &str) -> Option<&'a mut Record> {
    world.nova.servers.iter_mut().find(|server| server.id == id)
}

/// `GET /servers` and `GET /servers/detail`: newest first.
fn list(world: &World, request: &Request, minor: u32, detail: bool) -> Reply {
    let mut found: Vec<&Record> =
        world.nova.servers.iter().rev().filter(|server| selected(world, request, server)).collect();
    if let Some(marker) = request.query("marker") {
        match found.iter().position(|server| server.id == marker) {
            Some(index) => drop(found.drain(..=index)),
            None => return bad("The marker is not a server of this list."),
        }
    }
    let mut body = json!({});
    if let Some(limit) = request.query("limit") {
        let Ok(limit) = limit.parse::<usize>() else { return bad("limit is not a number.") };
        if limit > 0 && found.len() > limit {
            found.truncate(limit);
            let last = found.last().map(|server| server.id.as_str()).unwrap_or_default();
            let part = if detail { "servers/detail" } else { "servers" };
            body["servers_links"] = json!([{"rel": "next", "href": format!(
                "{}/v2.1/{part}?limit={limit}&marker={last}", world.url(Service::Compute)
            )}]);
        }
    }
    let servers: Vec<Value> = found
        .into_iter()
        .map(|server| match detail {
            true => view(world, server, minor),
            false => {
                json!({"id": server.id, "name": server.name, "links": links(world, "servers", &server.id)})
            }
        })
        .collect();
    body["servers"] = json!(servers);
    Reply::ok(&body)
}

fn selected(world: &World, request: &Request, server: &Record) -> bool {
    let all = |value: &str| value.split(',').all(|tag| server.tags.contains(tag));
    let any = |value: &str| value.split(',').any(|tag| server.tags.contains(tag));
    request.query.iter().all(|(key, value)| match key.as_str() {
        "name" => pattern(value, &server.name),
        "status" => server.status.eq_ignore_ascii_case(value),
        "flavor" => server.flavor_id == *value,
        "image" => server.image_id.as_deref() == Some(value),
        "uuid" => server.id == *value,
        "ip" => addresses(world, &server.id).iter().any(|address| pattern(value, &address.to_string())),
        "tags" => all(value),
        "tags-any" => any(value),
        "not-tags" => !all(value),
        "not-tags-any" => !any(value),
        "metadata" => serde_json::from_str::<BTreeMap<String, String>>(value)
            .is_ok_and(|wanted| wanted.iter().all(|(key, value)| server.metadata.get(key) == Some(value))),
        _ => true,
    })
}

/// Nova's name filter is a regular expression; clients use its anchors and escapes.
fn pattern(wanted: &str, text: &str) -> bool {
    let (wanted, from_start) = match wanted.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (wanted, false),
    };
    let (wanted, to_end) = match wanted.strip_suffix('$') {
        Some(rest) => (rest, true),
        None => (wanted, false),
    };
    let wanted = wanted.replace('\\', "");
    match (from_start, to_end) {
        (true, true) => text == wanted,
        (true, false) => text.starts_with(&wanted),
        (false, true) => text.ends_with(&wanted),
        (false, false) => text.contains(&wanted),
    }
}

fn addresses(world: &World, id: &str) -> Vec<IpAddr> {
    ports::of_device(&world.neutron, id).flat_map(ports::addresses).collect()
}

fn view(world: &World, server: &Record, minor: u32) -> Value {
    let (vm_state, power) = match server.status {
        "ACTIVE" => ("active", 1),
        "SHUTOFF" => ("stopped", 4),
        "ERROR" => ("error", 0),
        _ => ("building", 0),
    };
    let mut networks = Map::new();
    for port in ports::of_device(&world.neutron, &server.id) {
        let name = world.neutron.name_of("networks", &port["network_id"]);
        let entry = networks.entry(name).or_insert_with(|| json!([]));
        let floating = world.neutron.floating_of(&port["id"]);
        let fixed = ports::addresses(port).map(|address| (address.to_string(), "fixed"));
        for (address, kind) in fixed.chain(floating.map(|address| (address, "floating"))) {
            if let Some(list) = entry.as_array_mut() {
                list.push(json!({
                    "version": 4,
                    "addr": address,
                    "OS-EXT-IPS:type": kind,
                    "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
                }));
            }
        }
    }
    let mut body = json!({
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "tenant_id": world.keystone.project_id,
        "user_id": world.keystone.user_id,
        "metadata": server.metadata,
        "hostId": server.host_id,
        "image": match &server.image_id {
            Some(id) => json!({"id": id, "links": [links(world, "images", id)[1]]}),
            None => json!(""),
        },
        "flavor": flavor(world, &server.flavor_id, minor),
        "created": server.created,
        "updated": server.updated,
        "addresses": networks,
        "accessIPv4": "",
        "accessIPv6": "",
        "links": links(world, "servers", &server.id),
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": if server.host_id.is_empty() { "" } else { "nova" },
        "OS-EXT-STS:task_state": server.task,
        "OS-EXT-STS:vm_state": vm_state,
        "OS-EXT-STS:power_state": power,
        "OS-SRV-USG:launched_at": server.launched.as_ref().map(|at| at.replace('Z', ".000000")),
        "OS-SRV-USG:terminated_at": null,
        "config_drive": if server.config_drive { "True" } else { "" },
        "key_name": null,
        "os-extended-volumes:volumes_attached": [],
    });
    let groups = world.neutron.group_names(&server.id);
    if !groups.is_empty() {
        body["security_groups"] = groups.iter().map(|name| json!({"name": name})).collect();
    }
    if let Some(fault) = &server.fault {
        body["fault"] = json!({"code": 500, "created": fault.at, "message": fault.text});
    } else {
        body["progress"] = json!(0);
    }
    let newer = [
        (9, "locked", json!(false)),
        (DESCRIPTION, "description", server.description.clone()),
        (TAGS, "tags", json!(server.tags)),
        (63, "trusted_image_certificates", Value::Null),
        (GROUPS_INSIDE, "server_groups", json!(server.group.iter().collect::<Vec<_>>())),
        (73, "locked_reason", Value::Null),
    ];
    for (since, name, value) in newer {
        if minor >= since {
            body[name] = value;
        }
    }
    body
}

fn flavor(world: &World, id: &str, minor: u32) -> Value {
    match find_flavor(world, id) {
        Some(flavor) if minor >= FLAVOR_INSIDE => json!({
            "original_name": flavor.name,
            "vcpus": flavor.vcpus,
            "ram": flavor.ram,
            "disk": flavor.disk,
            "ephemeral": 0,
            "swap": 0,
            "extra_specs": {},
        }),
        _ => json!({"id": id, "links": links(world, "flavors", id)}),
    }
}

/// `POST /servers`. Everything is checked before anything is made.
fn create(world: &mut World, request: &Request, minor: u32) -> Result<Reply, Reply> {
    let body = request.json().ok_or_else(|| bad("The body is not JSON."))?;
    let given = body["server"].as_object().ok_or_else(|| bad("The body has no server."))?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let name = text("name")
        .filter(|name| !name.trim().is_empty() && name.chars().count() <= MAX_TEXT)
        .ok_or_else(|| bad("A server needs a name of 1 to 255 characters."))?;
    let user_data = match text("user_data") {
        None => None,
        Some(data) if data.len() > MAX_USER_DATA => {
            return Err(bad(&format!(
                "user_data has {} characters of base64, at most {MAX_USER_DATA} are taken.",
                data.len()
            )));
        }
        Some(data) => Some(decode(data).ok_or_else(|| bad("user_data is not base64."))?),
    };
    let metadata = text_map(given.get("metadata"))?;
    let tags = match given.get("tags") {
        Some(_) if minor < TAGS_ON_CREATE => return Err(bad("This version takes no tags on creation.")),
        Some(tags) => text_set(tags)?,
        None => BTreeSet::new(),
    };
    let flavor_id = text("flavorRef").ok_or_else(|| bad("A server needs a flavorRef."))?;
    let flavor =
        find_flavor(world, flavor_id).ok_or_else(|| bad(&format!("There is no flavor {flavor_id}.")))?;
    let (vcpus, ram) = (i64::from(flavor.vcpus), i64::from(flavor.ram));
    let from_volume =
        given.get("block_device_mapping_v2").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let image_id = text("imageRef").filter(|id| !id.is_empty());
    let image_properties = match image_id {
        Some(id) => world
            .glance
            .bootable(id)
            .ok_or_else(|| bad(&format!("Image {id} is not there, or not active.")))?,
        None if from_volume => BTreeMap::new(),
        None => return Err(bad("A server needs an imageRef or a block device to boot from.")),
    };
    check_quota(world, vcpus, ram)?;
    let hints = if body["os:scheduler_hints"].is_null() {
        &body["OS-SCH-HNT:scheduler_hints"]
    } else {
        &body["os:scheduler_hints"]
    };
    let group = hints["group"].as_str();
    if let Some(id) = group
        && !world.nova.groups.iter().any(|group| group.id == id)
    {
        return Err(bad(&format!("There is no server group {id}.")));
    }
    if minor >= NETWORKS_REQUIRED && !given.contains_key("networks") {
        return Err(bad("This version needs networks: auto, none, or a list."));
    }
    let id = world.ids.uuid();
    attach(world, given, &id)?;

    let now = world.now();
    let password = world.ids.secret(12);
    let record = Record {
        id: id.clone(),
        flavor_id: flavor_id.to_owned(),
        group: group.map(str::to_owned),
        name: name.to_owned(),
        description: given.get("description").cloned().unwrap_or(Value::Null),
        status: "BUILD",
        task: Some("scheduling"),
        fault: None,
        image_id: image_id.map(str::to_owned),
        user_data: user_data.map(UserData::from),
        metadata,
        tags,
        config_drive: given
            .get("config_drive")
            .is_some_and(|value| value == true || value == "True" || value == "true"),
        host_id: String::new(),
        created: now.clone(),
        updated: now,
        launched: None,
    };
    let work = match &request.server_error {
        Some(text) => Work::Fail { server_id: id.clone(), text: text.clone() },
        None => Work::Boot(Boot {
            server_id: id.clone(),
            name: record.name.clone(),
            addresses: addresses(world, &id),
            user_data: record.user_data.clone(),
            image_id: record.image_id.clone(),
            image_properties,
            metadata: record.metadata.clone(),
        }),
    };
    world.nova.servers.push(record);
    world.send(work);
    let mut body = json!({"server": {
        "id": id,
        "links": links(world, "servers", &id),
        "OS-DCF:diskConfig": "MANUAL",
        "adminPass": password,
    }});
    let groups = world.neutron.group_names(&id);
    if !groups.is_empty() {
        body["server"]["security_groups"] = groups.iter().map(|name| json!({"name": name})).collect();
    }
    let location = format!("{}/v2.1/servers/{id}", world.url(Service::Compute));
    Ok(Reply::json(StatusCode::ACCEPTED, &body).with(LOCATION, &location))
}

/// Reads base64 as Nova does, which skips what is none of its letters.
fn decode(data: &str) -> Option<Vec<u8>> {
    let letters: String = data
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '='))
        .collect();
    STANDARD.decode(letters).ok()
}

/// Refuses to change a server that is not up or stopped.
fn check_settled(server: &Record, what: &str) -> Result<(), Reply> {
    match server.status {
        "ACTIVE" | "SHUTOFF" => Ok(()),
        status => Err(conflict(&format!("The {what} of a server that is {status} cannot be changed."))),
    }
}

fn check_quota(world: &World, vcpus: i64, ram: i64) -> Result<(), Reply> {
    let quota = &world.options.quota;
    let used = usage(world);
    let asked = [
        ("instances", 1, used.0, quota.instances),
        ("cores", vcpus, used.1, quota.cores),
        ("ram", ram, used.2, quota.ram),
    ];
    match asked.into_iter().find(|(_, more, used, limit)| *limit >= 0 && used + more > *limit) {
        Some((what, more, used, limit)) => Err(error(
            StatusCode::FORBIDDEN,
            &format!("Quota exceeded for {what}: asked for {more}, {used} of {limit} are used."),
        )),
        None => Ok(()),
    }
}

/// Gives the server `id` the ports that were asked for.
fn attach(world: &mut World, given: &Map<String, Value>, id: &str) -> Result<(), Reply> {
    let auto = json!("auto");
    let networks = match given.get("networks").unwrap_or(&auto) {
        Value::String(word) if word == "none" => return Ok(()),
        Value::String(word) if word == "auto" => {
            let own = world.neutron.tenant_networks();
            match own.as_slice() {
                [] => return Ok(()),
                [only] => vec![json!({"uuid": only})],
                _ => return Err(conflict("There are several networks, name the ones to use.")),
            }
        }
        Value::Array(list) => list.clone(),
        _ => return Err(bad("networks is auto, none, or a list.")),
    };
    let groups: Vec<&str> = given
        .get("security_groups")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(|group| group["name"].as_str()).collect())
        .unwrap_or_default();
    for network in &networks {
        if let Some(port) = network["port"].as_str() {
            ports::check_free(&world.neutron, port)?;
        } else if let Some(network) = network["uuid"].as_str() {
            if !world.neutron.has("networks", network) {
                return Err(bad(&format!("There is no network {network}.")));
            }
        } else {
            return Err(bad("Each of networks needs a port or a uuid."));
        }
    }
    for network in &networks {
        let made = match network["port"].as_str() {
            Some(port) => {
                ports::claim(&mut world.neutron, port, id);
                Ok(())
            }
            None => ports::make_for_server(world, network, &groups, id),
        };
        if let Err(reply) = made {
            ports::release(&mut world.neutron, id);
            return Err(reply);
        }
    }
    Ok(())
}

fn text_map(given: Option<&Value>) -> Result<BTreeMap<String, String>, Reply> {
    let Some(given) = given else { return Ok(BTreeMap::new()) };
    let fits = |text: &str| text.chars().count() <= MAX_TEXT;
    given
        .as_object()
        .and_then(|map| {
            map.iter()
                .map(|(key, value)| {
                    let value = value.as_str().filter(|value| fits(value) && fits(key) && !key.is_empty())?;
                    Some((key.clone(), value.to_owned()))
                })
                .collect()
        })
        .ok_or_else(|| bad("metadata is a map of texts up to 255 characters long."))
}

fn text_set(given: &Value) -> Result<BTreeSet<String>, Reply> {
    given
        .as_array()
        .and_then(|tags| tags.iter().map(tag_text).collect())
        .filter(|tags: &BTreeSet<String>| tags.len() <= 50)
        .ok_or_else(|| bad("tags is a list of up to 50 texts, 1 to 60 characters long, without / and ,."))
}

fn tag_text(tag: &Value) -> Option<String> {
    let tag = tag.as_str()?;
    ((1..=60).contains(&tag.chars().count()) && !tag.contains(['/', ','])).then(|| tag.to_owned())
}

fn set_metadata(world: &mut World, request: &Request, id: &str) -> Reply {
    let given = match text_map(request.json().as_ref().and_then(|body| body.get("metadata"))) {
        Ok(given) => given,
        Err(reply) => return reply,
    };
    match server_mut(world, id) {
        Some(server) => {
            if let Err(reply) = check_settled(server, "metadata") {
                return reply;
            }
            if request.method == http::Method::PUT {
                server.metadata.clear();
            }
            server.metadata.extend(given);
            Reply::ok(&json!({"metadata": server.metadata}))
        }
        None => not_found("server", id),
    }
}

fn tags(world: &mut World, request: &Request, id: &str, rest: &[&str]) -> Reply {
    let Some(server) = server_mut(world, id) else { return not_found("server", id) };
    if request.method != http::Method::GET
        && let Err(reply) = check_settled(server, "tags")
    {
        return reply;
    }
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(&json!({"tags": server.tags})),
        ("PUT", []) => match text_set(&request.json().unwrap_or_default()["tags"]) {
            Ok(tags) => {
                server.tags = tags;
                Reply::ok(&json!({"tags": server.tags}))
            }
            Err(reply) => reply,
        },
        ("DELETE", []) => {
            server.tags.clear();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        ("GET", [tag]) if server.tags.contains(*tag) => Reply::empty(StatusCode::NO_CONTENT),
        ("PUT", [tag]) => match tag_text(&json!(tag)) {
            Some(tag) if server.tags.insert(tag.clone()) => Reply::empty(StatusCode::CREATED),
            Some(_) => Reply::empty(StatusCode::NO_CONTENT),
            None => bad("This is no tag."),
        },
        ("DELETE", [tag]) if server.tags.remove(*tag) => Reply::empty(StatusCode::NO_CONTENT),
        ("GET" | "DELETE", [tag]) => error(StatusCode::NOT_FOUND, &format!("The server has no tag {tag}.")),
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "This method is not served here."),
    }
}

fn delete(world: &mut World, id: &str) -> Reply {
    if let Some(server) = server_mut(world, id)
        && server.task != Some("deleting")
    {
        server.task = Some("deleting");
        world.send(Work::Delete(id.to_owned()));
    }
    Reply::empty(StatusCode::NO_CONTENT)
}

/// `POST /servers/{id}/action`.
fn action(world: &mut World, request: &Request, id: &str) -> Reply {
    let Some(Value::Object(body)) = request.json() else { return bad("The body is not a JSON object.") };
    let Some((name, arguments)) = body.iter().next() else { return bad("The body names no action.") };
    let server = world.nova.servers.iter().find(|server| server.id == id);
    let (status, launched) = server.map_or(("", false), |server| (server.status, server.launched.is_some()));
    match name.as_str() {
        "os-getConsoleOutput" => {
            if !launched {
                return conflict("The server is not ready yet.");
            }
            let console = world.machines().console(id);
            let output = match &arguments["length"] {
                Value::Number(lines) => last_lines(&console, lines.as_u64().unwrap_or(0)),
                Value::String(lines) => last_lines(&console, lines.parse().unwrap_or(0)),
                _ => &console,
            };
            Reply::ok(&json!({"output": output}))
        }
        "reboot" => match (status, arguments["type"].as_str()) {
            (_, None) => bad("A reboot needs a type, SOFT or HARD."),
            ("ACTIVE" | "SHUTOFF" | "ERROR", Some(_)) if launched => {
                world.send(Work::Reboot(id.to_owned()));
                Reply::empty(StatusCode::ACCEPTED)
            }
            _ => conflict(&format!("A server that is {status} cannot be rebooted.")),
        },
        "addSecurityGroup" | "removeSecurityGroup" => {
            let group = arguments["name"].as_str().unwrap_or_default();
            match ports::change_group(&mut world.neutron, id, group, name == "addSecurityGroup") {
                true => Reply::empty(StatusCode::ACCEPTED),
                false => not_found("security group", group),
            }
        }
        _ => bad(&format!("The simulator has no action {name}.")),
    }
}

fn last_lines(text: &str, lines: u64) -> &str {
    let lines = usize::try_from(lines).unwrap_or(usize::MAX);
    let from = text
        .trim_end_matches('\n')
        .rmatch_indices('\n')
        .nth(lines.saturating_sub(1))
        .map_or(0, |(at, _)| at + 1);
    if lines == 0 { "" } else { &text[from..] }
}

/// Writes down how the work for a server ended.
pub(crate) fn settle(world: &mut World, id: &str, outcome: Outcome) {
    let now = world.now();
    let host = format!("{:0>56}", world.keystone.project_id);
    if let Outcome::Gone = outcome {
        world.nova.servers.retain(|server| server.id != id);
        ports::release(&mut world.neutron, id);
        return;
    }
    let Some(server) = server_mut(world, id) else { return };
    server.updated.clone_from(&now);
    if server.task != Some("deleting") {
        server.task = None;
    }
    match outcome {
        Outcome::Active => {
            server.status = "ACTIVE";
            server.fault = None;
            server.host_id = host;
            server.launched.get_or_insert(now);
            ports::activate(&mut world.neutron, id);
        }
        Outcome::Error(text) => {
            server.status = "ERROR";
            server.fault = Some(Fault { text, at: now });
        }
        Outcome::Gone => {}
    }
}

pub(crate) fn inspect(world: &World) -> Vec<Server> {
    world
        .nova
        .servers
        .iter()
        .map(|server| Server {
            id: server.id.clone(),
            name: server.name.clone(),
            status: server.status.to_owned(),
            fault: server.fault.as_ref().map(|fault| fault.text.clone()),
            addresses: addresses(world, &server.id),
            image_id: server.image_id.clone(),
            flavor_id: server.flavor_id.clone(),
            user_data: server.user_data.clone(),
            metadata: server.metadata.clone(),
            tags: server.tags.clone(),
            server_group: server.group.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_of_a_console() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\nb\nc", 1), "c");
        assert_eq!(last_lines("a\nb", 9), "a\nb");
        assert_eq!(last_lines("a\nb", 0), "");
        assert_eq!(last_lines("", 3), "");
    }

    #[test]
    fn name_patterns() {
        assert!(pattern("^talos-cp-1$", "talos-cp-1"));
        assert!(!pattern("^talos-cp-1$", "talos-cp-10"));
        assert!(pattern("cp", "talos-cp-1"));
        assert!(pattern("^a\\.b$", "a.b"));
    }
}
