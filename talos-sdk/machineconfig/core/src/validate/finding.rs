//! What validation finds.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::path::Path;

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The machine takes the configuration, but something in it is not as meant or will go away.
    Warning,
    /// The machine refuses the configuration.
    Error,
}

/// One thing that is wrong, or may be, with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Kind of the document, and its name if it has one: `RegistryMirrorConfig docker.io`. Empty if the documents
    /// together are meant.
    pub document: String,
    /// Where in the document.
    pub path: Path,
    /// The line in the text that was read, counted from one. `None` if the configuration does not come from text or
    /// was changed since.
    pub line: Option<u32>,
    /// What is wrong and what to write instead. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.document.is_empty() {
            write!(f, "{}: ", self.document)?;
        }
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All that validation found, errors and warnings, in the order of the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub(super) findings: Vec<Finding>,
}

impl Report {
    /// All findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What a machine would refuse.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// What a machine takes, but should be looked at.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }

    /// Whether there is no error.
    pub fn is_valid(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The warnings, if there is no error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] with all errors in its message, one a line.
    pub fn into_result(self) -> Result<Vec<Finding>, Error> {
        if self.is_valid() {
            return Ok(self.findings);
        }
        let errors: Vec<String> = self.errors().map(Finding::to_string).collect();
        Err(Error::new(ErrorKind::InvalidConfig, errors.join("\n")))
    }
}
