//! Dates as text. Dates of RFC 3339 sort as strings.

use ingress2route::split_once;

/// Whether the text is a date (RFC 3339, `full-date`): `2030-12-31`.
pub(crate) fn is_date(text: &str) -> bool {
    let (mut year, mut month, mut day) = (0_u16, 0, 0);
    for (index, byte) in text.bytes().enumerate() {
        let part = match index {
            4 | 7 if byte == b'-' => continue,
            0..=3 => &mut year,
            5 | 6 => &mut month,
            8 | 9 => &mut day,
            _ => return false,
        };
        if !byte.is_ascii_digit() {
            return false;
        }
        *part = *part * 10 + u16::from(byte - b'0');
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    text.len() == 10 && (1..=days).contains(&day)
}

/// Returns the date of a timestamp as Kubernetes writes it, in UTC: `2030-12-31T23:59:59Z`.
pub(crate) fn date_of(time: &str) -> Option<&str> {
    let (day, _) = split_once(time, b'T')?;
    is_date(day).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::{date_of, is_date};

    #[test]
    fn accepts_only_dates_of_the_calendar() {
        for day in ["2030-12-31", "2028-02-29", "2000-02-29", "0001-01-01"] {
            assert!(is_date(day), "{day}");
        }
        for text in [
            "",
            "2030",
            "2030-12",
            "2030-12-32",
            "2030-13-01",
            "2030-00-10",
            "2030-01-00",
            "2030-04-31",
            "2027-02-29",
            "2100-02-29",
            "30-12-31",
            "2030-1-1",
            "2030-12-31-",
            "+030-12-31",
            "2030/12/31",
            "2030-12-31T00:00:00Z",
            "tomorrow",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn returns_the_date_of_a_timestamp() {
        assert_eq!(date_of("2030-12-31T23:59:59Z"), Some("2030-12-31"));
        for time in ["", "2030-12-31", "2030-12-32T00:00:00Z", "never"] {
            assert_eq!(date_of(time), None, "{time}");
        }
    }
}
