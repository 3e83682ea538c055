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
        let at = |seconds| ago(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!([at(5), at(200), at(93_603)], ["5s ago", "3m20s ago", "26h0m3s ago"]);
        assert_eq!(ago(UNIX_EPOCH + Duration::from_secs(1), UNIX_EPOCH), "0s ago");
    }
}
