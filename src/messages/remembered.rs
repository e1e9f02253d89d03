//! The window's selection and list view, remembered between starts.
//!
//! Invariant: nothing here is secret or typed.

use serde::{Deserialize, Serialize};

use super::stored_json;
use crate::domain::account::AccountId;

/// The sort order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// By name.
    #[default]
    Name,
    /// The last used first, then by name.
    LastUsed,
    /// The earliest expiry first.
    Expiry,
}

/// The grouping of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// None.
    #[default]
    Nothing,
    /// By provider.
    Provider,
    /// By each account's first tag.
    Tag,
    /// By environment.
    Environment,
    /// By account status.
    Status,
}

/// An account's status, apart from what is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// The user must sign in.
    NeedsSignIn,
    /// A problem occurred.
    Error,
    /// Expired.
    Expired,
    /// Expires soon.
    Expiring,
    /// Valid, with known or unknown expiry.
    Valid,
    /// No token yet, and no sign-in needed.
    NoToken,
}

/// The accounts that the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListFilter {
    /// Those that only the user can mend.
    NeedsAttention,
    /// Those with one status.
    #[serde(untagged)]
    Status(StatusFilter),
}

impl ListFilter {
    /// Whether the list shows an account with this status.
    pub fn matches(self, status: StatusFilter) -> bool {
        match self {
            Self::NeedsAttention => matches!(status, StatusFilter::NeedsSignIn | StatusFilter::Error),
            Self::Status(wanted) => status == wanted,
        }
    }
}

/// The window's selection and list view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// The selected account.
    pub selected: Option<AccountId>,
    /// The sort order.
    pub sort: SortBy,
    /// The grouping.
    pub group: GroupBy,
    /// The accounts to show; `None` shows all.
    pub filter: Option<ListFilter>,
    /// Whether a window that was hidden in the tray was explained.
    pub tray_explained: bool,
}

impl Remembered {
    /// Formats it as JSON, to be stored.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses such JSON; a field that is broken has its default.
    pub fn read(text: &str) -> Self {
        stored_json::from_object(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        let selected = Some(AccountId::from_random([7; 16]));
        for remembered in [
            Remembered::default(),
            Remembered {
                selected,
                sort: SortBy::Expiry,
                group: GroupBy::Tag,
                filter: Some(ListFilter::Status(StatusFilter::NoToken)),
                tray_explained: true,
            },
            Remembered { filter: Some(ListFilter::NeedsAttention), ..Remembered::default() },
        ] {
            assert_eq!(Remembered::read(&remembered.text()), remembered);
        }
    }

    #[test]
    fn what_is_broken_or_unknown_has_its_default_alone() {
        let broken = r#"{"selected":"","sort":"size","group":"tag","filter":7,"view":"list"}"#;
        let expected = Remembered { group: GroupBy::Tag, ..Remembered::default() };
        assert_eq!(Remembered::read(broken), expected);
        for odd in ["", "name tag all none", "[]", "null"] {
            assert_eq!(Remembered::read(odd), Remembered::default(), "{odd}");
        }
    }
}
