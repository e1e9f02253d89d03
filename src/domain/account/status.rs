//! An account's status, for the window and the command line.
//!
//! Invariant: no status is stored. It is computed for the current time, so a clock change takes effect at once.

use chrono::{DateTime, Utc};

use crate::domain::token::expiry::Status;
use crate::domain::token::grant::TokenFacts;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    SigningIn,
    Fetching,
    /// The token is valid for longer than the warning period.
    Valid,
    /// The token's expiry is unknown; treated as valid.
    Unknown,
    /// The token is valid, but in its last tenth or its last five minutes.
    Expiring,
    /// The token has expired and can be renewed without the user.
    Expired,
    /// There is a token that can't be used, and a new one needs the user.
    NeedsSignIn,
    /// There is no token, and getting one needs the user.
    SignedOut,
    /// There is no token yet, and getting one doesn't need the user.
    NoToken,
    /// There is no usable token, and the last attempt to get one failed.
    Error,
}

/// How the last attempt to get a token failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Only a new sign-in helps.
    NeedsSignIn,
    Other,
}

impl AccountStatus {
    /// The status at `now` of an account for which nothing is under way. A usable token outweighs a failure.
    pub fn at_rest(
        token: Option<&TokenFacts>,
        needs_user: bool,
        failure: Option<Failure>,
        now: DateTime<Utc>,
    ) -> Self {
        match (token.map(|facts| Status::at(facts, now)), failure) {
            (Some(Status::Valid), _) => Self::Valid,
            (Some(Status::Unknown), _) => Self::Unknown,
            (Some(Status::Expiring), _) => Self::Expiring,
            (_, Some(Failure::NeedsSignIn)) => Self::NeedsSignIn,
            (_, Some(Failure::Other)) => Self::Error,
            (Some(Status::Expired), None) if needs_user => Self::NeedsSignIn,
            (Some(Status::Expired), None) => Self::Expired,
            (None, None) if needs_user => Self::SignedOut,
            (None, None) => Self::NoToken,
        }
    }

    /// The word in the command line's output; `docs/cli.md` promises those of [`Self::at_rest`] without a
    /// failure.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SigningIn => "signing_in",
            Self::Fetching => "fetching",
            Self::Valid => "valid",
            Self::Unknown => "unknown",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::NeedsSignIn => "needs_sign_in",
            Self::SignedOut | Self::NoToken => "signed_out",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_support::facts;

    #[test]
    fn a_usable_token_outweighs_a_failure() {
        let now = DateTime::UNIX_EPOCH;
        let status = |life: Option<i64>, needs_user, failure| {
            AccountStatus::at_rest(Some(&facts(life)), needs_user, failure, now)
        };
        for failure in [None, Some(Failure::NeedsSignIn), Some(Failure::Other)] {
            assert_eq!(status(Some(60), true, failure), AccountStatus::Valid);
            assert_eq!(status(None, true, failure), AccountStatus::Unknown);
        }
        assert_eq!(status(Some(-1), true, None), AccountStatus::NeedsSignIn);
        assert_eq!(status(Some(-1), false, None), AccountStatus::Expired);
        assert_eq!(status(Some(-1), false, Some(Failure::NeedsSignIn)), AccountStatus::NeedsSignIn);
        assert_eq!(status(Some(-1), true, Some(Failure::Other)), AccountStatus::Error);
    }

    #[test]
    fn without_a_token_the_grant_and_the_failure_decide() {
        let status =
            |needs_user, failure| AccountStatus::at_rest(None, needs_user, failure, DateTime::UNIX_EPOCH);
        assert_eq!(status(true, None), AccountStatus::SignedOut);
        assert_eq!(status(false, None), AccountStatus::NoToken);
        assert_eq!(status(true, Some(Failure::Other)), AccountStatus::Error);
        assert_eq!((status(true, None).as_str(), status(false, None).as_str()), ("signed_out", "signed_out"));
    }
}
