//! Neutron, Networking API version 2.0.

mod addresses;
mod kinds;
mod list;
pub(crate) mod ports;
mod routing;
mod security;
mod subnets;
mod tags;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use self::kinds::{ALL, Kind, Shape};
use crate::http::{Reply, Request};
use crate::ids::Ids;
use crate::world::World;
use crate::{Cidr, Options, Port, Service};

/// Extensions that the simulator has something of.
const EXTENSIONS: [&str; 18] = [
    "agent",
    "allowed-address-pairs",
    "availability_zone",
    "binding",
    "default-subnetpools",
    "dns-integration",
    "external-net",
    "extra_dhcp_opt",
    "net-mtu",
    "network_availability_zone",
    "port-security",
    "project-id",
    "quotas",
    "quota_details",
    "router",
    "security-group",
    "standard-attr-revisions",
    "standard-attr-tag",
];

pub(crate) struct Neutron {
    /// Everything, by the plural of its kind, oldest first.
    tables: BTreeMap<&'static str, Vec<Value>>,
    /// Where the search for a free address goes on, by subnet.
    cursors: BTreeMap<String, u32>,
    pub(crate) tenant: Cidr,
}

/// Neutron's error body.
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"NeutronError": {"type": kind, "message": message, "detail": ""}}))
}

fn bad(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, "HTTPBadRequest", message)
}

fn conflict(kind: &str, message: &str) -> Reply {
    error(StatusCode::CONFLICT, kind, message)
}

fn not_found(kind: &Kind, id: &str) -> Reply {
    let what = kind.singular.replace('_', " ");
    error(StatusCode::NOT_FOUND, kind.missing, &format!("There is no {what} {id}."))
}

impl Neutron {
    /// A world with an external network, a tenant network, and a router between them.
    pub(crate) fn new(options: &Options, tenant: Cidr, project: &str, ids: &mut Ids, now: &str) -> Self {
        let mut neutron = Self {
            tables: ALL.iter().map(|kind| (kind.plural, Vec::new())).collect(),
            cursors: BTreeMap::new(),
            tenant,
        };
        let mut add = |kind: &Kind, given: Value| {
            let mut item = defaults(kind);
            merge(&mut item, &given);
            let id = ids.uuid();
            stamp(&mut item, &id, project, now);
            neutron.tables.entry(kind.plural).or_default().push(item);
            id
        };
        let subnet = |network: &str, name: &str, cidr: Cidr| {
            let gateway = cidr.nth(1).map(|address| address.to_string());
            json!({
                "network_id": network,
                "name": name,
                "ip_version": 4,
                "cidr": cidr.to_string(),
                "enable_dhcp": false,
                "gateway_ip": gateway,
                "allocation_pools": addresses::pools(cidr, cidr.nth(1)),
            })
        };
        let status = |mut item: Value| {
            item["status"] = json!("ACTIVE");
            item
        };
        let external = add(
            &kinds::NETWORK,
            status(json!({"name": "external", "router:external": true, "project_id": "", "tenant_id": ""})),
        );
        let external_subnet = add(&kinds::SUBNET, subnet(&external, "external", options.external_network));
        let internal = add(&kinds::NETWORK, status(json!({"name": "internal"})));
        let internal_subnet = add(&kinds::SUBNET, subnet(&internal, "internal", tenant));
        let default =
            add(&kinds::SECURITY_GROUP, json!({"name": "default", "description": "Default security group"}));
        for rule in security::default_rules(&default, true) {
            add(&kinds::RULE, rule);
        }
        let outside = options.external_network.nth(2).map(|address| address.to_string());
        let router = add(
            &kinds::ROUTER,
            status(json!({"name": "internal", "external_gateway_info": {
                "network_id": external,
                "enable_snat": true,
                "external_fixed_ips": [{"subnet_id": external_subnet, "ip_address": outside}],
            }})),
        );
        add(
            &kinds::PORT,
            status(json!({
                "network_id": internal,
                "device_id": router,
                "device_owner": routing::INTERFACE,
                "mac_address": "fa:16:3e:00:00:01",
                "fixed_ips": [{
                    "subnet_id": internal_subnet,
                    "ip_address": tenant.nth(1).map(|address| address.to_string()),
                }],
                "security_groups": [],
            })),
        );
        neutron
    }

    fn list(&self, plural: &str) -> &[Value] {
        self.tables.get(plural).map_or(&[], Vec::as_slice)
    }

    fn get(&self, plural: &str, id: &str) -> Option<&Value> {
        self.list(plural).iter().find(|item| item["id"] == id)
    }

    fn get_mut(&mut self, plural: &str, id: &str) -> Option<&mut Value> {
        self.tables.get_mut(plural)?.iter_mut().find(|item| item["id"] == id)
    }

    fn push(&mut self, kind: &Kind, item: Value) {
        self.tables.entry(kind.plural).or_default().push(item);
    }

    /// Removes all of `plural` that `gone` holds for.
    fn remove(&mut self, plural: &str, gone: impl Fn(&Value) -> bool) {
        if let Some(list) = self.tables.get_mut(plural) {
            list.retain(|item| !gone(item));
        }
    }

    pub(crate) fn has(&self, plural: &str, id: &str) -> bool {
        self.get(plural, id).is_some()
    }

    pub(crate) fn name_of(&self, plural: &str, id: &Value) -> String {
        let item = id.as_str().and_then(|id| self.get(plural, id));
        item.and_then(|item| item["name"].as_str()).unwrap_or_default().to_owned()
    }

    /// Ids of the networks that are the project's own.
    pub(crate) fn tenant_networks(&self) -> Vec<String> {
        let own = self.list("networks").iter().filter(|network| network["router:external"] == false);
        own.filter_map(|network| network["id"].as_str().map(str::to_owned)).collect()
    }

    /// The floating address that leads to a port.
    pub(crate) fn floating_of(&self, port: &Value) -> Option<String> {
        let floating = self.list("floatingips").iter().find(|floating| floating["port_id"] == *port)?;
        floating["floating_ip_address"].as_str().map(str::to_owned)
    }

    /// Names of the security groups on a server's ports.
    pub(crate) fn group_names(&self, device: &str) -> Vec<String> {
        let mut names = Vec::new();
        for port in ports::of_device(self, device) {
            for group in port["security_groups"].as_array().into_iter().flatten() {
                let name = self.name_of("security_groups", group);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    pub(crate) fn inspect(&self) -> Vec<Port> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.list("ports")
            .iter()
            .filter(|port| port["device_owner"] != routing::INTERFACE)
            .map(|port| Port {
                id: text(&port["id"]),
                name: text(&port["name"]),
                network_id: text(&port["network_id"]),
                addresses: ports::addresses(port).collect(),
                device_id: text(&port["device_id"]),
                tags: port["tags"].as_array().into_iter().flatten().map(text).collect(),
            })
            .collect()
    }
}

/// The attributes of a kind with their values when none are given.
fn defaults(kind: &Kind) -> Value {
    let fields = kind
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), serde_json::from_str(field.default).unwrap_or(Value::Null)));
    Value::Object(fields.collect())
}

fn merge(item: &mut Value, given: &Value) {
    if let (Value::Object(item), Value::Object(given)) = (item, given) {
        item.extend(given.clone());
    }
}

/// Sets what everything in Neutron has.
fn stamp(item: &mut Value, id: &str, project: &str, now: &str) {
    let standard = [
        ("id", json!(id)),
        ("tenant_id", json!(project)),
        ("project_id", json!(project)),
        ("created_at", json!(now)),
        ("updated_at", json!(now)),
        ("revision_number", json!(1)),
        ("tags", json!([])),
    ];
    for (name, value) in standard {
        if item[name].is_null() {
            item[name] = value;
        }
    }
}

fn touch(item: &mut Value, now: &str) {
    item["updated_at"] = json!(now);
    item["revision_number"] = json!(item["revision_number"].as_u64().unwrap_or(0) + 1);
}

pub(crate) fn is_public(request: &Request) -> bool {
    request.segments().is_empty()
}

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let href = format!("{}/v2.0/", world.url(Service::Network));
    let links = json!([{"rel": "self", "href": href}]);
    let path = match path.as_slice() {
        [] => {
            return Reply::ok(&json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]}));
        }
        ["v2.0", rest @ ..] => rest,
        _ => return no_resource(),
    };
    let resource = |name: &&str| name.strip_suffix(".json").unwrap_or(name).to_owned();
    let first = path.first().map(resource).unwrap_or_default();
    if let Some(kind) = ALL.into_iter().find(|kind| kind.path == first) {
        return of_kind(world, request, kind, &path[1..]);
    }
    match (request.method.as_str(), first.as_str(), path) {
        ("GET", "", []) => Reply::ok(&json!({"resources": ALL
            .iter()
            .map(|kind| json!({
                "name": kind.singular,
                "collection": kind.plural,
                "links": [{"rel": "self", "href": format!("{href}{}", kind.path)}],
            }))
            .collect::<Vec<_>>()})),
        ("GET", "extensions", [_]) => {
            let list: Vec<Value> = EXTENSIONS.iter().map(|alias| extension(alias)).collect();
            Reply::ok(&json!({"extensions": list}))
        }
        ("GET", "extensions", [_, alias]) if EXTENSIONS.contains(alias) => {
            Reply::ok(&json!({"extension": extension(alias)}))
        }
        ("GET", "availability_zones", [_]) => Reply::ok(&json!({"availability_zones": [
            {"name": "nova", "resource": "network", "state": "available"},
            {"name": "nova", "resource": "router", "state": "available"},
        ]})),
        ("GET", "quotas", [_, project, rest @ ..]) if *project == world.keystone.project_id => {
            quota(world, rest.first().is_some_and(|part| part.starts_with("details")))
        }
        _ => no_resource(),
    }
}

fn no_resource() -> Reply {
    Reply::bytes(StatusCode::NOT_FOUND, "text/plain; charset=UTF-8", "404 Not Found\n\nNo such resource.\n")
}

fn extension(alias: &str) -> Value {
    json!({"alias": alias, "name": alias, "description": "", "updated": "2020-01-01T00:00:00-00:00", "links": []})
}

fn quota(world: &World, details: bool) -> Reply {
    let body: Map<String, Value> = ALL
        .iter()
        .map(|kind| {
            let limit = (kind.quota)(&world.options.quota);
            let used = world.neutron.list(kind.plural).len();
            let value = match details {
                true => json!({"limit": limit, "used": used, "reserved": 0}),
                false => json!(limit),
            };
            (kind.singular.to_owned(), value)
        })
        .collect();
    Reply::ok(&json!({"quota": body}))
}

/// All calls on one kind of thing.
fn of_kind(world: &mut World, request: &Request, kind: &'static Kind, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", []) => list::reply(world, request, kind),
        ("POST", []) => create(world, request, kind).unwrap_or_else(|reply| reply),
        (_, [id, ..]) if !world.neutron.has(kind.plural, id) => not_found(kind, id),
        ("GET", [id]) => show(world, request, kind, id, StatusCode::OK),
        ("PUT", [id]) => match change(world, request, kind, id) {
            Ok(()) => show(world, request, kind, id, StatusCode::OK),
            Err(reply) => reply,
        },
        ("DELETE", [id]) => match delete(world, kind, id) {
            Ok(()) => Reply::empty(StatusCode::NO_CONTENT),
            Err(reply) => reply,
        },
        ("PUT", [id, action @ ("add_router_interface" | "remove_router_interface")])
            if kind.path == "routers" =>
        {
            routing::interface(world, request, id, action.starts_with("add")).unwrap_or_else(|reply| reply)
        }
        (_, [id, "tags" | "tags.json", rest @ ..]) => tags::reply(world, request, kind, id, rest),
        _ => no_resource(),
    }
}

fn show(world: &World, request: &Request, kind: &Kind, id: &str, status: StatusCode) -> Reply {
    match world.neutron.get(kind.plural, id) {
        Some(item) => {
            let item = list::fields(request, list::view(&world.neutron, kind, item));
            Reply::json(status, &json!({kind.singular: item}))
        }
        None => not_found(kind, id),
    }
}

/// `POST`: one, or several at once of which all are made or none.
fn create(world: &mut World, request: &Request, kind: &'static Kind) -> Result<Reply, Reply> {
    if let Some(given) = request.object(kind.singular) {
        let id = make(world, kind, given)?;
        return Ok(show(world, request, kind, &id, StatusCode::CREATED));
    }
    let body = request.json().unwrap_or_default();
    let Some(several) = body[kind.plural].as_array() else {
        return Err(bad(&format!("The body has no {}.", kind.singular)));
    };
    let mut made = Vec::new();
    for given in several {
        let given = given.as_object().cloned().unwrap_or_default();
        match make(world, kind, given) {
            Ok(id) => made.push(id),
            Err(reply) => {
                for id in made {
                    delete(world, kind, &id)?;
                }
                return Err(reply);
            }
        }
    }
    let views: Vec<Value> = made
        .iter()
        .filter_map(|id| world.neutron.get(kind.plural, id))
        .map(|item| list::view(&world.neutron, kind, item))
        .collect();
    Ok(Reply::json(StatusCode::CREATED, &json!({kind.plural: views})))
}

/// Checks what is given, makes it, and answers with its id.
pub(crate) fn make(
    world: &mut World,
    kind: &'static Kind,
    given: Map<String, Value>,
) -> Result<String, Reply> {
    check(kind, &given, &world.keystone.project_id, true)?;
    let limit = (kind.quota)(&world.options.quota);
    if limit >= 0 && world.neutron.list(kind.plural).len() as i64 >= limit {
        return Err(over_quota(kind.singular));
    }
    let mut item = defaults(kind);
    merge(&mut item, &Value::Object(given));
    item["tags"] = Value::Null;
    match kind.path {
        "security-groups" if item["name"] == "default" => {
            return Err(conflict(
                "SecurityGroupDefaultAlreadyExists",
                "The default security group is there already.",
            ));
        }
        "networks" => item["status"] = json!("ACTIVE"),
        "subnets" => subnets::prepare(&world.neutron, &mut item)?,
        "ports" => ports::prepare(world, &mut item)?,
        "security-group-rules" => security::prepare_rule(&world.neutron, &mut item)?,
        "floatingips" => routing::prepare_floating(world, &mut item)?,
        "routers" => routing::prepare_router(world, &mut item)?,
        _ => {}
    }
    let (id, now) = (world.ids.uuid(), world.now());
    stamp(&mut item, &id, &world.keystone.project_id, &now);
    world.neutron.push(kind, item);
    if kind.path == "security-groups" {
        for rule in security::default_rules(&id, false) {
            let mut item = defaults(&kinds::RULE);
            merge(&mut item, &rule);
            stamp(&mut item, &world.ids.uuid(), &world.keystone.project_id, &now);
            world.neutron.push(&kinds::RULE, item);
        }
    }
    Ok(id)
}

pub(crate) fn over_quota(what: &str) -> Reply {
    conflict("OverQuota", &format!("Quota exceeded for resources: ['{what}']."))
}

/// Refuses attributes that are unknown, of the wrong shape, or not to be set now.
fn check(kind: &Kind, given: &Map<String, Value>, project: &str, creating: bool) -> Result<(), Reply> {
    for (name, value) in given {
        if matches!(name.as_str(), "project_id" | "tenant_id") && creating {
            if value != project {
                return Err(error(
                    StatusCode::FORBIDDEN,
                    "PolicyNotAuthorized",
                    "Another project is not yours.",
                ));
            }
            continue;
        }
        // Taken, and left unused.
        if name == "tags" && creating && kind.path == "ports" {
            continue;
        }
        let Some(field) = kind.fields.iter().find(|field| field.name == name) else {
            return Err(bad(&format!("Unrecognized attribute(s) '{name}'.")));
        };
        if !creating && !field.changes {
            return Err(bad(&format!("Attribute '{name}' cannot be changed.")));
        }
        let fits = match field.shape {
            Shape::Text => value.is_string(),
            Shape::Bool => value.is_boolean(),
            Shape::List => value.is_array(),
            Shape::Any => true,
        };
        if !fits {
            return Err(bad(&format!("The value of '{name}' has the wrong type.")));
        }
    }
    let missing =
        kind.fields.iter().find(|field| field.default.is_empty() && !given.contains_key(field.name));
    match missing {
        Some(field) if creating => Err(bad(&format!("Attribute '{}' is needed.", field.name))),
        _ => Ok(()),
    }
}

/// `PUT`: changes some attributes.
fn change(world: &mut World, request: &Request, kind: &'static Kind, id: &str) -> Result<(), Reply> {
    let given =
        request.object(kind.singular).ok_or_else(|| bad(&format!("The body has no {}.", kind.singular)))?;
    check(kind, &given, &world.keystone.project_id, false)?;
    let mut item = world.neutron.get(kind.plural, id).cloned().ok_or_else(|| not_found(kind, id))?;
    let given = Value::Object(given);
    merge(&mut item, &given);
    match kind.path {
        "ports" => ports::check_change(&mut world.neutron, &mut item, &given)?,
        "floatingips" if !given["port_id"].is_null() => routing::associate(&world.neutron, &mut item)?,
        "floatingips" if given.get("port_id").is_some() => routing::dissociate(&mut item),
        "routers" if !given["external_gateway_info"].is_null() => {
            routing::set_gateway(&mut world.neutron, &mut item)?
        }
        _ => {}
    }
    touch(&mut item, &world.now());
    if let Some(place) = world.neutron.get_mut(kind.plural, id) {
        *place = item;
    }
    Ok(())
}

/// `DELETE`, unless something still needs it.
fn delete(world: &mut World, kind: &Kind, id: &str) -> Result<(), Reply> {
    let neutron = &mut world.neutron;
    match kind.path {
        "networks" => {
            if neutron.list("ports").iter().any(|port| port["network_id"] == id) {
                return Err(conflict("NetworkInUse", &format!("Network {id} still has ports.")));
            }
            neutron.remove("subnets", |subnet| subnet["network_id"] == id);
        }
        "subnets" if ports::on_subnet(neutron, id).next().is_some() => {
            return Err(conflict("SubnetInUse", &format!("Subnet {id} still has addresses in use.")));
        }
        "ports" => {
            let port = neutron.get("ports", id).cloned().unwrap_or_default();
            if port["device_owner"] == routing::INTERFACE {
                return Err(conflict("ServicePortInUse", &format!("Port {id} belongs to a router.")));
            }
            routing::forget_port(neutron, id);
        }
        "security-groups" => security::check_delete(neutron, id)?,
        "routers" if ports::of_device(neutron, id).next().is_some() => {
            return Err(conflict("RouterInUse", &format!("Router {id} still has interfaces.")));
        }
        _ => {}
    }
    neutron.remove(kind.plural, |item| item["id"] == id);
    if kind.path == "security-groups" {
        neutron.remove("security_group_rules", |rule| rule["security_group_id"] == id);
    }
    Ok(())
}

/// Whether a request makes something that counts against a quota, and what.
pub(crate) fn counted(request: &Request) -> Option<&'static str> {
    let segments = request.segments();
    let kind = ALL.into_iter().find(|kind| segments.get(1).is_some_and(|part| part == kind.path))?;
    (request.method == Method::POST).then_some(kind.singular)
}
