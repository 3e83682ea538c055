//! Texts that the parser underneath must never see, because it panics on them: a tag inside brackets with a
//! comma right behind it (`[!a,b]`). Go refuses those too.

use crate::{Error, ErrorKind, Mark, Result};

/// Bytes that may be read again and again to look at suspicious commas.
const BUDGET: usize = 16 << 20;

/// Refuses a text that would make the parser panic. `tag_error` parses a text and gives the byte at which a tag
/// in it is malformed, if that is what is wrong with it.
pub(crate) fn check(text: &str, tag_error: impl Fn(&str) -> Option<u64>) -> Result<()> {
    let refuse = |at: usize, message: &str| {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let one_based = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let mark = Mark {
            line: one_based(text[..at].matches('\n').count()),
            column: one_based(text[line_start..at].chars().count()),
        };
        Err(Error::new(ErrorKind::Syntax, Some(mark), message))
    };
    let mut budget = BUDGET;
    for at in suspicious(text) {
        // The same text up to the comma, then a character that no tag may hold: if a tag was being read, the
        // parser complains about that character. Commas in front are known to be harmless by now.
        let probe = format!("{}^\n", &text[..at]);
        let Some(left) = budget.checked_sub(probe.len()) else {
            return refuse(at, "too many words with ! and a comma; put them in quotes or a block text");
        };
        budget = left;
        if tag_error(&probe) == Some(at as u64) {
            return refuse(at, "a comma right behind a tag; put a space between them");
        }
    }
    Ok(())
}

/// Commas with an exclamation mark in the same run of characters before them.
fn suspicious(text: &str) -> impl Iterator<Item = usize> {
    let mut in_run = false;
    text.bytes().enumerate().filter_map(move |(at, byte)| match byte {
        b'!' => {
            in_run = true;
            None
        }
        b' ' | b'\t' | b'\n' | b'\r' => {
            in_run = false;
            None
        }
        b',' if in_run => Some(at),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, parse_documents};

    #[test]
    fn comma_behind_a_tag() {
        for text in [
            "[!,",
            "[!a,b]",
            "{a: !b,c: d}",
            "- [!<tag:x>,b]",
            "[&x !a,b]",
            "!a,b c",
            "x: \"!a,\"\ny: [!a,b]",
        ] {
            let kind = parse_documents(text).err().map(|e| e.kind());
            assert_eq!(kind, Some(ErrorKind::Syntax), "{text}");
        }
        for text in [
            "a: b !c, d",
            "- '[!a,b]'\n- x !y,z\n",
            "[a!b, c]",
            "# [!a,b]\n",
            "k: |\n  [!a,b]\n",
            "[!<tag:x,1> b]",
        ] {
            assert_eq!(parse_documents(text).err(), None, "{text}");
        }
    }
}
