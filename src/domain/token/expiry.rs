//! What a token's times mean at a given moment.
//!
//! Owns the words valid, expiring and expired. Invariant: nothing is stored as expired; it is
//! always asked for a moment, so a jump of the clock is seen at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::grant::TokenFacts;

/// How long before expiry a token is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// The preset's or the user's figure, in seconds; `None` takes a tenth of the token's life,
    /// at least 30 s and at most 5 min.
    pub fixed_secs: Option<u32>,
}

impl Margin {
    /// The margin for a token with these facts: half of the life of one that doesn't live that long, since
    /// it would never do and be asked for again at once.
    pub fn for_token(self, facts: &TokenFacts) -> TimeDelta {
        let life = facts.expires_at.map_or(TimeDelta::zero(), |end| end - facts.received_at);
        let margin = match self.fixed_secs {
            Some(secs) => TimeDelta::seconds(i64::from(secs)),
            None => (life / 10).clamp(TimeDelta::seconds(30), TimeDelta::minutes(5)),
        };
        if life > TimeDelta::zero() && margin >= life { life / 2 } else { margin }
    }
}

/// What an access token is worth at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Usable for longer than the warning period.
    Valid,
    /// Usable, but in its last tenth, or its last five minutes.
    Expiring,
    /// No longer usable.
    Expired,
    /// Its expiry is not known; it counts as usable.
    Unknown,
}

impl Status {
    /// The status at `now`.
    pub fn at(facts: &TokenFacts, now: DateTime<Utc>) -> Self {
        match facts.expires_at {
            None => Self::Unknown,
            Some(end) if now >= end => Self::Expired,
            Some(end) if end - now <= warning_period(facts) => Self::Expiring,
            Some(_) => Self::Valid,
        }
    }

    /// Whether the token had expired when it came: a server's mistake, or its way to say that it doesn't
    /// expire. Another one would be no better.
    pub fn expired_on_arrival(facts: &TokenFacts) -> bool {
        Self::at(facts, facts.received_at) == Self::Expired
    }

    /// Whether the token can be handed out and stay valid for `min_valid`.
    pub fn lasts(facts: &TokenFacts, now: DateTime<Utc>, min_valid: TimeDelta) -> bool {
        facts.expires_at.is_none_or(|end| end > now && end - now > min_valid)
    }
}

/// The smaller of a tenth of the token's life and five minutes.
fn warning_period(facts: &TokenFacts) -> TimeDelta {
    let life = facts.expires_at.map_or(TimeDelta::zero(), |end| end - facts.received_at);
    (life / 10).clamp(TimeDelta::zero(), TimeDelta::minutes(5))
}

/// When the status changes next by itself; `None` where it never does.
pub fn next_status_change(facts: &TokenFacts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = facts.expires_at?;
    [end - warning_period(facts), end].into_iter().find(|at| *at > now)
}

/// How long until what is shown for this token changes: the next whole second, or minute above an
/// hour; `None` where nothing counts.
pub fn next_change(facts: &TokenFacts, now: DateTime<Utc>) -> Option<TimeDelta> {
    [facts.expires_at, facts.refresh_expires_at]
        .into_iter()
        .flatten()
        .filter(|end| *end > now)
        .map(|end| {
            let left = end - now;
            let step_ms = if left > TimeDelta::hours(1) { 60_000 } else { 1_000 };
            // The figure shown is rounded down, so it changes when the remainder is used up.
            TimeDelta::milliseconds(left.num_milliseconds() % step_ms + 1)
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::grant::ExpirySource;

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

    fn facts(life_secs: Option<i64>) -> TokenFacts {
        let received_at = DateTime::UNIX_EPOCH;
        TokenFacts {
            generation: 1,
            received_at,
            expires_at: life_secs.map(|secs| received_at + TimeDelta::seconds(secs)),
            expiry_source: ExpirySource::Server,
            has_refresh_token: false,
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            clock_skew_secs: None,
            id_token: None,
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
        // A token of 20 s is good for 10.
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
