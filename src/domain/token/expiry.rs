//! The status of a token at a given time.
//!
//! Invariant: no expired state is stored. It is computed for the current time, so a clock change takes effect
//! at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::grant::{ExpirySource, TokenFacts};
use crate::domain::account::secret_expiry;

/// How long before expiry a token is refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// The preset's or the user's value, in seconds; `None` means a tenth of the token's lifetime, at least
    /// 30 s and at most 5 min.
    pub fixed_secs: Option<u32>,
}

impl Margin {
    /// The margin for a token with these facts. If its lifetime is shorter than the margin, half of the
    /// lifetime; otherwise the token would be refreshed again at once.
    pub fn for_token(self, facts: &TokenFacts) -> TimeDelta {
        let life = facts.expires_at.map_or(TimeDelta::zero(), |end| end - facts.received_at);
        let margin = match self.fixed_secs {
            Some(secs) => TimeDelta::seconds(i64::from(secs)),
            None => (life / 10).clamp(TimeDelta::seconds(30), TimeDelta::minutes(5)),
        };
        if life > TimeDelta::zero() && margin >= life { life / 2 } else { margin }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Valid for longer than the warning period.
    Valid,
    /// Valid, but in its last tenth or its last five minutes.
    Expiring,
    Expired,
    /// The expiry is unknown; treated as valid.
    Unknown,
}

impl Status {
    pub fn at(facts: &TokenFacts, now: DateTime<Utc>) -> Self {
        match facts.expires_at {
            None => Self::Unknown,
            Some(end) if now >= end => Self::Expired,
            Some(end) if end - now <= warning_period(facts) => Self::Expiring,
            Some(_) => Self::Valid,
        }
    }

    /// Returns true if the token had expired on receipt: a server's mistake, or its way to say that it
    /// doesn't expire. Refreshing would not help.
    pub fn expired_on_arrival(facts: &TokenFacts) -> bool {
        Self::at(facts, facts.received_at) == Self::Expired
    }

    /// Returns true if the token stays valid for `min_valid`.
    pub fn lasts(facts: &TokenFacts, now: DateTime<Utc>, min_valid: TimeDelta) -> bool {
        facts.expires_at.is_none_or(|end| end > now && end - now > min_valid)
    }
}

/// The smaller of a tenth of the token's life and five minutes; 14 days for a key, which its owner replaces.
fn warning_period(facts: &TokenFacts) -> TimeDelta {
    if facts.expiry_source == ExpirySource::Account {
        return TimeDelta::days(secret_expiry::AHEAD_DAYS);
    }
    let life = facts.expires_at.map_or(TimeDelta::zero(), |end| end - facts.received_at);
    (life / 10).clamp(TimeDelta::zero(), TimeDelta::minutes(5))
}

/// When the status changes next; `None` if never.
pub fn next_status_change(facts: &TokenFacts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = facts.expires_at?;
    [end - warning_period(facts), end].into_iter().find(|at| *at > now)
}

/// How long until the displayed time left changes: the next whole second, or minute above an hour; `None` if
/// no time is displayed.
pub fn next_change(facts: &TokenFacts, now: DateTime<Utc>) -> Option<TimeDelta> {
    [facts.expires_at, facts.refresh_expires_at]
        .into_iter()
        .flatten()
        .filter(|end| *end > now)
        .map(|end| {
            let left = end - now;
            let step_ms = if left > TimeDelta::hours(1) { 60_000 } else { 1_000 };
            // The displayed time is rounded down, so it changes when the remainder is used up.
            TimeDelta::milliseconds(left.num_milliseconds() % step_ms + 1)
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_support::facts;

    #[test]
    fn the_status_changes_when_it_is_said_to() {
        let facts = facts(Some(1000));
        let at = |secs| DateTime::UNIX_EPOCH + TimeDelta::seconds(secs);
        for (now, next) in
            [(0, Some(900)), (899, Some(900)), (900, Some(1000)), (999, Some(1000)), (1000, None)]
        {
            assert_eq!(next_status_change(&facts, at(now)), next.map(at), "{now}");
            if let Some(next) = next {
                let before = Status::at(&facts, at(next) - TimeDelta::milliseconds(1));
                assert_ne!(Status::at(&facts, at(next)), before);
                assert_eq!(Status::at(&facts, at(now)), before);
            }
        }
    }

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)
    }

    #[test]
    fn status_follows_the_moment() {
        let hour = facts(Some(3600));
        for (secs, status) in [
            (0, Status::Valid),
            (3239, Status::Valid),
            (3300, Status::Expiring),
            (3599, Status::Expiring),
            (3600, Status::Expired),
            (400_000_000, Status::Expired),
            (-400_000_000, Status::Valid),
        ] {
            assert_eq!(Status::at(&hour, at(secs)), status, "at {secs} s");
        }
        assert_eq!(Status::at(&facts(None), at(400_000_000)), Status::Unknown);
    }

    #[test]
    fn the_margin_is_a_tenth_within_bounds_or_the_fixed_figure() {
        let by_life = Margin { fixed_secs: None };
        for (life, margin) in [(60, 30), (1200, 120), (86_400, 300)] {
            assert_eq!(by_life.for_token(&facts(Some(life))), TimeDelta::seconds(margin));
        }
        assert_eq!(Margin { fixed_secs: Some(0) }.for_token(&facts(Some(3600))), TimeDelta::zero());
        // A token with a lifetime of 20 s has a margin of 10 s.
        assert_eq!(by_life.for_token(&facts(Some(20))), TimeDelta::seconds(10));
        assert_eq!(Margin { fixed_secs: Some(60) }.for_token(&facts(Some(60))), TimeDelta::seconds(30));
        assert_eq!(Margin { fixed_secs: Some(60) }.for_token(&facts(Some(61))), TimeDelta::seconds(60));
    }

    #[test]
    fn a_token_lasts_only_beyond_what_is_asked() {
        let minute = facts(Some(60));
        assert!(Status::lasts(&minute, at(0), TimeDelta::seconds(59)));
        assert!(!Status::lasts(&minute, at(0), TimeDelta::seconds(60)));
        assert!(!Status::lasts(&minute, at(60), TimeDelta::zero()));
        assert!(Status::lasts(&facts(None), at(60), TimeDelta::days(9)));
    }

    #[test]
    fn the_next_change_is_the_next_second_or_minute() {
        let day = facts(Some(86_400));
        assert_eq!(next_change(&day, at(30)), Some(TimeDelta::milliseconds(30_001)));
        assert_eq!(next_change(&day, at(86_390)), Some(TimeDelta::milliseconds(1)));
        assert_eq!(next_change(&day, at(86_400)), None);
        assert_eq!(next_change(&facts(None), at(0)), None);
    }
}
