//! The window's selection and list view, remembered between starts.
//!
//! Invariant: nothing here is secret or typed; unreadable text yields the default.

use crate::domain::account::AccountId;

/// The sort order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The last used first, then by name.
    #[default]
    LastUsed,
    /// By name.
    Name,
    /// The earliest expiry first.
    Expiry,
}

/// The grouping of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// None.
    #[default]
    Nothing,
    /// By provider.
    Provider,
    /// By each account's first tag.
    Tag,
    /// By account status.
    Status,
}

/// An account's status, apart from what is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The window's selection and list view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remembered {
    /// The selected account.
    pub selected: Option<AccountId>,
    /// The sort order.
    pub sort: SortBy,
    /// The grouping.
    pub group: GroupBy,
    /// The status to show; `None` shows all.
    pub filter: Option<StatusFilter>,
}

const SORTS: [(SortBy, &str); 3] =
    [(SortBy::LastUsed, "last_used"), (SortBy::Name, "name"), (SortBy::Expiry, "expiry")];

const GROUPS: [(GroupBy, &str); 4] = [
    (GroupBy::Nothing, "nothing"),
    (GroupBy::Provider, "provider"),
    (GroupBy::Tag, "tag"),
    (GroupBy::Status, "status"),
];

const FILTERS: [(StatusFilter, &str); 6] = [
    (StatusFilter::NeedsSignIn, "needs_sign_in"),
    (StatusFilter::Error, "error"),
    (StatusFilter::Expired, "expired"),
    (StatusFilter::Expiring, "expiring"),
    (StatusFilter::Valid, "valid"),
    (StatusFilter::NoToken, "no_token"),
];

fn word_of<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(known, _)| known == value).map_or("", |(_, word)| word)
}

fn value_of<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}

impl Remembered {
    /// Formats it as a line, to be stored.
    pub fn text(&self) -> String {
        let filter = self.filter.map_or("all", |filter| word_of(&FILTERS, &filter));
        let selected = self.selected.as_ref().map_or("none", AccountId::as_str);
        format!("{} {} {filter} {selected}", word_of(&SORTS, &self.sort), word_of(&GROUPS, &self.group))
    }

    /// Parses such a line.
    pub fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let mut next = || words.next().unwrap_or_default();
        Self {
            sort: value_of(&SORTS, next()).unwrap_or_default(),
            group: value_of(&GROUPS, next()).unwrap_or_default(),
            filter: value_of(&FILTERS, next()),
            selected: AccountId::parse(next()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        for (sort, _) in SORTS {
            for (group, _) in GROUPS {
                for filter in FILTERS.map(|(filter, _)| Some(filter)).into_iter().chain([None]) {
                    let selected = filter.map(|_| AccountId::from_random([7; 16]));
                    let remembered = Remembered { selected, sort, group, filter };
                    assert_eq!(Remembered::read(&remembered.text()), remembered);
                }
            }
        }
        for odd in ["", "x y z", "name", "  ", "name tag all zz"] {
            assert_eq!(Remembered::read(odd).selected, None, "{odd}");
        }
    }
}
