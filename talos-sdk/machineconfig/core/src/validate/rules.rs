//! What a document says of itself when it is validated.

use crate::cel::Environment;
use crate::document::Document;
use crate::model::Value as _;
use crate::path::{Path, Step};
use crate::types::{Expression, List, v1alpha1};
use crate::validate::{Finding, Severity, Validation};

/// The rules of one kind of document. Verdicts are those of the Go machinery's `Validate`.
pub(crate) trait Rules {
    /// What is wrong with the document alone.
    fn check(&self, found: &mut Findings) {
        let _ = found;
    }

    /// Fields of the sections `machine` and `cluster` that say the same as this document and so must be unset.
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let _ = (sections, found);
    }
}

/// Collects findings, and knows where validation is. Most configurations have none, so a place costs nothing until
/// there is something to say of it.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    options: &'a dyn Validation,
    subject: Subject<'a>,
    place: Place,
    pub(super) list: Vec<Finding>,
}

/// What findings are about.
#[derive(Debug)]
enum Subject<'a> {
    Document(&'a Document),
    /// The title of a document, or nothing for all of them together.
    Title(String),
}

/// The steps from the root of the document, keys one behind the other in one text.
#[derive(Debug)]
struct Place {
    keys: String,
    steps: Vec<PlaceStep>,
}

#[derive(Clone, Copy, Debug)]
enum PlaceStep {
    /// The key that starts here.
    Key(usize),
    Index(usize),
}

impl Place {
    fn push_key(&mut self, key: &str) {
        self.steps.push(PlaceStep::Key(self.keys.len()));
        self.keys.push_str(key);
    }

    fn push_index(&mut self, index: usize) {
        self.steps.push(PlaceStep::Index(index));
    }

    fn pop(&mut self) {
        if let Some(PlaceStep::Key(start)) = self.steps.pop() {
            self.keys.truncate(start);
        }
    }

    /// The steps, and those of `keys` below them.
    fn path(&self, keys: &str) -> Path {
        let mut end = self.keys.len();
        let mut steps: Vec<Step> = Vec::new();
        for step in self.steps.iter().rev() {
            steps.push(match *step {
                PlaceStep::Index(index) => Step::Index(index),
                PlaceStep::Key(start) => {
                    let key = self.keys[start..end].to_owned();
                    end = start;
                    Step::Key(key)
                }
            });
        }
        let below = keys.split('.').filter(|key| !key.is_empty()).map(|key| Step::Key(key.to_owned()));
        steps.into_iter().rev().chain(below).collect()
    }
}

impl<'a> Findings<'a> {
    pub(super) fn new(options: &'a dyn Validation) -> Self {
        // Room for the deepest places that configurations have.
        let place = Place { keys: String::with_capacity(256), steps: Vec::with_capacity(16) };
        Self { options, subject: Subject::Title(String::new()), place, list: Vec::new() }
    }

    /// How the configuration is looked at.
    pub(crate) fn options(&self) -> &'a dyn Validation {
        self.options
    }

    /// What follows is about this document.
    pub(super) fn set_document(&mut self, document: &'a Document) {
        self.subject = Subject::Document(document);
    }

    /// What follows is about the document of this title; about all together without one.
    pub(super) fn set_title(&mut self, title: impl Into<String>) {
        self.subject = Subject::Title(title.into());
    }

    /// The value at `keys` is wrong: keys separated by dots, or nothing for where validation is now.
    pub(crate) fn error(&mut self, keys: &str, message: impl Into<String>) {
        self.add(Severity::Error, keys, message.into());
    }

    /// The value at `keys` is allowed but should be looked at.
    pub(crate) fn warn(&mut self, keys: &str, message: impl Into<String>) {
        self.add(Severity::Warning, keys, message.into());
    }

    /// The text at `keys` must be there: `what` it is.
    pub(crate) fn require(&mut self, keys: &str, text: &str, what: &str) {
        if text.is_empty() {
            self.missing(keys, what);
        }
    }

    /// The value at `keys` must be there: `what` it is.
    pub(crate) fn missing(&mut self, keys: &str, what: &str) {
        self.error(keys, format!("missing: write {what}"));
    }

    /// The expression at `keys` must be one that may stand in such a place. None at all is left to others.
    pub(crate) fn expression(&mut self, keys: &str, expression: &Expression, environment: Environment) {
        if !expression.is_zero()
            && let Err(error) = expression.check(environment)
        {
            self.error(keys, error.to_string());
        }
    }

    /// This document says what the sections say at `keys`, where nothing may be set.
    pub(crate) fn exclude(&mut self, keys: &str, is_set: bool) {
        if is_set {
            self.error("", format!("{keys} is set too: remove it, or this document"));
        }
    }

    /// `check` speaks of what is under `key`. The key is taken as it is, dots and all.
    pub(crate) fn within<R>(&mut self, key: &str, check: impl FnOnce(&mut Self) -> R) -> R {
        self.place.push_key(key);
        let result = check(self);
        self.place.pop();
        result
    }

    /// Calls `check` for every entry of the list under `key`.
    pub(crate) fn each<'i, T>(&mut self, key: &str, items: &'i [T], mut check: impl FnMut(&'i T, &mut Self)) {
        if items.is_empty() {
            return;
        }
        self.within(key, |found| found.each_item(items, &mut check));
    }

    /// Calls `check` for every entry of the list where validation is now.
    pub(crate) fn each_item<'i, T>(&mut self, items: &'i [T], mut check: impl FnMut(&'i T, &mut Self)) {
        for (at, item) in items.iter().enumerate() {
            self.place.push_index(at);
            check(item, self);
            self.place.pop();
        }
    }

    /// Calls `check` for every entry of the list under `key`, none of which may be empty.
    pub(crate) fn each_entry<'i, T>(
        &mut self,
        key: &str,
        list: &'i List<T>,
        mut check: impl FnMut(&'i T, &mut Self),
    ) {
        self.each(key, list.entries(), |entry, found| match entry {
            Some(entry) => check(entry, found),
            None => found.error("", "this entry is empty: fill or remove it"),
        });
    }

    fn add(&mut self, severity: Severity, keys: &str, message: String) {
        let document = match &self.subject {
            Subject::Document(document) => document.title(),
            Subject::Title(title) => title.clone(),
        };
        self.list.push(Finding { severity, document, path: self.place.path(keys), line: None, message });
    }
}

macro_rules! no_rules {
    ($($module:ident::{$($kind:ident),* $(,)?};)*) => {$($(
        impl Rules for crate::types::$module::$kind {}
    )*)*};
}
// Kinds that any value is right for.
no_rules! {
    k8s::{KubeAuthenticationConfig};
    network::{KubeSpanEndpointsConfig, NetworkDefaultActionConfig};
    runtime::{PciDriverRebindConfig, SecurityProfileConfig, UdevRulesConfig};
    security::{TrustedRootsConfig};
}
