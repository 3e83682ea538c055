//! Whether a machine would take a configuration.
//!
//! Verdicts are those of the Go machinery, words and places are ours. Rules of a kind stand beside its type.

pub(crate) mod address;
pub(crate) mod device_name;
pub(crate) mod duration;
mod finding;
pub(crate) mod image;
pub(crate) mod kubernetes;
pub(crate) mod pem;
mod rules;
pub(crate) mod runtime_spec;
mod together;
mod v1alpha1;
mod version;

use std::collections::HashMap;
use std::fmt;

use talos_yaml::{Node, parse_documents};

use crate::config::Config;
use crate::contract::Contract;
use crate::document::{Kind, V1ALPHA1};
use crate::mode::Mode;

pub use finding::{Finding, Report, Severity};
pub(crate) use rules::{Findings, Rules};

/// How [`Config::validate`] looks at a configuration, and the answers that take cryptography. `ValidateOptions` of
/// `talos-machineconfig` is the only one.
pub trait Validation: fmt::Debug {
    /// What the machine runs on.
    fn mode(&self) -> Mode;

    /// Whether warnings about the sections `machine` and `cluster` are errors.
    fn strict(&self) -> bool;

    /// The Talos version that the machine runs, if it is known.
    fn contract(&self) -> Option<Contract>;

    /// What is wrong with a certificate in DER.
    fn certificate_problem(&self, der: &[u8]) -> Option<String>;

    /// What is wrong with a private key in PKCS#8, SEC 1 or PKCS#1.
    fn private_key_problem(&self, der: &[u8]) -> Option<String>;

    /// The names of the roles that clients of Talos may have.
    fn roles(&self) -> Vec<&'static str>;
}

impl Config {
    /// Finds all that a machine would refuse, and what it would take but should be looked at. The options are
    /// `ValidateOptions`.
    ///
    /// ```
    /// use talos_machineconfig::{Config, Mode, ValidateOptions};
    ///
    /// let config = Config::from_yaml("apiVersion: v1alpha1\nkind: HostnameConfig\n")?;
    /// let report = config.validate(&ValidateOptions::new(Mode::Metal));
    /// let finding = report.errors().next().ok_or("valid?")?;
    /// assert_eq!((finding.document.as_str(), finding.line), ("HostnameConfig", Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn validate(&self, options: &dyn Validation) -> Report {
        let mut found = Findings::new(options);
        for document in self.documents() {
            found.set_document(document);
            document.rules().check(&mut found);
        }
        if options.strict() {
            for finding in found.list.iter_mut().filter(|finding| finding.document == V1ALPHA1) {
                finding.severity = Severity::Error;
            }
        }
        if let Some(sections) = self.v1alpha1() {
            for document in self.documents() {
                found.set_document(document);
                document.rules().check_sections(sections, &mut found);
            }
        }
        together::check(self, &mut found);
        if let Some(contract) = options.contract() {
            version::check(self, contract, &mut found);
        }
        let mut findings = found.list;
        if !findings.is_empty() {
            add_lines(self, &mut findings);
        }
        Report { findings }
    }
}

/// Tells every finding its line, which needs the text to be read once more.
fn add_lines(config: &Config, findings: &mut [Finding]) {
    let Some(nodes) = config.source().and_then(|text| parse_documents(text).ok()) else { return };
    let nodes: Vec<&Node> = nodes.iter().filter(|node| !node.is_null()).collect();
    let by_title: HashMap<String, &Node> = nodes.iter().map(|node| (title_of(node), *node)).collect();
    for finding in findings {
        if let Some(node) = by_title.get(&finding.document) {
            finding.line = Some(finding.path.line(node));
        }
    }
}

/// The title that the document of this text has.
fn title_of(node: &Node) -> String {
    let text = |key| node.get(key).and_then(Node::value).unwrap_or_default();
    match (text("kind"), text("name")) {
        ("", _) => V1ALPHA1.to_owned(),
        (kind, name) if Kind::find(kind).is_some_and(|kind| kind.named) => format!("{kind} {name}"),
        (kind, _) => kind.to_owned(),
    }
}
