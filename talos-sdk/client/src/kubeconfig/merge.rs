//! A kubeconfig that is merged into another one.

use std::collections::{BTreeMap, BTreeSet};

use talos_pki::SecretString;
use talos_yaml::{Kind, Node as Yaml};

use crate::{Error, ErrorKind, Result};

/// A list of a kubeconfig that is merged into another one may not be longer.
const MAX_ENTRIES: usize = 1000;

/// What happens to an entry whose name another one of other content has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnConflict {
    /// The new entry is called `NAME-1`, `NAME-2` and so on; nothing is lost.
    #[default]
    Rename,
    /// The new entry takes the place of the old one.
    Overwrite,
}

/// How a kubeconfig is merged into another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeconfigMerge {
    /// What happens to names that are taken.
    pub on_conflict: OnConflict,
    /// The name of the new context, instead of the one that the cluster gives it.
    pub context_name: Option<String>,
    /// Whether the new context becomes the current one. It does by default.
    pub activate: bool,
}

impl Default for KubeconfigMerge {
    fn default() -> Self {
        Self { on_conflict: OnConflict::default(), context_name: None, activate: true }
    }
}

impl KubeconfigMerge {
    /// Puts new entries in the place of old ones of the same name.
    #[must_use]
    pub fn with_overwrite(mut self) -> Self {
        self.on_conflict = OnConflict::Overwrite;
        self
    }

    /// Calls the new context so.
    #[must_use]
    pub fn with_context_name(mut self, name: impl Into<String>) -> Self {
        self.context_name = Some(name.into());
        self
    }

    /// Leaves the current context as it is, if there is one.
    #[must_use]
    pub fn without_activation(mut self) -> Self {
        self.activate = false;
        self
    }

    /// Merges `new` into `existing`, in memory. What either has beside clusters, users and contexts stays, as far as
    /// the existing one does not say otherwise; comments don't.
    ///
    /// A renamed cluster takes its users with it, whose names contain it, and they their contexts.
    ///
    /// [`ErrorKind::InvalidConfiguration`]: one of both is no kubeconfig, or a list of the new one has two entries of
    /// one name or over a thousand.
    pub fn merge(&self, existing: &str, new: &str) -> Result<MergedKubeconfig> {
        let mut into = read(existing, "the existing kubeconfig")?;
        let new = read(new, "the new kubeconfig")?;
        let mut merged =
            MergedKubeconfig { text: SecretString::new(""), context: String::new(), renamed: Vec::new() };
        for (key, value) in new.entries() {
            let Some(key) = key.as_str() else { continue };
            let merges = matches!(key, "clusters" | "users" | "contexts" | "current-context");
            if !merges && into.get(key).is_none() {
                into.set(key, value.clone());
            }
        }

        let mut clusters = BTreeMap::new();
        for (name, entry) in list(&new, "clusters")? {
            let renamed = self.place(&mut into, "clusters", entry, name.clone(), &mut merged)?;
            clusters.insert(name, renamed);
        }
        let mut users = BTreeMap::new();
        for (name, entry) in list(&new, "users")? {
            let wanted = substitute(&name, &clusters);
            let renamed = self.place(&mut into, "users", entry, wanted, &mut merged)?;
            users.insert(name, renamed);
        }
        let current = new.get("current-context").and_then(Yaml::as_str).unwrap_or_default().to_owned();
        for (name, mut entry) in list(&new, "contexts")? {
            if let Some(context) = entry.get_mut("context") {
                for (key, names) in [("cluster", &clusters), ("user", &users)] {
                    let renamed = context.get(key).and_then(Yaml::as_str).and_then(|name| names.get(name));
                    if let Some(renamed) = renamed.cloned() {
                        context.set(key, Yaml::string(renamed));
                    }
                }
            }
            let is_current = name == current || current.is_empty();
            let wanted = match &self.context_name {
                Some(wanted) if is_current => wanted.clone(),
                _ => substitute(&name, &users),
            };
            let renamed = self.place(&mut into, "contexts", entry, wanted, &mut merged)?;
            if is_current {
                merged.context = renamed;
            }
        }
        let no_current = into.get("current-context").and_then(Yaml::as_str).is_none_or(str::is_empty);
        if self.activate || no_current {
            into.set("current-context", Yaml::string(merged.context.clone()));
        }
        merged.text = SecretString::new(talos_yaml::emit(&into));
        Ok(merged)
    }

    /// Puts an entry into a list, under this name if it is free. Gives the name that it has there.
    fn place(
        &self,
        into: &mut Yaml,
        list: &'static str,
        mut entry: Yaml,
        wanted: String,
        merged: &mut MergedKubeconfig,
    ) -> Result<String> {
        if into.get(list).is_none_or(Yaml::is_null) {
            into.set(list, Yaml::sequence(Vec::new()));
        }
        let Some(items) = into.get_mut(list).and_then(Yaml::items_mut) else {
            return Err(invalid("the existing kubeconfig", &format!("`{list}` is not a list")));
        };
        let original = entry.get("name").and_then(Yaml::as_str).unwrap_or_default().to_owned();
        let mut name = wanted.clone();
        let mut number = 0;
        loop {
            entry.set("name", Yaml::string(name.clone()));
            let taken = items.iter_mut().find(|item| item.get("name").and_then(Yaml::as_str) == Some(&name));
            match taken {
                None => items.push(entry),
                Some(same) if equal(same, &entry) => {}
                Some(old) if self.on_conflict == OnConflict::Overwrite => *old = entry,
                Some(_) => {
                    number += 1;
                    name = format!("{wanted}-{number}");
                    continue;
                }
            }
            break;
        }
        if name != original {
            merged.renamed.push(KubeconfigRename { list, from: original, to: name.clone() });
        }
        Ok(name)
    }
}

/// A kubeconfig after a merge.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MergedKubeconfig {
    /// All of it.
    pub text: SecretString,
    /// The name of the new context.
    pub context: String,
    /// What is called otherwise now, because the name was taken or that of something in it changed.
    pub renamed: Vec<KubeconfigRename>,
}

/// A name that changed in a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeconfigRename {
    /// The list that it is in: `clusters`, `users` or `contexts`.
    pub list: &'static str,
    /// What it was called.
    pub from: String,
    /// What it is called.
    pub to: String,
}

fn read(text: &str, what: &str) -> Result<Yaml> {
    // The error of the parser may quote a line, and a line may be a key.
    let mut documents = talos_yaml::parse_documents(text).map_err(|error| match error.line() {
        Some(line) => invalid(what, &format!("line {line} is not YAML")),
        None => invalid(what, "it is not YAML"),
    })?;
    let document = match (documents.pop(), documents.is_empty()) {
        (None, _) => Yaml::mapping(Vec::new()),
        (Some(document), true) if document.is_null() => Yaml::mapping(Vec::new()),
        (Some(document), true) if document.is_mapping() => document,
        (Some(_), true) => return Err(invalid(what, "it is not a mapping")),
        (Some(_), false) => return Err(invalid(what, "it holds several documents")),
    };
    Ok(document)
}

fn invalid(what: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, format!("{what} can't be used: {why}"))
}

/// The entries of a list, with their names. A machine sends one; with very many, looking for free names takes long.
fn list(new: &Yaml, key: &str) -> Result<Vec<(String, Yaml)>> {
    let refused = |why: &str| Err(invalid("the new kubeconfig", &format!("`{key}` {why}")));
    let entries = match new.get(key) {
        None => &[],
        Some(list) if list.is_null() => &[],
        Some(list) if list.is_sequence() => list.items(),
        Some(_) => return refused("is not a list"),
    };
    if entries.len() > MAX_ENTRIES {
        return refused("has too many entries");
    }
    let list =
        entries.iter().map(|entry| Ok((name_of(entry)?, entry.clone()))).collect::<Result<Vec<_>>>()?;
    let names: BTreeSet<_> = list.iter().map(|(name, _)| name).collect();
    if names.len() < list.len() {
        return refused("has two entries of one name");
    }
    Ok(list)
}

fn name_of(entry: &Yaml) -> Result<String> {
    let name = entry.get("name").and_then(Yaml::as_str);
    name.map(str::to_owned).ok_or_else(|| invalid("the new kubeconfig", "an entry has no name"))
}

/// The name with what was renamed inside of it.
fn substitute(name: &str, renamed: &BTreeMap<String, String>) -> String {
    // The longest name first, in case one is part of another.
    let changed = renamed.iter().filter(|(old, new)| old != new && name.contains(old.as_str()));
    match changed.max_by_key(|(old, _)| old.len()) {
        Some((old, new)) => name.replace(old.as_str(), new),
        None => name.to_owned(),
    }
}

/// Whether both say the same, in whatever order and style.
fn equal(a: &Yaml, b: &Yaml) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Mapping, Kind::Mapping) => {
            a.entries().len() == b.entries().len()
                && a.entries().iter().all(|(key, value)| {
                    let other = key.as_str().and_then(|key| b.get(key));
                    other.is_some_and(|other| equal(value, other))
                })
        }
        (Kind::Sequence, Kind::Sequence) => {
            a.items().len() == b.items().len() && a.items().iter().zip(b.items()).all(|(a, b)| equal(a, b))
        }
        (Kind::Scalar, Kind::Scalar) => a.value() == b.value() && a.tag() == b.tag(),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn kubeconfig(server: &str, key: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: lab\n  cluster:\n    server: {server}\nusers:\n- name: admin@lab\n  user:\n    client-key-data: {key}\ncontexts:\n- name: admin@lab\n  context:\n    cluster: lab\n    namespace: default\n    user: admin@lab\ncurrent-context: admin@lab\n"
        )
    }

    fn names(text: &str, list: &str) -> Vec<String> {
        let document = talos_yaml::parse_documents(text).unwrap().remove(0);
        document.get(list).unwrap().items().iter().map(|item| name_of(item).unwrap()).collect()
    }

    #[test]
    fn into_nothing_it_is_the_new_one() {
        let new = kubeconfig("https://10.0.0.1:6443", "a2V5");
        for existing in ["", "null\n", "# nothing\n", "clusters: null\nusers: []\n"] {
            let merged = KubeconfigMerge::default().merge(existing, &new).unwrap();
            assert_eq!(merged.context, "admin@lab");
            assert_eq!(names(merged.text.expose(), "users"), ["admin@lab"]);
            assert!(merged.text.expose().contains("apiVersion: v1"), "{existing}");
            assert!(merged.renamed.is_empty());
        }
    }

    #[test]
    fn names_that_are_taken_get_a_number_all_the_way() {
        let existing = kubeconfig("https://10.0.0.1:6443", "b2xk");
        let new = kubeconfig("https://10.9.9.9:6443", "bmV3");
        let mut text = existing.clone();
        for number in 1..4 {
            let other = new.replace("10.9.9.9", &format!("10.9.9.{number}"));
            let merged = KubeconfigMerge::default().merge(&text, &other).unwrap();
            assert_eq!(merged.context, format!("admin@lab-{number}"));
            text = merged.text.expose().to_owned();
        }
        assert_eq!(names(&text, "clusters"), ["lab", "lab-1", "lab-2", "lab-3"]);
        let document = talos_yaml::parse_documents(&text).unwrap().remove(0);
        let last = document.get("contexts").unwrap().items()[3].get("context").unwrap();
        assert_eq!(last.get("cluster").unwrap().as_str(), Some("lab-3"));
        assert_eq!(last.get("user").unwrap().as_str(), Some("admin@lab-3"));
        assert_eq!(document.get("current-context").unwrap().as_str(), Some("admin@lab-3"));
        assert!(text.contains("b2xk") && text.contains("10.0.0.1"), "the old entries stay");
    }

    #[test]
    fn the_same_cluster_stays_one_and_gets_another_user() {
        let existing = kubeconfig("https://10.0.0.1:6443", "b2xk");
        let new = kubeconfig("https://10.0.0.1:6443", "bmV3");
        let merged = KubeconfigMerge::default().merge(&existing, &new).unwrap();
        assert_eq!(names(merged.text.expose(), "clusters"), ["lab"]);
        assert_eq!(names(merged.text.expose(), "users"), ["admin@lab", "admin@lab-1"]);
        assert_eq!(merged.context, "admin@lab-1");
        let again = KubeconfigMerge::default().merge(&existing, &existing).unwrap();
        assert!(again.renamed.is_empty());

        let merged = KubeconfigMerge::default().with_overwrite().merge(&existing, &new).unwrap();
        assert_eq!(names(merged.text.expose(), "users"), ["admin@lab"]);
        assert!(!merged.text.expose().contains("b2xk"));
    }

    #[test]
    fn a_context_may_be_named_and_the_current_one_kept() {
        let existing = kubeconfig("https://10.0.0.1:6443", "b2xk");
        let new = kubeconfig("https://10.9.9.9:6443", "bmV3");
        let options = KubeconfigMerge::default().with_context_name("prod").without_activation();
        let merged = options.merge(&existing, &new).unwrap();
        assert_eq!(merged.context, "prod");
        assert_eq!(names(merged.text.expose(), "contexts"), ["admin@lab", "prod"]);
        assert!(merged.text.expose().contains("current-context: admin@lab\n"));
    }

    #[test]
    fn unknown_keys_survive() {
        let existing = "preferences: {colors: true}\nclusters:\n- name: other\n  cluster: {server: 'https://a', x-mine: 7}\n  extra: 1\nusers:\n- name: u\n  user:\n    exec: {command: kubelogin, args: [a, b]}\n";
        let merged = KubeconfigMerge::default().merge(existing, &kubeconfig("https://b", "bmV3")).unwrap();
        for kept in ["colors: true", "x-mine: 7", "extra: 1", "command: kubelogin"] {
            assert!(merged.text.expose().contains(kept), "{kept}");
        }
    }

    #[test]
    fn what_is_no_kubeconfig_is_refused_without_quoting_it() {
        let new = kubeconfig("https://b", "bmV3");
        let entry = "- name: a\n  user: {}\n";
        let many: String = (0..1001).map(|number| entry.replace('a', &format!("a{number}"))).collect();
        for list in [entry.repeat(2), many] {
            let error = KubeconfigMerge::default().merge("", &format!("users:\n{list}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        }
        for existing in ["- a\n", "a: 1\n---\nb: 2\n", "clusters: 7\n", "client-key-data: {swordfish: [\n"] {
            let error = KubeconfigMerge::default().merge(existing, &new).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
        }
    }
}
