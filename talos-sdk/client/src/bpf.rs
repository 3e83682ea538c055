//! Filters for packets, as the kernel runs them.

use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// What the kernel takes at most.
const MAX_INSTRUCTIONS: usize = 4096;

/// A filter for packets: a program of classic BPF, written as text by `tcpdump -dd`.
///
/// ```
/// # use talos_client::BpfFilter;
/// // tcpdump -dd ip
/// let filter: BpfFilter = "{ 0x28, 0, 0, 0x0000000c },
/// { 0x15, 0, 1, 0x00000800 },
/// { 0x6, 0, 0, 0x00040000 },
/// { 0x6, 0, 0, 0x00000000 },".parse()?;
/// assert_eq!(filter.instructions().len(), 4);
/// assert!("ip and tcp".parse::<BpfFilter>().is_err());
/// # Ok::<(), talos_client::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BpfFilter(Vec<BpfInstruction>);

/// An instruction of classic BPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "the format is fixed")]
pub struct BpfInstruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to pass over if a condition is true.
    pub jump_true: u8,
    /// How many if it is false.
    pub jump_false: u8,
    /// A value.
    pub k: u32,
}

impl BpfFilter {
    /// A filter of these instructions.
    #[must_use]
    pub fn new(instructions: impl IntoIterator<Item = BpfInstruction>) -> Self {
        Self(instructions.into_iter().collect())
    }

    /// Its instructions.
    #[must_use]
    pub fn instructions(&self) -> &[BpfInstruction] {
        &self.0
    }
}

impl FromStr for BpfFilter {
    type Err = Error;

    /// Reads what `tcpdump -dd` prints: `{ code, jump true, jump false, k },` a line.
    fn from_str(text: &str) -> Result<Self> {
        let mut instructions = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let wrong = |what: &str| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("line {} of the filter {what}: write it with `tcpdump -dd`", number + 1),
                )
            };
            if instructions.len() == MAX_INSTRUCTIONS {
                return Err(wrong("is one too many"));
            }
            instructions.push(instruction(line).ok_or_else(|| wrong("is no instruction"))?);
        }
        if instructions.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "the filter has no instruction"));
        }
        Ok(Self(instructions))
    }
}

fn instruction(line: &str) -> Option<BpfInstruction> {
    let line = line.strip_suffix(',').unwrap_or(line).trim_end();
    let mut fields = line.strip_prefix('{')?.strip_suffix('}')?.split(',').map(|field| {
        let field = field.trim();
        match field.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')),
            None => field.parse().ok().filter(|_| !field.starts_with('+')),
        }
    });
    let mut next = || fields.next()?;
    let instruction = BpfInstruction {
        code: next()?.try_into().ok()?,
        jump_true: next()?.try_into().ok()?,
        jump_false: next()?.try_into().ok()?,
        k: next()?,
    };
    fields.next().is_none().then_some(instruction)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn only_whole_instructions_are_taken() {
        let one = BpfInstruction { code: 0x15, jump_true: 1, jump_false: 255, k: u32::MAX };
        for text in ["{ 0x15, 1, 255, 0xffffffff },", "\n  {0x15,1,0xff,4294967295}\r\n\n"] {
            assert_eq!(text.parse::<BpfFilter>().unwrap().instructions(), [one]);
        }
        for text in [
            "",
            "\n",
            "{",
            "{}",
            "{ 1, 2, 3 }",
            "{ 1, 2, 3, 4, 5 }",
            "{ 0x10000, 0, 0, 0 }",
            "{ 1, 256, 0, 0 }",
            "{ 1, 0, 0, 0x100000000 }",
            "{ +1, 0, 0, 0 }",
            "{ 0x+1, 0, 0, 0 }",
            "{ 1, 0, 0, -1 }",
        ] {
            assert_eq!(text.parse::<BpfFilter>().unwrap_err().kind(), ErrorKind::InvalidArgument, "{text}");
        }
        assert!("{1,0,0,0}\n".repeat(4096).parse::<BpfFilter>().is_ok());
        assert!("{1,0,0,0}\n".repeat(4097).parse::<BpfFilter>().is_err());
    }
}
