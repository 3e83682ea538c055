//! What is known of every method: the project's table of facts.

use std::str::FromStr;
use std::sync::OnceLock;

use talos_pki::Role;

/// A method of the API.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    /// Whether the caller sends more than one message.
    pub(crate) client_streaming: bool,
    /// The first minor that has it.
    pub(crate) since: u16,
    /// The first minor that does not have it any more.
    pub(crate) removed: Option<u16>,
    roles: Vec<Role>,
    /// Since which minor which roles counted.
    history: Vec<(u16, Vec<Role>)>,
}

impl Method {
    /// `Service/Method`, without the package.
    pub(crate) fn short(&self) -> &str {
        let service = self.path.find('/').map_or(0, |slash| slash + 1);
        let rest = &self.path[service..];
        let name = rest.find('/').and_then(|slash| rest[..slash].rfind('.')).map_or(0, |dot| dot + 1);
        &rest[name..]
    }

    /// Whether Talos 1.`minor` has it.
    pub(crate) fn exists(&self, minor: u16) -> bool {
        minor >= self.since && self.removed.is_none_or(|removed| minor < removed)
    }

    /// Who may call it on Talos 1.`minor`.
    pub(crate) fn roles(&self, minor: u16) -> &[Role] {
        let step = self.history.iter().rfind(|(from, _)| *from <= minor);
        step.map_or(&self.roles, |(_, roles)| roles)
    }

    /// Whether machines serve it on the network: trustd and the image builder have services of their own.
    pub(crate) fn is_machine_api(&self) -> bool {
        !self.path.starts_with("/securityapi.") && !self.path.starts_with("/signerapi.")
    }
}

/// Every method, in the order of the table.
pub(crate) fn methods() -> &'static [Method] {
    static METHODS: OnceLock<Vec<Method>> = OnceLock::new();
    METHODS.get_or_init(|| {
        include_str!("../../../proto/facts/methods.tsv").lines().skip(1).filter_map(read).collect()
    })
}

/// The method that `Service/Method` means.
pub(crate) fn find(short: &str) -> Option<&'static Method> {
    methods().iter().find(|method| method.short() == short)
}

fn read(line: &str) -> Option<Method> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [path, _, _, client, _, since, removed, roles, history] = columns[..] else { return None };
    Some(Method {
        path: path.to_owned(),
        client_streaming: client == "true",
        since: minor(since)?,
        removed: minor(removed),
        roles: read_roles(roles),
        history: history
            .split(';')
            .filter_map(|step| step.split_once('='))
            .filter_map(|(from, roles)| Some((minor(from)?, read_roles(roles))))
            .collect(),
    })
}

fn minor(version: &str) -> Option<u16> {
    version.strip_prefix("1.")?.parse().ok()
}

fn read_roles(names: &str) -> Vec<Role> {
    names.split(',').filter_map(|name| Role::from_str(name).ok()).collect()
}
