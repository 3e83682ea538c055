//! The exported descriptor set against the facts tables: every name, number, type, label and streaming direction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

const API: &str = include_str!("../facts/api.tsv");
const METHODS: &str = include_str!("../facts/methods.tsv");

/// What is said of each element, by kind and name.
type Facts = BTreeMap<String, String>;

fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(talos_proto::FILE_DESCRIPTOR_SET).unwrap()
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

fn from_tables() -> Facts {
    let mut facts = Facts::new();
    for row in rows(API) {
        let [kind, name, number, label, r#type, oneof, ..] = row[..] else { panic!("short row {row:?}") };
        // Carried as it arrives: both are length-delimited on the wire.
        let r#type = if r#type == "google.api.expr.v1alpha1.CheckedExpr" { "bytes" } else { r#type };
        facts.insert(format!("{kind} {name}"), format!("{number} {label} {type} {oneof}"));
    }
    for row in rows(METHODS) {
        let [path, input, output, client, server, ..] = row[..] else { panic!("short row {row:?}") };
        facts.insert(format!("method {path}"), format!("{input} {output} {client} {server}"));
    }
    facts
}

fn from_descriptors(set: &FileDescriptorSet) -> Facts {
    let mut facts = Facts::new();
    for file in &set.file {
        let package = file.package();
        if package.starts_with("google.") {
            continue;
        }
        assert_eq!(file.syntax(), "proto3", "{}", file.name());
        for service in &file.service {
            for method in &service.method {
                facts.insert(
                    format!("method /{package}.{}/{}", service.name(), method.name()),
                    format!(
                        "{} {} {} {}",
                        method.input_type().trim_start_matches('.'),
                        method.output_type().trim_start_matches('.'),
                        method.client_streaming(),
                        method.server_streaming()
                    ),
                );
            }
        }
        for message in &file.message_type {
            add_message(&mut facts, package, message);
        }
        for values in &file.enum_type {
            add_enum(&mut facts, package, values);
        }
    }
    facts
}

fn add_message(facts: &mut Facts, scope: &str, message: &DescriptorProto) {
    let name = format!("{scope}.{}", message.name());
    facts.insert(format!("message {name}"), "   ".into());
    for field in &message.field {
        let entry = message.nested_type.iter().find(|nested| {
            nested.options.as_ref().is_some_and(|options| options.map_entry())
                && field.type_name() == format!(".{name}.{}", nested.name())
        });
        let label = match field.label() {
            _ if entry.is_some() => "map",
            _ if field.proto3_optional() => "explicit",
            Label::Repeated => "repeated",
            Label::Optional => "optional",
            Label::Required => "required",
        };
        let r#type = match entry {
            Some(entry) => format!("map<{}, {}>", type_of(&entry.field[0]), type_of(&entry.field[1])),
            None => type_of(field),
        };
        let oneof = match field.oneof_index {
            Some(index) if !field.proto3_optional() => message.oneof_decl[index as usize].name(),
            _ => "",
        };
        facts.insert(
            format!("field {name}#{}", field.name()),
            format!("{} {label} {type} {oneof}", field.number()),
        );
    }
    for nested in &message.nested_type {
        if !nested.options.as_ref().is_some_and(|options| options.map_entry()) {
            add_message(facts, &name, nested);
        }
    }
    for values in &message.enum_type {
        add_enum(facts, &name, values);
    }
}

fn add_enum(facts: &mut Facts, scope: &str, values: &EnumDescriptorProto) {
    let name = format!("{scope}.{}", values.name());
    facts.insert(format!("enum {name}"), "   ".into());
    for value in &values.value {
        facts.insert(format!("value {name}#{}", value.name()), format!("{}   ", value.number()));
    }
}

fn type_of(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

/// One line for each element that the tables and the descriptors do not agree on.
fn differences(set: &FileDescriptorSet) -> Vec<String> {
    let (said, is) = (from_tables(), from_descriptors(set));
    let names: BTreeSet<_> = said.keys().chain(is.keys()).collect();
    names
        .into_iter()
        .filter(|name| said.get(*name) != is.get(*name))
        .map(|name| format!("{name}: table {:?}, descriptors {:?}", said.get(name), is.get(name)))
        .collect()
}

fn count<'a>(table: &'a str, kind: &str, removed: bool) -> Vec<&'a str> {
    rows(table).filter(|row| row[0] == kind && row[7].is_empty() != removed).map(|row| row[1]).collect()
}

#[test]
fn descriptors_say_what_the_tables_say() {
    let differences = differences(&descriptors());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_wrong_fact_is_noticed() {
    type Change = fn(&mut FileDescriptorSet);
    let changes: [(&str, Change); 5] = [
        ("field machine.BootstrapRequest#recover_etcd", |set| {
            find(set, "machine", "BootstrapRequest").field[0].number = Some(7);
        }),
        ("field machine.BootstrapRequest#recover_etcd", |set| {
            find(set, "machine", "BootstrapRequest").field[0].set_type(Type::Int32);
        }),
        ("field machine.EtcdMembers#members", |set| {
            let field = &mut find(set, "machine", "EtcdMembers").field;
            field.iter_mut().find(|field| field.name() == "members").unwrap().set_label(Label::Optional);
        }),
        ("field cosi.resource.WatchRequest#id", |set| {
            let field = &mut find(set, "cosi.resource", "WatchRequest").field;
            field.iter_mut().find(|field| field.name() == "id").unwrap().proto3_optional = None;
        }),
        ("method /machine.MachineService/Events", |set| {
            let services = set.file.iter_mut().filter(|file| file.package() == "machine");
            let mut methods =
                services.flat_map(|file| &mut file.service).flat_map(|service| &mut service.method);
            methods.find(|method| method.name() == "Events").unwrap().server_streaming = Some(false);
        }),
    ];
    for (name, change) in changes {
        let mut set = descriptors();
        change(&mut set);
        let differences = differences(&set);
        assert!(
            differences.iter().any(|line| line.starts_with(&format!("{name}:"))),
            "{name}: {differences:?}"
        );
    }
}

fn find<'a>(set: &'a mut FileDescriptorSet, package: &str, name: &str) -> &'a mut DescriptorProto {
    let files = set.file.iter_mut().filter(|file| file.package() == package);
    files.flat_map(|file| &mut file.message_type).find(|message| message.name() == name).unwrap()
}

#[test]
fn totals_are_those_of_the_release() {
    // Counts of v1.14.0-rc.1.
    assert_eq!(count(API, "message", false).len(), 545);
    assert_eq!(count(API, "enum", false).len(), 86);
    assert_eq!(count(API, "value", false).len(), 739);
    assert_eq!(count(API, "field", false).len(), 2074);
    let current: Vec<_> = rows(METHODS).filter(|row| row[6].is_empty()).collect();
    assert_eq!(current.len(), 84);
    let services: BTreeSet<_> = current.iter().map(|row| row[0].rsplit_once('/').unwrap().0).collect();
    assert_eq!(services.len(), 13);

    // What older servers still serve.
    assert_eq!(
        count(API, "message", true),
        [
            "machine.GenerateConfigurationRequest",
            "machine.GenerateConfiguration",
            "machine.GenerateConfigurationResponse",
            "talos.resource.definitions.cri.RegistryConfig",
            "talos.resource.definitions.secrets.MaintenanceServiceCertsSpec",
        ]
    );
    assert_eq!(count(API, "field", true).len(), 16);
    assert_eq!(count(API, "enum", true).len() + count(API, "value", true).len(), 0);
    let removed: Vec<_> =
        rows(METHODS).filter(|row| !row[6].is_empty()).map(|row| row[0].to_owned()).collect();
    assert_eq!(removed, ["/machine.MachineService/GenerateConfiguration"]);
}

#[test]
fn every_service_and_method_is_explained() {
    let proto = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    for path in talos_proto_codegen::proto_files(&proto).unwrap() {
        let text = std::fs::read_to_string(proto.join(&path)).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            if pair[1].starts_with("rpc ") || pair[1].starts_with("service ") {
                assert!(pair[0].starts_with("// "), "{}: {} has no line above it", path.display(), pair[1]);
            }
        }
    }
}
