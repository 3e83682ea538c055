//! Selection by labels.

use talos_proto::cosi::resource::{self as proto, LabelTerm, label_term::Operation};

/// Terms about labels that must all hold.
///
/// ```
/// # use talos_client::resources::LabelQuery;
/// let query = LabelQuery::new().equal("app", "web").not_exists("retired").one_of("tier", ["a", "b"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelQuery {
    terms: Vec<LabelTerm>,
}

impl LabelQuery {
    /// A query that everything matches.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn term(mut self, key: &str, op: Operation, value: Vec<String>, invert: bool) -> Self {
        self.terms.push(LabelTerm { key: key.to_owned(), op: op.into(), value, invert });
        self
    }

    /// The label is there.
    #[must_use]
    pub fn exists(self, key: &str) -> Self {
        self.term(key, Operation::Exists, Vec::new(), false)
    }

    /// The label is not there.
    #[must_use]
    pub fn not_exists(self, key: &str) -> Self {
        self.term(key, Operation::Exists, Vec::new(), true)
    }

    /// The label has this value.
    #[must_use]
    pub fn equal(self, key: &str, value: impl Into<String>) -> Self {
        self.term(key, Operation::Equal, vec![value.into()], false)
    }

    /// The label is not there or has another value.
    #[must_use]
    pub fn not_equal(self, key: &str, value: impl Into<String>) -> Self {
        self.term(key, Operation::Equal, vec![value.into()], true)
    }

    /// The label has one of these values.
    #[must_use]
    pub fn one_of<V: Into<String>>(self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.term(key, Operation::In, values.into_iter().map(Into::into).collect(), false)
    }

    /// The label is not there or has none of these values.
    #[must_use]
    pub fn not_one_of<V: Into<String>>(self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.term(key, Operation::In, values.into_iter().map(Into::into).collect(), true)
    }

    /// Turns the last term round: it must not hold.
    #[must_use]
    pub fn negated(mut self) -> Self {
        if let Some(term) = self.terms.last_mut() {
            term.invert = !term.invert;
        }
        self
    }

    /// The label has a value before this one in the order of text.
    #[must_use]
    pub fn less(self, key: &str, value: impl Into<String>) -> Self {
        self.term(key, Operation::Lt, vec![value.into()], false)
    }

    /// The label has a value that is not after this one in the order of text.
    #[must_use]
    pub fn less_or_equal(self, key: &str, value: impl Into<String>) -> Self {
        self.term(key, Operation::Lte, vec![value.into()], false)
    }

    /// The label is a number less than this one.
    #[must_use]
    pub fn less_number(self, key: &str, value: i64) -> Self {
        self.term(key, Operation::LtNumeric, vec![value.to_string()], false)
    }

    /// The label is a number not greater than this one.
    #[must_use]
    pub fn less_or_equal_number(self, key: &str, value: i64) -> Self {
        self.term(key, Operation::LteNumeric, vec![value.to_string()], false)
    }

    pub(crate) fn to_proto(&self) -> proto::LabelQuery {
        proto::LabelQuery { terms: self.terms.clone() }
    }
}
