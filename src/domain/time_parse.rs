//! Times and durations from servers and files, limited to the years 1970 to 9999.
//!
//! Every external time passes here: from a server, a file, the vault or the database. Invariant: a value
//! yields a time in these years or nothing. RFC 3339 then writes four-digit years, and adding a hundred years
//! or a time zone stays within chrono's range, beyond which its operators panic.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

/// The latest accepted time: 9999-12-31T23:59:59Z.
const LAST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

/// A larger Unix time is in milliseconds: as seconds it would be past the year 5000.
const MILLIS_ABOVE: f64 = 1e11;

/// The maximum duration in seconds, a hundred years; longer ones become this.
const SPAN_MAX_SECS: f64 = 100.0 * 365.25 * 86_400.0;

/// The maximum accepted `Retry-After`: a day.
pub const RETRY_MAX: TimeDelta = TimeDelta::days(1);

/// The time if it is in the years 1970 to 9999.
pub fn bounded(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (DateTime::UNIX_EPOCH..=LAST).contains(&at).then_some(at)
}

/// The nearest time in the years 1970 to 9999.
pub fn nearest(at: DateTime<Utc>) -> DateTime<Utc> {
    at.clamp(DateTime::UNIX_EPOCH, LAST)
}

/// The sum, if it is in the years 1970 to 9999.
pub fn after(at: DateTime<Utc>, span: TimeDelta) -> Option<DateTime<Utc>> {
    at.checked_add_signed(span).and_then(bounded)
}

/// The difference, if it is in the years 1970 to 9999.
pub fn before(at: DateTime<Utc>, span: TimeDelta) -> Option<DateTime<Utc>> {
    at.checked_sub_signed(span).and_then(bounded)
}

/// Reads RFC 3339.
#[expect(clippy::disallowed_methods, reason = "the one place that reads moments")]
pub fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().and_then(|at| bounded(at.to_utc()))
}

/// Reads a stored time. An earlier version stored any year; moving it to the nearest accepted time keeps the
/// record readable.
pub fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    DateTime::deserialize(deserializer).map(nearest)
}

/// Like [`stored`], for an optional time.
pub fn stored_optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(nearest))
}

pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A duration in seconds; may be fractional or negative.
pub(super) fn span(value: &Value) -> Option<TimeDelta> {
    let ms = number(value)?.clamp(-SPAN_MAX_SECS, SPAN_MAX_SECS) * 1000.0;
    TimeDelta::try_milliseconds(whole(ms))
}

pub(super) fn epoch(value: &Value) -> Option<DateTime<Utc>> {
    let number = number(value)?;
    let ms = if number.abs() > MILLIS_ABOVE { number } else { number * 1000.0 };
    DateTime::from_timestamp_millis(whole(ms)).and_then(bounded)
}

/// A Unix time, RFC 3339, an HTTP date, or a date and time without a zone, which is read as UTC.
pub(super) fn moment(value: &Value) -> Option<DateTime<Utc>> {
    epoch(value).or_else(|| date(value.as_str()?))
}

/// An HTTP date in any of the three forms of RFC 9110, section 5.6.7, or with an offset (RFC 2822), as some
/// servers write it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads moments")]
pub fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let date = match httpdate::parse_http_date(text) {
        Ok(date) => date.into(),
        Err(_) => DateTime::parse_from_rfc2822(text).ok()?.to_utc(),
    };
    bounded(date)
}

/// An HTTP date, RFC 3339, or a date and time without a zone.
#[expect(clippy::disallowed_methods, reason = "the one place that reads moments")]
fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(date) = http_date(text) {
        return Some(date);
    }
    DateTime::parse_from_rfc3339(text)
        // An offset without its colon, `+0000`, is ISO 8601 too, and common in Java.
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|date| date.with_timezone(&Utc))
        .or_else(|_| {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
            let mut read = forms.iter().map(|form| NaiveDateTime::parse_from_str(text, form));
            read.find_map(Result::ok).map(|date| date.and_utc()).ok_or(())
        })
        .ok()
        .and_then(bounded)
}

/// The time from which `Retry-After` (RFC 9110, section 10.2.3) allows another attempt: seconds from
/// `sent_at`, or a date by the server's clock, which is `skew` ahead of this computer's; at most
/// [`RETRY_MAX`] after `sent_at`.
pub(super) fn retry_at(text: &str, sent_at: DateTime<Utc>, skew: TimeDelta) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let told = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        after(sent_at, span(&Value::String(text.to_owned()))?)
    } else {
        before(date(text)?, skew)
    };
    told.map(|told| told.min(sent_at + RETRY_MAX))
}

/// Rounds down, and saturates.
#[expect(clippy::cast_possible_truncation, reason = "a float that is too large gives the largest number")]
fn whole(number: f64) -> i64 {
    number.floor() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn spans() {
        for (value, ms) in [
            (json!(3600), Some(3_600_000)),
            (json!("3600"), Some(3_600_000)),
            (json!(" 3600.9999 "), Some(3_600_999)),
            (json!(0), Some(0)),
            (json!(-5), Some(-5000)),
            (json!(1e300), Some(3_155_760_000_000)),
            (json!(u64::MAX), Some(3_155_760_000_000)),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("an hour"), None),
            (json!(null), None),
            (json!([3600]), None),
            (json!(true), None),
        ] {
            assert_eq!(span(&value).map(|span| span.num_milliseconds()), ms, "{value}");
        }
    }

    #[test]
    fn moments() {
        for (value, ms) in [
            (json!(1_642_507_278), Some(1_642_507_278_000)),
            (json!("1642507278"), Some(1_642_507_278_000)),
            (json!(1_642_507_278.5), Some(1_642_507_278_500)),
            (json!(1_642_507_278_123_i64), Some(1_642_507_278_123)),
            (json!("2022-01-18T12:01:18Z"), Some(1_642_507_278_000)),
            (json!("2022-01-18T13:01:18.250+01:00"), Some(1_642_507_278_250)),
            (json!("2022-01-18T13:01:18.250+0100"), Some(1_642_507_278_250)),
            (json!("Tue, 18 Jan 2022 12:01:18 GMT"), Some(1_642_507_278_000)),
            (json!("2022-01-18 12:01:18"), Some(1_642_507_278_000)),
            (json!("2022-01-18T12:01:18.5"), Some(1_642_507_278_500)),
            (json!(0), Some(0)),
            (json!(253_402_300_799_000_i64), Some(253_402_300_799_000)),
            (json!("9999-12-31T23:59:59Z"), Some(253_402_300_799_000)),
            (json!(1e18), None),
            (json!("-1e999"), None),
            (json!("tomorrow"), None),
            (json!({}), None),
        ] {
            assert_eq!(moment(&value).map(|moment| moment.timestamp_millis()), ms, "{value}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let (sent_at, none) = (DateTime::UNIX_EPOCH, TimeDelta::zero());
        let secs = |text, skew| retry_at(text, sent_at, skew).map(|at| at.timestamp());
        assert_eq!(secs("120", none), Some(120));
        assert_eq!(secs("Thu, 01 Jan 1970 01:00:00 GMT", none), Some(3600));
        assert_eq!(secs("Thu, 01 Jan 1970 01:00:00 GMT", TimeDelta::hours(1)), Some(0));
        for other in [
            "Thursday, 01-Jan-70 01:00:00 GMT",
            "Thu Jan  1 01:00:00 1970",
            "Thu, 01 Jan 1970 02:00:00 +0100",
        ] {
            assert_eq!(secs(other, none), Some(3600), "{other}");
        }
        for text in ["", "-5", "soon", "1.5"] {
            assert_eq!(secs(text, none), None, "{text}");
        }
    }

    #[test]
    fn t6_a_server_is_believed_for_a_day_at_most() {
        let sent_at = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let secs =
            |text: &str| retry_at(text, sent_at, TimeDelta::zero()).map(|at| (at - sent_at).num_seconds());
        assert_eq!(secs("86399"), Some(86_399));
        let in_a_year = "Fri, 01 Jan 1971 00:00:00 GMT";
        for text in ["86401", "3155760000", "99999999999999999999999", in_a_year] {
            assert_eq!(secs(text), Some(86_400), "{text}");
        }
    }

    #[test]
    fn c3_a_moment_outside_1970_to_9999_is_none() {
        for value in [
            json!("+262142-12-31T23:59:59"),
            json!("-262143-01-01T00:00:00"),
            json!("+10000-01-01 00:00:00"),
            json!("9999-12-31T23:59:59-14:00"),
            json!("1970-01-01T00:00:00+14:00"),
            json!("0000-01-01T00:00:00Z"),
            json!("Fri, 31 Dec 1969 23:59:59 GMT"),
            json!("Wed Dec 31 23:59:59 1969"),
            json!(-1),
            json!(253_402_300_800_000_i64),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(f64::MAX),
        ] {
            assert_eq!(moment(&value), None, "{value}");
        }
        assert_eq!(rfc3339("9999-12-31T23:59:59Z"), Some(LAST));
        for text in ["9999-12-31T23:59:59-00:01", "1970-01-01T00:00:00+00:01", "0001-01-01T00:00:00Z"] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        assert_eq!(nearest(DateTime::<Utc>::MAX_UTC), LAST);
        assert_eq!(nearest(DateTime::<Utc>::MIN_UTC), DateTime::UNIX_EPOCH);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn c3_any_value_gives_a_moment_in_range_or_none(
            int: i64, float: f64, text in "\\PC*", secs: i64,
            year in "[+-]?[0-9]{1,6}", offset in "(Z|[+-][0-9]{2}:?[0-9]{2})?",
        ) {
            let date = format!("{year}-12-31T23:59:59{offset}");
            for value in [json!(int), json!(float), json!(int.to_string()), json!(float.to_string()), json!(date), json!(text)] {
                for at in [moment(&value), epoch(&value)].into_iter().flatten() {
                    prop_assert!(bounded(at).is_some(), "{value}");
                    let skew = TimeDelta::try_seconds(secs).unwrap_or(TimeDelta::MAX);
                    for moved in [after(at, skew), before(at, skew)].into_iter().flatten() {
                        prop_assert!(bounded(moved).is_some(), "{value} and {secs}");
                    }
                }
                let text = value.as_str().unwrap_or_default();
                let retry = retry_at(text, DateTime::UNIX_EPOCH, TimeDelta::zero());
                let day_after = DateTime::UNIX_EPOCH + RETRY_MAX;
                prop_assert!(retry.is_none_or(|at| (DateTime::UNIX_EPOCH..=day_after).contains(&at)), "{value}");
            }
        }
    }
}
