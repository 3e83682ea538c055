//! A JSON value that operations change, opened only where they look.

use std::collections::BTreeMap;
use std::fmt;

use crate::patch::json;

/// Longest path, in steps. It also bounds how deep opened parts stand in each other.
const MAX_STEPS: usize = 1000;

/// A part of a document. `Option<Part>` is what stands in objects and arrays: `None` is a `null` that was read there.
pub(crate) struct Part {
    /// The JSON text that the part was read from; `None` if it was given as `null` in JSON text.
    raw: Option<String>,
    state: State,
}

enum State {
    Closed,
    /// Text `null` that was taken for an object: it has no entries, and there is no place for any.
    Null,
    Object(BTreeMap<String, Option<Part>>),
    Array(Vec<Option<Part>>),
}

/// Why an operation can't act where it should.
#[derive(Debug)]
pub(crate) enum Problem {
    /// What leads there is missing, is null or has no parts.
    NoParent,
    NoKey,
    /// An index that is no number.
    NoIndex,
    OutOfRange {
        length: usize,
    },
    NotStructured,
    /// Nulls in lists can't be compared.
    Incomparable,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParent => f.write_str("what this leads through is not there, add that first"),
            Self::NoKey => f.write_str("there is no such key"),
            Self::NoIndex => f.write_str("the last step must be an index of the list, such as 0 or -1"),
            Self::OutOfRange { length } => write!(f, "the list has only {length} entries"),
            Self::NotStructured => {
                f.write_str("the whole configuration can only be replaced by a mapping or a list")
            }
            Self::Incomparable => {
                f.write_str("this can't be compared: leave the test out, or give it a value")
            }
        }
    }
}

impl Part {
    /// A part from valid JSON text.
    pub(crate) fn new(raw: &str) -> Self {
        Self { raw: Some(raw.to_owned()), state: State::Closed }
    }

    /// What `null` in JSON text gives.
    pub(crate) fn unset() -> Self {
        Self { raw: None, state: State::Closed }
    }

    /// A whole document, `None` if it is a scalar.
    pub(crate) fn root(json: &str) -> Option<Self> {
        let mut root = Self::new(json);
        root.open().then_some(root)
    }

    /// Takes the part apart, if it is an object, an array or null.
    fn open(&mut self) -> bool {
        if let (State::Closed, Some(raw)) = (&self.state, &self.raw) {
            let child = |raw: &str| (raw != "null").then(|| Self::new(raw));
            if let Some(entries) = json::object(raw) {
                self.state = State::Object(entries.into_iter().map(|(key, raw)| (key, child(raw))).collect());
            } else if let Some(items) = json::array(raw) {
                self.state = State::Array(items.into_iter().map(child).collect());
            } else if raw == "null" {
                self.state = State::Null;
            }
        }
        !matches!(self.state, State::Closed)
    }

    /// The parent of what `path` points to, opened, and the last step of the path.
    fn parent(&mut self, path: &str) -> Result<(&mut Self, String), Problem> {
        let mut steps: Vec<String> =
            path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let last = steps.pop().filter(|_| steps.len() < MAX_STEPS).ok_or(Problem::NoParent)?;
        let mut part = self;
        for step in &steps {
            let next = match &mut part.state {
                State::Object(entries) => entries.get_mut(step).and_then(Option::as_mut),
                State::Array(items) => {
                    index(step, items.len(), items.len()).ok().and_then(|at| items[at].as_mut())
                }
                State::Closed | State::Null => None,
            };
            part = next.filter(|next| next.raw.is_some()).ok_or(Problem::NoParent)?;
            if !part.open() {
                return Err(Problem::NoParent);
            }
        }
        Ok((part, last))
    }

    /// What is at `path`; `None` for null and for keys that are not there.
    pub(crate) fn get(&mut self, path: &str) -> Result<Option<&mut Self>, Problem> {
        let (parent, last) = self.parent(path)?;
        match &mut parent.state {
            State::Object(entries) => Ok(entries.get_mut(&last).and_then(Option::as_mut)),
            State::Array(items) => {
                let at = index(&last, items.len(), items.len())?;
                Ok(items[at].as_mut())
            }
            State::Closed | State::Null => Ok(None),
        }
    }

    /// Sets a key, or puts an entry into a list.
    pub(crate) fn add(&mut self, path: &str, value: Option<Self>) -> Result<(), Problem> {
        let (parent, last) = self.parent(path)?;
        match &mut parent.state {
            State::Object(entries) => {
                entries.insert(last, value);
            }
            State::Array(items) if last == "-" => items.push(value),
            State::Array(items) => {
                let at = index(&last, items.len() + 1, items.len())?;
                items.insert(at, value);
            }
            State::Closed | State::Null => return Err(Problem::NoParent),
        }
        Ok(())
    }

    /// Sets a key, or an entry of a list that there is.
    pub(crate) fn replace(&mut self, path: &str, value: Option<Self>) -> Result<(), Problem> {
        if path.is_empty() {
            *self = value.filter(|value| value.raw.is_some()).ok_or(Problem::NotStructured)?;
            return if self.open() { Ok(()) } else { Err(Problem::NotStructured) };
        }
        let (parent, last) = self.parent(path)?;
        match &mut parent.state {
            State::Object(entries) => {
                entries.insert(last, value);
            }
            State::Array(items) => {
                let at = index(&last, items.len(), items.len())?;
                items[at] = value;
            }
            State::Closed | State::Null => return Err(Problem::NoParent),
        }
        Ok(())
    }

    /// Takes out what is at `path`.
    pub(crate) fn remove(&mut self, path: &str) -> Result<Option<Self>, Problem> {
        let (parent, last) = self.parent(path)?;
        match &mut parent.state {
            State::Object(entries) => entries.remove(&last).ok_or(Problem::NoKey),
            State::Array(items) => {
                let at = index(&last, items.len(), items.len())?;
                Ok(items.remove(at))
            }
            State::Closed | State::Null => Err(Problem::NoKey),
        }
    }

    /// Whether the value at `path` is `expected`.
    pub(crate) fn test(&mut self, path: &str, expected: Option<Self>) -> Result<bool, Problem> {
        if path.is_empty() {
            return self.equals(&mut expected.ok_or(Problem::Incomparable)?);
        }
        match (self.get(path)?, expected) {
            (None, expected) => Ok(expected.is_none_or(|expected| expected.raw.is_none())),
            (Some(_), None) => Ok(false),
            (Some(value), Some(mut expected)) => value.equals(&mut expected),
        }
    }

    fn equals(&mut self, other: &mut Self) -> Result<bool, Problem> {
        self.open();
        other.open();
        match (&mut self.state, &mut other.state) {
            (State::Closed, State::Closed) => {
                Ok(self.raw.as_deref().map(json::compact) == other.raw.as_deref().map(json::compact))
            }
            (State::Object(left), State::Object(right)) if left.len() == right.len() => {
                for (key, left) in left {
                    let same = match (left, right.get_mut(key)) {
                        (None, Some(None)) => true,
                        (Some(left), Some(Some(right))) => left.equals(right)?,
                        _ => false,
                    };
                    if !same {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (State::Array(left), State::Array(right)) if left.len() == right.len() => {
                for pair in left.iter_mut().zip(right) {
                    let (Some(left), Some(right)) = pair else { return Err(Problem::Incomparable) };
                    if !left.equals(right)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (State::Object(entries), State::Null) | (State::Null, State::Object(entries)) => {
                Ok(entries.is_empty())
            }
            (State::Array(items), State::Null) => Ok(items.is_empty()),
            (State::Null, State::Null) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Whether the part was given as `null` in JSON text.
    pub(crate) fn is_unset(&self) -> bool {
        self.raw.is_none()
    }

    /// The part as JSON text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        let child = |part: &Option<Self>, out: &mut String| match part {
            Some(part) => part.write(out),
            None => out.push_str("null"),
        };
        match &self.state {
            State::Closed => json::push(self.raw.as_deref().unwrap_or("null"), out),
            State::Null => out.push_str("null"),
            State::Object(entries) => {
                out.push('{');
                for (at, (key, part)) in entries.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&talos_yaml::json_string(key));
                    out.push(':');
                    child(part, out);
                }
                out.push('}');
            }
            State::Array(items) => {
                out.push('[');
                for (at, part) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    child(part, out);
                }
                out.push(']');
            }
        }
    }
}

/// The place in a list that a step of a path means: up to `places`, negative from the end.
fn index(step: &str, places: usize, length: usize) -> Result<usize, Problem> {
    let index: i64 = step.parse().map_err(|_| Problem::NoIndex)?;
    let place = if index < 0 {
        usize::try_from(index.unsigned_abs()).ok().and_then(|back| places.checked_sub(back))
    } else {
        usize::try_from(index).ok()
    };
    place.filter(|place| *place < places).ok_or(Problem::OutOfRange { length })
}
