//! Reminders of a client secret's last day, as noted by the user.
//!
//! Invariant: the note decides nothing; only the server knows whether it still accepts the secret.

use chrono::{DateTime, Datelike as _, Local, NaiveDate, Utc};
use serde::{Deserialize as _, Deserializer};

/// How many days ahead the reminder starts.
pub const AHEAD_DAYS: i64 = 14;

/// A reminder about a client secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretEnd {
    /// It expires within 14 days.
    Near {
        /// The last day.
        day: NaiveDate,
        /// The days left, 0 on the last one.
        days: i64,
    },
    Past {
        /// The last day.
        day: NaiveDate,
    },
}

/// Parses a day in the years 1970 to 9999: `2030-01-31`, or a time that starts with one.
#[expect(clippy::disallowed_methods, reason = "the one place that reads days")]
pub fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.split_once(['T', ' ']).filter(|_| text.len() >= 19).map_or(text, |(day, _)| day);
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|day| is_bounded(*day))
}

/// Reads a stored, optional day. An earlier version stored days outside the years 1970 to 9999; they are
/// dropped, since they only serve as a reminder.
///
/// # Errors
/// The deserializer's, if it is not a day.
pub fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|day| is_bounded(*day)))
}

fn is_bounded(day: NaiveDate) -> bool {
    (1970..=9999).contains(&day.year())
}

/// The local day at a time.
pub fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&Local).date_naive()
}

/// The reminder; `None` more than 14 days ahead.
pub fn spoken(last: Option<NaiveDate>, today: NaiveDate) -> Option<SecretEnd> {
    let day = last?;
    let days = (day - today).num_days();
    match days {
        ..0 => Some(SecretEnd::Past { day }),
        0..=AHEAD_DAYS => Some(SecretEnd::Near { day, days }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_spoken_of_from_fourteen_days_ahead() {
        let last = day("2030-05-15").unwrap();
        let on = |text: &str| spoken(Some(last), day(text).unwrap());
        assert_eq!(on("2030-04-30"), None);
        assert_eq!(on("2030-05-01"), Some(SecretEnd::Near { day: last, days: 14 }));
        assert_eq!(on("2030-05-15"), Some(SecretEnd::Near { day: last, days: 0 }));
        assert_eq!(on("2030-05-16"), Some(SecretEnd::Past { day: last }));
        assert_eq!(spoken(None, last), None);
    }

    #[test]
    fn a_day_is_read_alone_or_from_a_moment() {
        let wanted = NaiveDate::from_ymd_opt(2030, 1, 31).unwrap();
        for text in ["2030-01-31", " 2030-01-31 ", "2030-01-31T10:00:00Z", "2030-01-31 10:00:00"] {
            assert_eq!(day(text), Some(wanted), "{text}");
        }
        for text in ["", "31.1.2030", "2030-02-30", "2030-01-31x", "soon", "2030-01-31T"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn c3_a_day_outside_1970_to_9999_is_none() {
        for text in ["+262142-12-31", "+10000-01-01", "1969-12-31", "0000-01-01", "-0001-01-01"] {
            assert_eq!(day(text), None, "{text}");
            assert_eq!(stored(serde_json::json!(text)).ok(), Some(None), "{text}");
        }
        assert!(day("9999-12-31").is_some() && day("1970-01-01").is_some());
    }
}
