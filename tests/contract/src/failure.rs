//! Why a case did not pass.

use std::fmt;

use tonic::Code;

/// What a case says at its end.
pub type Verdict = Result<(), Failure>;

/// Why a case did not pass.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The server answered something else.
    Wrong {
        /// What it should have answered.
        expected: String,
        /// What it did answer.
        got: String,
        /// The code of the answer, if it was an error.
        code: Option<Code>,
    },
    /// The case can't be played here: a machine, a role or a permission is missing.
    Missing(String),
}

impl Failure {
    /// An answer that is not the expected one.
    pub fn wrong(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Wrong { expected: expected.into(), got: got.into(), code: None }
    }

    /// Something that the case needs and that is not here.
    pub fn missing(what: impl Into<String>) -> Self {
        Self::Missing(what.into())
    }

    /// The same, and in which part of the case.
    #[must_use]
    pub fn during(self, part: impl fmt::Display) -> Self {
        match self {
            Self::Wrong { expected, got, code } => {
                Self::Wrong { expected: format!("{part}: {expected}"), got, code }
            }
            Self::Missing(what) => Self::Missing(format!("{part}: {what}")),
        }
    }

    /// The code that the server answered with where none, or another one, was expected.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Wrong { code, .. } => *code,
            Self::Missing(_) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { expected, got, .. } => write!(f, "expected {expected}, got {got}"),
            Self::Missing(what) => write!(f, "{what}"),
        }
    }
}

impl From<talos_client::Error> for Failure {
    fn from(error: talos_client::Error) -> Self {
        // A type of resources that the server does not have is refused with another code.
        let code = if error.is_unimplemented() { Some(Code::Unimplemented) } else { code_of(&error) };
        Self::Wrong { expected: "an answer".to_owned(), code, got: text_of(&error) }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        talos_client::Error::from(status).into()
    }
}

/// An error that came from a server, or might have.
pub trait Refusal {
    /// The code that the server sent.
    fn code(&self) -> Option<Code>;
    /// The whole of it, for a reader.
    fn text(&self) -> String;
}

impl Refusal for talos_client::Error {
    fn code(&self) -> Option<Code> {
        code_of(self)
    }

    fn text(&self) -> String {
        text_of(self)
    }
}

impl Refusal for Failure {
    fn code(&self) -> Option<Code> {
        Self::code(self)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Refusal for tonic::Status {
    fn code(&self) -> Option<Code> {
        Some(tonic::Status::code(self))
    }

    fn text(&self) -> String {
        format!("{:?}: {}", tonic::Status::code(self), self.message())
    }
}

/// The client wraps errors of streams more than once.
fn code_of(error: &talos_client::Error) -> Option<Code> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let code = error
            .downcast_ref::<talos_client::Error>()
            .and_then(talos_client::Error::code)
            .or_else(|| error.downcast_ref::<tonic::Status>().map(tonic::Status::code));
        if code.is_some() {
            return code;
        }
        next = error.source();
    }
    None
}

fn text_of(error: &talos_client::Error) -> String {
    let code = code_of(error).map(|code| format!(" (code {code:?})")).unwrap_or_default();
    format!("{:?}{code}: {error}", error.kind())
}
