//! Which objects a caller wants.

use serde_json::Value;

/// A selector of labels or fields, as a query or an object has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let terms = split(text).into_iter().map(str::trim).filter(|term| !term.is_empty());
        terms.map(Requirement::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Reads `matchLabels` and `matchExpressions`.
    pub(super) fn of_object(object: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let labels = object["matchLabels"].as_object().into_iter().flatten();
        let labels = labels
            .map(|(key, value)| Ok(Requirement { key: key.clone(), test: Test::In(vec![text(value)]) }));
        let expressions = object["matchExpressions"].as_array().into_iter().flatten().map(|expression| {
            let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
            let test = match expression["operator"].as_str() {
                Some("In") => Test::In(values),
                Some("NotIn") => Test::NotIn(values),
                Some("Exists") => Test::Exists,
                Some("DoesNotExist") => Test::DoesNotExist,
                _ => return Err(format!("{expression} has no operator of selectors")),
            };
            Ok(Requirement { key: text(&expression["key"]), test })
        });
        labels.chain(expressions).collect::<Result<_, _>>().map(Self)
    }

    /// What it asks for.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|requirement| requirement.key.as_str())
    }

    /// Whether it selects what has these values.
    pub(super) fn selects<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|Requirement { key, test }| match (test, value(key)) {
            (Test::In(wanted), Some(found)) => wanted.iter().any(|wanted| wanted == found),
            (Test::NotIn(unwanted), Some(found)) => unwanted.iter().all(|unwanted| unwanted != found),
            (Test::In(_), None) | (Test::DoesNotExist, Some(_)) | (Test::Exists, None) => false,
            (Test::NotIn(_), None) | (Test::DoesNotExist, None) | (Test::Exists, Some(_)) => true,
        })
    }
}

impl Requirement {
    fn parse(term: &str) -> Result<Self, String> {
        let one = |key: &str, value: &str, test: fn(Vec<String>) -> Test| Self {
            key: key.trim().to_owned(),
            test: test(vec![value.trim().to_owned()]),
        };
        let wrong = || format!("{term:?} is no selector");
        let requirement =
            if let Some((head, list)) = term.strip_suffix(')').and_then(|term| term.split_once('(')) {
                let values = list.split(',').map(|value| value.trim().to_owned()).collect();
                match head.split_whitespace().collect::<Vec<_>>()[..] {
                    [key, "in"] => Self { key: key.to_owned(), test: Test::In(values) },
                    [key, "notin"] => Self { key: key.to_owned(), test: Test::NotIn(values) },
                    _ => return Err(wrong()),
                }
            } else if let Some((key, value)) = term.split_once("!=") {
                one(key, value, Test::NotIn)
            } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                one(key, value, Test::In)
            } else {
                let (key, test) = match term.strip_prefix('!') {
                    Some(key) => (key.trim(), Test::DoesNotExist),
                    None => (term, Test::Exists),
                };
                Self { key: key.to_owned(), test }
            };
        let fine = !requirement.key.is_empty() && !requirement.key.contains(char::is_whitespace);
        fine.then_some(requirement).ok_or_else(wrong)
    }
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    const LABELS: [(&str, &str); 3] = [("app", "web"), ("tier", "front"), ("empty", "")];

    fn selects(selector: &Selector) -> bool {
        selector.selects(|key| LABELS.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
    }

    #[test]
    fn selectors_of_queries() {
        for (text, wanted) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier=front", true),
            ("app=web,tier=back", false),
            ("app!=web", false),
            ("none!=web", true),
            ("app in (api, web)", true),
            ("app in (api,web),tier notin (front)", false),
            ("none notin (x)", true),
            ("app,!none", true),
            ("!app", false),
            ("empty=", true),
            ("none=", false),
        ] {
            assert_eq!(selects(&Selector::parse(text).unwrap()), wanted, "{text}");
        }
        for text in ["=a", "a b", "a within (b)", "!"] {
            Selector::parse(text).unwrap_err();
        }
    }

    #[test]
    fn selectors_of_objects() {
        let expression = |operator: &str, values: &[&str]| {
            json!({"matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": operator, "values": values}]})
        };
        for (operator, values, wanted) in [
            ("In", &["front"][..], true),
            ("NotIn", &["front"], false),
            ("Exists", &[], true),
            ("DoesNotExist", &[], false),
        ] {
            let selector = Selector::of_object(&expression(operator, values)).unwrap();
            assert_eq!(selects(&selector), wanted, "{operator}");
        }
        Selector::of_object(&expression("Near", &[])).unwrap_err();
        assert!(selects(&Selector::of_object(&json!({})).unwrap()), "an empty one selects everything");
    }
}
