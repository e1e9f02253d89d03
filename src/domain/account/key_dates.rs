//! The days of an API key, as its owner noted them.
//!
//! Invariant: the notes decide nothing; only the server knows whether it still accepts the key.

use chrono::{DateTime, Days, Local, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::secret_expiry;
use super::secret_expiry::SecretEnd;
use crate::domain::time_parse;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyDates {
    /// The last day on which the key is valid.
    #[serde(deserialize_with = "secret_expiry::stored", skip_serializing_if = "Option::is_none")]
    pub key_expires: Option<NaiveDate>,
    /// The day on which the key was made.
    #[serde(deserialize_with = "secret_expiry::stored", skip_serializing_if = "Option::is_none")]
    pub key_since: Option<NaiveDate>,
    /// The days after which its owner wants another key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_after_days: Option<u32>,
}

impl KeyDates {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The moment at which the last day ends on this computer.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        day_start(self.key_expires?.checked_add_days(Days::new(1))?)
    }

    /// The moment at which the day begins on which the key was made.
    pub fn since_at(&self) -> Option<DateTime<Utc>> {
        day_start(self.key_since?)
    }

    /// The reminder of the last day, from 14 days before.
    pub fn end(&self, today: NaiveDate) -> Option<SecretEnd> {
        secret_expiry::spoken(self.key_expires, today)
    }

    /// The day from which another key is due, once it has come.
    pub fn rotation_due(&self, today: NaiveDate) -> Option<NaiveDate> {
        let days = Days::new(u64::from(self.rotate_after_days?));
        self.key_since?.checked_add_days(days).filter(|day| *day <= today)
    }
}

fn day_start(day: NaiveDate) -> Option<DateTime<Utc>> {
    let start = day.and_time(NaiveTime::MIN).and_local_timezone(Local).earliest()?;
    time_parse::bounded(start.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::secret_expiry::day;

    #[test]
    fn a_key_is_valid_until_its_last_day_ends() {
        let dates = KeyDates { key_expires: day("2030-01-31"), ..KeyDates::default() };
        let end = dates.ends_at().unwrap().with_timezone(&Local);
        assert_eq!(end.date_naive(), day("2030-02-01").unwrap());
        assert_eq!(end.time(), NaiveTime::MIN);
        assert_eq!(KeyDates::default().ends_at(), None);
        let last = KeyDates { key_expires: day("9999-12-31"), ..KeyDates::default() };
        assert_eq!(last.ends_at().is_some(), last.ends_at().and_then(time_parse::bounded).is_some());
    }

    #[test]
    fn rotation_is_due_from_the_day_that_the_notes_give() {
        let dates = KeyDates { key_since: day("2030-01-01"), rotate_after_days: Some(90), key_expires: None };
        let on = |text: &str| dates.rotation_due(day(text).unwrap());
        assert_eq!(on("2030-03-31"), None);
        assert_eq!(on("2030-04-01"), day("2030-04-01"));
        assert_eq!(on("2031-01-01"), day("2030-04-01"));
        assert_eq!(KeyDates { key_since: None, ..dates }.rotation_due(day("2031-01-01").unwrap()), None);
        let far = KeyDates { rotate_after_days: Some(u32::MAX), ..dates };
        assert_eq!(far.rotation_due(day("9999-12-31").unwrap()), None);
    }
}
