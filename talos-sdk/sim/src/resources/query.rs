//! Which resources a list or watch is about.

use std::collections::BTreeMap;

use regex::Regex;
use talos_proto::cosi::resource::{self as cosi, label_term::Operation};
use tonic::Status;

use super::collection::Resource;

/// Label queries, of which one must hold, and an expression for ids.
#[derive(Debug, Default)]
pub(crate) struct Query {
    labels: Vec<Vec<Term>>,
    id: Option<Regex>,
}

#[derive(Debug)]
struct Term {
    key: String,
    operation: Operation,
    values: Vec<String>,
    invert: bool,
}

impl Query {
    pub(crate) fn new(labels: &[cosi::LabelQuery], id: Option<&cosi::IdQuery>) -> Result<Self, Status> {
        let labels = labels
            .iter()
            .map(|query| query.terms.iter().map(Term::new).collect())
            .collect::<Result<Vec<_>, _>>()?;
        let id = match id {
            Some(query) if !query.regexp.is_empty() => Some(
                Regex::new(&query.regexp)
                    .map_err(|error| Status::invalid_argument(format!("id query: {error}")))?,
            ),
            _ => None,
        };
        Ok(Self { labels, id })
    }

    pub(crate) fn matches(&self, resource: &Resource) -> bool {
        let labels = self.labels.is_empty()
            || self.labels.iter().any(|terms| terms.iter().all(|term| term.matches(resource.labels())));
        labels && self.id.as_ref().is_none_or(|id| id.is_match(resource.id()))
    }
}

impl Term {
    fn new(term: &cosi::LabelTerm) -> Result<Self, Status> {
        let operation = Operation::try_from(term.op)
            .map_err(|_| Status::unimplemented(format!("label query operation {} is unknown", term.op)))?;
        let needs_value = !matches!(operation, Operation::Exists | Operation::NotExists | Operation::In);
        if needs_value && term.value.is_empty() {
            return Err(Status::internal("the label query needs a value"));
        }
        Ok(Self { key: term.key.clone(), operation, values: term.value.clone(), invert: term.invert })
    }

    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        let wanted = self.values.first();
        let compare = |number: bool, accept: fn(std::cmp::Ordering) -> bool| {
            label.zip(wanted).is_some_and(|(label, wanted)| {
                if number {
                    label.parse::<i64>().ok().zip(wanted.parse().ok()).is_some_and(|(a, b)| accept(a.cmp(&b)))
                } else {
                    accept(label.cmp(wanted))
                }
            })
        };
        let holds = match self.operation {
            Operation::Exists => label.is_some(),
            Operation::NotExists => label.is_none(),
            Operation::Equal => label.is_some() && label == wanted,
            Operation::In => label.is_some_and(|label| self.values.contains(label)),
            Operation::Lt => compare(false, std::cmp::Ordering::is_lt),
            Operation::Lte => compare(false, std::cmp::Ordering::is_le),
            Operation::LtNumeric => compare(true, std::cmp::Ordering::is_lt),
            Operation::LteNumeric => compare(true, std::cmp::Ordering::is_le),
        };
        holds != self.invert
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn holds(op: Operation, values: &[&str], invert: bool, label: Option<&str>) -> bool {
        let term = cosi::LabelTerm {
            key: "k".into(),
            op: op as i32,
            value: values.iter().map(|v| (*v).to_owned()).collect(),
            invert,
        };
        let labels = label.map(|value| ("k".to_owned(), value.to_owned())).into_iter().collect();
        Term::new(&term).unwrap().matches(&labels)
    }

    #[test]
    fn operations() {
        assert!(holds(Operation::Exists, &[], false, Some("")));
        assert!(holds(Operation::Exists, &[], true, None));
        assert!(holds(Operation::NotExists, &[], false, None));
        assert!(holds(Operation::Equal, &["a"], false, Some("a")));
        assert!(!holds(Operation::Equal, &["a"], false, None));
        assert!(holds(Operation::Equal, &["a"], true, Some("b")));
        assert!(holds(Operation::In, &["a", "b"], false, Some("b")));
        assert!(!holds(Operation::In, &["a", "b"], false, Some("c")));
        assert!(holds(Operation::Lt, &["b"], false, Some("a")));
        assert!(holds(Operation::Lte, &["a"], false, Some("a")));
        assert!(holds(Operation::LtNumeric, &["10"], false, Some("9")));
        assert!(!holds(Operation::Lt, &["10"], false, Some("9")));
        assert!(!holds(Operation::LteNumeric, &["x"], false, Some("9")));
    }

    #[test]
    fn a_comparison_without_value_is_refused() {
        let term = cosi::LabelTerm { key: "k".into(), op: Operation::Equal as i32, ..Default::default() };
        let query = cosi::LabelQuery { terms: vec![term] };
        assert_eq!(Query::new(&[query], None).unwrap_err().code(), tonic::Code::Internal);
        let bad = cosi::IdQuery { regexp: "(".into() };
        assert_eq!(Query::new(&[], Some(&bad)).unwrap_err().code(), tonic::Code::InvalidArgument);
    }
}
