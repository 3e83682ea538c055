//! Making and changing images.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Visibility, patch_request};
use crate::request::Request;
use crate::service::ServiceType;

/// An image to make: a raw disk for this project unless told otherwise.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct NewImage {
    /// The name.
    pub name: String,
    /// An id of the caller's choice, which makes the creation repeatable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The format of the disk.
    pub disk_format: String,
    /// The format around the disk.
    pub container_format: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// The smallest disk that holds it, in GiB.
    pub min_disk: u64,
    /// The smallest memory it runs in, in MiB.
    pub min_ram: u64,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Properties.
    #[serde(flatten)]
    pub properties: BTreeMap<String, String>,
}

impl NewImage {
    /// A raw disk image of that name.
    pub fn new(name: impl Into<String>) -> NewImage {
        NewImage {
            name: name.into(),
            id: None,
            disk_format: "raw".to_owned(),
            container_format: "bare".to_owned(),
            visibility: Visibility::Private,
            min_disk: 0,
            min_ram: 0,
            tags: Vec::new(),
            properties: BTreeMap::new(),
        }
    }

    /// Sets the id.
    pub fn with_id(mut self, id: impl Into<String>) -> NewImage {
        self.id = Some(id.into());
        self
    }

    /// Sets the format of the disk, such as `qcow2`.
    pub fn with_disk_format(mut self, format: impl Into<String>) -> NewImage {
        self.disk_format = format.into();
        self
    }

    /// Sets who sees it.
    pub fn with_visibility(mut self, visibility: Visibility) -> NewImage {
        self.visibility = visibility;
        self
    }

    /// Sets the smallest disk, in GiB.
    pub fn with_min_disk(mut self, gib: u64) -> NewImage {
        self.min_disk = gib;
        self
    }

    /// Sets the smallest memory, in MiB.
    pub fn with_min_ram(mut self, mib: u64) -> NewImage {
        self.min_ram = mib;
        self
    }

    /// Adds a tag.
    pub fn with_tag(mut self, tag: impl Into<String>) -> NewImage {
        self.tags.push(tag.into());
        self
    }

    /// Sets a property, such as `hw_firmware_type` or one of the caller's own.
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<String>) -> NewImage {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// The request that makes it.
    pub fn request(&self) -> Request {
        // Nothing in it can fail to be JSON: all keys are text.
        let body = serde_json::to_value(self).unwrap_or_default();
        Request::post(ServiceType::IMAGE, "images").with_value(&body)
    }
}

/// Changes to an image.
#[derive(Debug, Clone, Default)]
pub struct ImageUpdate {
    operations: Vec<Value>,
}

impl ImageUpdate {
    /// No change yet.
    pub fn new() -> ImageUpdate {
        ImageUpdate::default()
    }

    /// Sets a property, whether the image has it or not.
    pub fn with_property(mut self, name: &str, value: impl Into<String>) -> ImageUpdate {
        self.operations.push(json!({"op": "add", "path": pointer(name), "value": value.into()}));
        self
    }

    /// Removes a property, which the image must have.
    pub fn without_property(mut self, name: &str) -> ImageUpdate {
        self.operations.push(json!({"op": "remove", "path": pointer(name)}));
        self
    }

    /// Renames the image.
    pub fn with_name(mut self, name: impl Into<String>) -> ImageUpdate {
        self.operations.push(json!({"op": "replace", "path": "/name", "value": name.into()}));
        self
    }

    /// Sets who sees it.
    pub fn with_visibility(mut self, visibility: &Visibility) -> ImageUpdate {
        self.operations.push(json!({"op": "replace", "path": "/visibility", "value": visibility.as_str()}));
        self
    }

    /// Replaces the tags.
    pub fn with_tags(mut self, tags: &[&str]) -> ImageUpdate {
        self.operations.push(json!({"op": "replace", "path": "/tags", "value": tags}));
        self
    }

    /// The request that makes the changes.
    pub fn request(&self, id: &str) -> Request {
        patch_request(id, &self.operations)
    }
}

/// A JSON pointer to a top-level key (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
