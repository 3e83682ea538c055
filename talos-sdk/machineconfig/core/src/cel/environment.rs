//! Which names an expression may use, by the place it stands in.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::cel::types::Type;

/// The place of an expression in a configuration, which decides the names it may use and the type it must have.
///
/// Beside the names of the table there are the operators, functions and macros of CEL's standard library. All but
/// [`LinkLocator`](Self::LinkLocator) know the units `KiB` … `EiB` and `kB` … `EB`, unsigned as the sizes are:
/// `disk.size > 100u * GiB`. The two for memory pressure know optional values and the classes `Besteffort`,
/// `Burstable`, `Guaranteed`, `Podruntime` and `System`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Selects a disk: `disk`, `system_disk`, `glob(pattern, text)`. A bool.
    DiskLocator,
    /// Selects a volume: `volume`, `disk`. A bool.
    VolumeLocator,
    /// Selects a link: `link`, `glob(pattern, text)`, `mac(bytes)`. A bool.
    LinkLocator,
    /// When to act on low memory: `memory_some_avg10` and its neighbours, `time_since_trigger`,
    /// `multiply_qos_vectors(map, map)`. A bool.
    OomTrigger,
    /// The rank of a control group then: `memory_max`, `memory_current`, `memory_peak`, `path`, `class`. A double.
    OomCgroupScoring,
}

/// What an environment declares.
pub(crate) struct Declarations {
    pub(crate) variables: Vec<(String, Type)>,
    functions: HashMap<&'static str, Vec<Overload>>,
    /// The package whose messages can be named.
    package: &'static str,
    pub(crate) optionals: bool,
    pub(crate) result: Type,
}

/// One way to call a function.
pub(crate) struct Overload {
    /// Called as `first.function(rest)`.
    pub(crate) member: bool,
    pub(crate) arguments: Vec<Type>,
    pub(crate) result: Type,
    /// How many type parameters it has.
    pub(crate) parameters: usize,
    /// Compares two types of numbers, which cel-go declares but hides.
    pub(crate) mixed: bool,
}

/// Functions as lines of `name (arguments) result`; a member's name begins with a dot. `A` and `B` are any type.
const STANDARD: &str = include_str!("standard.txt");
const OPTIONAL: &str = include_str!("optional.txt");
const GLOB: &str = "glob (string, string) bool";
const MAC: &str = "mac (bytes) string";
const MULTIPLY: &str = "multiply_qos_vectors (map(dyn, double), map(dyn, double)) double";

/// Messages as lines of `name {field: type; …}`: Talos' `block` and `network` definitions, and the well-known ones.
const MESSAGES: &str = include_str!("messages.txt");
const WELL_KNOWN: &str = "google.protobuf.";

const UNITS: [&str; 12] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "kB", "MB", "GB", "TB", "PB", "EB"];
const CLASSES: [&str; 5] = ["Besteffort", "Burstable", "Guaranteed", "Podruntime", "System"];

impl Environment {
    pub(crate) fn declarations(self) -> &'static Declarations {
        static DECLARED: [OnceLock<Declarations>; 5] = [const { OnceLock::new() }; 5];
        DECLARED[self as usize].get_or_init(|| self.declare())
    }

    fn declare(self) -> Declarations {
        let disk = ("disk", Type::of_message("talos.resource.definitions.block.DiskSpec"));
        let volume = ("volume", Type::of_message("talos.resource.definitions.block.DiscoveredVolumeSpec"));
        let link = ("link", Type::of_message("talos.resource.definitions.network.LinkStatusSpec"));
        let memory = || Type::optional(Type::Uint);
        let block = "talos.resource.definitions.block.";
        match self {
            Self::DiskLocator => {
                Declarations::new(block, &[GLOB]).with([disk, ("system_disk", Type::Bool)]).with_units()
            }
            Self::VolumeLocator => Declarations::new(block, &[]).with([volume, disk]).with_units(),
            Self::LinkLocator => {
                Declarations::new("talos.resource.definitions.network.", &[GLOB, MAC]).with([link])
            }
            Self::OomTrigger => {
                let mut declared = Declarations::new(WELL_KNOWN, &[OPTIONAL, MULTIPLY])
                    .with([("time_since_trigger", Type::Duration)])
                    .with_units()
                    .with_classes();
                declared.add_pressure();
                declared
            }
            Self::OomCgroupScoring => {
                let mut declared = Declarations::new(WELL_KNOWN, &[OPTIONAL])
                    .with([("memory_max", memory()), ("memory_current", memory()), ("memory_peak", memory())])
                    .with([("path", Type::String), ("class", Type::Int)])
                    .with_units()
                    .with_classes();
                declared.result = Type::Double;
                declared
            }
        }
    }
}

impl Declarations {
    fn new(package: &'static str, more: &[&'static str]) -> Self {
        let mut functions: HashMap<_, Vec<_>> = HashMap::new();
        for line in STANDARD.lines().chain(more.iter().flat_map(|text| text.lines())) {
            let (name, overload) = Overload::parse(line);
            functions.entry(name).or_default().push(overload);
        }
        let optionals = more.contains(&OPTIONAL);
        Self { variables: Vec::new(), functions, package, optionals, result: Type::Bool }
    }

    fn with<const N: usize>(mut self, variables: [(&str, Type); N]) -> Self {
        self.variables.extend(variables.map(|(name, of)| (name.to_owned(), of)));
        self
    }

    fn with_units(self) -> Self {
        self.with(UNITS.map(|unit| (unit, Type::Uint)))
    }

    fn with_classes(self) -> Self {
        self.with(CLASSES.map(|class| (class, Type::Int)))
    }

    /// Memory pressure of the root control group and of each class, and what changed since it was last seen.
    fn add_pressure(&mut self) {
        let by_class = || Type::map(Type::Int, Type::Double);
        for prefix in ["", "d_"] {
            for of in ["some", "full"] {
                for what in ["avg10", "avg60", "avg300", "total"] {
                    self.variables.push((format!("{prefix}memory_{of}_{what}"), Type::Double));
                    self.variables.push((format!("{prefix}qos_memory_{of}_{what}"), by_class()));
                }
            }
            for what in ["current", "peak", "max"] {
                self.variables.push((format!("{prefix}qos_memory_{what}"), by_class()));
            }
        }
    }

    /// The ways to call a function; none if it is not declared.
    pub(crate) fn overloads(&self, name: &str) -> &[Overload] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn function_names(&self) -> impl Iterator<Item = &'static str> {
        self.functions
            .keys()
            .copied()
            .filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
    }

    /// The type that a global name has as a value: a variable, a type or a constant of an enumeration.
    pub(crate) fn global(&self, name: &str) -> Option<Type> {
        let variable = self.variables.iter().find(|(known, _)| known == name).map(|(_, of)| of.clone());
        let constant = || (name == "google.protobuf.NullValue.NULL_VALUE").then_some(Type::Int);
        variable.or_else(|| self.named(name).map(Type::type_of)).or_else(constant)
    }

    /// The type of that name.
    pub(crate) fn named(&self, name: &str) -> Option<Type> {
        match name {
            "bool" | "bytes" | "double" | "int" | "string" | "uint" => Some(Type::parse(name)),
            "null_type" => Some(Type::Null),
            "list" => Some(Type::list(Type::Dyn)),
            "map" => Some(Type::map(Type::Dyn, Type::Dyn)),
            "type" => Some(Type::Meta(None)),
            "optional_type" if self.optionals => Some(Type::optional(Type::Dyn)),
            _ => self.fields(name).map(|_| Type::of_message(name)),
        }
    }

    /// Names and types of the fields of a message, if it can be named here.
    pub(crate) fn fields(&self, message: &str) -> Option<impl Iterator<Item = (&'static str, &'static str)>> {
        if !message.starts_with(WELL_KNOWN) && !message.starts_with(self.package) {
            return None;
        }
        let (_, fields) =
            MESSAGES.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == message)?;
        let fields = fields.trim_start_matches('{').trim_end_matches('}');
        Some(fields.split("; ").filter_map(|field| field.split_once(": ")))
    }
}

impl Overload {
    fn parse(line: &'static str) -> (&'static str, Self) {
        let (name, signature) = line.split_once(" (").unwrap_or((line, ""));
        let (arguments, result) = signature.rsplit_once(") ").unwrap_or(("", signature));
        // A comma inside parentheses separates the parts of one type.
        let mut depth = 0;
        let arguments: Vec<_> = arguments
            .split(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c == ',' && depth == 0
            })
            .filter(|argument| !argument.is_empty())
            .map(|argument| Type::parse(argument.trim_start()))
            .collect();
        let member = name.strip_prefix('.');
        let name = member.unwrap_or(name);
        let mixed = matches!(name, "_<_" | "_<=_" | "_>_" | "_>=_") && arguments.first() != arguments.last();
        let parameters = if signature.contains('B') { 2 } else { usize::from(signature.contains('A')) };
        (name, Self { member: member.is_some(), arguments, result: Type::parse(result), parameters, mixed })
    }
}
