//! Tags of anything.

use http::StatusCode;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::{bad, error, not_found, touch};
use crate::http::{Reply, Request};
use crate::world::World;

/// Longest tag.
const MAX: usize = 255;

pub(super) fn reply(world: &mut World, request: &Request, kind: &Kind, id: &str, path: &[&str]) -> Reply {
    let now = world.now();
    let Some(item) = world.neutron.get_mut(kind.plural, id) else { return not_found(kind, id) };
    let nothing = || Reply::json(StatusCode::CREATED, &Value::Null);
    let mut tags: Vec<Value> = item["tags"].as_array().cloned().unwrap_or_default();
    let tag = path.first().map(|tag| tag.strip_suffix(".json").unwrap_or(tag));
    let position = tag.and_then(|tag| tags.iter().position(|own| own == tag));
    let missing = |tag: &str| error(StatusCode::NOT_FOUND, "TagNotFound", &format!("There is no tag {tag}."));
    let answer = match (request.method.as_str(), tag, position) {
        ("GET", None, _) => return Reply::ok(&json!({"tags": tags})),
        ("GET", Some(_), Some(_)) => return Reply::empty(StatusCode::NO_CONTENT),
        ("GET" | "DELETE", Some(tag), None) => return missing(tag),
        ("PUT", None, _) => {
            let given = request.json().unwrap_or_default();
            let Some(given) = given["tags"].as_array().filter(|given| given.iter().all(is_tag)) else {
                return bad("tags is a list of texts of up to 255 characters.");
            };
            tags.clear();
            for tag in given {
                if !tags.contains(tag) {
                    tags.push(tag.clone());
                }
            }
            Reply::ok(&json!({"tags": tags}))
        }
        ("PUT", Some(_), Some(_)) => return nothing(),
        ("PUT", Some(tag), None) => {
            if !is_tag(&json!(tag)) {
                return bad("A tag is a text of up to 255 characters.");
            }
            tags.push(json!(tag));
            nothing()
        }
        ("DELETE", None, _) => {
            tags.clear();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        ("DELETE", Some(_), Some(index)) => {
            tags.remove(index);
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => return super::no_resource(),
    };
    tags.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    item["tags"] = json!(tags);
    touch(item, &now);
    answer
}

fn is_tag(tag: &Value) -> bool {
    tag.as_str().is_some_and(|tag| !tag.is_empty() && tag.chars().count() <= MAX)
}
