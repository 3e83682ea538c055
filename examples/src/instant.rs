//! Instants for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant as `2006-01-02T15:04:05Z`; whole seconds, UTC.
pub fn rfc3339(instant: SystemTime) -> String {
    let seconds = match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of the year 0, so that leap days are the last of their year.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + carry;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// An instant as `2006-01-02T15:04:05.000000001Z`, UTC.
pub fn precise(instant: SystemTime) -> String {
    let nanoseconds = match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => after.subsec_nanos(),
        Err(_) => 0,
    };
    format!("{}.{nanoseconds:09}Z", rfc3339(instant).trim_end_matches('Z'))
}

/// How long ago an instant is: `5s ago`, `3m20s ago`, `26h0m3s ago`.
pub fn ago(instant: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(instant).unwrap_or(Duration::ZERO).as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s ago"),
        (0, _) => format!("{minutes}m{rest}s ago"),
        _ => format!("{hours}h{minutes}m{rest}s ago"),
    }
}

/// How far away an instant is, roughly: `3 weeks from now`, `1 hour ago`. A month has 30 days here, a year 12 months.
pub fn relative(instant: SystemTime, now: SystemTime) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const WEEK: u64 = 7 * DAY;
    const MONTH: u64 = 30 * DAY;
    const YEAR: u64 = 12 * MONTH;
    // Up to which distance a unit is used, and for how much of it there is one word.
    const UNITS: [(u64, u64, &str); 7] = [
        (MINUTE, 1, "second"),
        (HOUR, MINUTE, "minute"),
        (DAY, HOUR, "hour"),
        (WEEK, DAY, "day"),
        (MONTH, WEEK, "week"),
        (YEAR, MONTH, "month"),
        (37 * YEAR, YEAR, "year"),
    ];
    let (distance, direction) = match instant.duration_since(now) {
        Ok(left) => (left, "from now"),
        Err(past) => (past.duration(), "ago"),
    };
    let seconds = distance.as_secs();
    if seconds == 0 {
        return "now".to_owned();
    }
    let Some((_, unit, name)) = UNITS.iter().find(|(limit, ..)| seconds < *limit) else {
        return format!("a long while {direction}");
    };
    // From a year and a half on, two years is nearer.
    let count = if *unit == YEAR && (18 * MONTH..2 * YEAR).contains(&seconds) { 2 } else { seconds / unit };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural} {direction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), "1969-12-31T23:59:59Z");
        assert_eq!(precise(UNIX_EPOCH + Duration::new(1, 20)), "1970-01-01T00:00:01.000000020Z");
        let at = |seconds| ago(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!([at(5), at(200), at(93_603)], ["5s ago", "3m20s ago", "26h0m3s ago"]);
        assert_eq!(ago(UNIX_EPOCH + Duration::from_secs(1), UNIX_EPOCH), "0s ago");
    }
    #[test]
    fn distances() {
        const DAY: u64 = 86_400;
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (seconds, text) in [
            (0, "now"),
            (1, "1 second from now"),
            (59, "59 seconds from now"),
            (3_600, "1 hour from now"),
            (2 * DAY, "2 days from now"),
            (29 * DAY, "4 weeks from now"),
            (365 * DAY, "1 year from now"),
            (600 * DAY, "2 years from now"),
            (3_650 * DAY, "10 years from now"),
            (20_000 * DAY, "a long while from now"),
        ] {
            assert_eq!(relative(now + Duration::from_secs(seconds), now), text);
        }
        assert_eq!(relative(now - Duration::from_secs(90), now), "1 minute ago");
    }
}
