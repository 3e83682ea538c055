//! Instants of the protocol.

use std::time::{Duration, SystemTime};

use prost_types::Timestamp;
use time::{Date, Month, PrimitiveDateTime, Time};

/// As the standard library has it; `None` for none, and for what it can't hold.
pub(crate) fn instant(timestamp: Option<Timestamp>) -> Option<SystemTime> {
    timestamp.and_then(|timestamp| SystemTime::try_from(timestamp).ok())
}

/// Reads an instant such as `2026-01-02T03:04:05.678901234Z`, with any offset from UTC.
pub(crate) fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| text.as_bytes().get(*at) != Some(mark)) {
        return None;
    }
    let month = Month::try_from(u8::try_from(number(5..7)?).ok()?).ok()?;
    let date =
        Date::from_calendar_date(number(0..4)?.try_into().ok()?, month, number(8..10)?.try_into().ok()?);
    let [hour, minute, second] = [number(11..13)?, number(14..16)?, number(17..19)?];
    let time = Time::from_hms(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?);

    let rest = text.get(19..)?;
    let digits = rest
        .strip_prefix('.')
        .map_or("", |rest| &rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())]);
    let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let offset = match &rest[if digits.is_empty() { 0 } else { digits.len() + 1 }..] {
        "Z" => 0,
        offset => {
            let sign = match offset.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = offset[1..].split_once(':')?;
            sign * (i64::from(hours.parse::<u8>().ok()?) * 3600 + i64::from(minutes.parse::<u8>().ok()?) * 60)
        }
    };
    let utc =
        PrimitiveDateTime::new(date.ok()?, time.ok()?).assume_utc().unix_timestamp().checked_sub(offset)?;
    let since = Duration::from_secs(utc.unsigned_abs());
    let start = SystemTime::UNIX_EPOCH;
    let seconds = if utc < 0 { start.checked_sub(since) } else { start.checked_add(since) };
    seconds?.checked_add(Duration::from_nanos(nanos.into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_any_offset() {
        let at = |text| parse_rfc3339(text).unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(at("1970-01-01T00:00:01Z"), Duration::from_secs(1));
        assert_eq!(at("1970-01-01T02:00:01.25+02:00"), Duration::from_millis(1250));
        assert_eq!(at("1969-12-31T23:00:00.000000001-01:00"), Duration::from_nanos(1));
        for text in [
            "",
            "1970-01-01",
            "1970-13-01T00:00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00+x",
            "1970-01-01T00:00:+1Z",
            "1970-01-01T00:00:00.Z",
            "ä970-01-01T00:00:00Z",
            "1970-01-01T00:00:00+99999999999999999:0",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
