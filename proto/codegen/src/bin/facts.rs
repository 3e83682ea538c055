//! Writes the facts tables `proto/facts/api.tsv` and `proto/facts/methods.tsv` from a JSON account of the API:
//! `cargo run -p talos-proto-codegen --bin facts -- API.json`. What they hold: `proto/facts/README.md`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// The release whose shape counts.
const NEWEST: &str = "v1.14.0-rc.1";

fn main() -> Result<(), Box<dyn Error>> {
    let input = std::env::args().nth(1).ok_or("say which file to read: facts API.json")?;
    let api: Value = serde_json::from_str(&fs::read_to_string(input)?)?;
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../facts");
    let releases = Releases(object(&api, "versions").keys().cloned().collect());
    let mut tables = Tables {
        releases,
        api: "kind\tname\tnumber\tlabel\ttype\toneof\tsince\tremoved\n".into(),
        methods:
            "path\tinput\toutput\tclient_streaming\tserver_streaming\tsince\tremoved\troles\trole_history\n"
                .into(),
    };
    for package in object(&api, "packages").values() {
        tables.package(package)?;
    }
    fs::write(facts.join("api.tsv"), tables.api)?;
    fs::write(facts.join("methods.tsv"), tables.methods)?;
    Ok(())
}

/// The releases looked at, oldest first.
struct Releases(Vec<String>);

impl Releases {
    fn position(&self, release: &str) -> usize {
        let release = release.trim_start_matches("<=");
        self.0.iter().position(|known| known == release).unwrap_or(usize::MAX)
    }

    fn newest(&self) -> usize {
        self.position(NEWEST)
    }

    /// `1.13` of `v1.13.9`.
    fn minor(&self, position: usize) -> String {
        self.0[position].trim_start_matches('v').split('.').take(2).collect::<Vec<_>>().join(".")
    }

    /// First and, if it went away, first missing minor release of an element; none if it came after [`NEWEST`].
    fn span(&self, element: &Value) -> Option<(String, String)> {
        let seen: Vec<usize> =
            array(element, "versions").filter_map(Value::as_str).map(|v| self.position(v)).collect();
        let first = *seen.first()?;
        let last = *seen.iter().filter(|seen| **seen <= self.newest()).max()?;
        let removed = if last < self.newest() { self.minor(last + 1) } else { String::new() };
        Some((self.minor(first), removed))
    }

    /// The value that a property had in [`NEWEST`].
    fn value<'a>(&self, element: &'a Value, property: &str) -> &'a Value {
        array(&element["history"], property)
            .filter(|step| step[0].as_str().is_some_and(|v| self.position(v) <= self.newest()))
            .last()
            .map_or(&element[property], |step| &step[1])
    }
}

struct Tables {
    releases: Releases,
    api: String,
    methods: String,
}

impl Tables {
    fn package(&mut self, package: &Value) -> Result<(), Box<dyn Error>> {
        for service in object(package, "services").values() {
            for method in object(service, "methods").values() {
                self.method(method)?;
            }
        }
        for (name, message) in object(package, "messages") {
            self.message(name, message)?;
        }
        for (name, values) in object(package, "enums") {
            let Some((since, removed)) = self.releases.span(values) else { continue };
            writeln!(self.api, "enum\t{name}\t\t\t\t\t{since}\t{removed}")?;
            for (value_name, value) in object(values, "values") {
                let Some((since, removed)) = self.releases.span(value) else { continue };
                let number = self.releases.value(value, "number");
                writeln!(self.api, "value\t{name}#{value_name}\t{number}\t\t\t\t{since}\t{removed}")?;
            }
        }
        Ok(())
    }

    fn message(&mut self, name: &str, message: &Value) -> Result<(), Box<dyn Error>> {
        let Some((since, removed)) = self.releases.span(message) else { return Ok(()) };
        writeln!(self.api, "message\t{name}\t\t\t\t\t{since}\t{removed}")?;
        let fields: Vec<_> = object(message, "fields")
            .iter()
            .filter_map(|(name, field)| Some((name, field, self.releases.span(field)?)))
            .collect();
        for (field_name, field, (since, gone)) in &fields {
            let number = self.releases.value(field, "number");
            // A number that a newer field took over belongs to that one.
            let taken = fields.iter().any(|(other, field, (_, gone))| {
                other != field_name && gone.is_empty() && self.releases.value(field, "number") == number
            });
            if !gone.is_empty() && taken {
                continue;
            }
            let label = match field["label"].as_str() {
                _ if field["proto3_optional"] == true => "explicit",
                Some(label) => label,
                None => return Err(format!("{name}#{field_name} has no label").into()),
            };
            let r#type = self.releases.value(field, "type").as_str().unwrap_or_default();
            let oneof = field["oneof"].as_str().unwrap_or_default();
            writeln!(
                self.api,
                "field\t{name}#{field_name}\t{number}\t{label}\t{type}\t{oneof}\t{since}\t{gone}"
            )?;
        }
        Ok(())
    }

    fn method(&mut self, method: &Value) -> Result<(), Box<dyn Error>> {
        let Some((since, removed)) = self.releases.span(method) else { return Ok(()) };
        let text = |key: &str| method[key].as_str().unwrap_or_default().to_owned();
        let history: Vec<String> = array(&method["history"], "roles")
            .map(|step| {
                let since = self.releases.position(step[0].as_str().unwrap_or_default());
                format!("{}={}", self.releases.minor(since), list(&step[1]))
            })
            .collect();
        writeln!(
            self.methods,
            "{}\t{}\t{}\t{}\t{}\t{since}\t{removed}\t{}\t{}",
            text("path"),
            text("input"),
            text("output"),
            method["client_streaming"],
            method["server_streaming"],
            list(self.releases.value(method, "roles")),
            history.join(";"),
        )?;
        Ok(())
    }
}

fn object<'a>(value: &'a Value, key: &str) -> &'a Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value[key].as_object().unwrap_or(&EMPTY)
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn list(value: &Value) -> String {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}
