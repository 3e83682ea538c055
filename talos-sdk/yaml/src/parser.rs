//! YAML text to events. The only file that knows which parser is underneath.

use libyaml_safer as imp;

use crate::{Error, ErrorKind, Mark, Result, ScalarStyle};

/// One event of a YAML text. Tags are full URIs.
#[derive(Debug)]
pub(crate) enum Event {
    StreamStart,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias { anchor: String },
    Scalar { anchor: Option<String>, tag: Option<String>, value: String, style: ScalarStyle },
    SequenceStart { anchor: Option<String>, tag: Option<String>, flow: bool },
    SequenceEnd,
    MappingStart { anchor: Option<String>, tag: Option<String>, flow: bool },
    MappingEnd,
}

/// Reads events off a text.
pub(crate) struct Parser<'a> {
    inner: imp::Parser<Input<'a>>,
}

/// The text with a final line break, which the parser underneath needs.
type Input<'a> = std::io::Chain<&'a [u8], &'static [u8]>;

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        crate::guard::check(text)?;
        let ending: &'static [u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        let mut inner = imp::Parser::new();
        inner.set_input(std::io::Read::chain(text.as_bytes(), ending));
        inner.set_encoding(imp::Encoding::Utf8);
        Ok(Self { inner })
    }

    /// The next event with the place where it starts. Not to be called after the end of the stream.
    pub(crate) fn next(&mut self) -> Result<(Event, Mark)> {
        let event = self.inner.parse().map_err(|e| error(&e))?;
        let mark = mark(event.start_mark);
        let event = match event.data {
            imp::EventData::StreamStart { .. } => Event::StreamStart,
            imp::EventData::StreamEnd => Event::StreamEnd,
            imp::EventData::DocumentStart { version_directive, .. } => {
                if version_directive.is_some_and(|v| (v.major, v.minor) != (1, 1)) {
                    return Err(Error::new(
                        ErrorKind::Syntax,
                        Some(mark),
                        "only %YAML 1.1 is supported; drop the %YAML line",
                    ));
                }
                Event::DocumentStart
            }
            imp::EventData::DocumentEnd { .. } => Event::DocumentEnd,
            imp::EventData::Alias { anchor } => Event::Alias { anchor },
            imp::EventData::Scalar { anchor, tag, value, style, .. } => Event::Scalar {
                anchor,
                tag,
                value,
                style: match style {
                    imp::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
                    imp::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
                    imp::ScalarStyle::Literal => ScalarStyle::Literal,
                    imp::ScalarStyle::Folded => ScalarStyle::Folded,
                    _ => ScalarStyle::Plain,
                },
            },
            imp::EventData::SequenceStart { anchor, tag, style, .. } => {
                Event::SequenceStart { anchor, tag, flow: style == imp::SequenceStyle::Flow }
            }
            imp::EventData::SequenceEnd => Event::SequenceEnd,
            imp::EventData::MappingStart { anchor, tag, style, .. } => {
                Event::MappingStart { anchor, tag, flow: style == imp::MappingStyle::Flow }
            }
            imp::EventData::MappingEnd => Event::MappingEnd,
        };
        Ok((event, mark))
    }
}

fn mark(mark: imp::Mark) -> Mark {
    let one_based = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    Mark { line: one_based(mark.line), column: one_based(mark.column) }
}

fn error(error: &imp::Error) -> Error {
    let message = match (error.context().filter(|c| !c.is_empty()), error.problem()) {
        (Some(context), problem) => format!("{problem} ({context})"),
        (None, problem) => problem.to_owned(),
    };
    Error::new(ErrorKind::Syntax, error.problem_mark().map(mark), message)
}
