//! A machine configuration: the documents that one machine is given.

use std::collections::HashMap;
use std::fmt;

use talos_pki::SecretString;

use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::load::read_documents;
use crate::patch::Patch;
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
        check_together(&documents)?;
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

    /// Applies `patches` one after another. Without any, the configuration keeps its very bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PatchMismatch`], [`ErrorKind::PatchTargetMissing`], [`ErrorKind::ConflictingDocuments`] and
    /// [`ErrorKind::DuplicateDocument`], with the path.
    pub fn patch(&self, patches: &[Patch]) -> Result<Self> {
        let mut config = self.clone();
        for patch in patches.iter().filter(|patch| !patch.is_empty()) {
            let mut documents = config.documents;
            patch.apply(&mut documents)?;
            config = Self::new(documents)?;
        }
        Ok(config)
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

/// Refuses two documents of one kind and name, and documents that exclude each other.
fn check_together(documents: &[Document]) -> Result<()> {
    let mut seen = HashMap::new();
    for document in documents {
        let name = document.name().unwrap_or_default();
        if seen.insert((document.kind(), name), document).is_some() {
            let problem = format!("there are two documents {}, merge them into one", document.title());
            return Err(Error::new(ErrorKind::DuplicateDocument, problem));
        }
    }
    for document in documents {
        let name = document.name().unwrap_or_default();
        for kind in document.excluded_kinds().iter().filter(|kind| **kind != document.kind()) {
            if let Some(other) = seen.get(&(*kind, name)) {
                let problem = format!("{} and {} exclude each other", document.title(), other.title());
                return Err(Error::new(ErrorKind::ConflictingDocuments, problem));
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
