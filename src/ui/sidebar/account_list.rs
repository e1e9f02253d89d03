//! Which accounts the list shows, in which order, and where their rows lie.
//!
//! Owns that answer, and keeps it. Invariants: work over all accounts is done when they or the
//! question have changed, never because a frame is drawn; of a long list, only the rows near what is
//! seen are made.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Pos2, Rangef, Rect, pos2, vec2};

use crate::domain::account::AccountId;
use crate::messages::remembered::StatusFilter;
use crate::messages::snapshot::AccountView;
use crate::messages::snapshot::account_views::AccountViews;

use super::list_order::{self, Heading, Order};

/// Height of a row, in points.
const ROW_HEIGHT: f32 = 56.0;
/// From one row to the next.
const PITCH: f32 = ROW_HEIGHT + 2.0;
/// Before the first row: room for its focus ring.
const ABOVE: f32 = 4.0;
/// Height of a heading.
const HEADING: f32 = 28.0;
/// Rows that are made on either side of those seen, for the keyboard and for assistive technologies.
const BEYOND: usize = 50;

/// The list, worked out.
#[derive(Default)]
pub(in crate::ui) struct AccountList {
    accounts: AccountViews,
    /// What the search looks through, for each account.
    texts: Vec<String>,
    wanted: String,
    order: Order,
    /// How each stands, and when that was worked out.
    standings: Vec<StatusFilter>,
    stood_at: Option<DateTime<Utc>>,
    /// When the first of them stands otherwise.
    changes_at: Option<DateTime<Utc>>,
    /// How many of those that the search leaves stand how.
    counts: BTreeMap<StatusFilter, usize>,
    /// The accounts that are shown, by their place among all.
    rows: Vec<usize>,
    /// The other way: the row of each account.
    row_of: Vec<Option<usize>>,
    /// Where each row begins, in points.
    tops: Vec<f32>,
    headings: Vec<Heading>,
    height: f32,
    /// Rows that were seen in the last frame.
    seen: Range<usize>,
    /// The account whose row has the keyboard.
    focused: Option<AccountId>,
    /// The account whose row is to be scrolled into view.
    wanted_in_view: Option<AccountId>,
}

impl AccountList {
    /// Goes by these accounts, this search and this order; next to nothing where all are as before.
    pub(in crate::ui) fn settle(
        &mut self,
        accounts: &AccountViews,
        search: &str,
        order: Order,
        now: DateTime<Utc>,
    ) {
        let wanted = search.trim().to_lowercase();
        let changed = !self.accounts.is(accounts);
        if !changed && self.wanted == wanted && self.order == order && !self.is_outdated(now) {
            return;
        }
        if changed {
            self.read(accounts);
        }
        if changed || self.is_outdated(now) {
            (self.standings, self.changes_at) = list_order::standings(&self.accounts, now);
            self.stood_at = Some(now);
        }
        (self.wanted, self.order) = (wanted, order);
        let found = |place: &usize| self.wanted.is_empty() || self.texts[*place].contains(&self.wanted);
        self.rows = (0..self.accounts.len()).filter(found).collect();
        self.counts.clear();
        for place in &self.rows {
            *self.counts.entry(self.standings[*place]).or_default() += 1;
        }
        if let Some(filter) = order.filter {
            self.rows.retain(|place| self.standings[*place] == filter);
        }
        self.headings = list_order::arrange(order, &self.accounts, &self.standings, &mut self.rows);
        if !self.wanted.is_empty() && self.headings.is_empty() {
            self.rows.sort_by_cached_key(|place| rank_of(&self.texts[*place], &self.wanted));
        }
        self.lay_out();
    }

    /// Whether an account stands otherwise by now, or the clock was set back.
    fn is_outdated(&self, now: DateTime<Utc>) -> bool {
        self.changes_at.is_some_and(|at| now >= at) || self.stood_at.is_some_and(|at| now < at)
    }

    fn lay_out(&mut self) {
        self.row_of = vec![None; self.accounts.len()];
        self.tops.clear();
        let mut headings = self.headings.iter().peekable();
        let mut top = ABOVE;
        for (row, place) in self.rows.iter().enumerate() {
            self.row_of[*place] = Some(row);
            if headings.next_if(|heading| heading.before == row).is_some() {
                top += HEADING;
            }
            self.tops.push(top);
            top += PITCH;
        }
        self.height = top;
    }

    /// How many of the accounts that the search leaves stand how.
    pub(in crate::ui) fn counts(&self) -> &BTreeMap<StatusFilter, usize> {
        &self.counts
    }

    /// How long until an account stands otherwise.
    pub(in crate::ui) fn changes_in(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.changes_at.map(|at| (at - now).max(TimeDelta::seconds(1)))
    }

    /// The headings on this part of the list, and where they lie.
    pub(in crate::ui) fn headings(
        &self,
        seen: Rangef,
        corner: Pos2,
        width: f32,
    ) -> impl Iterator<Item = (&Heading, Rect)> {
        let place = move |heading: &Heading| {
            let at = pos2(corner.x, corner.y + self.tops[heading.before] - HEADING);
            Rect::from_min_size(at, vec2(width, HEADING))
        };
        let is_seen = move |heading: &&Heading| {
            let top = self.tops[heading.before];
            top >= seen.min && top - HEADING <= seen.max
        };
        self.headings.iter().filter(is_seen).map(move |heading| (heading, place(heading)))
    }

    /// Takes other accounts; what is known of those that stayed is kept.
    fn read(&mut self, accounts: &AccountViews) {
        let before = std::mem::replace(&mut self.accounts, accounts.clone());
        let mut texts = std::mem::take(&mut self.texts);
        self.texts = accounts
            .iter()
            .enumerate()
            .map(|(place, account)| match before.get(place) {
                Some(known) if Arc::ptr_eq(known, account) => std::mem::take(&mut texts[place]),
                _ => text_of(account),
            })
            .collect();
    }

    /// How many rows there are.
    pub(in crate::ui) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the search and the filter leave nothing.
    pub(in crate::ui) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The account of a row.
    pub(in crate::ui) fn get(&self, row: usize) -> Option<&Arc<AccountView>> {
        self.accounts.get(*self.rows.get(row)?)
    }

    /// The row of an account.
    pub(in crate::ui) fn row(&self, id: &AccountId) -> Option<usize> {
        self.row_of.get(self.accounts.place(id)?).copied().flatten()
    }

    /// Height of the whole list, in points.
    pub(in crate::ui) fn height(&self) -> f32 {
        self.height
    }

    /// Where a row lies in a list whose left upper corner is at `corner`.
    pub(in crate::ui) fn rect(&self, row: usize, corner: Pos2, width: f32) -> Rect {
        let top = self.tops.get(row).copied().unwrap_or_default();
        Rect::from_min_size(pos2(corner.x, corner.y + top), vec2(width, ROW_HEIGHT))
    }

    /// The row at this height.
    fn row_at(&self, y: f32) -> usize {
        self.tops.partition_point(|top| *top + PITCH <= y)
    }

    /// The rows to be made, where the part of the list within `seen` is on the screen: those near it,
    /// and one that must be there wherever it is.
    pub(in crate::ui) fn show(
        &mut self,
        seen: Rangef,
        always: Option<usize>,
    ) -> impl Iterator<Item = usize> + use<> {
        self.seen = self.row_at(seen.min)..(self.row_at(seen.max) + 1).min(self.len());
        self.seen.start = self.seen.start.min(self.seen.end);
        let made = self.seen.start.saturating_sub(BEYOND)..(self.seen.end + BEYOND).min(self.len());
        let before = always.filter(|row| *row < made.start);
        let after = always.filter(|row| *row >= made.end && *row < self.len());
        before.into_iter().chain(made).chain(after)
    }

    /// Says that the list is not on the screen.
    pub(in crate::ui) fn hide(&mut self) {
        self.seen = 0..0;
    }

    /// The accounts whose rows are on the screen.
    pub(in crate::ui) fn seen(&self) -> impl Iterator<Item = &AccountView> {
        self.seen.clone().filter_map(|row| self.get(row)).map(AsRef::as_ref)
    }

    /// Remembers whose row has the keyboard.
    pub(in crate::ui) fn focus(&mut self, id: Option<AccountId>) {
        self.focused = id;
    }

    /// The account whose row has the keyboard, or had it in the last frame.
    pub(in crate::ui) fn focused(&self) -> Option<&AccountId> {
        self.focused.as_ref()
    }

    /// Asks for a row to be scrolled into view.
    pub(in crate::ui) fn bring(&mut self, id: AccountId) {
        self.wanted_in_view = Some(id);
    }

    /// The row to be scrolled into view, once.
    pub(in crate::ui) fn take_brought(&mut self) -> Option<usize> {
        let id = self.wanted_in_view.take()?;
        self.row(&id)
    }
}

/// What is called so comes first, then what has it in its name, then what merely has to do with it.
fn rank_of(text: &str, wanted: &str) -> u8 {
    let name = text.split('\n').next().unwrap_or_default();
    if name.starts_with(wanted) { 0 } else { u8::from(!name.contains(wanted)) + 1 }
}

/// What the search looks through: name, provider and tags, ignoring case. The line between them is in
/// no search.
fn text_of(account: &AccountView) -> String {
    let tags = account.settings.tags.as_slice();
    let mut text = String::with_capacity(account.name.key().len() + account.provider_name.len() + 24);
    text.push_str(account.name.key());
    for part in [&account.provider_name].into_iter().chain(tags) {
        text.push('\n');
        if part.is_ascii() {
            let from = text.len();
            text.push_str(part);
            text[from..].make_ascii_lowercase();
        } else {
            text.push_str(&part.to_lowercase());
        }
    }
    text
}
