//! Times as RFC 3339 text, handed in by the caller; here they are only compared.

/// How long before `now` the moment `then` was, in words (`3 minutes`); `an unknown time` where either is not RFC 3339.
pub(super) fn age_words(then: &str, now: &str) -> String {
    let (Some(then), Some(now)) = (unix_seconds(then), unix_seconds(now)) else { return "an unknown time".to_owned() };
    let seconds = (now - then).max(0);
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A time span: `06:41`, or `1:06:41` from an hour on.
#[must_use]
pub fn duration_words(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// Seconds since 1970 of an RFC 3339 time; fractions of a second are dropped.
#[must_use]
pub fn unix_seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let offset = match text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()) {
        "Z" | "z" => 0,
        zone if zone.len() == 6 && zone.is_ascii() => {
            let sign = match &zone[..1] {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            sign * (zone[1..3].parse::<i64>().ok()? * 3600 + zone[4..6].parse::<i64>().ok()? * 60)
        }
        _ => return None,
    };
    // Days from civil date: H. Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_seconds("2024-02-29T12:00:00.25+02:00"), Some(1_709_200_800));
        for bad in ["", "2024", "2024-02-29 12:00", "2024-02-29T12:00:00", "2024-02-29T12:00:00é:00", "éééééééééééééééééééé"]
        {
            assert_eq!(unix_seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn ages_in_words() {
        let at = |time: &str| age_words("2026-11-21T10:00:00Z", time);
        assert_eq!(at("2026-11-21T10:00:01Z"), "1 second");
        assert_eq!(at("2026-11-21T10:03:10Z"), "3 minutes");
        assert_eq!(at("2026-11-23T11:00:00Z"), "2 days");
        assert_eq!(at("yesterday"), "an unknown time");
    }
}
