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
    text: &'a str,
}

/// The text with a final line break, which the parser underneath needs.
type Input<'a> = std::io::Chain<&'a [u8], &'static [u8]>;

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        crate::guard::check(text, tag_error)?;
        let ending: &'static [u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        let mut inner = imp::Parser::new();
        inner.set_input(std::io::Read::chain(text.as_bytes(), ending));
        inner.set_encoding(imp::Encoding::Utf8);
        Ok(Self { inner, text })
    }

    /// The next event with the place where it starts. Not to be called after the end of the stream.
    pub(crate) fn next(&mut self) -> Result<(Event, Mark)> {
        let event = self.inner.parse().map_err(|e| error(&e))?;
        let mark = mark(event.start_mark);
        let range = event.start_mark.index..event.end_mark.index;
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
            imp::EventData::Scalar { anchor, tag, mut value, style, .. } => {
                let style = match style {
                    imp::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
                    imp::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
                    imp::ScalarStyle::Literal => ScalarStyle::Literal,
                    imp::ScalarStyle::Folded => ScalarStyle::Folded,
                    _ => ScalarStyle::Plain,
                };
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
                    && self.has_added_break(&value, range)
                {
                    value.pop();
                }
                Event::Scalar { anchor, tag, value, style }
            }
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

    /// Whether a block text goes up to the end of the text and ends with the line break that was added there.
    fn has_added_break(&self, value: &str, range: std::ops::Range<u64>) -> bool {
        let at_end = range.end >= self.text.len() as u64 && !self.text.ends_with('\n');
        if !at_end || !value.ends_with('\n') {
            return false;
        }
        let last_line = self.text.rsplit('\n').next().unwrap_or_default();
        if last_line.contains(|c| c != ' ') {
            return true;
        }
        // Spaces at the end are a line of the text if they go past its indentation; otherwise the break behind
        // them only counts where all are kept.
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let header = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        header.contains('+') || value.ends_with(" \n")
    }
}

/// Where a tag of the text runs into another character, if that is the first thing wrong with it.
fn tag_error(text: &str) -> Option<u64> {
    let mut parser = imp::Parser::new();
    parser.set_input(text.as_bytes());
    parser.set_encoding(imp::Encoding::Utf8);
    let error = parser.find_map(Result::err)?;
    let at_tag_end = error.problem().contains("whitespace") && error.context()?.ends_with("a tag");
    error.problem_mark().filter(|_| at_tag_end).map(|mark| mark.index)
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
