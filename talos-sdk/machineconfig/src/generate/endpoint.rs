//! The URL of the Kubernetes API, checked as `talosctl gen config` does.

use crate::types::Url;
use crate::{Error, ErrorKind, Result};

const DEFAULT_PORT: u16 = 6443;

/// Reads the endpoint; what is no `https://` URL is answered with what to write instead.
pub(crate) fn parse_endpoint(text: &str) -> Result<Url> {
    let wrong =
        |problem: &str| Err(Error::new(ErrorKind::InvalidOption, format!("cluster endpoint: {problem}")));
    if !text.contains("://") {
        let authority = text.split('/').next().unwrap_or_default();
        if authority.is_empty() {
            return wrong("it is empty, write a URL such as https://10.0.0.1:6443");
        }
        return wrong(&format!("a scheme is missing, write {:?}", suggestion(authority)));
    }
    let url: Url = match text.parse() {
        Ok(url) => url,
        Err(error) => return wrong(&error.to_string()),
    };
    if url.scheme() != "https" {
        return wrong(&format!("the scheme has to be https, write {:?}", suggestion(url.authority())));
    }
    if url.host().is_empty() {
        return wrong("the host is missing, write a URL such as https://10.0.0.1:6443");
    }
    if !url.port().is_empty() && url.port().parse::<u16>().unwrap_or(0) == 0 {
        return wrong("the port has to be between 1 and 65535");
    }
    Ok(url)
}

fn suggestion(authority: &str) -> String {
    let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
        (!host.contains(':') || host.ends_with(']')) && port.parse::<u16>().is_ok()
    });
    match (has_port, authority.contains(':') && !authority.contains('[')) {
        (true, _) => format!("https://{authority}"),
        (false, true) => format!("https://[{authority}]:{DEFAULT_PORT}"),
        (false, false) => format!("https://{authority}:{DEFAULT_PORT}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::parse_endpoint;

    #[test]
    fn an_https_url_is_kept_as_given() {
        for text in [
            "https://10.0.0.1:6443",
            "https://Cluster.example",
            "https://[fd00::1]:6443/",
            "https://host:443/path",
        ] {
            assert_eq!(parse_endpoint(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_answered_with_what_to_write() {
        for (text, hint) in [
            ("fqdn_endpoint:6443", "write \"https://fqdn_endpoint:6443\""),
            ("10.0.0.1", "write \"https://10.0.0.1:6443\""),
            ("fd00::1", "write \"https://[fd00::1]:6443\""),
            ("[fd00::1]:443", "write \"https://[fd00::1]:443\""),
            ("http://10.0.0.1", "write \"https://10.0.0.1:6443\""),
            ("http://h:80/x", "write \"https://h:80\""),
            ("https://", "the host is missing"),
            ("https://h:0", "port"),
            ("https://h:65536", "port"),
            ("https://h:x", "port"),
            ("https://fd00::1:6443", "brackets"),
            ("", "it is empty"),
        ] {
            let error = parse_endpoint(text).unwrap_err().to_string();
            assert!(error.contains(hint) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
