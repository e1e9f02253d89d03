//! Filters, sorts and groups the list.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::base::sanitize::sanitized;
use crate::domain::account::environment::Environment;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::domain::token::expiry;
use crate::messages::remembered::{GroupBy, ListFilter, SortBy, StatusFilter};
use crate::messages::snapshot::AccountView;
use crate::messages::snapshot::account_views::AccountViews;

use crate::ui::account::account_status;
use crate::ui::labels;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) struct ListOrder {
    pub(in crate::ui) sort: SortBy,
    pub(in crate::ui) group: GroupBy,
    pub(in crate::ui) filter: Option<ListFilter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Heading {
    /// The row that it precedes.
    pub(in crate::ui) before: usize,
    pub(in crate::ui) text: String,
    /// The number of accounts below it.
    pub(in crate::ui) count: usize,
}

/// Sorts indices into a list of accounts ordered by name, and computes the headings.
pub(in crate::ui) fn arrange(
    order: ListOrder,
    accounts: &AccountViews,
    statuses: &[StatusFilter],
    indices: &mut [usize],
) -> Vec<Heading> {
    match order.sort {
        SortBy::Name => {}
        SortBy::LastUsed => indices.sort_by_cached_key(|index| Reverse(accounts[*index].last_used_at)),
        SortBy::Expiry => indices.sort_by_cached_key(|index| {
            let end = accounts[*index].token.as_ref().and_then(|token| token.facts.expires_at);
            (end.is_none(), end)
        }),
    }
    if order.group == GroupBy::Nothing {
        return Vec::new();
    }
    let key = |index: usize| group_key(order.group, &accounts[index], statuses[index]);
    indices.sort_by_cached_key(|index| key(*index));
    let mut headings = Vec::new();
    let mut before = 0;
    for rows in indices.chunk_by(|a, b| key(*a) == key(*b)) {
        let text = text(order.group, &accounts[rows[0]], statuses[rows[0]]);
        headings.push(Heading { before, text, count: rows.len() });
        before += rows.len();
    }
    headings
}

/// What the accounts of a group have in common. Those without it come last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum GroupKey {
    /// In lower case.
    Word(String),
    Environment(Environment),
    Status(StatusFilter),
    Nothing,
}

fn group_key(group: GroupBy, account: &AccountView, status: StatusFilter) -> GroupKey {
    let settings = &account.settings;
    let word = |word: &String| GroupKey::Word(word.to_lowercase());
    match group {
        GroupBy::Nothing => GroupKey::Nothing,
        GroupBy::Provider => word(&account.provider_name),
        GroupBy::Tag => settings.tags.as_slice().first().map_or(GroupKey::Nothing, word),
        GroupBy::Environment => settings.environment.map_or(GroupKey::Nothing, GroupKey::Environment),
        GroupBy::Status => GroupKey::Status(status),
    }
}

fn text(group: GroupBy, account: &AccountView, status: StatusFilter) -> String {
    match group {
        GroupBy::Nothing => String::new(),
        GroupBy::Provider => sanitized(&account.provider_name, MAX_CHARS).into_owned(),
        GroupBy::Tag => {
            let first = account.settings.tags.as_slice().first();
            first.map_or_else(|| labels::NO_TAG.to_owned(), |tag| sanitized(tag, 60).into_owned())
        }
        GroupBy::Environment => {
            account.settings.environment.map_or(labels::NO_ENVIRONMENT, labels::environment).to_owned()
        }
        GroupBy::Status => account_status::word_of(status).to_owned(),
    }
}

pub(in crate::ui) fn statuses(
    accounts: &AccountViews,
    now: DateTime<Utc>,
) -> (Vec<StatusFilter>, Option<DateTime<Utc>>) {
    let mut first_change: Option<DateTime<Utc>> = None;
    let statuses = accounts.iter().map(|account| {
        let facts = account.token.as_ref().map(|token| &token.facts);
        let change = facts.and_then(|facts| expiry::next_status_change(facts, now));
        first_change = first_change.into_iter().chain(change).min();
        account_status::at_rest(account, now)
    });
    (statuses.collect(), first_change)
}
