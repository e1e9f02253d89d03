//! How an account stands, as a word, a shape and a colour.
//!
//! Owns the order in which one thing outranks another: what is going on, then what went wrong, then
//! the token's time. Invariant: never colour alone.

use chrono::{DateTime, Utc};
use egui::Color32;

use crate::domain::token::expiry::Status;
use crate::messages::problem::Problem;
use crate::messages::remembered::Standstill;
use crate::messages::snapshot::{AccountView, Activity};

use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;

/// The standing by which the list is filtered and grouped.
pub(in crate::ui) fn at_rest(account: &AccountView, now: DateTime<Utc>) -> Standstill {
    match Standing::at_rest(account, now) {
        Standing::NeedsSignIn | Standing::SigningIn => Standstill::NeedsSignIn,
        Standing::Error => Standstill::Error,
        Standing::Expired => Standstill::Expired,
        Standing::Expiring => Standstill::Expiring,
        Standing::Valid | Standing::Unknown => Standstill::Valid,
        Standing::NoToken | Standing::Fetching => Standstill::NoToken,
    }
}

/// Its word.
pub(in crate::ui) fn word_of(standing: Standstill) -> &'static str {
    shown_as(standing).word()
}

/// The standing that stands for it.
pub(in crate::ui) fn shown_as(standing: Standstill) -> Standing {
    match standing {
        Standstill::NeedsSignIn => Standing::NeedsSignIn,
        Standstill::Error => Standing::Error,
        Standstill::Expired => Standing::Expired,
        Standstill::Expiring => Standing::Expiring,
        Standstill::Valid => Standing::Valid,
        Standstill::NoToken => Standing::NoToken,
    }
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Standing {
    /// A sign-in is under way.
    SigningIn,
    /// A token is being fetched.
    Fetching,
    /// Valid.
    Valid,
    /// Valid, its end unknown.
    Unknown,
    /// In its last tenth, or its last five minutes.
    Expiring,
    /// Expired.
    Expired,
    /// A person must sign in.
    NeedsSignIn,
    /// No token yet, where none needs a person.
    NoToken,
    /// Something else went wrong.
    Error,
}

impl Standing {
    /// The standing at `now`.
    pub(in crate::ui) fn of(account: &AccountView, now: DateTime<Utc>) -> Self {
        match &account.activity {
            Activity::AwaitingBrowser(_) | Activity::AwaitingDevice(_) => return Self::SigningIn,
            Activity::Exchanging | Activity::Refreshing => return Self::Fetching,
            Activity::Idle | Activity::Retrying { .. } => {}
        }
        Self::at_rest(account, now)
    }

    /// The standing whatever is going on.
    fn at_rest(account: &AccountView, now: DateTime<Utc>) -> Self {
        let status = account.token.as_ref().map(|token| Status::at(&token.facts, now));
        let usable = matches!(status, Some(Status::Valid | Status::Expiring | Status::Unknown));
        match &account.problem {
            Some(Problem::NeedsSignIn | Problem::RefreshRefused(_) | Problem::OtherSubject) if !usable => {
                return Self::NeedsSignIn;
            }
            Some(_) if !usable => return Self::Error,
            _ => {}
        }
        match status {
            Some(Status::Valid) => Self::Valid,
            Some(Status::Unknown) => Self::Unknown,
            Some(Status::Expiring) => Self::Expiring,
            _ if account.needs_person(now) => Self::NeedsSignIn,
            Some(Status::Expired) => Self::Expired,
            None => Self::NoToken,
        }
    }

    /// The word.
    pub(in crate::ui) fn word(self) -> &'static str {
        match self {
            Self::SigningIn => "Signing in",
            Self::Fetching => "Getting a token",
            Self::Valid => "Valid",
            Self::Unknown => "No expiry given",
            Self::Expiring => "Expiring",
            Self::Expired => "Expired",
            Self::NeedsSignIn => "Needs sign-in",
            Self::NoToken => "No token yet",
            Self::Error => "Error",
        }
    }

    /// The shape.
    pub(in crate::ui) fn icon(self) -> Icon {
        match self {
            Self::SigningIn | Self::Fetching | Self::Expiring => Icon::Clock,
            Self::Valid => Icon::Check,
            Self::Unknown => Icon::Dash,
            Self::Expired => Icon::Cross,
            Self::NeedsSignIn => Icon::Enter,
            Self::NoToken => Icon::Circle,
            Self::Error => Icon::Warning,
        }
    }

    /// The colour.
    pub(in crate::ui) fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::SigningIn | Self::Fetching => tokens.accent,
            Self::Valid => tokens.ok,
            Self::Unknown | Self::NoToken => tokens.weak,
            Self::Expiring | Self::NeedsSignIn => tokens.warn,
            Self::Expired | Self::Error => tokens.error,
        }
    }
}
