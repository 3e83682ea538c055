//! Which machine a call is for.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;

use crate::{Error, ErrorKind, Result};

/// Where a call goes once an endpoint has it.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// The machine behind the endpoint itself.
    Endpoint,
    /// The endpoint forwards to this one.
    Node { name: Arc<str>, header: HeaderValue },
    /// The name can't be used; every call says so before anything is sent.
    Invalid { name: Arc<str>, error: Error },
}

impl Target {
    pub(crate) fn node(name: &str) -> Self {
        match check(name) {
            Ok(header) => Self::Node { name: name.into(), header },
            Err(error) => Self::Invalid { name: name.into(), error },
        }
    }

    pub(crate) fn invalid(name: &str, error: Error) -> Self {
        Self::Invalid { name: name.into(), error }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Endpoint => None,
            Self::Node { name, .. } | Self::Invalid { name, .. } => Some(name),
        }
    }
}

/// One spelling for each address, to find duplicates.
pub(crate) fn canonical(name: &str) -> String {
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

fn check(name: &str) -> Result<HeaderValue> {
    let refuse = |why: &str| {
        Err(Error::new(
            ErrorKind::InvalidTarget,
            format!("{name:?} can't name a node, {why}: write its address or host name, such as 10.0.0.2"),
        ))
    };
    if name.is_empty() {
        return refuse("it is empty");
    }
    if name.starts_with('[') {
        return refuse("brackets and a port belong to endpoints");
    }
    if name.contains("://") || name.contains('/') {
        return refuse("it is a URL");
    }
    if name.contains(',') {
        return refuse("it is a list; give every node on its own");
    }
    let is_address = name.split('%').next().is_some_and(|address| address.parse::<IpAddr>().is_ok());
    if !is_address && name.contains(':') {
        return refuse("a port belongs to endpoints");
    }
    if !is_address
        && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    {
        return refuse("it has characters that no host name has");
    }
    HeaderValue::from_str(name).or_else(|_| refuse("it has characters that no host name has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_pass() {
        for name in ["10.0.0.2", "fd00::2", "fe80::1%eth0", "cp-1", "cp-1.example.org", "talos_1"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn everything_else_fails_before_it_is_sent() {
        for name in [
            "",
            " ",
            "10.0.0.2:50000",
            "[fd00::2]",
            "[fd00::2]:50000",
            "cp-1:50000",
            "https://cp-1",
            "a,b",
            "a b",
            "ä",
            "a\nb",
        ] {
            assert_eq!(check(name).map_err(|error| error.kind()), Err(ErrorKind::InvalidTarget), "{name:?}");
        }
    }

    #[test]
    fn one_address_has_one_spelling() {
        assert_eq!(canonical("fd00:0:0::2"), canonical("FD00::2"));
        assert_eq!(canonical("CP-1"), canonical("cp-1"));
    }
}
