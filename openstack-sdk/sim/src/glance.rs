//! Glance, Image API version 2.

use std::collections::{BTreeMap, BTreeSet};

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, LOCATION};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::upload::Digest;
use crate::world::World;
use crate::{Image, Service};

/// Glance's own default of images a page.
const PAGE: usize = 25;
const MAX_PAGE: usize = 1000;
const PATCH_TYPE: &str = "application/openstack-images-v2.1-json-patch";
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
/// What Glance sets itself.
const READ_ONLY: &[&str] = &[
    "status",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "created_at",
    "updated_at",
    "file",
    "schema",
    "self",
    "direct_url",
    "locations",
    "stores",
];
const DISK_FORMATS: &[&str] =
    &["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"];
const CONTAINER_FORMATS: &[&str] = &["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"];
const VISIBILITIES: &[&str] = &["private", "shared", "community", "public"];

#[derive(Default)]
pub(crate) struct Glance {
    images: Vec<Record>,
}

struct Record {
    id: String,
    name: Option<String>,
    status: &'static str,
    visibility: String,
    container_format: Option<String>,
    disk_format: Option<String>,
    min_disk: u64,
    min_ram: u64,
    protected: bool,
    hidden: bool,
    tags: BTreeSet<String>,
    properties: BTreeMap<String, String>,
    digest: Option<Digest>,
    created: String,
    updated: String,
}

impl Glance {
    fn get(&self, id: &str) -> Option<&Record> {
        self.images.iter().find(|image| image.id == id)
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Record> {
        self.images.iter_mut().find(|image| image.id == id)
    }

    /// Custom properties of an image that a server can boot from.
    pub(crate) fn bootable(&self, id: &str) -> Option<BTreeMap<String, String>> {
        self.get(id).filter(|image| image.status == "active").map(|image| image.properties.clone())
    }

    pub(crate) fn inspect(&self) -> Vec<Image> {
        let digest = |image: &Record| image.digest.clone();
        self.images
            .iter()
            .map(|image| Image {
                id: image.id.clone(),
                name: image.name.clone(),
                status: image.status.to_owned(),
                visibility: image.visibility.clone(),
                size: digest(image).map(|digest| digest.size),
                checksum: digest(image).map(|digest| digest.md5),
                sha512: digest(image).map(|digest| digest.sha512),
                tags: image.tags.clone(),
                properties: image.properties.clone(),
                data: digest(image).and_then(|digest| digest.data),
            })
            .collect()
    }
}

/// Glance writes errors as HTML unless it is asked for JSON.
pub(crate) fn error(request: &Request, status: StatusCode, message: &str) -> Reply {
    let reason = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    if request.header("accept").is_some_and(|accept| accept.contains("application/json")) {
        let body = json!({"message": message, "code": format!("{code} {reason}"), "title": reason});
        return Reply::json(status, &body);
    }
    let page = format!(
        "<html>\n <head>\n  <title>{code} {reason}</title>\n </head>\n <body>\n  <h1>{code} {reason}</h1>\n  \
         {message}<br /><br />\n\n\n </body>\n</html>"
    );
    Reply::bytes(status, "text/html; charset=UTF-8", page)
}

fn no_image(request: &Request, id: &str) -> Reply {
    error(request, StatusCode::NOT_FOUND, &format!("There is no image {id}."))
}

pub(crate) fn is_public(request: &Request) -> bool {
    match request.segments().as_slice() {
        [] => true,
        [only] => only == "versions" || only == "v2",
        _ => false,
    }
}

/// The image whose data `request` carries, if it is an upload.
pub(crate) fn upload_target(request: &Request) -> Option<String> {
    match request.segments().as_slice() {
        [v2, images, id, file] if v2 == "v2" && images == "images" && file == "file" => {
            (request.method == Method::PUT).then(|| id.clone())
        }
        _ => None,
    }
}

pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", []) => Reply::json(StatusCode::MULTIPLE_CHOICES, &versions(world)),
        ("GET", ["versions" | "v2"]) => Reply::ok(&versions(world)),
        ("GET", ["v2", "images"]) => list(world, request),
        ("POST", ["v2", "images"]) => create(world, request),
        ("GET", ["v2", "images", id]) => match world.glance.get(id) {
            Some(image) => Reply::ok(&view(world, image)),
            None => no_image(request, id),
        },
        ("PATCH", ["v2", "images", id]) => patch(world, request, id),
        ("DELETE", ["v2", "images", id]) => delete(world, request, id),
        ("GET", ["v2", "images", id, "file"]) => download(world, request, id),
        ("PUT" | "DELETE", ["v2", "images", id, "tags", tag]) => set_tag(world, request, id, tag),
        ("GET", ["v2", "images", id, "members"]) => match world.glance.get(id) {
            Some(_) => Reply::ok(&json!({"members": [], "schema": "/v2/schemas/members"})),
            None => no_image(request, id),
        },
        ("GET", ["v2", "images", id, "tasks"]) => match world.glance.get(id) {
            Some(_) => Reply::ok(&json!({"tasks": []})),
            None => no_image(request, id),
        },
        ("GET", ["v2", "schemas", name @ ("image" | "images")]) => Reply::ok(&json!({
            "name": name,
            "properties": {},
            "additionalProperties": {"type": "string"},
        })),
        ("GET", ["v2", "info", "import"]) => Reply::ok(&json!({
            "import-methods": {"description": "Ways to import data.", "type": "array", "value": []},
        })),
        ("GET", ["v2", "info", "stores"]) => {
            error(request, StatusCode::NOT_FOUND, "There is only one store.")
        }
        (_, ["v2", "images", ..]) => {
            error(request, StatusCode::METHOD_NOT_ALLOWED, "This method is not served here.")
                .with(ALLOW, "GET")
        }
        _ => error(request, StatusCode::NOT_FOUND, "No such resource."),
    }
}

fn versions(world: &World) -> Value {
    let href = format!("{}/v2/", world.url(Service::Image));
    let list: Vec<Value> = [15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        .iter()
        .map(|minor| {
            json!({
                "id": format!("v2.{minor}"),
                "status": if *minor == 15 { "CURRENT" } else { "SUPPORTED" },
                "links": [{"rel": "self", "href": href}],
            })
        })
        .collect();
    json!({"versions": list})
}

fn view(world: &World, image: &Record) -> Value {
    let digest = image.digest.as_ref();
    let mut body = json!({
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "visibility": image.visibility,
        "container_format": image.container_format,
        "disk_format": image.disk_format,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "protected": image.protected,
        "os_hidden": image.hidden,
        "owner": world.keystone.project_id,
        "tags": image.tags,
        "size": digest.map(|digest| digest.size),
        "virtual_size": digest.filter(|_| image.disk_format.as_deref() == Some("raw")).map(|digest| digest.size),
        "checksum": digest.map(|digest| &digest.md5),
        "os_hash_algo": digest.map(|_| "sha512"),
        "os_hash_value": digest.map(|digest| &digest.sha512),
        "created_at": image.created,
        "updated_at": image.updated,
        "self": format!("/v2/images/{}", image.id),
        "file": format!("/v2/images/{}/file", image.id),
        "schema": "/v2/schemas/image",
    });
    for (name, value) in &image.properties {
        body[name] = json!(value);
    }
    body
}

/// `GET /v2/images`: newest first, filtered, a page at a time.
fn list(world: &World, request: &Request) -> Reply {
    let limit = match request.query("limit").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(limit)) => limit.min(MAX_PAGE),
        Some(Err(_)) => return error(request, StatusCode::BAD_REQUEST, "limit is not a number."),
    };
    let mut found: Vec<Value> = world.glance.images.iter().rev().map(|image| view(world, image)).collect();
    for (key, value) in &request.query {
        match key.as_str() {
            "limit" | "marker" | "sort" | "sort_key" | "sort_dir" | "member_status" => {}
            "tag" => found.retain(|image| {
                image["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == value.as_str()))
            }),
            "visibility" if value == "all" => {}
            "size_min" | "size_max" => {
                let Ok(bound) = value.parse::<u64>() else {
                    return error(request, StatusCode::BAD_REQUEST, "A size is not a number.");
                };
                found.retain(|image| {
                    let size = image["size"].as_u64().unwrap_or(0);
                    if key == "size_min" { size >= bound } else { size <= bound }
                });
            }
            _ => {
                let wanted: Vec<&str> = match value.strip_prefix("in:") {
                    Some(values) => values.split(',').map(|value| value.trim_matches('"')).collect(),
                    None => vec![value],
                };
                found.retain(|image| {
                    wanted.iter().any(|wanted| text(&image[key]).eq_ignore_ascii_case(wanted))
                });
            }
        }
    }
    // Hidden images, and others' community images, show only when they are asked for.
    if request.query("os_hidden").is_none() {
        found.retain(|image| image["os_hidden"] == false);
    }
    if let Some(marker) = request.query("marker") {
        match found.iter().position(|image| image["id"] == marker) {
            Some(index) => drop(found.drain(..=index)),
            None => {
                return error(request, StatusCode::BAD_REQUEST, "The marker is not an image of this list.");
            }
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let mut body = json!({"images": found, "schema": "/v2/schemas/images", "first": page(request, None)});
    if more && let Some(last) = found.last().and_then(|image| image["id"].as_str()) {
        body["next"] = json!(page(request, Some(last)));
    }
    Reply::ok(&body)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other.to_string(),
    }
}

fn page(request: &Request, marker: Option<&str>) -> String {
    let mut query: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key != "marker")
        .map(|(key, value)| {
            format!("{}={}", crate::http::percent_encode(key), crate::http::percent_encode(value))
        })
        .collect();
    query.extend(marker.map(|marker| format!("marker={marker}")));
    match query.is_empty() {
        true => "/v2/images".to_owned(),
        false => format!("/v2/images?{}", query.join("&")),
    }
}

/// `POST /v2/images`.
fn create(world: &mut World, request: &Request) -> Reply {
    let Some(Value::Object(given)) = request.json() else {
        return error(request, StatusCode::BAD_REQUEST, "The body is not a JSON object.");
    };
    let now = world.now();
    let id = match given.get("id").and_then(Value::as_str) {
        Some(id) if world.glance.get(id).is_some() => {
            return error(request, StatusCode::CONFLICT, &format!("Image {id} is there already."));
        }
        Some(id) => id.to_owned(),
        None => world.ids.uuid(),
    };
    let mut image = Record {
        id,
        name: None,
        status: "queued",
        visibility: "shared".into(),
        container_format: None,
        disk_format: None,
        min_disk: 0,
        min_ram: 0,
        protected: false,
        hidden: false,
        tags: BTreeSet::new(),
        properties: BTreeMap::new(),
        digest: None,
        created: now.clone(),
        updated: now,
    };
    for (name, value) in &given {
        if name == "id" {
            continue;
        }
        if let Err((status, message)) = set(&mut image, name, Some(value)) {
            return error(request, status, &message);
        }
    }
    let body = view(world, &image);
    let location = format!("{}/v2/images/{}", world.url(Service::Image), image.id);
    world.glance.images.push(image);
    Reply::json(StatusCode::CREATED, &body).with(LOCATION, &location)
}

/// Sets a property, or removes it.
fn set(image: &mut Record, name: &str, value: Option<&Value>) -> Result<(), (StatusCode, String)> {
    let bad = |what: &str| (StatusCode::BAD_REQUEST, format!("{name} must be {what}."));
    let value = value.unwrap_or(&Value::Null);
    let optional_text = || match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(bad("text")),
    };
    let format = || bad("a format that Glance knows");
    match name {
        "name" => image.name = optional_text()?,
        "visibility" => {
            image.visibility = VISIBILITIES
                .iter()
                .find(|known| value == **known)
                .map(|known| (*known).to_owned())
                .ok_or_else(|| bad("one of private, shared, community, public"))?;
            if image.visibility == "public" {
                return Err((StatusCode::FORBIDDEN, "Only administrators publish images.".into()));
            }
        }
        "container_format" => {
            image.container_format = known(CONTAINER_FORMATS, optional_text()?).ok_or_else(format)?
        }
        "disk_format" => image.disk_format = known(DISK_FORMATS, optional_text()?).ok_or_else(format)?,
        "min_disk" => image.min_disk = value.as_u64().ok_or_else(|| bad("a number"))?,
        "min_ram" => image.min_ram = value.as_u64().ok_or_else(|| bad("a number"))?,
        "protected" => image.protected = value.as_bool().ok_or_else(|| bad("true or false"))?,
        "os_hidden" => image.hidden = value.as_bool().ok_or_else(|| bad("true or false"))?,
        "owner" => {}
        "tags" => {
            image.tags = value
                .as_array()
                .and_then(|tags| tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect())
                .ok_or_else(|| bad("a list of text"))?;
        }
        _ if READ_ONLY.contains(&name) => {
            return Err((StatusCode::FORBIDDEN, format!("{name} is set by the service.")));
        }
        _ => match optional_text()? {
            Some(text) => drop(image.properties.insert(name.to_owned(), text)),
            None => drop(image.properties.remove(name)),
        },
    }
    Ok(())
}

/// The text if it is one of a list, or none.
fn known(list: &[&str], text: Option<String>) -> Option<Option<String>> {
    text.as_deref().is_none_or(|text| list.contains(&text)).then_some(text)
}

/// `PATCH /v2/images/{id}`.
fn patch(world: &mut World, request: &Request, id: &str) -> Reply {
    if request.header("content-type") != Some(PATCH_TYPE) {
        return error(
            request,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            &format!("Send the changes as {PATCH_TYPE}."),
        );
    }
    let Some(Value::Array(changes)) = request.json() else {
        return error(request, StatusCode::BAD_REQUEST, "The body is not a JSON list of changes.");
    };
    let now = world.now();
    let Some(image) = world.glance.get_mut(id) else {
        return no_image(request, id);
    };
    for change in &changes {
        let name = change["path"].as_str().and_then(|path| path.strip_prefix('/')).unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        let known = image.properties.contains_key(&name);
        let result = match change["op"].as_str() {
            _ if name.is_empty() => Err((StatusCode::BAD_REQUEST, "A change has no path.".into())),
            Some("remove" | "replace") if !known && !is_base(&name) => {
                Err((StatusCode::CONFLICT, format!("The image has no property {name}.")))
            }
            Some("remove") if is_base(&name) => {
                Err((StatusCode::FORBIDDEN, format!("{name} cannot be removed.")))
            }
            Some("remove") => set(image, &name, None),
            Some("add" | "replace") => set(image, &name, Some(&change["value"])),
            _ => Err((StatusCode::BAD_REQUEST, "A change is one of add, replace, remove.".into())),
        };
        if let Err((status, message)) = result {
            return error(request, status, &message);
        }
    }
    image.updated = now;
    match world.glance.get(id) {
        Some(image) => Reply::ok(&view(world, image)),
        None => no_image(request, id),
    }
}

fn is_base(name: &str) -> bool {
    matches!(
        name,
        "name"
            | "visibility"
            | "container_format"
            | "disk_format"
            | "min_disk"
            | "min_ram"
            | "protected"
            | "os_hidden"
            | "tags"
            | "owner"
    ) || READ_ONLY.contains(&name)
}

fn delete(world: &mut World, request: &Request, id: &str) -> Reply {
    match world.glance.get(id) {
        None => return no_image(request, id),
        Some(image) if image.protected => {
            return error(request, StatusCode::FORBIDDEN, &format!("Image {id} is protected."));
        }
        Some(_) => {}
    }
    world.glance.images.retain(|image| image.id != id);
    Reply::empty(StatusCode::NO_CONTENT)
}

fn download(world: &World, request: &Request, id: &str) -> Reply {
    let Some(image) = world.glance.get(id) else {
        return no_image(request, id);
    };
    match &image.digest {
        None => Reply::empty(StatusCode::NO_CONTENT),
        Some(Digest { data: Some(data), md5, .. }) => {
            Reply::bytes(StatusCode::OK, "application/octet-stream", data.clone()).with(CONTENT_MD5, md5)
        }
        Some(_) => error(
            request,
            StatusCode::SERVICE_UNAVAILABLE,
            "The simulator keeps only the hashes of an image this large.",
        ),
    }
}

fn set_tag(world: &mut World, request: &Request, id: &str, tag: &str) -> Reply {
    let Some(image) = world.glance.get_mut(id) else {
        return no_image(request, id);
    };
    if request.method == Method::PUT {
        image.tags.insert(tag.to_owned());
    } else if !image.tags.remove(tag) {
        return error(request, StatusCode::NOT_FOUND, &format!("The image has no tag {tag}."));
    }
    Reply::empty(StatusCode::NO_CONTENT)
}

/// Opens an image for its data.
pub(crate) fn begin_upload(world: &mut World, request: &Request, id: &str) -> Result<(), Reply> {
    if request.headers.get(CONTENT_TYPE).is_none_or(|value| value != "application/octet-stream") {
        let message = "Send the data as application/octet-stream.";
        return Err(error(request, StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let Some(image) = world.glance.get_mut(id) else {
        return Err(no_image(request, id));
    };
    if image.status != "queued" {
        let message = format!("Image {id} is {}, only a queued one takes data.", image.status);
        return Err(error(request, StatusCode::CONFLICT, &message));
    }
    if image.disk_format.is_none() || image.container_format.is_none() {
        let message = "Set disk_format and container_format before the data.";
        return Err(error(request, StatusCode::BAD_REQUEST, message));
    }
    image.status = "saving";
    Ok(())
}

/// Closes an image: with its data it is active, without them it waits for another try.
pub(crate) fn end_upload(world: &mut World, id: &str, digest: Option<Digest>) {
    let now = world.now();
    if let Some(image) = world.glance.get_mut(id) {
        image.status = if digest.is_some() { "active" } else { "queued" };
        image.digest = digest;
        image.updated = now;
    }
}
