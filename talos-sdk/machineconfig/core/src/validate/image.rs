//! References of container images.

use crate::types::Url;

/// An image as it is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// By a tag, be it the default one.
    Tag,
    /// By its digest, so that it is always the same.
    Digest,
}

/// Reads `registry/repository:tag@sha256:…`, of which only the repository must be there; says what is wrong with it.
pub(crate) fn parse_reference(text: &str) -> Result<Reference, &'static str> {
    let Some((name, digest)) = text.split_once('@') else {
        return check_tagged(text).map(|()| Reference::Tag);
    };
    let hash = digest.strip_prefix("sha256:").ok_or("behind the @ stands a digest, sha256:…")?;
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err("behind sha256: stand 64 digits and letters a to f");
    }
    check_tagged(name).map(|()| Reference::Digest)
}

fn check_tagged(text: &str) -> Result<(), &'static str> {
    let Some((name, tag)) = text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else {
        return check_name(text);
    };
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if !(1..=128).contains(&tag.len()) || !tag.bytes().all(is_allowed) {
        return Err("a tag has 1 to 128 letters, digits, -, _ and dots");
    }
    check_name(name)
}

fn check_name(text: &str) -> Result<(), &'static str> {
    let (registry, repository) = match text.split_once('/') {
        Some((registry, repository)) if registry.contains(['.', ':']) => (registry, repository),
        _ => ("", text),
    };
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-./".contains(&b);
    if !(2..=255).contains(&repository.len()) || !repository.bytes().all(is_allowed) {
        return Err("a repository has 2 to 255 lower-case letters, digits, -, _, dots and slashes");
    }
    let url: Result<Url, _> = format!("//{registry}").parse();
    if !url.is_ok_and(|url| url.authority() == registry) {
        return Err("the registry is not a host or host:port");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_those_of_go() {
        let digest = format!("@sha256:{}", "0a".repeat(32));
        for name in [
            "nginx",
            "nginx:1.27",
            "docker.io/library/nginx:1",
            "[::1]:5000/ab",
            "a.b:5000/x/y:Z_-.0",
            "ab/CD/..",
        ] {
            let is_right = name != "ab/CD/..";
            assert_eq!(parse_reference(name).is_ok(), is_right, "{name}");
            let expected = is_right.then_some(Reference::Digest);
            assert_eq!(parse_reference(&format!("{name}{digest}")).ok(), expected, "{name}");
        }
        for name in [
            "",
            "a",
            "Nginx",
            "nginx:",
            "nginx:a b",
            "a.b:port/xy",
            "nginx@sha256:00",
            "nginx@md5:00",
            "x y",
            "a.b/",
        ] {
            assert!(parse_reference(name).is_err(), "{name}");
        }
        assert!(parse_reference(&format!("nginx{digest}{digest}")).is_err());
    }
}
