//! Glance: images, their properties, and their bytes.
//!
//! Defined by the Image API v2.

mod new;
mod record;
mod source;
mod upload;

use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::new::{ImageUpdate, NewImage};
pub use self::record::{Image, ImageStatus, Visibility};
pub use self::source::{FileSource, SourceError, SourceFuture, UploadBody, UploadSource, UploadStream};
pub use self::upload::{UploadOptions, UploadProgress, Uploaded};
use crate::cloud::Cloud;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Request, segment};
use crate::service::ServiceType;
use crate::wait::{self, Look};

/// The calls of the Image API v2. Made by [`Cloud::image`].
#[derive(Debug, Clone)]
pub struct ImageClient {
    cloud: Cloud,
}

/// Which images to list.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ImageQuery {
    /// Images of exactly this name.
    pub name: Option<String>,
    /// Images that carry all of these tags.
    pub tags: Vec<String>,
    /// Images that have all of these properties.
    pub properties: Vec<(String, String)>,
    /// Images of this visibility. Glance lists community images of other projects only when asked for.
    pub visibility: Option<Visibility>,
    /// Images of this project.
    pub owner: Option<String>,
    /// Images in this state.
    pub status: Option<ImageStatus>,
}

impl ImageQuery {
    /// All that Glance shows without being asked for more.
    pub fn new() -> ImageQuery {
        ImageQuery::default()
    }

    /// Only images of exactly this name.
    pub fn with_name(mut self, name: impl Into<String>) -> ImageQuery {
        self.name = Some(name.into());
        self
    }

    /// Only images that carry this tag too.
    pub fn with_tag(mut self, tag: impl Into<String>) -> ImageQuery {
        self.tags.push(tag.into());
        self
    }

    /// Only images that have this property too.
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<String>) -> ImageQuery {
        self.properties.push((name.into(), value.into()));
        self
    }

    /// Only images of this visibility.
    pub fn with_visibility(mut self, visibility: Visibility) -> ImageQuery {
        self.visibility = Some(visibility);
        self
    }

    /// Only images of this project.
    pub fn with_owner(mut self, project: impl Into<String>) -> ImageQuery {
        self.owner = Some(project.into());
        self
    }

    /// Only images in this state.
    pub fn with_status(mut self, status: ImageStatus) -> ImageQuery {
        self.status = Some(status);
        self
    }

    /// The request for the first page.
    pub fn request(&self) -> Request {
        let mut request = Request::get(ServiceType::IMAGE, "images");
        let fields = [
            ("name", self.name.as_ref().map(|name| literal(name))),
            ("visibility", self.visibility.as_ref().map(ToString::to_string)),
            ("owner", self.owner.clone()),
            ("status", self.status.as_ref().map(ToString::to_string)),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                request = request.with_query(name, value);
            }
        }
        for tag in &self.tags {
            request = request.with_query("tag", tag);
        }
        for (name, value) in &self.properties {
            request = request.with_query(name, value);
        }
        request
    }
}

/// A name as a filter that is only that name: `in:` would begin a list.
fn literal(name: &str) -> String {
    if name.starts_with("in:") {
        return format!("in:\"{}\"", name.replace('"', "\\\""));
    }
    name.to_owned()
}

/// A way to import that a Glance offers.
#[derive(Deserialize)]
struct ImportInfo {
    value: Vec<String>,
}

impl ImageClient {
    pub(crate) fn new(cloud: Cloud) -> ImageClient {
        ImageClient { cloud }
    }

    fn path(id: &str, rest: &str) -> String {
        format!("images/{}{rest}", segment(id))
    }

    /// The images that fit, newest first.
    ///
    /// # Errors
    /// When Glance refuses.
    pub async fn images(&self, query: &ImageQuery) -> Result<Vec<Image>> {
        self.cloud.list(&query.request(), "images").await
    }

    /// An image by its id.
    ///
    /// # Errors
    /// When there is none, or this project can't see it.
    pub async fn image(&self, id: &str) -> Result<Image> {
        self.cloud.send(&Request::get(ServiceType::IMAGE, ImageClient::path(id, ""))).await?.json()
    }

    /// The one active image of that id or name.
    ///
    /// # Errors
    /// When there is none, or several carry the name.
    pub async fn find_image(&self, id_or_name: &str) -> Result<Image> {
        match self.image(id_or_name).await {
            Err(error) if error.is_not_found() => {}
            outcome => return outcome,
        }
        let query = ImageQuery::new().with_name(id_or_name).with_status(ImageStatus::Active);
        let mut found = self.images(&query).await?;
        if found.is_empty() {
            found = self.images(&query.with_visibility(Visibility::Community)).await?;
        }
        one_of("image", id_or_name, found)
    }

    /// Makes an image without bytes; its state is `queued`.
    ///
    /// # Errors
    /// When Glance refuses the properties or the visibility.
    pub async fn create_image(&self, image: &NewImage) -> Result<Image> {
        self.cloud.send(&image.request()).await?.json()
    }

    /// Changes properties of an image.
    ///
    /// # Errors
    /// When the image does not exist, or a removed property does not.
    pub async fn update_image(&self, id: &str, update: &ImageUpdate) -> Result<Image> {
        self.cloud.send(&update.request(id)).await?.json()
    }

    /// Deletes an image.
    ///
    /// # Errors
    /// When it does not exist, is protected, or is in use.
    pub async fn delete_image(&self, id: &str) -> Result<()> {
        self.cloud.send(&Request::delete(ServiceType::IMAGE, ImageClient::path(id, ""))).await.map(drop)
    }

    /// Adds a tag to an image.
    ///
    /// # Errors
    /// When the image does not exist.
    pub async fn add_tag(&self, id: &str, tag: &str) -> Result<()> {
        let path = ImageClient::path(id, &format!("/tags/{}", segment(tag)));
        self.cloud.send(&Request::put(ServiceType::IMAGE, path)).await.map(drop)
    }

    /// The ways to import that this Glance offers, such as `web-download`; none where it has no import.
    ///
    /// # Errors
    /// When Glance refuses.
    pub async fn import_methods(&self) -> Result<Vec<String>> {
        match self
            .cloud
            .fetch::<ImportInfo>(&Request::get(ServiceType::IMAGE, "info/import"), "import-methods")
            .await
        {
            Ok(info) => Ok(info.value),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Asks Glance to fetch the bytes of a queued image by itself. It goes on in the background: see
    /// [`wait_for_active`](ImageClient::wait_for_active). What Glance stores is what the address serves, except
    /// where the operator runs its decompression plugin, which knows gzip but not xz.
    ///
    /// # Errors
    /// When Glance does not offer `web-download`, or does not allow the address.
    pub async fn import_from_url(&self, id: &str, url: &str) -> Result<()> {
        let body = json!({"method": {"name": "web-download", "uri": url}});
        let request = Request::post(ServiceType::IMAGE, ImageClient::path(id, "/import")).with_value(&body);
        self.cloud.send(&request).await.map(drop)
    }

    /// Waits until an image is active.
    ///
    /// # Errors
    /// When the deadline passes, or the image gets into a state that leads nowhere; an import that failed leaves
    /// it `queued` with the store's name in `os_glance_failed_import`.
    pub async fn wait_for_active(&self, id: &str, deadline: impl Into<Deadline>) -> Result<Image> {
        let deadline = deadline.into().earlier(self.cloud.deadline());
        let client = ImageClient::new(self.cloud.with_deadline(deadline));
        wait::until(&format!("image {id} is active"), deadline, || async {
            let image = client.image(id).await?;
            let failed_import =
                image.property("os_glance_failed_import").is_some_and(|stores| !stores.is_empty());
            match &image.status {
                ImageStatus::Active => Ok(Look::Done(image)),
                ImageStatus::Killed
                | ImageStatus::Deleted
                | ImageStatus::PendingDelete
                | ImageStatus::Deactivated => Err(failed(id, &image.status)),
                ImageStatus::Queued if failed_import => {
                    Err(Error::new(ErrorKind::ImageFailed, format!("Glance could not import image {id}")))
                }
                status => Ok(Look::NotYet(status.to_string())),
            }
        })
        .await
    }
}

/// The error of an image in a state from which it never becomes active.
fn failed(id: &str, status: &ImageStatus) -> Error {
    Error::new(
        ErrorKind::ImageFailed,
        format!("image {id} is {status} and will not become active; delete it and make a new one"),
    )
}

/// The only one of what was found by a name.
pub(crate) fn one_of<T>(what: &str, name: &str, mut found: Vec<T>) -> Result<T> {
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(Error::new(ErrorKind::NotFound, format!("there is no {what} `{name}`"))),
        (Some(_), others) => Err(Error::new(
            ErrorKind::Ambiguous,
            format!("{} {what}s are called `{name}`, use an id", others + 1),
        )),
    }
}

/// A JSON patch of an image.
fn patch_request(id: &str, operations: &[Value]) -> Request {
    let body = Value::Array(operations.to_vec()).to_string().into_bytes();
    Request::new(Method::PATCH, ServiceType::IMAGE, ImageClient::path(id, ""))
        .with_body("application/openstack-images-v2.1-json-patch", body)
        .with_idempotent(true)
}

/// The header by which newer Glances learn the size before the bytes come.
const IMAGE_SIZE: HeaderName = HeaderName::from_static("x-openstack-image-size");
/// The type of an image's bytes.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
