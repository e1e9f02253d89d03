//! How an account stands, as a word, a shape and a colour.
//!
//! Owns the order in which one thing outranks another: what is going on, then what went wrong, then
//! the token's time. Invariant: never colour alone.

use chrono::{DateTime, Utc};
use egui::Color32;

use crate::domain::token::expiry::Status;
use crate::messages::problem::Problem;
use crate::messages::remembered::StatusFilter;
use crate::messages::snapshot::{AccountView, Activity};

use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;

/// The standing by which the list is filtered and grouped.
pub(in crate::ui) fn at_rest(account: &AccountView, now: DateTime<Utc>) -> StatusFilter {
    match AccountStatus::at_rest(account, now) {
        AccountStatus::NeedsSignIn | AccountStatus::SigningIn => StatusFilter::NeedsSignIn,
        AccountStatus::Error => StatusFilter::Error,
        AccountStatus::Expired => StatusFilter::Expired,
        AccountStatus::Expiring => StatusFilter::Expiring,
        AccountStatus::Valid | AccountStatus::Unknown => StatusFilter::Valid,
        AccountStatus::NoToken | AccountStatus::Fetching => StatusFilter::NoToken,
    }
}

/// Its word.
pub(in crate::ui) fn word_of(standing: StatusFilter) -> &'static str {
    shown_as(standing).word()
}

/// The standing that stands for it.
pub(in crate::ui) fn shown_as(standing: StatusFilter) -> AccountStatus {
    match standing {
        StatusFilter::NeedsSignIn => AccountStatus::NeedsSignIn,
        StatusFilter::Error => AccountStatus::Error,
        StatusFilter::Expired => AccountStatus::Expired,
        StatusFilter::Expiring => AccountStatus::Expiring,
        StatusFilter::Valid => AccountStatus::Valid,
        StatusFilter::NoToken => AccountStatus::NoToken,
    }
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum AccountStatus {
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

impl AccountStatus {
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
