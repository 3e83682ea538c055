//! URLs as Go reads and writes them.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Mismatch, Rule, Shape, Value};

/// A URL. Beside the scheme, which becomes lower case, it is written as it was given: ports, slashes and the case
/// of the host stay.
///
/// A patch replaces the parts it has and keeps the others, as Talos does: a path, for example, survives the patch
/// `https://other:6443`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: String,
    /// What follows the scheme where no `/` does, as in `mailto:someone`.
    opaque: String,
    user: Option<String>,
    host: String,
    path: String,
    query: Option<String>,
    fragment: String,
    has_authority: bool,
}

impl Url {
    /// Scheme in lower case, without the colon; empty if there is none.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and port as given, without user and password.
    pub fn authority(&self) -> &str {
        &self.host
    }

    /// The host without port, and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        let host = split_port(&self.host).0;
        host.strip_prefix('[').and_then(|host| host.split_once(']')).map_or(host, |(host, _)| host)
    }

    /// The port as given; empty if there is none.
    pub fn port(&self) -> &str {
        split_port(&self.host).1
    }

    /// The path as given.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Url {
    /// Gives the parameter of the query, if it is there, another value. The query is written as Go writes one:
    /// sorted, escaped anew, without what can't be read.
    pub(crate) fn redact_parameter(&mut self, name: &str, value: &str) {
        let Some(query) = self.query.as_deref().filter(|query| !query.is_empty()) else { return };
        let mut parameters: Vec<_> = query.split('&').filter_map(parameter).collect();
        let is_secret = |(key, _): &(Vec<u8>, Vec<u8>)| key == name.as_bytes();
        if let Some(at) = parameters.iter().position(is_secret) {
            value.as_bytes().clone_into(&mut parameters[at].1);
            let mut seen = false;
            parameters.retain(|parameter| !is_secret(parameter) || !std::mem::replace(&mut seen, true));
        }
        parameters.sort_by(|(left, _), (right, _)| left.cmp(right));
        let pairs: Vec<_> =
            parameters.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
        self.query = Some(pairs.join("&")).filter(|query| !query.is_empty());
    }
}

/// Name and value of a parameter, `None` for what Go passes over.
fn parameter(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    if text.is_empty() || text.contains(';') {
        return None;
    }
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    Some((unescape(key)?, unescape(value)?))
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        out.push(match byte {
            b'%' => (digit(bytes.next())? * 16 + digit(bytes.next())?) as u8,
            b'+' => b' ',
            _ => byte,
        });
    }
    Some(out)
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b' ' => out.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Host and port of `host:port`. A port is what follows the last colon outside brackets.
fn split_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    }
}

impl FromStr for Url {
    type Err = Error;

    /// Reads an absolute or relative URL with the rules of Go's `net/url`.
    fn from_str(text: &str) -> Result<Self> {
        parse(text)
            .map_err(|problem| Error::new(ErrorKind::InvalidValue, format!("this is not a URL, {problem}")))
    }
}

fn parse(text: &str) -> Result<Url, &'static str> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err("it has a control character");
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut url = Url { fragment: canonical(fragment, fragment_char)?, ..Url::default() };
    let (scheme, rest) = split_scheme(rest)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    url.query = query.map(str::to_owned);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            url.opaque = rest.to_owned();
            return Ok(url);
        }
        let first = rest.split('/').next().unwrap_or_default();
        if first.contains(':') {
            return Err("a scheme such as https:// is missing");
        }
    }
    let path = match rest.strip_prefix("//") {
        Some(after) if !scheme.is_empty() || !rest.starts_with("///") => {
            let (authority, path) = after.find('/').map_or((after, ""), |at| after.split_at(at));
            let (user, host) = match authority.rsplit_once('@') {
                Some((user, host)) => (Some(user), host),
                None => (None, authority),
            };
            if user.is_some_and(|user| !user.bytes().all(user_char)) {
                return Err("user or password has a character that needs escaping");
            }
            url.user = user.map(str::to_owned);
            url.host = check_host(host)?.to_owned();
            url.has_authority = true;
            path
        }
        _ => rest,
    };
    url.path = canonical(path, path_char)?;
    Ok(url)
}

fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("its scheme is missing"),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn check_host(host: &str) -> Result<&str, &'static str> {
    let port = if host.starts_with('[') {
        let (address, port) = host.rsplit_once(']').ok_or("a ] is missing behind the IPv6 address")?;
        if address[1..].bytes().any(|b| b != b'%' && !host_char(b)) {
            return Err("its host has a character that is not allowed");
        }
        port
    } else {
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        if name.bytes().any(|b| !host_char(b)) {
            return Err("its host has a character that is not allowed");
        }
        port
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(host),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(host),
        Some(digits) if digits.contains(':') => {
            Err("an IPv6 address needs brackets, as in https://[fd00::1]:6443")
        }
        _ => Err("its port is not a number"),
    }
}

fn host_char(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn user_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)
}

fn path_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*[]".contains(&byte)
}

fn fragment_char(byte: u8) -> bool {
    path_char(byte) || b"?".contains(&byte)
}

/// Keeps `text` as given if all its characters may stand there, else escapes those that may not.
fn canonical(text: &str, allowed: fn(u8) -> bool) -> Result<String, &'static str> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == b'%' {
            let hex = bytes.get(at + 1..at + 3);
            if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                return Err("a % is not followed by two hexadecimal digits");
            }
            out.push('%');
        } else if allowed(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(out)
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if !self.opaque.is_empty() {
            f.write_str(&self.opaque)?;
        } else {
            if self.has_authority && (!self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some())
            {
                f.write_str("//")?;
                if let Some(user) = &self.user {
                    write!(f, "{user}@")?;
                }
                f.write_str(&self.host)?;
            }
            if !self.path.is_empty() && !self.path.starts_with('/') && !self.host.is_empty() {
                f.write_str("/")?;
            }
            f.write_str(&self.path)?;
        }
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

impl serde::Serialize for Url {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Url {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Value for Url {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        if self.user.is_some() && right.user.is_some() {
            return Err(Mismatch::new("a user already", "another user"));
        }
        for (left, right) in [
            (&mut self.scheme, right.scheme),
            (&mut self.opaque, right.opaque),
            (&mut self.host, right.host),
            (&mut self.path, right.path),
            (&mut self.fragment, right.fragment),
        ] {
            if !right.is_empty() {
                *left = right;
            }
        }
        self.user = self.user.take().or(right.user);
        if right.query.is_some() {
            self.query = right.query;
        }
        self.has_authority |= right.has_authority;
        Ok(())
    }

    fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.to_string().into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn text_stays_as_given() {
        for (text, written) in [
            ("https://1.2.3.4:6443", "https://1.2.3.4:6443"),
            ("HTTPS://Host:443/", "https://Host:443/"),
            ("https://[fd00::1]:6443", "https://[fd00::1]:6443"),
            ("https://u:p@h/a b?q=1#x", "https://u:p@h/a%20b?q=1#x"),
            ("https://h/a%2fb", "https://h/a%2fb"),
            ("host/path", "host/path"),
            ("localhost:6443", "localhost:6443"),
            ("", ""),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), written, "{text}");
        }
        for text in [
            "https://h:x",
            "https://fd00::1",
            "1.2.3.4:6443",
            "https://[::1",
            "https://h/%zz",
            "https://a b",
            ":x",
            "a\nb",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_parameter_is_redacted() {
        for (text, written) in [
            ("https://h/join?jointoken=x", "https://h/join?jointoken=%2A%2A"),
            ("grpc://h?user=a%20b&jointoken=x&jointoken=y&a", "grpc://h?a=&jointoken=%2A%2A&user=a+b"),
            ("https://h?b=1&a=2&a=1", "https://h?a=2&a=1&b=1"),
            ("https://h?a;b=1&%zz=1", "https://h"),
            ("https://h?", "https://h?"),
            ("https://h", "https://h"),
        ] {
            let mut url: Url = text.parse().unwrap();
            url.redact_parameter("jointoken", "**");
            assert_eq!(url.to_string(), written, "{text}");
        }
    }

    #[test]
    fn host_and_port() {
        let url: Url = "https://[fd00::1]:6443/x".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.path()), ("fd00::1", "6443", "/x"));
        let url: Url = "https://cluster.example".parse().unwrap();
        assert_eq!((url.host(), url.port()), ("cluster.example", ""));
    }
}
