//! Moments and spans as servers write them.
//!
//! Owns the reading of epochs, dates and seconds from answers. Invariant: any value whatever gives a
//! moment or nothing, never an overflow.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

/// Above this an epoch is in milliseconds: as seconds it would be past the year 5000.
const MILLIS_ABOVE: f64 = 1e11;

/// The longest span that is told apart from a longer one, in seconds: a hundred years.
const SPAN_MAX_SECS: f64 = 100.0 * 365.25 * 86_400.0;

/// A number, or a string that holds one.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A span in seconds, whole ones or not, negative ones included.
pub(super) fn span(value: &Value) -> Option<TimeDelta> {
    number(value).map(|secs| millis(secs.clamp(-SPAN_MAX_SECS, SPAN_MAX_SECS) * 1000.0))
}

/// A moment as an epoch, in seconds or milliseconds.
pub(super) fn epoch(value: &Value) -> Option<DateTime<Utc>> {
    let number = number(value)?;
    let ms = if number.abs() > MILLIS_ABOVE { number } else { number * 1000.0 };
    // A moment past the year 9999 is a mistake, and RFC 3339 can't write it.
    (ms.abs() < 2.5e14).then(|| DateTime::UNIX_EPOCH + millis(ms))
}

/// A moment as an epoch, as RFC 3339, as an HTTP date, or as a date and a time without a zone, which
/// is taken as UTC.
pub(super) fn moment(value: &Value) -> Option<DateTime<Utc>> {
    epoch(value).or_else(|| date(value.as_str()?))
}

/// A date in an HTTP header, in any of the three forms of RFC 9110, section 5.6.7, or, as some servers write
/// it, with an offset (RFC 2822).
pub fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    match httpdate::parse_http_date(text) {
        Ok(date) => Some(date.into()),
        Err(_) => DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc)),
    }
}

/// A moment as an HTTP date, as RFC 3339, or without a zone.
fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(date) = http_date(text) {
        return Some(date);
    }
    DateTime::parse_from_rfc3339(text)
        // An offset without its colon, `+0000`, is ISO 8601 too, and usual in Java.
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|date| date.with_timezone(&Utc))
        .or_else(|_| {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
            let mut read = forms.iter().map(|form| NaiveDateTime::parse_from_str(text, form));
            read.find_map(Result::ok).map(|date| date.and_utc()).ok_or(())
        })
        .ok()
}

/// When `Retry-After` (RFC 9110, section 10.2.3) allows another try: seconds from `sent_at`, or a
/// date by the server's clock, which is `skew` ahead of ours.
pub(super) fn retry_at(text: &str, sent_at: DateTime<Utc>, skew: TimeDelta) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let span = span(&Value::String(text.to_owned()))?;
        return sent_at.checked_add_signed(span);
    }
    date(text)?.checked_sub_signed(skew)
}

#[expect(clippy::cast_possible_truncation, reason = "callers keep within a float's exact whole numbers")]
fn millis(ms: f64) -> TimeDelta {
    TimeDelta::milliseconds(ms.floor() as i64)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(secs("99999999999999999999999", none), Some(3_155_760_000));
        for text in ["", "-5", "soon", "1.5"] {
            assert_eq!(secs(text, none), None, "{text}");
        }
    }
}
