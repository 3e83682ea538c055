//! Values to YAML text, byte for byte as yaml.v2 writes them.

use crate::ScalarStyle;
use crate::analysis::{Analysis, is_break, is_printable};
use crate::emit::push_escaped;
use crate::json::Json;
use crate::number::go_f64;
use crate::order::{merge_sort, natural_cmp_v2};
use crate::v2::read::is_text;

const INDENT: usize = 2;

/// Lines are folded at the first space past this column.
const WIDTH: usize = 80;

/// Longest key, in bytes, that is written without `?`.
const SIMPLE_KEY: usize = 128;

pub(super) fn document(value: &Json) -> String {
    let mut writer = Writer { out: String::new(), column: 0, indention: true, whitespace: true };
    writer.value(value, None, false);
    writer.indent(0);
    writer.out
}

struct Writer {
    out: String,
    /// Characters on the line.
    column: usize,
    /// Nothing but indentation and block indicators is on the line.
    indention: bool,
    /// The last thing written was white space.
    whitespace: bool,
}

impl Writer {
    /// Writes a value in a collection at column `parent`; `in_mapping` if that is a mapping.
    fn value(&mut self, value: &Json, parent: Option<usize>, in_mapping: bool) {
        let below = parent.map_or(0, |parent| parent + INDENT);
        match value {
            Json::Null => self.plain("null", below, true),
            Json::Bool(value) => self.plain(if *value { "true" } else { "false" }, below, true),
            Json::Int(value) => self.plain(&value.to_string(), below, true),
            Json::Uint(value) => self.plain(&value.to_string(), below, true),
            Json::Float(value) => self.plain(&go_f64(*value), below, true),
            Json::Str(text) => self.text(text, parent.map_or(INDENT, |parent| parent + INDENT), false),
            Json::List(items) if items.is_empty() => self.indicator("[]", true, false),
            Json::Map(entries) if entries.is_empty() => self.indicator("{}", true, false),
            Json::List(items) => {
                // Under its key a list is not indented.
                let at = if in_mapping && !self.indention { parent.unwrap_or(0) } else { below };
                for item in items {
                    self.indent(at);
                    self.indicator("-", true, true);
                    self.value(item, Some(at), false);
                }
            }
            Json::Map(entries) => {
                let entries = entries.iter().collect();
                for (key, entry) in merge_sort(entries, &|a, b| natural_cmp_v2(a.0, b.0)) {
                    self.indent(below);
                    if key.len() <= SIMPLE_KEY && !key.contains(is_break) {
                        self.text(key, below + INDENT, true);
                        self.indicator(":", false, false);
                    } else {
                        self.indicator("?", true, true);
                        self.text(key, below + INDENT, false);
                        self.indent(below);
                        self.indicator(":", true, true);
                    }
                    self.value(entry, Some(below), true);
                }
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize, simple_key: bool) {
        let wanted = if text.contains('\n') {
            ScalarStyle::Literal
        } else if is_text(text) {
            ScalarStyle::Plain
        } else {
            ScalarStyle::DoubleQuoted
        };
        match Analysis::of_v2(text).style(wanted, text.is_empty(), false, simple_key) {
            ScalarStyle::Plain => self.plain(text, indent, !simple_key),
            ScalarStyle::SingleQuoted => self.single_quoted(text, indent, !simple_key),
            ScalarStyle::DoubleQuoted => self.double_quoted(text, indent, !simple_key),
            ScalarStyle::Literal | ScalarStyle::Folded => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, fold: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut spaces = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && fold && !spaces && self.column > WIDTH && chars.peek() != Some(&' ') {
                self.indent(indent);
            } else {
                self.put(c);
            }
            spaces = c == ' ';
            self.indention &= spaces;
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.indicator("'", true, false);
        let (mut spaces, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let next = chars.peek().map(|(_, c)| *c);
                let inside = at > 0 && next.is_some_and(|next| next != ' ');
                if fold && !spaces && self.column > WIDTH && inside {
                    self.indent(indent);
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.line_break(c);
                }
                self.line_break(c);
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                if c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.indicator("'", false, false);
    }

    fn double_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.indicator("\"", true, false);
        // Go takes every character for a byte order mark once the text starts with one.
        let all = text.starts_with('\u{FEFF}');
        let mut spaces = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if all || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                let start = self.out.len();
                push_escaped(c, &mut self.out);
                self.column += self.out.len() - start;
                spaces = false;
            } else if c == ' ' {
                let next = chars.peek().map(|(_, c)| *c);
                if fold && !spaces && self.column > WIDTH && at > 0 && next.is_some() {
                    self.indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.indicator("2", false, false);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.indicator("-", false, false),
            (true, before) if before.is_none_or(is_break) => self.indicator("+", false, false),
            (true, _) => {}
        }
        self.line_break('\n');
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.line_break(c);
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }

    fn indicator(&mut self, text: &str, needs_space: bool, keeps_indention: bool) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention &= keeps_indention;
    }

    /// Goes to column `indent`, on a new line if this one has content.
    fn indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
        self.indention = true;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }
}
