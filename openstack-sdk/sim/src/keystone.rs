//! Keystone, Identity API version 3.

use std::collections::HashMap;
use std::time::SystemTime;

use http::header::{HeaderName, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::ids::Ids;
use crate::world::{SERVICES, World, timestamp};
use crate::{Options, Service};

const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

pub(crate) struct Keystone {
    pub(crate) project_id: String,
    pub(crate) user_id: String,
    pub(crate) password: String,
    role_id: String,
    reader_role_id: String,
    tokens: HashMap<String, Token>,
    application_credentials: Vec<ApplicationCredential>,
    ec2_credentials: Vec<Ec2Credential>,
}

struct Token {
    methods: Vec<String>,
    issued: SystemTime,
    expires: SystemTime,
    audit: String,
    application_credential: Option<String>,
}

struct ApplicationCredential {
    id: String,
    name: String,
    secret: String,
    description: Value,
    unrestricted: bool,
}

struct Ec2Credential {
    access: String,
    secret: String,
}

impl Keystone {
    pub(crate) fn new(options: &Options, ids: &mut Ids) -> Self {
        Self {
            project_id: ids.hex(),
            user_id: ids.hex(),
            password: options.password.clone().unwrap_or_else(|| ids.secret(24)),
            role_id: ids.hex(),
            reader_role_id: ids.hex(),
            tokens: HashMap::new(),
            application_credentials: Vec::new(),
            ec2_credentials: Vec::new(),
        }
    }

    pub(crate) fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(crate) fn forget(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    fn token(&self, id: &str, now: SystemTime) -> Option<&Token> {
        self.tokens.get(id).filter(|token| token.expires > now)
    }

    pub(crate) fn accepts(&self, token: Option<&str>, now: SystemTime) -> bool {
        token.is_some_and(|id| self.token(id, now).is_some())
    }
}

pub(crate) const NO_TOKEN: &str = "This request needs a valid token.";

pub(crate) fn error(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &error_body(status, message))
}

fn error_body(status: StatusCode, message: &str) -> Value {
    json!({"error": {
        "code": status.as_u16(),
        "message": message,
        "title": status.canonical_reason().unwrap_or_default(),
    }})
}

fn not_found(what: &str, id: &str) -> Reply {
    error(StatusCode::NOT_FOUND, &format!("There is no {what} {id}."))
}

/// Whether a request is answered without a token.
pub(crate) fn is_public(request: &Request) -> bool {
    match request.segments().as_slice() {
        [] => true,
        [version] => version == "v3",
        [_, auth, tokens] => auth == "auth" && tokens == "tokens" && request.method == Method::POST,
        _ => false,
    }
}

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", []) => {
            Reply::json(StatusCode::MULTIPLE_CHOICES, &json!({"versions": {"values": [version(world)]}}))
        }
        ("GET", ["v3"]) => Reply::ok(&json!({"version": version(world)})),
        ("POST", ["v3", "auth", "tokens"]) => issue(world, request),
        ("GET" | "HEAD", ["v3", "auth", "tokens"]) => show_token(world, request),
        ("DELETE", ["v3", "auth", "tokens"]) => {
            if let Some(subject) = request.header("x-subject-token") {
                world.keystone.forget(subject);
            }
            Reply::empty(StatusCode::NO_CONTENT)
        }
        ("GET", ["v3", "auth", "catalog"]) => {
            Reply::ok(&json!({"catalog": catalog(world), "links": links(world, "/v3/auth/catalog")}))
        }
        ("GET", ["v3", "auth" | "users", .., "projects"] | ["v3", "projects"]) => {
            let project = project(world);
            let wanted = request.query("name").is_none_or(|name| name == world.options.project);
            let list = if wanted { vec![project] } else { Vec::new() };
            Reply::ok(&json!({"projects": list, "links": links(world, "/v3/projects")}))
        }
        ("GET", ["v3", "projects", id]) if *id == world.keystone.project_id => {
            Reply::ok(&json!({"project": project(world)}))
        }
        ("GET", ["v3", "projects", id]) => not_found("project", id),
        ("GET", ["v3", "users", id]) if *id == world.keystone.user_id => {
            Reply::ok(&json!({"user": user(world)}))
        }
        ("GET", ["v3", "users", id, rest @ ..]) if *id != world.keystone.user_id => {
            let _ = rest;
            error(StatusCode::FORBIDDEN, "Only your own user is open to you.")
        }
        (_, ["v3", "users", _, "credentials", "OS-EC2", rest @ ..]) => ec2(world, request, rest),
        (_, ["v3", "users", _, "application_credentials", rest @ ..]) => {
            application_credentials(world, request, rest)
        }
        (
            _,
            ["v3", "projects" | "users" | "domains" | "services" | "endpoints" | "regions" | "roles", ..],
        ) => error(StatusCode::FORBIDDEN, "This is open to administrators only."),
        _ => error(StatusCode::NOT_FOUND, "No such resource."),
    }
}

fn version(world: &World) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/v3/", world.url(Service::Identity))}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    })
}

fn links(world: &World, path: &str) -> Value {
    json!({"self": format!("{}{path}", world.url(Service::Identity)), "previous": null, "next": null})
}

fn domain() -> Value {
    json!({"id": "default", "name": "Default"})
}

fn project(world: &World) -> Value {
    let id = &world.keystone.project_id;
    json!({
        "id": id,
        "name": world.options.project,
        "domain_id": "default",
        "description": "",
        "enabled": true,
        "parent_id": "default",
        "is_domain": false,
        "tags": [],
        "options": {},
        "links": {"self": format!("{}/v3/projects/{id}", world.url(Service::Identity))},
    })
}

fn user(world: &World) -> Value {
    let id = &world.keystone.user_id;
    json!({
        "id": id,
        "name": world.options.username,
        "domain_id": "default",
        "enabled": true,
        "default_project_id": world.keystone.project_id,
        "password_expires_at": null,
        "options": {},
        "links": {"self": format!("{}/v3/users/{id}", world.url(Service::Identity))},
    })
}

fn catalog(world: &World) -> Value {
    let mut random = Ids::new(world.options.seed ^ 0xca7a_1095);
    SERVICES
        .iter()
        .map(|&service| {
            let (kind, name, path) = match service {
                Service::Identity => ("identity", "keystone", "/v3"),
                Service::Image => ("image", "glance", ""),
                Service::Compute => ("compute", "nova", "/v2.1"),
                Service::Network => ("network", "neutron", ""),
            };
            let url = format!("{}{path}", world.url(service));
            let endpoints: Vec<Value> = ["public", "internal", "admin"]
                .iter()
                .map(|interface| {
                    json!({
                        "id": random.hex(),
                        "interface": interface,
                        "region_id": world.options.region,
                        "region": world.options.region,
                        "url": url,
                    })
                })
                .collect();
            json!({"id": random.hex(), "type": kind, "name": name, "endpoints": endpoints})
        })
        .collect()
}

/// `POST /v3/auth/tokens`.
fn issue(world: &mut World, request: &Request) -> Reply {
    let Some(auth) = request.object("auth") else {
        return error(StatusCode::BAD_REQUEST, "The body has no auth.");
    };
    let Some(methods) = auth.get("identity").and_then(|identity| identity["methods"].as_array()) else {
        return error(StatusCode::BAD_REQUEST, "The body has no auth.identity.methods.");
    };
    let methods: Vec<String> =
        methods.iter().filter_map(|method| method.as_str().map(str::to_owned)).collect();
    let now = world.options.clock.now();
    let identity = &auth["identity"];
    let mut application_credential = None;
    let mut expires = now + world.options.token_lifetime;
    for method in &methods {
        let missing = |what: &str| error(StatusCode::NOT_FOUND, &format!("There is no such {what}."));
        let accepted = match method.as_str() {
            "password" => password_is_right(world, &identity["password"]["user"]),
            "token" => match identity["token"]["id"].as_str().and_then(|id| world.keystone.token(id, now)) {
                Some(token) => {
                    // A token made from a token lives no longer than it.
                    expires = token.expires;
                    true
                }
                None => return missing("token"),
            },
            "application_credential" => {
                let given = &identity["application_credential"];
                let Some(credential) = find_application_credential(world, given) else {
                    return missing("application credential");
                };
                application_credential = Some(credential.id.clone());
                given["secret"] == credential.secret.as_str()
            }
            _ => false,
        };
        if !accepted {
            return refused(world);
        }
    }
    if methods.is_empty() || !scope_is_ours(world, &auth) {
        return refused(world);
    }
    let id = format!("gAAAAA{}", world.ids.secret(160));
    let token = Token { methods, issued: now, expires, audit: world.ids.secret(22), application_credential };
    let body = token_body(world, &token, request.query("nocatalog").is_some());
    world.keystone.tokens.insert(id.clone(), token);
    Reply::json(StatusCode::CREATED, &body).with(SUBJECT_TOKEN, &id)
}

fn is_default_domain(domain: &Value) -> bool {
    domain["id"] == "default" || domain["name"] == "Default"
}

fn password_is_right(world: &World, user: &Value) -> bool {
    let named = user["id"] == world.keystone.user_id.as_str()
        || user["name"] == world.options.username.as_str() && is_default_domain(&user["domain"]);
    named && user["password"] == world.keystone.password.as_str()
}

fn find_application_credential<'a>(world: &'a World, given: &Value) -> Option<&'a ApplicationCredential> {
    let user = &given["user"];
    let of_user = user["id"] == world.keystone.user_id.as_str()
        || user["name"] == world.options.username.as_str() && is_default_domain(&user["domain"]);
    world.keystone.application_credentials.iter().find(|credential| {
        given["id"] == credential.id.as_str() || given["name"] == credential.name.as_str() && of_user
    })
}

/// The answer to credentials that are wrong.
fn refused(world: &World) -> Reply {
    let uri = format!("Keystone uri=\"{}/v3\"", world.url(Service::Identity));
    error(StatusCode::UNAUTHORIZED, "The credentials are wrong.").with(WWW_AUTHENTICATE, &uri)
}

/// No scope is the user's default project.
fn scope_is_ours(world: &World, auth: &Map<String, Value>) -> bool {
    match auth.get("scope") {
        None => true,
        Some(scope) => {
            let project = &scope["project"];
            project["id"] == world.keystone.project_id.as_str()
                || project["name"] == world.options.project.as_str() && is_default_domain(&project["domain"])
        }
    }
}

fn token_body(world: &World, token: &Token, no_catalog: bool) -> Value {
    let mut body = json!({
        "methods": token.methods,
        "user": {
            "id": world.keystone.user_id,
            "name": world.options.username,
            "domain": domain(),
            "password_expires_at": null,
        },
        "audit_ids": [token.audit],
        "expires_at": micros(token.expires),
        "issued_at": micros(token.issued),
        "project": {"id": world.keystone.project_id, "name": world.options.project, "domain": domain()},
        "is_domain": false,
        "roles": [
            {"id": world.keystone.role_id, "name": "member"},
            {"id": world.keystone.reader_role_id, "name": "reader"},
        ],
    });
    if let Some(id) = &token.application_credential {
        let restricted =
            world.keystone.application_credentials.iter().any(|c| c.id == *id && !c.unrestricted);
        body["application_credential"] = json!({"id": id, "restricted": restricted});
    }
    if !no_catalog {
        body["catalog"] = catalog(world);
    }
    json!({"token": body})
}

/// Keystone writes its times with microseconds.
fn micros(at: SystemTime) -> String {
    timestamp(at).replace('Z', ".000000Z")
}

fn show_token(world: &World, request: &Request) -> Reply {
    let now = world.options.clock.now();
    match request.header("x-subject-token").and_then(|id| Some((id, world.keystone.token(id, now)?))) {
        Some((id, token)) => {
            let body = token_body(world, token, request.query("nocatalog").is_some());
            Reply::ok(&body).with(SUBJECT_TOKEN, id)
        }
        None => error(StatusCode::NOT_FOUND, "There is no such token."),
    }
}

fn ec2(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let view = |world: &World, credential: &Ec2Credential| {
        json!({
            "access": credential.access,
            "secret": credential.secret,
            "tenant_id": world.keystone.project_id,
            "user_id": world.keystone.user_id,
            "trust_id": null,
            "links": {"self": format!(
                "{}/v3/users/{}/credentials/OS-EC2/{}",
                world.url(Service::Identity), world.keystone.user_id, credential.access
            )},
        })
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let list: Vec<Value> =
                world.keystone.ec2_credentials.iter().map(|credential| view(world, credential)).collect();
            Reply::ok(&json!({"credentials": list, "links": links(world, "/v3/credentials")}))
        }
        ("POST", []) => {
            if request.json().is_none_or(|body| body["tenant_id"] != world.keystone.project_id.as_str()) {
                return error(StatusCode::BAD_REQUEST, "The body needs the tenant_id of your project.");
            }
            let credential = Ec2Credential { access: world.ids.hex(), secret: world.ids.hex() };
            let body = json!({"credential": view(world, &credential)});
            world.keystone.ec2_credentials.push(credential);
            Reply::json(StatusCode::CREATED, &body)
        }
        ("GET", [access]) => match world.keystone.ec2_credentials.iter().find(|c| c.access == *access) {
            Some(credential) => Reply::ok(&json!({"credential": view(world, credential)})),
            None => not_found("credential", access),
        },
        ("DELETE", [access]) => {
            let before = world.keystone.ec2_credentials.len();
            world.keystone.ec2_credentials.retain(|credential| credential.access != *access);
            if world.keystone.ec2_credentials.len() == before {
                return not_found("credential", access);
            }
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "This method is not served here."),
    }
}

fn application_credentials(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let view = |world: &World, credential: &ApplicationCredential, secret: bool| {
        let mut body = json!({
            "id": credential.id,
            "name": credential.name,
            "description": credential.description,
            "project_id": world.keystone.project_id,
            "roles": [{"id": world.keystone.role_id, "name": "member", "domain_id": null}],
            "expires_at": null,
            "unrestricted": credential.unrestricted,
            "system": null,
            "links": {"self": format!(
                "{}/v3/users/{}/application_credentials/{}",
                world.url(Service::Identity), world.keystone.user_id, credential.id
            )},
        });
        if secret {
            body["secret"] = json!(credential.secret);
        }
        body
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let list: Vec<Value> = world
                .keystone
                .application_credentials
                .iter()
                .filter(|credential| request.query("name").is_none_or(|name| name == credential.name))
                .map(|credential| view(world, credential, false))
                .collect();
            Reply::ok(&json!({
                "application_credentials": list,
                "links": links(world, "/v3/application_credentials"),
            }))
        }
        ("POST", []) => {
            let Some(given) = request.object("application_credential") else {
                return error(StatusCode::BAD_REQUEST, "The body has no application_credential.");
            };
            let Some(name) = given.get("name").and_then(Value::as_str) else {
                return error(StatusCode::BAD_REQUEST, "An application credential needs a name.");
            };
            if world.keystone.application_credentials.iter().any(|credential| credential.name == name) {
                return error(
                    StatusCode::CONFLICT,
                    "An application credential of this name is there already.",
                );
            }
            let secret = match given.get("secret").and_then(Value::as_str) {
                Some(secret) => secret.to_owned(),
                None => world.ids.secret(86),
            };
            let credential = ApplicationCredential {
                id: world.ids.hex(),
                name: name.to_owned(),
                secret,
                description: given.get("description").cloned().unwrap_or(Value::Null),
                unrestricted: given.get("unrestricted").and_then(Value::as_bool).unwrap_or(false),
            };
            let body = json!({"application_credential": view(world, &credential, true)});
            let location = body["application_credential"]["links"]["self"].as_str().map(str::to_owned);
            world.keystone.application_credentials.push(credential);
            Reply::json(StatusCode::CREATED, &body).with(LOCATION, &location.unwrap_or_default())
        }
        ("GET", [id]) => match world.keystone.application_credentials.iter().find(|c| c.id == *id) {
            Some(credential) => Reply::ok(&json!({"application_credential": view(world, credential, false)})),
            None => not_found("application credential", id),
        },
        ("DELETE", [id]) => {
            let before = world.keystone.application_credentials.len();
            world.keystone.application_credentials.retain(|credential| credential.id != *id);
            if world.keystone.application_credentials.len() == before {
                return not_found("application credential", id);
            }
            world.keystone.tokens.retain(|_, token| token.application_credential.as_deref() != Some(*id));
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "This method is not served here."),
    }
}
