//! Where a value stands in its document.

use std::fmt;

use talos_yaml::Node;

/// The way from the root of a document to a value, such as `machine.network.interfaces[0].mtu`.
///
/// Keys that hold a dot or a bracket are printed in quotes: `machine.sysctls."net.ipv4.ip_forward"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into the value under a key of a mapping.
    Key(String),
    /// Into an entry of a list, counted from zero.
    Index(usize),
}

impl Path {
    /// The steps from the root on.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether the document as a whole is meant.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    /// The line on which the value stands in the text that `document` was read from, or else the line of the nearest
    /// value around it. Lines count from one.
    pub(crate) fn line(&self, document: &Node) -> u32 {
        let mut node = document;
        let mut line = document.line();
        for step in &self.0 {
            let next = match step {
                Step::Key(key) => {
                    let entry = node.entries().iter().find(|(name, _)| name.value() == Some(key));
                    entry.map(|(name, value)| (name.line(), value))
                }
                Step::Index(at) => node.items().get(*at).map(|item| (item.line(), item)),
            };
            let Some(next) = next else { break };
            (line, node) = next;
        }
        line
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    if key.is_empty() || key.contains(['.', '[', ']', '"']) {
                        write!(f, "{key:?}")?;
                    } else {
                        f.write_str(key)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_and_finds_its_line() {
        let path: Path =
            [Step::Key("a".into()), Step::Key("b.c".into()), Step::Index(1), Step::Key("d".into())]
                .into_iter()
                .collect();
        assert_eq!(path.to_string(), "a.\"b.c\"[1].d");
        let nodes = talos_yaml::parse_documents("a:\n  b.c:\n    - x\n    - d: 1\n      e: 2\n").unwrap();
        assert_eq!(path.line(&nodes[0]), 4);
        let missing: Path = [Step::Key("a".into()), Step::Key("z".into())].into_iter().collect();
        assert_eq!(missing.line(&nodes[0]), 1);
    }
}
