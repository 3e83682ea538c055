//! Instants and durations in requests and answers.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, de};
use talos_pki::{Clock as _, FixedClock, SystemClock};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A clock that stands at the instant asked for, or at the present one.
pub fn clock(now: Option<Now>) -> FixedClock {
    FixedClock::new(now.map_or_else(|| SystemClock.now(), |now| now.0))
}

/// An instant in RFC 3339.
#[derive(Debug, Clone, Copy)]
pub struct Now(pub SystemTime);

impl<'de> Deserialize<'de> for Now {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text)
            .map(|instant| Self(instant.into()))
            .ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (clock, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, UtcOffset::UTC),
        None => {
            let at = rest.rfind(['+', '-'])?;
            let (hours, minutes) = rest[at + 1..].split_once(':')?;
            let sign = if rest[at..].starts_with('-') { -1 } else { 1 };
            let (hours, minutes): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
            (&rest[..at], UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?)
        }
    };
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let mut clock = clock.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    let clock =
        Time::from_hms_nano(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, nanos).ok()?;
    Some(PrimitiveDateTime::new(date, clock).assume_offset(offset))
}

/// An instant in RFC 3339, in UTC and whole seconds.
pub fn rfc3339(instant: SystemTime) -> String {
    let t = OffsetDateTime::from(instant);
    let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", t.hour(), t.minute(), t.second())
}

/// A duration as Go writes it: `8760h`, `1h30m`, `1.5s`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at(number);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += value.parse::<f64>().ok()? * seconds;
        rest = tail;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        let read = |text| parse(text).map(|t| rfc3339(t.into()));
        assert_eq!(read("2025-01-02T03:04:05Z").as_deref(), Some("2025-01-02T03:04:05Z"));
        assert_eq!(read("2025-01-02T03:04:05.25+02:30").as_deref(), Some("2025-01-02T00:34:05Z"));
        assert_eq!([read(""), read("2025-01-02"), read("2025-13-02T03:04:05Z")], [None, None, None]);
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!([duration(""), duration("5"), duration("x")], [None, None, None]);
    }
}
