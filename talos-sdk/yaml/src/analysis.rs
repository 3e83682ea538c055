//! Which styles a text can be written in.

use crate::ScalarStyle;

/// What the writer knows about a text before it chooses the style.
pub(crate) struct Analysis {
    /// Has line breaks.
    pub(crate) multiline: bool,
    plain_in_flow: bool,
    plain_in_block: bool,
    single_quoted: bool,
    block: bool,
}

/// Line breaks of YAML 1.1.
pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand in a text without an escape.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}')
}

/// Whether the text has only letters, digits and marks that never mean anything, as names, numbers and base64 have.
/// This saves most texts the closer look.
pub(crate) fn is_ordinary(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(|byte| ORDINARY[usize::from(byte)])
}

const ORDINARY: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < b"-_./+=".len() {
        table[b"-_./+="[mark] as usize] = true;
        mark += 1;
    }
    table
};

impl Analysis {
    pub(crate) fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self {
                multiline: false,
                plain_in_flow: false,
                plain_in_block: true,
                single_quoted: true,
                block: false,
            };
        }
        if is_ordinary(text) {
            return Self {
                multiline: false,
                plain_in_flow: true,
                plain_in_block: true,
                single_quoted: true,
                block: true,
            };
        }
        let mut flow_indicator = text.starts_with("---") || text.starts_with("...");
        let mut block_indicator = flow_indicator;
        let (mut multiline, mut special, mut tab) = (false, false, false);
        let (mut space_before_break, mut break_before_space) = (false, false);
        let mut previous = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = matches!(chars.peek(), None | Some(' ' | '\t'));
            match (previous, c) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                ) => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                (None, '?') | (_, ':') => {
                    flow_indicator = true;
                    block_indicator |= blank_follows;
                }
                (None, '-') if blank_follows => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                (Some(_), ',' | '?' | '[' | ']' | '{' | '}') => flow_indicator = true,
                (Some(before), '#')
                    if before == '\0' || before == ' ' || before == '\t' || is_break(before) =>
                {
                    flow_indicator = true;
                    block_indicator = true;
                }
                _ => {}
            }
            tab |= c == '\t';
            special |= c != '\t' && !is_printable(c);
            multiline |= is_break(c);
            if let Some(before) = previous {
                space_before_break |= before == ' ' && is_break(c);
                break_before_space |= is_break(before) && c == ' ';
            }
            previous = Some(c);
        }
        let edge = |c: char| c == ' ' || is_break(c);
        let edges = text.starts_with(edge) || text.ends_with(edge);
        let quoting = break_before_space || space_before_break || tab || special;
        let plain = !edges && !quoting && !multiline;
        Self {
            multiline,
            plain_in_flow: plain && !flow_indicator,
            plain_in_block: plain && !block_indicator,
            single_quoted: !quoting,
            block: !text.ends_with(' ') && !space_before_break && !special,
        }
    }

    /// The same for yaml.v2, which never writes a tab as it is.
    pub(crate) fn of_v2(text: &str) -> Self {
        let analysis = Self::of(text);
        Self { block: analysis.block && !text.contains('\t'), ..analysis }
    }

    /// The style that is used where `wanted` was asked for.
    pub(crate) fn style(
        &self,
        wanted: ScalarStyle,
        empty: bool,
        flow: bool,
        simple_key: bool,
    ) -> ScalarStyle {
        let mut style = wanted;
        if simple_key && self.multiline {
            style = ScalarStyle::DoubleQuoted;
        }
        if style == ScalarStyle::Plain {
            let allowed = if flow { self.plain_in_flow } else { self.plain_in_block };
            if !allowed || (empty && (flow || simple_key)) {
                style = ScalarStyle::SingleQuoted;
            }
        }
        match style {
            ScalarStyle::SingleQuoted if !self.single_quoted => ScalarStyle::DoubleQuoted,
            ScalarStyle::Literal | ScalarStyle::Folded if !self.block || flow || simple_key => {
                ScalarStyle::DoubleQuoted
            }
            style => style,
        }
    }
}
