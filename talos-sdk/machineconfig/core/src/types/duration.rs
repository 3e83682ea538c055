//! Lengths of time as Go writes them.

use std::fmt;
use std::str::FromStr;
use std::time;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Shape, text_value};

/// A length of time, in the text `1h30m`, `168h0m0s` or `500ms`. May be negative; a bare number is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    nanoseconds: i64,
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

const SECOND: u64 = 1_000_000_000;

impl Duration {
    /// From whole seconds.
    pub const fn from_secs(seconds: u32) -> Self {
        Self { nanoseconds: seconds as i64 * SECOND as i64 }
    }

    /// From nanoseconds.
    pub const fn from_nanos(nanoseconds: i64) -> Self {
        Self { nanoseconds }
    }

    /// In nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.nanoseconds
    }

    /// As a duration of the standard library, `None` if negative.
    pub fn to_std(self) -> Option<time::Duration> {
        u64::try_from(self.nanoseconds).ok().map(time::Duration::from_nanos)
    }
}

impl FromStr for Duration {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).map(Self::from_nanos).ok_or_else(|| {
            let problem = format!("{text:?} is not a duration: write numbers with units, such as 1h30m");
            Error::new(ErrorKind::InvalidValue, problem)
        })
    }
}

fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole = digits(rest);
        rest = &rest[whole.len()..];
        let fraction = match rest.strip_prefix('.') {
            Some(after) => digits(after),
            None => "",
        };
        if rest.starts_with('.') {
            rest = &rest[1 + fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit_length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, after) = rest.split_at(unit_length);
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        rest = after;

        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = whole.checked_mul(*unit)?;
        let (mut value, mut scale) = (0u64, 1f64);
        for digit in fraction.bytes() {
            match value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0'))) {
                Some(next) if next <= i64::MAX as u64 => value = next,
                _ => break,
            }
            scale *= 10.0;
        }
        part = part.checked_add((value as f64 * (*unit as f64 / scale)) as u64)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63)?;
    }
    if negative {
        return Some((total as i64).wrapping_neg());
    }
    i64::try_from(total).ok()
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.nanoseconds.unsigned_abs();
        if self.nanoseconds < 0 {
            f.write_str("-")?;
        }
        if total < SECOND {
            let (unit, name) = match total {
                0 => return f.write_str("0s"),
                1..1_000 => (1, "ns"),
                1_000..1_000_000 => (1_000, "µs"),
                _ => (1_000_000, "ms"),
            };
            write_fraction(f, total, unit)?;
            return f.write_str(name);
        }
        let minutes = total / (60 * SECOND);
        if minutes >= 60 {
            write!(f, "{}h", minutes / 60)?;
        }
        if minutes > 0 {
            write!(f, "{}m", minutes % 60)?;
        }
        write_fraction(f, total % (60 * SECOND), SECOND)?;
        f.write_str("s")
    }
}

/// Writes `value / unit` with as many decimals as it has.
fn write_fraction(f: &mut fmt::Formatter<'_>, value: u64, unit: u64) -> fmt::Result {
    write!(f, "{}", value / unit)?;
    let rest = value % unit;
    if rest == 0 {
        return Ok(());
    }
    let width = unit.ilog10() as usize;
    f.write_str(format!(".{rest:0width$}").trim_end_matches('0'))
}

text_value!(Duration: Shape::Pattern { regex: r"^[-+]?(0|([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$", or_number: false });

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_go() {
        for (text, canonical) in [
            ("2160h0m0s", "2160h0m0s"),
            ("90m", "1h30m0s"),
            ("0", "0s"),
            ("1.5s", "1.5s"),
            ("1500us", "1.5ms"),
            ("-1h", "-1h0m0s"),
            (".5h", "30m0s"),
            ("1m1ms", "1m0.001s"),
            ("100ns", "100ns"),
            ("9223372036854775807ns", "2562047h47m16.854775807s"),
            ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), canonical, "{text}");
        }
        for text in ["", "5", "1d", "h", "-", "1 s", "9223372036854775808ns", ".s", "1h2"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
