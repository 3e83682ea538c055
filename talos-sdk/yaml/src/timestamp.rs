//! Dates and times: the four forms that go-yaml reads, and RFC 3339 text as Go writes it.

/// Whether go-yaml reads a plain scalar as a timestamp.
pub(crate) fn is_timestamp(text: &str) -> bool {
    parse(text).is_some()
}

/// The timestamp as Go writes it: RFC 3339 with as many digits of the fraction as are needed.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let t = parse(text)?;
    let mut out =
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second);
    if t.nanos > 0 {
        let fraction = format!("{:09}", t.nanos);
        out.push('.');
        out.push_str(fraction.trim_end_matches('0'));
    }
    match t.offset_minutes {
        0 => out.push('Z'),
        offset => {
            let sign = if offset < 0 { '-' } else { '+' };
            out.push_str(&format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60));
        }
    }
    Some(out)
}

#[derive(Default)]
struct Parts {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    offset_minutes: i32,
}

/// `2006-1-2`, `2006-1-2 15:4:5[.9]`, or `2006-1-2T15:4:5[.9]` (also `t`) with `Z` or `±07:00`.
fn parse(text: &str) -> Option<Parts> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    let mut t = Parts { year: text[..4].parse().ok()?, ..Parts::default() };
    let mut rest = &bytes[5..];
    t.month = one_or_two(&mut rest)?;
    rest = rest.strip_prefix(b"-")?;
    t.day = one_or_two(&mut rest)?;
    if t.day == 0 || t.day > days_in(t.year, t.month)? {
        return None;
    }
    let Some((separator, mut rest)) = rest.split_first() else { return Some(t) };
    t.hour = one_or_two(&mut rest)?;
    rest = rest.strip_prefix(b":")?;
    t.minute = one_or_two(&mut rest)?;
    rest = rest.strip_prefix(b":")?;
    t.second = one_or_two(&mut rest)?;
    if t.hour > 23 || t.minute > 59 || t.second > 59 {
        return None;
    }
    if let [b'.' | b',', b'0'..=b'9', ..] = rest {
        let end = rest[1..].iter().position(|b| !b.is_ascii_digit()).map_or(rest.len(), |at| at + 1);
        let digits = rest[1..end].iter().chain(std::iter::repeat(&b'0')).take(9);
        t.nanos = digits.fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
        rest = &rest[end..];
    }
    match (separator, rest) {
        (b' ', []) | (b'T' | b't', b"Z") => Some(t),
        (b'T' | b't', [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]) => {
            let two = |a: &u8, b: &u8| {
                (a.is_ascii_digit() && b.is_ascii_digit())
                    .then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
            };
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
            if hours > 24 || minutes > 60 {
                return None;
            }
            let offset = hours * 60 + minutes;
            t.offset_minutes = if *sign == b'-' { -offset } else { offset };
            Some(t)
        }
        _ => None,
    }
}

fn one_or_two(rest: &mut &[u8]) -> Option<u32> {
    let digits = rest.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let value = rest[..digits].iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    *rest = &rest[digits..];
    Some(value)
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    })
}
