//! Where the user was in the window, remembered from one start to the next.
//!
//! Owns those choices and the words by which they are stored. Invariant: nothing here is a secret or
//! was typed; a word that can't be read gives the default.

use crate::domain::account::AccountId;

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// What was copied last stands first, then by name.
    #[default]
    LastUsed,
    /// By name.
    Name,
    /// What expires soonest stands first.
    Expiry,
}

/// By what the list is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// Not at all.
    #[default]
    Nothing,
    /// By provider.
    Provider,
    /// By each account's first tag.
    Tag,
    /// By how accounts stand.
    Status,
}

/// How an account stands, whatever is going on with it at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusFilter {
    /// A person must sign in.
    NeedsSignIn,
    /// Something went wrong.
    Error,
    /// Expired.
    Expired,
    /// Expires soon.
    Expiring,
    /// Valid, be its end known or not.
    Valid,
    /// No token yet, where none needs a person.
    NoToken,
}

/// Where the user was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remembered {
    /// The chosen account.
    pub selected: Option<AccountId>,
    /// How the list is sorted.
    pub sort: SortBy,
    /// How it is grouped.
    pub group: GroupBy,
    /// Which accounts alone are shown.
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
    /// As a line of words, to be stored.
    pub fn text(&self) -> String {
        let filter = self.filter.map_or("all", |filter| word_of(&FILTERS, &filter));
        let selected = self.selected.as_ref().map_or("none", AccountId::as_str);
        format!("{} {} {filter} {selected}", word_of(&SORTS, &self.sort), word_of(&GROUPS, &self.group))
    }

    /// Reads such a line.
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
