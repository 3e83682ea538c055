//! Unknown keys: where they are and what was perhaps meant.

use talos_yaml::{Mark, Node};

use crate::error::{Error, ErrorKind};
use crate::model::shape::{HEADER_KEYS, Shape, Struct};

/// Walks a document beside its type and collects what the type has no place for.
#[derive(Debug, Default)]
pub(crate) struct Check {
    path: Vec<String>,
    /// The first one, and how many follow.
    problem: Option<Problem>,
    more: usize,
}

#[derive(Debug)]
struct Problem {
    path: String,
    mark: Mark,
    text: String,
}

impl Check {
    /// Checks the keys of `node`, which is to become a value of this shape. Nodes of another kind are left to
    /// reading, which refuses them.
    pub(crate) fn walk(&mut self, node: &Node, shape: &Shape) {
        match shape {
            Shape::Struct(shape) => self.mapping(node, shape),
            Shape::List(entry) | Shape::ReplaceList(entry) => {
                for (index, item) in node.items().iter().enumerate() {
                    self.below(format!("[{index}]"), item, entry);
                }
            }
            Shape::Map(entry) => {
                for (key, value) in node.entries() {
                    self.below(key.value().unwrap_or_default().to_owned(), value, entry);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, step: String, node: &Node, shape: &Shape) {
        self.path.push(step);
        self.walk(node, shape);
        self.path.pop();
    }

    fn mapping(&mut self, node: &Node, shape: &Struct) {
        for (key, value) in node.entries() {
            let name = key.value().unwrap_or_default();
            if let Some(field) = shape.field(name) {
                self.below(name.to_owned(), value, field.shape);
            } else if shape.header.is_none() || !HEADER_KEYS.contains(&name) {
                if self.problem.is_some() {
                    self.more += 1;
                    continue;
                }
                let known: Vec<_> = shape.flat().iter().map(|field| field.key).collect();
                let hint = match nearest(name, &known) {
                    Some(near) => format!("unknown key, did you mean {near:?}?"),
                    None => "unknown key".to_owned(),
                };
                self.path.push(name.chars().take(LONGEST_NAME).collect());
                self.report(key.mark(), hint);
                self.path.pop();
            }
        }
    }

    fn report(&mut self, mark: Mark, text: String) {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        self.problem = Some(Problem { path, mark, text });
    }

    /// The first problem, and how many more there are.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Some(Problem { path, mark, text }) = self.problem else { return Ok(()) };
        let more = if self.more == 0 { String::new() } else { format!(" (and {} more)", self.more) };
        Err(Error::new(ErrorKind::UnknownKey, format!("line {}: {path}: {text}{more}", mark.line)))
    }
}

/// Characters of a name that a message repeats.
const LONGEST_NAME: usize = 80;

/// The known key that is most like `name`, if one is like it at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let lower = name.to_lowercase();
    known
        .iter()
        .map(|key| (distance(&lower, &key.to_lowercase()), *key))
        .filter(|(distance, key)| *distance <= 1 + key.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// Insertions, removals and substitutions between two texts.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_key_is_recognised() {
        let known = ["certSANs", "kubelet", "network", "type", "token"];
        for (name, near) in [
            ("kublet", Some("kubelet")),
            ("certSans", Some("certSANs")),
            ("netwrok", Some("network")),
            ("bogus", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &known), near, "{name}");
        }
    }
}
