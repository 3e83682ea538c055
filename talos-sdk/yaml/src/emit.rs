//! Node trees to text, byte for byte as Go's YAML writer does it.

use crate::analysis::{Analysis, is_break, is_printable};
use crate::node::{Content, Node};
use crate::resolve;
use crate::tag::CORE_PREFIX;
use crate::{ScalarStyle, Tag};

/// Steps of indentation; a mapping or sequence under a key starts at the next multiple.
const INDENT: usize = 4;

/// Longest key, in bytes, that is written without `?`.
const SIMPLE_KEY: usize = 128;

/// Writes one document with a final line break, as Go's `yaml.Marshal` does for a node: styles and explicit tags
/// of the tree are kept, tags that the text implies are left out.
///
/// A tree from [`crate::to_node`] gives what Go gives for the value itself.
pub fn emit(node: &Node) -> String {
    let mut writer =
        Writer { out: String::with_capacity(256), line_start: 0, indention: true, whitespace: true, flow: 0 };
    writer.document(node);
    writer.out
}

/// A collection being written.
struct Frame<'a> {
    node: &'a Node,
    next: usize,
    indent: usize,
    flow: bool,
    /// The current key needed `?`.
    complex: bool,
}

/// What a node is written as part of.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Item,
    Key { simple: bool },
    Value,
}

struct Writer {
    out: String,
    line_start: usize,
    /// Nothing but indentation and block indicators is on the line.
    indention: bool,
    /// The last thing written was white space.
    whitespace: bool,
    flow: usize,
}

impl Writer {
    fn document(&mut self, root: &Node) {
        let mut stack = Vec::new();
        self.node(&mut stack, root, Place::Root);
        while let Some(frame) = stack.last_mut() {
            let at = frame.next;
            frame.next += 1;
            let (flow, indent) = (frame.flow, frame.indent);
            match &frame.node.content {
                Content::Scalar(_) => {
                    stack.pop();
                }
                Content::Sequence(items) => match items.get(at) {
                    Some(item) => {
                        match (flow, at) {
                            (true, 0) => {}
                            (true, _) => self.indicator(",", false, false, false),
                            (false, _) => {
                                self.indent(indent);
                                self.indicator("-", true, false, true);
                            }
                        }
                        self.node(&mut stack, item, Place::Item);
                    }
                    None => {
                        self.close(flow, "]");
                        stack.pop();
                    }
                },
                Content::Mapping(entries) => match entries.get(at / 2) {
                    Some((key, _)) if at.is_multiple_of(2) => {
                        match (flow, at) {
                            (true, 0) => {}
                            (true, _) => self.indicator(",", false, false, false),
                            (false, _) => self.indent(indent),
                        }
                        let simple = is_simple_key(key);
                        frame.complex = !simple;
                        if !simple {
                            self.indicator("?", true, false, !flow);
                        }
                        self.node(&mut stack, key, Place::Key { simple });
                    }
                    Some((_, value)) => {
                        match (frame.complex, flow) {
                            (false, _) => self.indicator(":", false, false, false),
                            (true, true) => self.indicator(":", true, false, false),
                            (true, false) => {
                                self.indent(indent);
                                self.indicator(":", true, false, true);
                            }
                        }
                        self.node(&mut stack, value, Place::Value);
                    }
                    None => {
                        self.close(flow, "}");
                        stack.pop();
                    }
                },
            }
        }
        self.indent(0);
    }

    fn close(&mut self, flow: bool, bracket: &str) {
        if flow {
            self.flow -= 1;
            self.indicator(bracket, false, false, false);
        }
    }

    /// Writes a scalar, or the start of a collection whose children follow from the stack.
    fn node<'a>(&mut self, stack: &mut Vec<Frame<'a>>, node: &'a Node, place: Place) {
        let parent = stack.last().map(|frame| (frame.indent, frame.flow));
        let indent = match (parent, place) {
            (None, _) => None,
            (Some((indent, false)), Place::Item) => Some(indent + 2),
            (Some((indent, _)), _) => Some(INDENT * ((indent + INDENT) / INDENT)),
        };
        match &node.content {
            Content::Scalar(text) => {
                self.scalar(node, text, indent.unwrap_or(INDENT), place == Place::Key { simple: true });
            }
            content => {
                if needs_tag(node) {
                    self.tag(&node.tag);
                }
                let flow = self.flow > 0 || node.style.flow || node.is_empty();
                let indent = indent.unwrap_or(if flow { INDENT } else { 0 });
                if flow {
                    let bracket = if matches!(content, Content::Sequence(_)) { "[" } else { "{" };
                    self.indicator(bracket, true, true, false);
                    self.flow += 1;
                }
                stack.push(Frame { node, next: 0, indent, flow, complex: false });
            }
        }
    }

    fn scalar(&mut self, node: &Node, text: &str, indent: usize, simple_key: bool) {
        let mut wanted = node.style.scalar;
        let tagged = needs_tag(node);
        if wanted == ScalarStyle::Plain {
            if text.contains('\n') {
                wanted = ScalarStyle::Literal;
            } else if !tagged && node.tag == Tag::Str && resolve::implicit_tag(text) != Tag::Str {
                wanted = ScalarStyle::DoubleQuoted;
            }
        }
        let style = Analysis::of(text).style(wanted, text.is_empty(), self.flow > 0, simple_key);
        if tagged {
            self.tag(&node.tag);
        }
        match style {
            ScalarStyle::Plain => {
                if !text.is_empty() {
                    if !self.whitespace {
                        self.out.push(' ');
                    }
                    self.out.push_str(text);
                    self.whitespace = false;
                }
                self.indention = false;
            }
            ScalarStyle::SingleQuoted => self.single_quoted(text, indent),
            ScalarStyle::DoubleQuoted => self.double_quoted(text),
            ScalarStyle::Literal => self.literal(text, indent),
            ScalarStyle::Folded => self.folded(text, indent),
        }
    }

    fn single_quoted(&mut self, text: &str, indent: usize) {
        self.indicator("'", true, false, false);
        let mut after_break = false;
        for c in text.chars() {
            if is_break(c) {
                if !after_break && c == '\n' {
                    self.line_break('\n');
                }
                self.line_break(c);
                after_break = true;
                continue;
            }
            if c != ' ' && after_break {
                self.indent(indent);
                after_break = false;
            }
            if c == '\'' {
                self.out.push('\'');
            }
            self.out.push(c);
            if c != ' ' {
                self.indention = false;
            }
        }
        self.indicator("'", false, false, false);
    }

    fn double_quoted(&mut self, text: &str) {
        self.indicator("\"", true, false, false);
        // Go takes every character for a byte order mark once the text starts with one.
        let all = text.starts_with('\u{FEFF}');
        for c in text.chars() {
            if !all && is_printable(c) && !is_break(c) && c != '"' && c != '\\' {
                self.out.push(c);
                continue;
            }
            push_escaped(c, &mut self.out);
        }
        self.indicator("\"", false, false, false);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.block_header("|", text);
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.line_break(c);
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                }
                self.out.push(c);
                self.indention = false;
                after_break = false;
            }
        }
    }

    fn folded(&mut self, text: &str, indent: usize) {
        self.block_header(">", text);
        // Upstream looks at the start of the text, not at the break in hand, to see what follows the breaks.
        let first_content = text.chars().find(|c| !is_break(*c));
        let text_first = !matches!(first_content, None | Some(' ' | '\t' | '\0'));
        let mut after_break = true;
        let mut leading_blank = true;
        for c in text.chars() {
            if is_break(c) {
                if !after_break && !leading_blank && c == '\n' && text_first {
                    self.line_break('\n');
                }
                self.line_break(c);
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                    leading_blank = c == ' ' || c == '\t';
                }
                self.out.push(c);
                self.indention = false;
                after_break = false;
            }
        }
    }

    /// `|` or `>` with the hints for indentation and final line breaks.
    fn block_header(&mut self, indicator: &str, text: &str) {
        self.indicator(indicator, true, false, false);
        if text.starts_with(' ') {
            // Always 4, also in a sequence, where the text stands two columns in: so does Go.
            self.indicator("4", false, false, false);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.indicator("-", false, false, false),
            (true, None) => self.indicator("+", false, false, false),
            (true, Some(before)) if is_break(before) => self.indicator("+", false, false, false),
            (true, Some(_)) => {}
        }
        self.line_break('\n');
        self.whitespace = true;
    }

    fn tag(&mut self, tag: &Tag) {
        let uri = match tag {
            Tag::Other(uri) => uri.to_string(),
            core => format!("{CORE_PREFIX}{}", core.to_string().trim_start_matches('!')),
        };
        if let Some(suffix) = uri.strip_prefix('!') {
            self.indicator("!", true, false, false);
            self.uri(suffix);
        } else if let Some(suffix) = uri.strip_prefix(CORE_PREFIX) {
            self.indicator("!!", true, false, false);
            self.uri(suffix);
        } else {
            self.indicator("!<", true, false, false);
            self.uri(&uri);
            self.indicator(">", false, false, false);
        }
    }

    fn uri(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_;/?:@&=+$,.~*'()[]".contains(&byte) {
                self.out.push(char::from(byte));
            } else {
                self.out.push_str(&format!("%{byte:02X}"));
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_space: bool, keeps_indention: bool) {
        if needs_space && !self.whitespace {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.whitespace = is_space;
        self.indention &= keeps_indention;
    }

    /// Goes to column `indent`, on a new line if this one has content.
    fn indent(&mut self, indent: usize) {
        let column = self.out.len() - self.line_start;
        if !self.indention || column > indent || (column == indent && !self.whitespace) {
            self.line_break('\n');
        }
        let column = self.out.len() - self.line_start;
        self.out.extend(std::iter::repeat_n(' ', indent.saturating_sub(column)));
        self.whitespace = true;
    }

    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.line_start = self.out.len();
        self.indention = true;
    }
}

/// A character as the escape of a double-quoted text.
pub(crate) fn push_escaped(c: char, out: &mut String) {
    out.push('\\');
    let code = u32::from(c);
    match c {
        '\0' => out.push('0'),
        '\x07' => out.push('a'),
        '\x08' => out.push('b'),
        '\t' => out.push('t'),
        '\n' => out.push('n'),
        '\x0b' => out.push('v'),
        '\x0c' => out.push('f'),
        '\r' => out.push('r'),
        '\x1b' => out.push('e'),
        '"' | '\\' => out.push(c),
        '\u{85}' => out.push('N'),
        '\u{A0}' => out.push('_'),
        '\u{2028}' => out.push('L'),
        '\u{2029}' => out.push('P'),
        _ if code <= 0xFF => out.push_str(&format!("x{code:02X}")),
        _ if code <= 0xFFFF => out.push_str(&format!("u{code:04X}")),
        _ => out.push_str(&format!("U{code:08X}")),
    }
}

/// Whether the tag has to be written because the text alone would not give it back.
fn needs_tag(node: &Node) -> bool {
    if node.style.explicit_tag {
        return true;
    }
    match (&node.tag, &node.content) {
        (Tag::Seq, Content::Sequence(_)) | (Tag::Map, Content::Mapping(_)) => false,
        (_, Content::Sequence(_) | Content::Mapping(_)) => true,
        (Tag::Str | Tag::Int | Tag::Float, _) => false,
        (Tag::Merge, Content::Scalar(text)) => text != "<<",
        (tag @ (Tag::Null | Tag::Bool | Tag::Timestamp), Content::Scalar(text)) => {
            resolve::implicit_tag(text) != *tag
        }
        (Tag::Binary | Tag::Other(_) | Tag::Seq | Tag::Map, Content::Scalar(_)) => true,
    }
}

fn is_simple_key(key: &Node) -> bool {
    let text = match &key.content {
        Content::Scalar(text) if text.contains(is_break) => return false,
        Content::Scalar(text) => text.len(),
        _ if !key.is_empty() => return false,
        _ => 0,
    };
    let tag = if needs_tag(key) { key.tag.to_string().len() } else { 0 };
    text + tag <= SIMPLE_KEY
}
