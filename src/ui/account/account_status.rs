//! An account's status as a word, an icon and a color.
//!
//! Activity ranks first, then errors, then the token's expiry. Color alone never carries the meaning.

use chrono::{DateTime, Utc};
use egui::Color32;

use crate::domain::token::expiry::Status;
use crate::messages::problem::Problem;
use crate::messages::remembered::StatusFilter;
use crate::messages::snapshot::{AccountView, Activity};

use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;

/// The status that the list is filtered and grouped by.
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

pub(in crate::ui) fn word_of(standing: StatusFilter) -> &'static str {
    shown_as(standing).word()
}

/// The status whose word and icon a filter uses.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum AccountStatus {
    SigningIn,
    Fetching,
    Valid,
    /// Valid, with an unknown expiry.
    Unknown,
    /// In its last tenth, or its last five minutes.
    Expiring,
    Expired,
    NeedsSignIn,
    /// No token yet, and the grant needs no user.
    NoToken,
    Error,
}

impl AccountStatus {
    pub(in crate::ui) fn of(account: &AccountView, now: DateTime<Utc>) -> Self {
        match &account.activity {
            Activity::AwaitingBrowser(_) | Activity::AwaitingDevice(_) => return Self::SigningIn,
            Activity::Exchanging | Activity::Refreshing => return Self::Fetching,
            Activity::Idle | Activity::Retrying { .. } => {}
        }
        Self::at_rest(account, now)
    }

    /// The status regardless of current activity.
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
