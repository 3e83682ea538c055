//! The tree of a parsed expression. Literals keep their type only: nothing here runs an expression.

use crate::cel::types::Type;

#[derive(Debug)]
pub(crate) struct Expr {
    /// Where its operator or first token begins, in bytes.
    pub(crate) at: usize,
    /// Operators, selections, indices and member calls on the longest way down from here.
    pub(crate) height: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Type),
    /// A name, with its leading dot if it has one.
    Name(String),
    /// `operand.field`; with `presence`, `has(operand.field)`.
    Select {
        operand: Box<Expr>,
        field: String,
        presence: bool,
    },
    /// `operand.?field`
    OptionalSelect {
        operand: Box<Expr>,
        field: String,
    },
    /// A function, or an operator under its internal name.
    Call {
        function: String,
        target: Option<Box<Expr>>,
        arguments: Vec<Expr>,
    },
    List(Vec<Item>),
    Map(Vec<Entry>),
    Message {
        name: String,
        fields: Vec<Field>,
    },
    Macro {
        name: Macro,
        target: Box<Expr>,
        /// The name that the first argument declares.
        variable: String,
        arguments: Vec<Expr>,
    },
}

/// An element of a list, after `?` if it is left out when empty.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) optional: bool,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) optional: bool,
    pub(crate) key: Expr,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) at: usize,
    pub(crate) optional: bool,
    pub(crate) name: String,
    pub(crate) value: Expr,
}

/// A call that declares a variable for its other arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    OptMap,
    OptFlatMap,
}

impl Macro {
    /// The macro of that name and number of arguments; the last two only where there are optional values.
    pub(crate) fn find(name: &str, arguments: usize, optionals: bool) -> Option<Self> {
        match (name, arguments) {
            ("all", 2) => Some(Self::All),
            ("exists", 2) => Some(Self::Exists),
            ("exists_one", 2) => Some(Self::ExistsOne),
            ("map", 2 | 3) => Some(Self::Map),
            ("filter", 2) => Some(Self::Filter),
            ("optMap", 2) if optionals => Some(Self::OptMap),
            ("optFlatMap", 2) if optionals => Some(Self::OptFlatMap),
            _ => None,
        }
    }

    /// Whether it folds over a list or map and so has an accumulator.
    fn folds(self) -> bool {
        !matches!(self, Self::OptMap | Self::OptFlatMap)
    }

    /// Whether `name` may be its variable.
    pub(crate) fn allows(self, name: &str) -> bool {
        !self.folds() || name != "__result__"
    }
}
