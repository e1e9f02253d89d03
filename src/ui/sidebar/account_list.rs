//! The visible accounts, their order, and their rows' positions.
//!
//! The list is built again only when the accounts, the search, the order or a status changed, since a
//! countdown draws a frame each second. Of a long list, only the rows near the visible part are created.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Pos2, Rangef, Rect, pos2, vec2};

use crate::domain::account::AccountId;
use crate::domain::account::environment::Environment;
use crate::messages::remembered::{ListFilter, StatusFilter};
use crate::messages::snapshot::AccountView;
use crate::messages::snapshot::account_views::AccountViews;

use super::list_order::{self, Heading, ListOrder};
use super::row;

/// Distance between the tops of rows.
const PITCH: f32 = row::HEIGHT + 2.0;
/// Space above the first row for its focus ring.
const ABOVE: f32 = 4.0;
/// Space below the last row, in which the list fades out.
const BELOW: f32 = 12.0;
const HEADING: f32 = 28.0;
/// Rows on either side of the visible ones, for the keyboard and assistive technologies.
const BEYOND: usize = 50;

#[derive(Default)]
pub(in crate::ui) struct AccountList {
    accounts: AccountViews,
    search: String,
    order: ListOrder,
    built_at: Option<DateTime<Utc>>,
    changes_at: Option<DateTime<Utc>>,
    counts: BTreeMap<StatusFilter, usize>,
    /// The listed accounts, as indices.
    rows: Vec<usize>,
    row_of: Vec<Option<usize>>,
    tops: Vec<f32>,
    headings: Vec<Heading>,
    height: f32,
    /// The rows visible in the last frame.
    visible: Range<usize>,
    bar_pixels: u16,
    focused: Option<AccountId>,
    scroll_target: Option<AccountId>,
}

impl AccountList {
    pub(in crate::ui) fn sync(
        &mut self,
        accounts: &AccountViews,
        search: &str,
        order: ListOrder,
        now: DateTime<Utc>,
    ) {
        let search = search.trim().to_lowercase();
        let is_same = self.accounts.is(accounts) && self.search == search && self.order == order;
        if is_same && !self.is_outdated(now) {
            return;
        }
        (self.accounts, self.search, self.order) = (accounts.clone(), search, order);
        self.built_at = Some(now);
        self.build(now);
    }

    /// Whether a status has changed since, or the clock was set back.
    fn is_outdated(&self, now: DateTime<Utc>) -> bool {
        self.changes_at.is_some_and(|at| now >= at) || self.built_at.is_none_or(|at| now < at)
    }

    fn build(&mut self, now: DateTime<Utc>) {
        let (statuses, changes_at) = list_order::statuses(&self.accounts, now);
        self.changes_at = changes_at;
        let ranks: Vec<_> = self.accounts.iter().map(|account| search_rank(account, &self.search)).collect();
        self.rows = (0..self.accounts.len()).filter(|index| ranks[*index].is_some()).collect();
        self.counts.clear();
        for index in &self.rows {
            *self.counts.entry(statuses[*index]).or_default() += 1;
        }
        if let Some(filter) = self.order.filter {
            self.rows.retain(|index| filter.matches(statuses[*index]));
        }
        self.headings = list_order::arrange(self.order, &self.accounts, &statuses, &mut self.rows);
        if self.headings.is_empty() {
            self.rows.sort_by_key(|index| ranks[*index]);
        }
        self.lay_out();
    }

    fn lay_out(&mut self) {
        self.row_of = vec![None; self.accounts.len()];
        self.tops.clear();
        let mut headings = self.headings.iter().peekable();
        let mut top = ABOVE;
        for (row, index) in self.rows.iter().enumerate() {
            self.row_of[*index] = Some(row);
            if headings.next_if(|heading| heading.before == row).is_some() {
                top += HEADING;
            }
            self.tops.push(top);
            top += PITCH;
        }
        self.height = top + BELOW;
    }

    pub(in crate::ui) fn counts(&self) -> &BTreeMap<StatusFilter, usize> {
        &self.counts
    }

    /// The number of accounts that [`ListFilter::NeedsAttention`] shows.
    pub(in crate::ui) fn needing_attention(&self) -> usize {
        let needing = self.counts.iter().filter(|(status, _)| ListFilter::NeedsAttention.matches(**status));
        needing.map(|(_, count)| count).sum()
    }

    /// The width of the rows' life bars, in the screen's pixels.
    pub(in crate::ui) fn bar_pixels(&self) -> u16 {
        self.bar_pixels
    }

    pub(in crate::ui) fn set_bar_pixels(&mut self, pixels: u16) {
        self.bar_pixels = pixels;
    }

    pub(in crate::ui) fn changes_in(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.changes_at.map(|at| (at - now).max(TimeDelta::seconds(1)))
    }

    pub(in crate::ui) fn headings(
        &self,
        seen: Rangef,
        corner: Pos2,
        width: f32,
    ) -> impl Iterator<Item = (&Heading, Rect)> {
        let rect = move |heading: &Heading| {
            let at = pos2(corner.x, corner.y + self.tops[heading.before] - HEADING);
            Rect::from_min_size(at, vec2(width, HEADING))
        };
        let is_seen = move |heading: &&Heading| {
            let top = self.tops[heading.before];
            top >= seen.min && top - HEADING <= seen.max
        };
        self.headings.iter().filter(is_seen).map(move |heading| (heading, rect(heading)))
    }

    pub(in crate::ui) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::ui) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(in crate::ui) fn get(&self, row: usize) -> Option<&Arc<AccountView>> {
        self.accounts.get(*self.rows.get(row)?)
    }

    pub(in crate::ui) fn row(&self, id: &AccountId) -> Option<usize> {
        self.row_of.get(self.accounts.place(id)?).copied().flatten()
    }

    pub(in crate::ui) fn height(&self) -> f32 {
        self.height
    }

    /// A row's position in a list whose top left corner is at `corner`.
    pub(in crate::ui) fn rect(&self, row: usize, corner: Pos2, width: f32) -> Rect {
        let top = self.tops.get(row).copied().unwrap_or_default();
        Rect::from_min_size(pos2(corner.x, corner.y + top), vec2(width, row::HEIGHT))
    }

    fn row_at(&self, y: f32) -> usize {
        self.tops.partition_point(|top| *top + PITCH <= y)
    }

    /// The rows to create if `seen` is on the screen: those nearby, and one that must always exist.
    pub(in crate::ui) fn rows_to_create(
        &mut self,
        seen: Rangef,
        always: Option<usize>,
    ) -> impl Iterator<Item = usize> + use<> {
        self.visible = self.row_at(seen.min)..(self.row_at(seen.max) + 1).min(self.len());
        self.visible.start = self.visible.start.min(self.visible.end);
        let made = self.visible.start.saturating_sub(BEYOND)..(self.visible.end + BEYOND).min(self.len());
        let before = always.filter(|row| *row < made.start);
        let after = always.filter(|row| *row >= made.end && *row < self.len());
        before.into_iter().chain(made).chain(after)
    }

    pub(in crate::ui) fn hide(&mut self) {
        self.visible = 0..0;
    }

    pub(in crate::ui) fn visible(&self) -> impl Iterator<Item = &AccountView> {
        self.visible.clone().filter_map(|row| self.get(row)).map(AsRef::as_ref)
    }

    pub(in crate::ui) fn focus(&mut self, id: Option<AccountId>) {
        self.focused = id;
    }

    /// The account whose row or copy button has the focus or had it in the last frame.
    pub(in crate::ui) fn focused(&self) -> Option<&AccountId> {
        self.focused.as_ref()
    }

    pub(in crate::ui) fn scroll_to(&mut self, id: AccountId) {
        self.scroll_target = Some(id);
    }

    pub(in crate::ui) fn take_scroll_target(&mut self) -> Option<usize> {
        let id = self.scroll_target.take()?;
        self.row(&id)
    }
}

/// How well an account matches a search in lower case: its name from the start, a part of its name, its
/// provider, its environment or a tag. `None` if it doesn't match.
fn search_rank(account: &AccountView, search: &str) -> Option<u8> {
    let name = account.name.key();
    if name.starts_with(search) {
        return Some(0);
    }
    if name.contains(search) {
        return Some(1);
    }
    let environment = account.settings.environment.map(Environment::as_str);
    let tags = account.settings.tags.as_slice().iter().map(String::as_str);
    let mut others = std::iter::once(account.provider_name.as_str()).chain(environment).chain(tags);
    others.any(|text| text.to_lowercase().contains(search)).then_some(2)
}
