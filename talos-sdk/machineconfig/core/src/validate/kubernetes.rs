//! What Kubernetes asks of names, labels, annotations, taints and resources.

use std::collections::BTreeMap;

use crate::model::nearest;
use crate::types::Unstructured;
use crate::validate::Findings;

/// Most bytes of all annotations of a node, keys and values.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

/// Annotations in which Talos keeps its own record.
const RESERVED_ANNOTATIONS: [&str; 3] =
    ["talos.dev/owned-annotations", "talos.dev/owned-labels", "talos.dev/owned-taints"];

const TAINT_EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Fields of the kubelet's configuration that Talos sets itself.
const PROTECTED_KUBELET_FIELDS: [&str; 13] = [
    "apiVersion",
    "authentication",
    "authorization",
    "cgroupRoot",
    "kind",
    "kubeletCgroups",
    "port",
    "protectKernelDefaults",
    "resolvConf",
    "rotateCertificates",
    "systemCgroups",
    "staticPodPath",
    "seccompDefault",
];

/// Checks the labels of a node, which are at `key`.
pub(crate) fn check_labels(key: &str, labels: &BTreeMap<String, String>, found: &mut Findings) {
    check_entries(key, labels, found, |name, value, found| {
        report(qualified_name_problem(name), found);
        report(label_value_problem(value), found);
    });
}

/// Checks the annotations of a node, which are at `key`.
pub(crate) fn check_annotations(key: &str, annotations: &BTreeMap<String, String>, found: &mut Findings) {
    check_entries(key, annotations, found, |name, _, found| {
        report(qualified_name_problem(name), found);
        if RESERVED_ANNOTATIONS.contains(&name) {
            found.error("", "Talos itself keeps this annotation: remove it");
        }
    });
    let size: usize = annotations.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > ANNOTATIONS_LIMIT {
        found.error(
            key,
            format!("annotations have at most {ANNOTATIONS_LIMIT} bytes in all, these have {size}"),
        );
    }
}

/// Checks the taints of a node, `value:effect` or `effect` by key, which are at `key`.
pub(crate) fn check_taints(key: &str, taints: &BTreeMap<String, String>, found: &mut Findings) {
    check_entries(key, taints, found, |name, taint, found| {
        report(qualified_name_problem(name), found);
        let (value, effect) = taint.split_once(':').unwrap_or(("", taint));
        if !TAINT_EFFECTS.contains(&effect) {
            found.error("", one_of("effect", effect, &TAINT_EFFECTS));
        }
        report(label_value_problem(value), found);
    });
}

/// Checks that only CPU and memory are asked for or limited.
pub(crate) fn check_resources(requests: &Unstructured, limits: &Unstructured, found: &mut Findings) {
    for (key, resources) in [("requests", requests), ("limits", limits)] {
        for name in resources.keys().filter(|name| !matches!(name.as_str(), "cpu" | "memory")) {
            found.within(key, |found| {
                found.within(name, |found| found.error("", one_of("resource", name, &["cpu", "memory"])));
            });
        }
    }
}

/// Checks that a kubelet configuration, which is at `key`, leaves alone what Talos sets.
pub(crate) fn check_kubelet_config(key: &str, config: &Unstructured, found: &mut Findings) {
    for name in config.keys().filter(|name| PROTECTED_KUBELET_FIELDS.contains(&name.as_str())) {
        found.within(key, |found| {
            found.within(name, |found| {
                found.error("", "Talos itself sets this field of the kubelet: remove it")
            });
        });
    }
}

/// Checks the roles that pods may get, which are at `key`.
pub(crate) fn check_roles(key: &str, roles: &[String], found: &mut Findings) {
    let known = found.options().roles();
    found.each(key, roles, |role, found| {
        if !known.contains(&role.as_str()) {
            found.error("", one_of("role", role, &known));
        }
    });
}

/// Says that `value` is none of those known, and which may have been meant.
pub(crate) fn one_of(what: &str, value: &str, known: &[&str]) -> String {
    let hint = nearest(value, known).map_or_else(String::new, |near| format!(", did you mean {near:?}?"));
    format!("{what} {value:?} is unknown{hint}: use one of {}", known.join(", "))
}

/// What is wrong with a name that may have a domain in front, such as `example.com/role`.
pub(crate) fn qualified_name_problem(text: &str) -> Option<String> {
    let name = match text.split_once('/') {
        None => text,
        Some((_, name)) if name.contains('/') => return Some(format!("{text:?} has more than one slash")),
        Some((domain, name)) => {
            if let Some(problem) = dns_subdomain_problem(domain) {
                return Some(format!("what is before the slash of {text:?} is no domain: {problem}"));
            }
            name
        }
    };
    match name.len() {
        0 => Some(format!("{text:?} has no name")),
        64.. => Some(format!("the name in {text:?} has {} characters, at most 63 are allowed", name.len())),
        _ if !is_label_name(name) => Some(format!(
            "the name in {text:?} may have only letters, digits, '-', '_' and '.', and starts and ends with a letter or digit"
        )),
        _ => None,
    }
}

/// What is wrong with a DNS name in the sense of RFC 1123.
pub(crate) fn dns_subdomain_problem(text: &str) -> Option<String> {
    let is_edge = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let is_label = |label: &[u8]| {
        label.first().is_some_and(is_edge)
            && label.last().is_some_and(is_edge)
            && label.iter().all(|byte| is_edge(byte) || *byte == b'-')
    };
    if text.len() > 253 {
        return Some(format!("it has {} characters, at most 253 are allowed", text.len()));
    }
    if !text.as_bytes().split(|b| *b == b'.').all(is_label) {
        return Some(
            "it may have only lowercase letters, digits and '-' between dots, and starts and ends with a letter or digit"
                .to_owned(),
        );
    }
    None
}

/// What is wrong with the value of a label.
pub(crate) fn label_value_problem(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(format!("the value has {} characters, at most 63 are allowed", text.len()));
    }
    if !text.is_empty() && !is_label_name(text) {
        return Some(format!(
            "the value {text:?} may have only letters, digits, '-', '_' and '.', and starts and ends with a letter or digit"
        ));
    }
    None
}

fn is_label_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn check_entries(
    key: &str,
    entries: &BTreeMap<String, String>,
    found: &mut Findings,
    check: impl Fn(&str, &str, &mut Findings),
) {
    if entries.is_empty() {
        return;
    }
    found.within(key, |found| {
        for (name, value) in entries {
            found.within(name, |found| check(name, value, found));
        }
    });
}

fn report(problem: Option<String>, found: &mut Findings) {
    if let Some(problem) = problem {
        found.error("", problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for text in ["role", "a.b_c-D", "example.com/role", "x", "node.kubernetes.io/Zone"] {
            assert_eq!(qualified_name_problem(text), None, "{text}");
        }
        let long = "a".repeat(64);
        for text in ["", "-a", "a-", "a/b/c", "/a", "a/", "Example.com/a", "a b", "ä", &long, "a..b/c"] {
            assert!(qualified_name_problem(text).is_some(), "{text}");
        }
        assert_eq!(label_value_problem(""), None);
        assert!(label_value_problem("_").is_some());
        assert!(dns_subdomain_problem(&"a.".repeat(130)).is_some());
    }
}
