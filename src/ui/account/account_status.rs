//! An account's status as a word, an icon and a color. Color alone never carries the meaning.

use chrono::{DateTime, Utc};
use egui::Color32;

use crate::domain::account::status::AccountStatus;
use crate::messages::remembered::StatusFilter;
use crate::messages::snapshot::AccountView;

use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;

/// The status that the list is filtered and grouped by.
pub(in crate::ui) fn at_rest(account: &AccountView, now: DateTime<Utc>) -> StatusFilter {
    match account.status_at_rest(now) {
        AccountStatus::NeedsSignIn | AccountStatus::SignedOut | AccountStatus::SigningIn => {
            StatusFilter::NeedsSignIn
        }
        AccountStatus::Error => StatusFilter::Error,
        AccountStatus::Expired => StatusFilter::Expired,
        AccountStatus::Expiring => StatusFilter::Expiring,
        AccountStatus::Valid | AccountStatus::Unknown => StatusFilter::Valid,
        AccountStatus::NoToken | AccountStatus::Fetching => StatusFilter::NoToken,
    }
}

pub(in crate::ui) fn word_of(status: StatusFilter) -> &'static str {
    shown_as(status).word()
}

pub(in crate::ui) fn shown_as(status: StatusFilter) -> AccountStatus {
    match status {
        StatusFilter::NeedsSignIn => AccountStatus::NeedsSignIn,
        StatusFilter::Error => AccountStatus::Error,
        StatusFilter::Expired => AccountStatus::Expired,
        StatusFilter::Expiring => AccountStatus::Expiring,
        StatusFilter::Valid => AccountStatus::Valid,
        StatusFilter::NoToken => AccountStatus::NoToken,
    }
}

impl AccountStatus {
    pub(in crate::ui) fn word(self) -> &'static str {
        match self {
            Self::SigningIn => "Signing in",
            Self::Fetching => "Getting a token",
            Self::Valid => "Valid",
            Self::Unknown => "No expiry given",
            Self::Expiring => "Expiring",
            Self::Expired => "Expired",
            Self::NeedsSignIn | Self::SignedOut => "Needs sign-in",
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
            Self::NeedsSignIn | Self::SignedOut => Icon::Enter,
            Self::NoToken => Icon::Circle,
            Self::Error => Icon::Warning,
        }
    }

    pub(in crate::ui) fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::SigningIn | Self::Fetching => tokens.accent,
            Self::Valid => tokens.ok,
            Self::Unknown | Self::NoToken => tokens.weak,
            Self::Expiring | Self::NeedsSignIn | Self::SignedOut => tokens.warn,
            Self::Expired | Self::Error => tokens.error,
        }
    }
}
