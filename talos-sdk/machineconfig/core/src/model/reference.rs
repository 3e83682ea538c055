//! Every struct against a table of the Go structs that stands beside the repository; skipped, saying so, where it
//! does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::contract::Contract;
use crate::document::{Document, Kind};
use crate::model::{Field, Merge, Shape, Struct};

/// Go's lists with names of their own, and what they are lists of.
const LISTS: [(&str, &str); 9] = [
    ("extensions.ConfigFileList", "[]extensions.ConfigFile"),
    ("network.IngressConfig", "[]network.IngressRule"),
    ("network.PortRanges", "[]network.PortRange"),
    ("security.ImageVerificationRules", "[]security.ImageVerificationRuleV1Alpha1"),
    ("v1alpha1.AdmissionPluginConfigList", "[]v1alpha1.AdmissionPluginConfig"),
    ("v1alpha1.AuthorizationConfigAuthorizerConfigList", "[]v1alpha1.AuthorizationConfigAuthorizerConfig"),
    ("v1alpha1.ClusterInlineManifests", "[]v1alpha1.ClusterInlineManifest"),
    ("v1alpha1.NetworkDeviceList", "[]v1alpha1.Device"),
    ("v1alpha1.VlanList", "[]v1alpha1.Vlan"),
];

type Row = Vec<String>;

fn table(name: &str) -> Option<Vec<Row>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/reference").join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Walks the Go types and ours side by side.
struct Walk {
    structs: BTreeMap<String, Vec<Row>>,
    /// The properties that the newest schema of Talos has for its definitions.
    current: BTreeMap<String, BTreeSet<String>>,
    seen: BTreeSet<String>,
    problems: Vec<String>,
}

impl Walk {
    fn report(&mut self, place: &str, problem: impl std::fmt::Display) {
        self.problems.push(format!("{place}: {problem}"));
    }

    fn value(&mut self, place: &str, go: &str, shape: &Shape) {
        let go = go.trim_start_matches('*');
        let go = LISTS.iter().find(|(name, _)| *name == go).map_or(go, |(_, list)| list);
        if let Some(entry) = go.strip_prefix("[]").filter(|entry| *entry != "uint8") {
            return match shape {
                Shape::List(shape) | Shape::ReplaceList(shape) => self.value(place, entry, shape),
                _ => self.report(place, format_args!("{go}, here {shape:?}")),
            };
        }
        if let Some(entry) = go.strip_prefix("map[string]").filter(|entry| *entry != "interface {}") {
            return match shape {
                Shape::Map(shape) => self.value(place, entry, shape),
                _ => self.report(place, format_args!("{go}, here {shape:?}")),
            };
        }
        if let Shape::Struct(shape) = shape {
            let rows = self.structs.get(go).cloned().unwrap_or_default();
            return self.fields(go, &rows, shape);
        }
        let suits = match go {
            "bool" => matches!(shape, Shape::Bool),
            "string" => matches!(shape, Shape::Text | Shape::Secret),
            "int" => matches!(shape, Shape::Int(i64::MIN, _)),
            "int32" => matches!(shape, Shape::Int(min, _) if *min == i64::from(i32::MIN)),
            "uint8" | "uint16" | "uint32" | "uint64" | "uint" => {
                let bits = go.strip_prefix("uint").and_then(|bits| bits.parse().ok()).unwrap_or(64);
                matches!(shape, Shape::Int(0, max) if *max == u64::MAX >> (64 - bits))
            }
            "time.Duration" => matches!(shape, Shape::Pattern { .. }),
            "meta.Args" => matches!(shape, Shape::Args),
            "map[string]interface {}" => matches!(shape, Shape::Any),
            "meta.Unstructured" => matches!(shape, Shape::Any | Shape::SecretKey(_)),
            // What methods of its own write as one word.
            _ => !matches!(shape, Shape::List(_) | Shape::Map(_) | Shape::Bool | Shape::Any),
        };
        self.seen.insert(go.to_owned());
        if !suits {
            self.report(place, format_args!("{go}, here {shape:?}"));
        }
    }

    fn fields(&mut self, go: &str, rows: &[Row], shape: &'static Struct) {
        if !self.seen.insert(go.to_owned()) {
            return;
        }
        let has_header = rows.iter().any(|row| row[4] == "meta.Meta");
        // Its two keys.
        self.seen.insert("meta.Meta".to_owned());
        if has_header != shape.header.is_some() {
            self.report(go, "only one of both has apiVersion and kind");
        }
        let rows: Vec<&Row> = rows.iter().filter(|row| row[4] != "meta.Meta").collect();
        let keys = |keys: Vec<&str>| keys.join(" ");
        // Fields without a tag have their name in lower case.
        let theirs = keys(rows.iter().map(|row| row[3].split(' ').next().unwrap_or_default()).collect());
        let ours = keys(shape.fields.iter().map(|field| field.key).collect());
        if theirs != ours {
            return self.report(go, format_args!("keys {theirs:?}, here {ours:?}"));
        }
        for (row, field) in rows.iter().zip(shape.fields) {
            let place = format!("{go}.{}", row[3]);
            self.flags(&place, row, field);
            if let Some(current) = self.current.get(go).filter(|_| !field.key.is_empty())
                && current.contains(field.key) == field.deprecated
            {
                self.report(&place, format_args!("here deprecated is {}", field.deprecated));
            }
            self.value(&place, &row[4], field.shape);
        }
    }

    fn flags(&mut self, place: &str, row: &Row, field: &Field) {
        let (flags, merge) = (&row[5], &row[6]);
        if flags.contains("inline") != field.key.is_empty() {
            self.report(place, "only one of both is inline");
        }
        let always = !flags.contains("omitempty") && !flags.contains("inline") && row[7] != "omitonlyifnil";
        if always != field.always {
            self.report(place, format_args!("flags {flags:?} {:?}, here always is {}", row[7], field.always));
        }
        let replaces = field.merge == Merge::Replace || matches!(field.shape, Shape::ReplaceList(_));
        // The merger of a certificate with its key takes both.
        if (merge == "replace" || place.starts_with("x509.")) != replaces {
            self.report(place, format_args!("merge tag {merge:?}, here {:?}", field.merge));
        }
    }
}

#[test]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
fn every_kind_and_struct_is_go_s() {
    let (Some(types), Some(kinds), Some(properties)) =
        (table("config-types.tsv"), table("config-kinds.tsv"), table("config-schema.tsv"))
    else {
        return;
    };
    let mut current: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in properties.iter().filter(|row| row.last().is_some_and(|newest| newest == "x")) {
        current.entry(row[0].clone()).or_default().insert(row[1].clone());
    }
    let mut structs: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in types {
        structs.entry(row[0].clone()).or_default().push(row);
    }
    let all: BTreeSet<String> = structs.keys().cloned().collect();
    let fields: usize = structs.values().map(Vec::len).sum();
    let mut walk = Walk { structs, current, seen: BTreeSet::new(), problems: Vec::new() };
    for kind in &kinds {
        let Some(known) = Kind::find(&kind[0]) else {
            walk.report(&kind[0], "there is no such kind here");
            continue;
        };
        walk.value(&kind[0], &kind[2], known.shape);
        // The table begins with 1.5.
        let since = if kind[3].starts_with("<=") { Contract::V1_5 } else { kind[3].parse().unwrap() };
        assert_eq!(known.since.max(Contract::V1_5), since, "{}", kind[0]);
        assert_eq!((known.named, known.control_plane), (kind[5] == "true", kind[6] == "true"), "{}", kind[0]);
    }
    assert_eq!(kinds.len(), Document::KINDS.len());
    // The parts of a condition that is written as one word.
    walk.seen.insert("v1alpha1.InstallDiskSizeMatchData".to_owned());
    let unseen: Vec<_> = all.difference(&walk.seen).collect();
    assert!(walk.problems.is_empty(), "{}", walk.problems.join("\n"));
    assert!(unseen.is_empty(), "not reached: {unseen:?}");
    assert_eq!((all.len(), fields), (254, 945));
    assert_eq!(all.iter().filter(|name| name.starts_with("v1alpha1.")).count(), 82);
}
