//! What of a spec can be checked without a cloud.

use talos_cluster::talos_machineconfig::{Contract, Patch};

use crate::error::{Error, ErrorKind, Result};
use crate::spec::{PatchText, Spec};

/// A spec whose texts have been read.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) contract: Contract,
    /// The version with its `v`.
    pub(crate) talos_version: String,
    pub(crate) patches: Vec<Patch>,
    pub(crate) control_plane_patches: Vec<Patch>,
    pub(crate) worker_patches: Vec<Patch>,
}

/// Checks everything that needs no cloud, and reads versions, endpoint and patches.
pub(crate) fn check(spec: &Spec) -> Result<Checked> {
    name(&spec.name)?;
    if !matches!(spec.control_planes, 1 | 3 | 5 | 7) {
        return Err(invalid(format!(
            "{} control planes can't keep a majority well: ask for 1, 3, 5 or 7",
            spec.control_planes
        )));
    }
    let talos_version = format!("v{}", spec.talos_version.trim_start_matches('v'));
    let contract = Contract::parse(&talos_version).map_err(|error| {
        invalid(format!("Talos version {:?}: {error}", spec.talos_version)).with_source(error)
    })?;
    spec.endpoint.as_deref().map(endpoint).transpose()?;
    Ok(Checked {
        contract,
        talos_version,
        patches: patches(&spec.patches.all)?,
        control_plane_patches: patches(&spec.patches.control_planes)?,
        worker_patches: patches(&spec.patches.workers)?,
    })
}

fn name(name: &str) -> Result<()> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = !name.starts_with('-') && !name.ends_with('-');
    if name.is_empty() || name.len() > 40 || !ends || !name.bytes().all(inner) {
        return Err(invalid(format!(
            "{name:?} can't name a cluster: take up to 40 of a-z, 0-9 and -, not beginning or ending with -"
        )));
    }
    Ok(())
}

/// Host and port of an endpoint such as `https://prod.example.org:6443`; brackets of IPv6 are taken off.
pub(crate) fn endpoint(url: &str) -> Result<(String, u16)> {
    let Some(rest) = url.strip_prefix("https://") else {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
        let host = if port_of(host).is_some() { host.to_owned() } else { format!("{host}:6443") };
        return Err(invalid(format!(
            "the endpoint {url:?} does not begin with https://: write https://{host}"
        )));
    };
    let authority = rest.trim_end_matches('/');
    let bad =
        || invalid(format!("the endpoint {url:?} is not https://HOST:PORT, such as https://10.0.0.1:6443"));
    let (host, port) = match port_of(authority) {
        Some(found) => found,
        None if authority.ends_with(']') || !authority.contains(':') => (authority, 443),
        None => return Err(bad()),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    if host.is_empty() || port == 0 || !host.bytes().all(fits) {
        return Err(bad());
    }
    Ok((host.to_owned(), port))
}

fn port_of(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    if host.contains(':') && !host.ends_with(']') {
        return None;
    }
    Some((host, port.parse().ok()?))
}

fn patches(texts: &[PatchText]) -> Result<Vec<Patch>> {
    texts
        .iter()
        .map(|patch| {
            Patch::parse(&patch.text)
                .map_err(|error| invalid(format!("patch {}: {error}", patch.origin)).with_source(error))
        })
        .collect()
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_scheme_is_told_how_to_write_it() {
        for (url, right) in [
            ("fqdn_endpoint:6443", "https://fqdn_endpoint:6443"),
            ("prod.example.org", "https://prod.example.org:6443"),
            ("http://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ] {
            let error = endpoint(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec);
            assert!(error.to_string().ends_with(right), "{error}");
        }
    }

    #[test]
    fn endpoints_are_split_in_host_and_port() {
        assert_eq!(endpoint("https://10.0.0.1:6443").unwrap(), ("10.0.0.1".into(), 6443));
        assert_eq!(endpoint("https://prod.example.org/").unwrap(), ("prod.example.org".into(), 443));
        assert_eq!(endpoint("https://[fd00::1]:6443").unwrap(), ("fd00::1".into(), 6443));
        assert_eq!(endpoint("https://[fd00::1]").unwrap(), ("fd00::1".into(), 443));
        for url in [
            "https://",
            "https://:6443",
            "https://a:0",
            "https://a:b",
            "https://fd00::1:6443",
            "https://a/b",
            "https://a b",
        ] {
            assert_eq!(endpoint(url).unwrap_err().kind(), ErrorKind::InvalidSpec, "{url}");
        }
    }

    #[test]
    fn names_and_counts_are_checked() {
        for name in ["", "Prod", "a_b", "-a", "a-", "a.b", "ä"] {
            assert_eq!(check(&Spec::new(name)).unwrap_err().kind(), ErrorKind::InvalidSpec, "{name}");
        }
        for count in [0, 2, 4, 9] {
            let error = check(&Spec::new("a").with_control_planes(count)).unwrap_err();
            assert!(error.to_string().contains("1, 3, 5 or 7"), "{error}");
        }
    }

    #[test]
    fn versions_and_patches_are_checked_and_named() {
        let error = check(&Spec::new("a").with_talos_version("v0.1")).unwrap_err();
        assert!(error.to_string().contains("v0.1"), "{error}");
        let error = check(&Spec::new("a").with_patch(PatchText::new("cni.yaml", "machine: ["))).unwrap_err();
        assert!(error.to_string().contains("cni.yaml"), "{error}");
        let error =
            check(&Spec::new("a").with_worker_patch(PatchText::new("w.yaml", "machin: {}"))).unwrap_err();
        assert!(error.to_string().contains("w.yaml"), "{error}");
        let debug = format!("{:?}", PatchText::new("w.yaml", "token: s3cret"));
        assert!(!debug.contains("s3cret"), "{debug}");
    }
}
