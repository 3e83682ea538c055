//! What is known of a type of resource: where it lives, who may read it, and since when it exists.

use super::types::TYPES;

/// One type, as Talos 1.9 to 1.15 serve it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
    /// The controller that owns most resources of the type; empty where no controller makes them.
    pub(crate) owner: &'static str,
    /// Only administrators may read it.
    pub(crate) sensitive: bool,
    pub(super) aliases: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
    minors: (u16, u16),
}

/// A type of this name, namespace and owner, which every version has and every role may read.
pub(super) const fn t(name: &'static str, namespace: &'static str, owner: &'static str) -> ResourceType {
    ResourceType {
        name,
        namespace,
        owner,
        sensitive: false,
        aliases: &[],
        columns: &[],
        minors: (0, u16::MAX),
    }
}

impl ResourceType {
    pub(super) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    pub(super) const fn since(mut self, minor: u16) -> Self {
        self.minors.0 = minor;
        self
    }

    pub(super) const fn last(mut self, minor: u16) -> Self {
        self.minors.1 = minor;
        self
    }

    /// The type with this full name, if Talos 1.`minor` has it.
    pub(crate) fn find(name: &str, minor: u16) -> Option<&'static Self> {
        let index = TYPES.binary_search_by(|kind| kind.name.cmp(name)).ok()?;
        TYPES.get(index).filter(|kind| kind.exists_in(minor))
    }

    /// The types of Talos 1.`minor`.
    pub(super) fn all(minor: u16) -> impl Iterator<Item = &'static Self> {
        TYPES.iter().filter(move |kind| kind.exists_in(minor))
    }

    /// The controller that owns most resources of the type with this full name.
    pub(super) fn owner_of(name: &str) -> &'static str {
        TYPES.iter().find(|kind| kind.name == name).map_or("", |kind| kind.owner)
    }

    fn exists_in(&self, minor: u16) -> bool {
        (self.minors.0..=self.minors.1).contains(&minor)
    }
}

/// The namespaces of Talos 1.`minor`.
pub(crate) fn namespaces(minor: u16) -> std::collections::BTreeSet<&'static str> {
    // These two hold second copies of types that are at home elsewhere.
    let copies = ["cluster-raw", "network-config"];
    ResourceType::all(minor).map(|kind| kind.namespace).chain(copies).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn versions_and_sensitivity() {
        assert!(ResourceType::find("MachineConfigs.config.talos.dev", 9).unwrap().sensitive);
        assert!(!ResourceType::find("Members.cluster.talos.dev", 9).unwrap().sensitive);
        assert!(ResourceType::find("BootIDs.runtime.talos.dev", 13).is_none());
        assert!(ResourceType::find("BootIDs.runtime.talos.dev", 14).is_some());
        assert!(namespaces(13).contains("cluster"));
    }
}
