//! A machine configuration: the documents that one machine is given.

use std::collections::HashMap;
use std::fmt;

use talos_secret::SecretString;

use crate::document::{Document, DocumentKind};
use crate::error::{Error, ErrorKind, Result};
use crate::load::read_documents;
use crate::types::v1alpha1;

/// The configuration of one machine: documents of various kinds, the oldest of which (kind `v1alpha1`) holds the
/// sections `machine` and `cluster`.
///
/// `Debug` prints the kinds of the documents only, since most configurations hold secrets.
#[derive(Clone, PartialEq)]
pub struct Config {
    /// The document with the sections, if there is one, comes first.
    documents: Vec<Document>,
    /// The text that was read, as long as nothing was changed.
    source: Option<SecretString>,
}

impl Config {
    /// A configuration of these documents. The one with the sections `machine` and `cluster` is put first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateDocument`] and [`ErrorKind::ConflictingDocuments`].
    pub fn new(documents: impl IntoIterator<Item = Document>) -> Result<Self> {
        let mut documents: Vec<Document> = documents.into_iter().collect();
        documents.sort_by_key(|document| !matches!(document, Document::V1Alpha1(_)));
        check_together(documents.iter())?;
        Ok(Self { documents, source: None })
    }

    /// Reads a configuration, strictly: unknown kinds, unknown keys and duplicates are errors.
    ///
    /// # Errors
    ///
    /// Says the line and the path of what is wrong, and a key that was perhaps meant.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let mut config = Self::new(read_documents(text)?)?;
        config.source = Some(SecretString::new(text));
        Ok(config)
    }

    /// Reads the bytes of a file: UTF-8, or UTF-16 with a byte order mark.
    ///
    /// # Errors
    ///
    /// As [`Config::from_yaml`]; [`ErrorKind::Syntax`] with line and column for bytes that are no text.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        Self::from_yaml(&talos_yaml::decode(bytes)?)
    }

    /// The text of the configuration. As long as nothing was changed this is the very text that was read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written.
    pub fn to_yaml(&self) -> Result<SecretString> {
        match &self.source {
            Some(source) => Ok(source.clone()),
            None => self.encode(),
        }
    }

    /// The text of the configuration as Talos writes it: without comments, keys in their order, defaults spelled
    /// out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written.
    pub fn encode(&self) -> Result<SecretString> {
        let mut text = String::new();
        for document in &self.documents {
            if !text.is_empty() {
                text.push_str("---\n");
            }
            text.push_str(&talos_yaml::to_string(document)?);
        }
        Ok(SecretString::new(text))
    }

    /// The text that was read, as long as nothing was changed.
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_ref().map(SecretString::expose)
    }

    /// The documents, that with the sections `machine` and `cluster` first.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The documents, to change them; [`Config::new`] puts them together again.
    pub fn into_documents(self) -> Vec<Document> {
        self.documents
    }

    /// The document with the sections `machine` and `cluster`.
    pub fn v1alpha1(&self) -> Option<&v1alpha1::Config> {
        match self.documents.first() {
            Some(Document::V1Alpha1(config)) => Some(config),
            _ => None,
        }
    }
}

/// Documents by their types.
///
/// ```
/// use talos_machineconfig::Config;
/// use talos_machineconfig::types::block::{ProvisioningSpec, UserVolumeConfig};
/// use talos_machineconfig::types::network::HostnameConfig;
///
/// let mut config = Config::from_yaml("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n")?;
/// if let Some(document) = config.document_mut::<HostnameConfig>(None) {
///     document.hostname = "b".into();
/// }
/// config.insert(UserVolumeConfig {
///     name: "data".into(),
///     provisioning: ProvisioningSpec { min_size: "10GiB".parse()?, ..Default::default() },
///     ..Default::default()
/// })?;
/// assert!(config.document::<UserVolumeConfig>("data").is_some());
/// assert_eq!(
///     config.to_yaml()?.expose(),
///     "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: b\n---\n\
///      apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning:\n    minSize: 10GiB\n"
/// );
/// # Ok::<(), talos_machineconfig::Error>(())
/// ```
impl Config {
    /// The documents of one kind.
    pub fn documents_of<T: DocumentKind>(&self) -> impl Iterator<Item = &T> {
        self.documents.iter().filter_map(|document| document.as_any().downcast_ref())
    }

    /// The document of this kind and name; the name is `None` for kinds that have none.
    pub fn document<'a, T: DocumentKind>(&self, name: impl Into<Option<&'a str>>) -> Option<&T> {
        self.documents[self.position::<T>(name.into())?].as_any().downcast_ref()
    }

    /// The document of this kind and name, to change it: all but its name, by which others find it. The text that
    /// was read is forgotten with its comments.
    pub fn document_mut<'a, T: DocumentKind>(&mut self, name: impl Into<Option<&'a str>>) -> Option<&mut T> {
        let at = self.position::<T>(name.into())?;
        self.source = None;
        self.documents[at].as_any_mut().downcast_mut()
    }

    /// Adds a document, in the place of the one with the same kind and name if there is one, which is returned. The
    /// text that was read is forgotten with its comments.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ConflictingDocuments`] if a document that is there excludes this one. The configuration stays as
    /// it is.
    pub fn insert(&mut self, document: impl Into<Document>) -> Result<Option<Document>> {
        let document = document.into();
        check_together(self.documents.iter().filter(|other| !other.is_same(&document)).chain([&document]))?;
        self.source = None;
        if let Some(other) = self.documents.iter_mut().find(|other| other.is_same(&document)) {
            return Ok(Some(std::mem::replace(other, document)));
        }
        let at = if matches!(document, Document::V1Alpha1(_)) { 0 } else { self.documents.len() };
        self.documents.insert(at, document);
        Ok(None)
    }

    /// Takes the document of this kind and name out. The text that was read is forgotten with its comments.
    pub fn remove<'a, T: DocumentKind>(&mut self, name: impl Into<Option<&'a str>>) -> Option<T> {
        let at = self.position::<T>(name.into())?;
        self.source = None;
        self.documents.remove(at).into_any().downcast().ok().map(|document| *document)
    }

    fn position<T: DocumentKind>(&self, name: Option<&str>) -> Option<usize> {
        self.documents.iter().position(|document| document.as_any().is::<T>() && document.name() == name)
    }
}

/// Refuses two documents of one kind and name, documents that exclude each other, and links that two documents
/// configure.
fn check_together<'a>(documents: impl Iterator<Item = &'a Document> + Clone) -> Result<()> {
    let mut seen = HashMap::new();
    for document in documents.clone() {
        let name = document.name().unwrap_or_default();
        if seen.insert((document.kind(), name), document).is_some() {
            let problem = format!("there are two documents {}, merge them into one", document.title());
            return Err(Error::new(ErrorKind::DuplicateDocument, problem));
        }
    }
    let conflict = |problem| Err(Error::new(ErrorKind::ConflictingDocuments, problem));
    let mut links: HashMap<&str, &Document> = HashMap::new();
    for document in documents {
        let name = document.name().unwrap_or_default();
        if let Some(other) = document.excluded_kind().and_then(|kind| seen.get(&(kind, name))) {
            return conflict(format!("{} and {} exclude each other", document.title(), other.title()));
        }
        for link in document.links() {
            if let Some(other) = links.insert(link, document) {
                let (document, other) = (document.title(), other.title());
                return conflict(if document == other {
                    format!("{}: a link and its peer need different names", document.trim_end())
                } else {
                    format!("{other} and {document} both configure the link {link:?}: keep one of the two")
                });
            }
        }
    }
    Ok(())
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Config ")?;
        f.debug_list().entries(self.documents.iter().map(Document::title)).finish()
    }
}
