//! Configurations without their secrets.

use talos_yaml::{Node, from_node, to_node};

use crate::config::Config;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Shape;
use crate::types::Url;

/// What stands in the place of a secret. In the place of a key it is written as it is, not as base64.
pub(crate) const REDACTED: &str = "******";

impl Config {
    /// The configuration with `******` in the place of every secret, for logs and for others to look at. It can be
    /// read again, but a machine has no use for it.
    ///
    /// Secret is what Talos redacts: private keys, tokens, passwords and passphrases, the `jointoken` in the URL of
    /// SideroLink. Free text is not looked into: environment variables, files and manifests stay as they are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written or read again.
    ///
    /// ```
    /// use talos_machineconfig::Config;
    ///
    /// let config = Config::from_yaml("machine:\n  type: worker\n  token: abcdef.0123456789abcdef\n")?;
    /// let text = config.redacted()?.to_yaml()?;
    /// assert!(text.expose().contains("token: '******'"));
    /// # Ok::<(), talos_machineconfig::Error>(())
    /// ```
    pub fn redacted(&self) -> Result<Self> {
        let documents = self.documents().iter().map(redacted).collect::<Result<Vec<_>>>()?;
        Self::new(documents)
    }
}

fn redacted(document: &Document) -> Result<Document> {
    let mut node = to_node(document)?;
    redact(&mut node, document.shape());
    let read = Document::from_node(document.kind(), &node)?;
    read.ok_or_else(|| Error::new(ErrorKind::Internal, format!("{} can't be read again", document.title())))
}

/// Replaces the secrets in a tree of this shape.
pub(crate) fn redact(node: &mut Node, shape: &Shape) {
    match shape {
        Shape::Secret if node.value() != Some("") && !node.is_null() => {
            *node = Node::string(REDACTED);
        }
        Shape::SecretParameter(name) => {
            if let Ok(mut url) = from_node::<Url>(node) {
                url.redact_parameter(name, REDACTED);
                *node = Node::string(url.to_string());
            }
        }
        Shape::SecretKey(key) => redact_key(node, key),
        Shape::List(entry) | Shape::ReplaceList(entry) => {
            for item in node.items_mut().into_iter().flatten() {
                redact(item, entry);
            }
        }
        Shape::Map(entry) => {
            for (_, value) in node.entries_mut().into_iter().flatten() {
                redact(value, entry);
            }
        }
        Shape::Struct(shape) => {
            for (key, value) in node.entries_mut().into_iter().flatten() {
                if let Some(field) = key.value().and_then(|key| shape.field(key)) {
                    redact(value, field.shape);
                }
            }
        }
        _ => {}
    }
}

/// Replaces every value under `secret`, whatever it is. Talos does not look into lists of lists.
fn redact_key(node: &mut Node, secret: &str) {
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        for (key, value) in node.entries_mut().into_iter().flatten() {
            if key.value() == Some(secret) {
                *value = Node::string(REDACTED);
            } else if value.is_sequence() {
                pending.extend(value.items_mut().into_iter().flatten());
            } else {
                pending.push(value);
            }
        }
    }
}
