//! A whole configuration.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Context, Error, ErrorKind, Result};

/// Contexts by name, and which of them is current.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TalosConfig {
    /// Name of the current context; empty for none.
    pub context: String,
    /// The contexts by name.
    pub contexts: BTreeMap<String, Context>,
}

/// A context that got another name in a merge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Rename {
    /// The name it came with.
    pub from: String,
    /// The name it has now.
    pub to: String,
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> {:?}", self.from, self.to)
    }
}

impl TalosConfig {
    /// A configuration with one context, which is current.
    #[must_use]
    pub fn new(name: impl Into<String>, context: Context) -> Self {
        let name = name.into();
        Self { context: name.clone(), contexts: BTreeMap::from([(name, context)]) }
    }

    /// The context called `name`, or the current one.
    ///
    /// Errors: [`ErrorKind::Empty`], [`ErrorKind::NoContext`], [`ErrorKind::UnknownContext`].
    pub fn current(&self, name: Option<&str>) -> Result<&Context> {
        let name = self.resolve(name)?;
        self.contexts.get(name).ok_or_else(|| self.unknown(name))
    }

    /// As [`TalosConfig::current`], to change it.
    pub fn current_mut(&mut self, name: Option<&str>) -> Result<&mut Context> {
        let name = self.resolve(name)?.to_owned();
        let unknown = self.unknown(&name);
        self.contexts.get_mut(&name).ok_or(unknown)
    }

    /// Makes the context called `name` current. Fails with [`ErrorKind::UnknownContext`] if there is none.
    pub fn use_context(&mut self, name: &str) -> Result<()> {
        if !self.contexts.contains_key(name) {
            return Err(self.unknown(name));
        }
        name.clone_into(&mut self.context);
        Ok(())
    }

    /// Names of the contexts that fit `pattern`, sorted. `*` stands for any text, the empty one included; everything
    /// else for itself.
    pub fn matching(&self, pattern: &str) -> impl Iterator<Item = &str> {
        self.contexts.keys().map(String::as_str).filter(move |name| fits(pattern, name))
    }

    /// Takes over the contexts of `other`. One whose name is taken becomes `name-1`, `name-2` and so on, whichever is
    /// free first. If `other` has a current context, it becomes the current one here.
    ///
    /// Returns the contexts that were renamed, in the order of their names.
    pub fn merge(&mut self, other: Self) -> Vec<Rename> {
        let mut renames = Vec::new();
        for (from, context) in other.contexts {
            let mut to = from.clone();
            let mut counter = 1_u64;
            while self.contexts.contains_key(&to) {
                to = format!("{from}-{counter}");
                counter += 1;
            }
            if from == other.context {
                self.context.clone_from(&to);
            }
            self.contexts.insert(to.clone(), context);
            if from != to {
                renames.push(Rename { from, to });
            }
        }
        renames
    }

    fn resolve<'a>(&'a self, name: Option<&'a str>) -> Result<&'a str> {
        if self.contexts.is_empty() {
            let message = "the talosconfig has no contexts: generate or merge one (talosctl config merge)";
            return Err(Error::new(ErrorKind::Empty, message));
        }
        match name {
            Some(name) => Ok(name),
            None if self.context.is_empty() => {
                let message = format!("no context is set: choose one of {}", self.names());
                Err(Error::new(ErrorKind::NoContext, message))
            }
            None => Ok(&self.context),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let message = format!("the talosconfig has no context {name:?}: it has {}", self.names());
        Error::new(ErrorKind::UnknownContext, message)
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.contexts.keys().map(|name| format!("{name:?}")).collect();
        names.join(", ")
    }
}

/// Whether `name` is `pattern` with something for each `*`.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, name, wanted) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("", "", true),
            ("*", "", true),
            ("a*", "ab", true),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*b*c", "axbxbc", true),
            ("a*b*c", "axc", false),
            ("?", "a", false),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
