//! Durations as text.
//!
//! They are rounded down, so that no time is promised that isn't left.

use std::fmt::Display;

use chrono::{DateTime, Local, TimeDelta, TimeZone, Utc};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn plural(count: i64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Minutes and seconds: `12:34`.
pub(in crate::ui) fn minutes(left: TimeDelta) -> String {
    let secs = left.num_seconds().max(0);
    format!("{}:{:02}", secs / MINUTE, secs % MINUTE)
}

/// Beside the ring: `12:34 left`, `1 h 59 min left`, `59 days left`.
pub(in crate::ui) fn countdown(left: TimeDelta) -> String {
    let secs = left.num_seconds().max(0);
    if left <= TimeDelta::hours(1) {
        format!("{} left", minutes(left))
    } else if secs < DAY {
        format!("{} h {} min left", secs / HOUR, secs % HOUR / MINUTE)
    } else {
        format!("{} left", plural(secs / DAY, "day"))
    }
}

/// In a row of the list: `45 s`, `12 min`, `3 h`, `59 d`.
pub(in crate::ui) fn short(left: TimeDelta) -> String {
    let secs = left.num_seconds().max(0);
    match secs {
        0..MINUTE => format!("{secs} s"),
        MINUTE..HOUR => format!("{} min", secs / MINUTE),
        HOUR..DAY => format!("{} h", secs / HOUR),
        _ => format!("{} d", secs / DAY),
    }
}

/// When [`short`] changes, for a countdown.
pub(in crate::ui) fn short_changes_in(left: TimeDelta) -> TimeDelta {
    let step_secs = match left.num_seconds() {
        0..=MINUTE => 1,
        // At exactly one hour the text still counts in minutes, and so on.
        secs if secs <= HOUR => MINUTE,
        secs if secs <= DAY => HOUR,
        _ => DAY,
    };
    TimeDelta::milliseconds(left.num_milliseconds().max(0) % (step_secs * 1000) + 1)
}

/// The text to read aloud; changes each minute, then at one minute and at ten seconds.
pub(in crate::ui) fn spoken(left: TimeDelta) -> String {
    let secs = left.num_seconds().max(0);
    match secs {
        0 => "expired".to_owned(),
        1..=10 => "10 seconds left".to_owned(),
        11..MINUTE => "less than a minute left".to_owned(),
        MINUTE..HOUR => format!("{} left", plural(secs / MINUTE, "minute")),
        HOUR..DAY if secs % HOUR < MINUTE => format!("{} left", plural(secs / HOUR, "hour")),
        HOUR..DAY => {
            format!("{} {} left", plural(secs / HOUR, "hour"), plural(secs % HOUR / MINUTE, "minute"))
        }
        _ => format!("{} left", plural(secs / DAY, "day")),
    }
}

/// A past duration: `just now`, `12 min ago`, `3 h ago`, `9 days ago`.
pub(in crate::ui) fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let secs = (now - since).num_seconds().max(0);
    match secs {
        0..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => format!("{} min ago", secs / MINUTE),
        HOUR..DAY => format!("{} h ago", secs / HOUR),
        _ => format!("{} ago", plural(secs / DAY, "day")),
    }
}

/// The distance from now: `in 12 minutes`, `3 h ago`.
pub(in crate::ui) fn distance(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let secs = (moment - now).num_seconds();
    match secs {
        ..=0 => age(moment, now),
        1..MINUTE => "in less than a minute".to_owned(),
        MINUTE..HOUR => format!("in {} min", secs / MINUTE),
        HOUR..DAY => format!("in {} h", secs / HOUR),
        _ => format!("in {}", plural(secs / DAY, "day")),
    }
}

/// When [`age()`] changes.
pub(in crate::ui) fn age_changes_in(since: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let age = (now - since).max(TimeDelta::zero());
    let step_secs = if age < TimeDelta::hours(1) { MINUTE } else { HOUR };
    TimeDelta::milliseconds(step_secs * 1000 - age.num_milliseconds() % (step_secs * 1000))
}

/// A local time: `14:05` today, `tomorrow 14:05`, else `24 Nov 2025, 14:05`.
pub(in crate::ui) fn clock(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    clock_in(&Local, moment, now)
}

fn clock_in<Tz: TimeZone<Offset: Display>>(zone: &Tz, moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (at, today) = (moment.with_timezone(zone), now.with_timezone(zone).date_naive());
    match (at.date_naive() - today).num_days() {
        0 => at.format("%H:%M").to_string(),
        1 => at.format("tomorrow %H:%M").to_string(),
        -1 => at.format("yesterday %H:%M").to_string(),
        _ => at.format("%-d %b %Y, %H:%M").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::domain::time_parse;

    #[test]
    fn spans_are_said_and_rounded_down() {
        for (secs, long, row, aloud) in [
            (0, "0:00 left", "0 s", "expired"),
            (9, "0:09 left", "9 s", "10 seconds left"),
            (59, "0:59 left", "59 s", "less than a minute left"),
            (60, "1:00 left", "1 min", "1 minute left"),
            (754, "12:34 left", "12 min", "12 minutes left"),
            (3600, "60:00 left", "1 h", "1 hour left"),
            (7199, "1 h 59 min left", "1 h", "1 hour 59 minutes left"),
            (86_400, "1 day left", "1 d", "1 day left"),
            (5_184_000, "60 days left", "60 d", "60 days left"),
        ] {
            let left = TimeDelta::seconds(secs);
            assert_eq!((countdown(left), short(left), spoken(left)), (long.into(), row.into(), aloud.into()));
        }
        let almost = TimeDelta::milliseconds(12_999);
        assert_eq!(countdown(almost), "0:12 left");
    }

    #[test]
    fn the_next_change_comes_when_the_text_changes() {
        for left_ms in [1, 999, 1_000, 59_999, 60_000, 60_001, 61_000, 3_600_000, 3_600_001, 90_000_000] {
            let left = TimeDelta::milliseconds(left_ms);
            let next = short_changes_in(left);
            assert!(next > TimeDelta::zero() && next <= TimeDelta::days(1) + TimeDelta::milliseconds(1));
            let before = left - next + TimeDelta::milliseconds(1);
            assert_eq!(short(before), short(left), "{left_ms} ms");
            if left > next {
                assert_ne!(short(left - next), short(left), "{left_ms} ms");
            }
        }
    }

    #[test]
    fn c2_a_clock_that_jumps_ten_years_is_survived() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for jump in [TimeDelta::days(3653), TimeDelta::days(-3653)] {
            assert!(!clock(now + jump, now).is_empty());
            assert!(!age(now + jump, now).is_empty());
            assert!(age_changes_in(now + jump, now) > TimeDelta::zero());
        }
    }

    #[test]
    fn c3_every_zone_writes_the_first_and_the_last_moment() {
        let ends = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC].map(time_parse::nearest);
        for offset_mins in (-14 * 60..=14 * 60).step_by(15) {
            let zone = FixedOffset::east_opt(offset_mins * 60).unwrap();
            for at in ends {
                for now in ends {
                    assert!(clock_in(&zone, at, now).contains(':'), "{at} seen from {now} at {zone}");
                    assert!(!age(at, now).is_empty() && !distance(at, now).is_empty());
                    assert!(age_changes_in(at, now) > TimeDelta::zero());
                    let left = at - now;
                    assert!(short_changes_in(left) > TimeDelta::zero());
                    for text in [minutes(left), countdown(left), short(left), spoken(left)] {
                        assert!(!text.is_empty());
                    }
                }
            }
        }
    }
}
