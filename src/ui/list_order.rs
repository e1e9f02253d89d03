//! The order of the list: which accounts, how sorted, under which headings.
//!
//! Owns those rules. Invariant: each account stands in the list once, and equals keep the order of
//! their names.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::domain::expiry;
use crate::domain::unseen::neutralised;
use crate::messages::account_views::AccountViews;
use crate::messages::remembered::{GroupBy, SortBy, Standstill};
use crate::messages::snapshot::AccountView;

use super::standing;
use super::words;

/// What is asked of the list besides the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Order {
    /// By what it is sorted.
    pub(super) sort: SortBy,
    /// By what it is grouped.
    pub(super) group: GroupBy,
    /// Which accounts alone are shown.
    pub(super) filter: Option<Standstill>,
}

/// A heading in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    /// The row before which it stands.
    pub(super) before: usize,
    /// What it says.
    pub(super) text: String,
    /// How many accounts stand under it.
    pub(super) count: usize,
}

/// Sorts places in a list of accounts that is by name, and finds the headings.
pub(super) fn arrange(
    order: Order,
    accounts: &AccountViews,
    standings: &[Standstill],
    places: &mut [usize],
) -> Vec<Heading> {
    match order.sort {
        SortBy::Name => {}
        SortBy::LastUsed => places.sort_by_key(|place| Reverse(accounts[*place].last_used_at)),
        SortBy::Expiry => places.sort_by_key(|place| {
            let end = accounts[*place].token.as_ref().and_then(|token| token.facts.expires_at);
            (end.is_none(), end)
        }),
    }
    if order.group == GroupBy::Nothing {
        return Vec::new();
    }
    places.sort_by_cached_key(|place| key(order.group, &accounts[*place], standings[*place]));
    let mut headings: Vec<(Heading, Key)> = Vec::new();
    for (row, place) in places.iter().enumerate() {
        let (account, standing) = (&accounts[*place], standings[*place]);
        let key = key(order.group, account, standing);
        if let Some((heading, _)) = headings.last_mut().filter(|(_, last)| *last == key) {
            heading.count += 1;
        } else {
            let text = text(order.group, account, standing);
            headings.push((Heading { before: row, text, count: 1 }, key));
        }
    }
    headings.into_iter().map(|(heading, _)| heading).collect()
}

/// What puts accounts into one group; the flag puts those without a word last.
type Key = (bool, String, Option<Standstill>);

fn key(group: GroupBy, account: &AccountView, standing: Standstill) -> Key {
    match group {
        GroupBy::Nothing => (false, String::new(), None),
        GroupBy::Provider => (false, account.provider_name.to_lowercase(), None),
        GroupBy::Tag => match account.settings.tags.as_slice().first() {
            Some(tag) => (false, tag.to_lowercase(), None),
            None => (true, String::new(), None),
        },
        GroupBy::Status => (false, String::new(), Some(standing)),
    }
}

fn text(group: GroupBy, account: &AccountView, standing: Standstill) -> String {
    match group {
        GroupBy::Nothing => String::new(),
        GroupBy::Provider => neutralised(&account.provider_name, 60).into_owned(),
        GroupBy::Tag => {
            let first = account.settings.tags.as_slice().first();
            first.map_or_else(|| words::NO_TAG.to_owned(), |tag| neutralised(tag, 60).into_owned())
        }
        GroupBy::Status => standing::word_of(standing).to_owned(),
    }
}

/// How every account stands, and when the first of them stands otherwise.
pub(super) fn standings(
    accounts: &AccountViews,
    now: DateTime<Utc>,
) -> (Vec<Standstill>, Option<DateTime<Utc>>) {
    let standings = accounts.iter().map(|account| standing::at_rest(account, now)).collect();
    let change = |account: &std::sync::Arc<AccountView>| {
        expiry::next_status_change(&account.token.as_ref()?.facts, now)
    };
    (standings, accounts.iter().filter_map(change).min())
}
