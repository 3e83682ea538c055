//! An image as Glance shows it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::text_enum::text_enum;

text_enum! {
    /// The state of an image.
    ImageStatus {
        /// Made, without bytes.
        Queued = "queued",
        /// Its bytes are coming.
        Saving = "saving",
        /// Its bytes are coming to the import's staging area.
        Uploading = "uploading",
        /// It is being imported.
        Importing = "importing",
        /// Ready to use.
        Active = "active",
        /// Taken out of use by the operator.
        Deactivated = "deactivated",
        /// An upload failed for good.
        Killed = "killed",
        /// Deleted.
        Deleted = "deleted",
        /// About to be deleted.
        PendingDelete = "pending_delete",
    }
}

text_enum! {
    /// Who sees an image.
    Visibility {
        /// Its project.
        Private = "private",
        /// Its project and the members it names.
        Shared = "shared",
        /// Everybody who asks for it by id, or for community images.
        Community = "community",
        /// Everybody; often only operators may make such.
        Public = "public",
    }
}

/// An image.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Image {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: Option<String>,
    /// The state.
    pub status: ImageStatus,
    /// Who sees it.
    pub visibility: Visibility,
    /// Bytes stored; none before the upload.
    #[serde(default)]
    pub size: Option<u64>,
    /// MD5 of the bytes stored, in hexadecimal.
    #[serde(default)]
    pub checksum: Option<String>,
    /// The algorithm of [`hash`](Image::hash), such as `sha512`.
    #[serde(default, rename = "os_hash_algo")]
    pub hash_algorithm: Option<String>,
    /// A hash of the bytes stored, in hexadecimal.
    #[serde(default, rename = "os_hash_value")]
    pub hash: Option<String>,
    /// The format of the disk, such as `raw`.
    #[serde(default)]
    pub disk_format: Option<String>,
    /// The format around the disk, such as `bare`.
    #[serde(default)]
    pub container_format: Option<String>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The smallest disk that holds it, in GiB.
    #[serde(default)]
    pub min_disk: u64,
    /// The smallest memory it runs in, in MiB.
    #[serde(default)]
    pub min_ram: u64,
    /// The id of the project that owns it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Whether it can't be deleted.
    #[serde(default)]
    pub protected: bool,
    /// When it was made, as RFC 3339.
    #[serde(default)]
    pub created_at: String,
    /// Everything else.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Image {
    /// A property that the user or operator gave it.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.others.get(name).and_then(Value::as_str)
    }

    /// The properties that are not Glance's own fields.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        const OWN: &[&str] = &["self", "file", "schema", "updated_at", "direct_url", "stores"];
        self.others
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }
}
