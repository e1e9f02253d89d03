//! Filters, sorts and groups the list.
//!
//! Each account is in the list once. Equal accounts keep the order of their names.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::base::sanitize::sanitized;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::domain::token::expiry;
use crate::messages::remembered::{GroupBy, SortBy, StatusFilter};
use crate::messages::snapshot::AccountView;
use crate::messages::snapshot::account_views::AccountViews;

use crate::ui::account::account_status;
use crate::ui::labels;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) struct ListOrder {
    pub(in crate::ui) sort: SortBy,
    pub(in crate::ui) group: GroupBy,
    /// Show only these accounts.
    pub(in crate::ui) filter: Option<StatusFilter>,
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
    places: &mut [usize],
) -> Vec<Heading> {
    match order.sort {
        SortBy::Name => {}
        SortBy::LastUsed => places.sort_by_cached_key(|place| Reverse(accounts[*place].last_used_at)),
        SortBy::Expiry => places.sort_by_cached_key(|place| {
            let end = accounts[*place].token.as_ref().and_then(|token| token.facts.expires_at);
            (end.is_none(), end)
        }),
    }
    if order.group == GroupBy::Nothing {
        return Vec::new();
    }
    let mut ranked = ranks(order.group, accounts, statuses, places);
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut headings: Vec<Heading> = Vec::new();
    let mut last = None;
    for (row, (rank, place)) in ranked.into_iter().enumerate() {
        places[row] = place;
        if let Some(heading) = headings.last_mut().filter(|_| last == Some(rank)) {
            heading.count += 1;
        } else {
            let text = text(order.group, &accounts[place], statuses[place]);
            headings.push(Heading { before: row, text, count: 1 });
        }
        last = Some(rank);
    }
    headings
}

/// Each index with the rank of its group. Comparing words once per group and numbers per account is faster,
/// since groups are few.
fn ranks(
    group: GroupBy,
    accounts: &AccountViews,
    statuses: &[StatusFilter],
    places: &[usize],
) -> Vec<(usize, usize)> {
    let mut numbers = BTreeMap::new();
    let numbered: Vec<_> = places
        .iter()
        .map(|place| {
            let next = numbers.len();
            let word = word(group, &accounts[*place], statuses[*place]);
            (*numbers.entry(word).or_insert(next), *place)
        })
        .collect();
    let mut keys: Vec<_> = numbers.into_iter().map(|(word, number)| (key(word), number)).collect();
    keys.sort_unstable();
    let mut ranks = vec![0; keys.len()];
    let mut rank = 0;
    for (at, (key, number)) in keys.iter().enumerate() {
        rank += usize::from(at > 0 && keys[at - 1].0 != *key);
        ranks[*number] = rank;
    }
    numbered.into_iter().map(|(number, place)| (ranks[number], place)).collect()
}

/// An account's group as it is displayed.
type Word<'a> = (Option<&'a str>, Option<StatusFilter>);
/// The same ignoring case; the flag sorts accounts without a word last.
type Key = (bool, String, Option<StatusFilter>);

fn word(group: GroupBy, account: &AccountView, status: StatusFilter) -> Word<'_> {
    match group {
        GroupBy::Nothing => (None, None),
        GroupBy::Provider => (Some(&account.provider_name), None),
        GroupBy::Tag => (account.settings.tags.as_slice().first().map(String::as_str), None),
        GroupBy::Status => (None, Some(status)),
    }
}

fn key((word, status): Word<'_>) -> Key {
    (word.is_none(), word.map(str::to_lowercase).unwrap_or_default(), status)
}

fn text(group: GroupBy, account: &AccountView, status: StatusFilter) -> String {
    match group {
        GroupBy::Nothing => String::new(),
        GroupBy::Provider => sanitized(&account.provider_name, MAX_CHARS).into_owned(),
        GroupBy::Tag => {
            let first = account.settings.tags.as_slice().first();
            first.map_or_else(|| labels::NO_TAG.to_owned(), |tag| sanitized(tag, 60).into_owned())
        }
        GroupBy::Status => account_status::word_of(status).to_owned(),
    }
}

/// Every account's status, and when the first of them changes.
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
