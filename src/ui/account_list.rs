//! Which accounts the list shows, in which order, and where their rows lie.
//!
//! Owns that answer, and keeps it. Invariants: work over all accounts is done when they or the
//! question have changed, never because a frame is drawn; of a long list, only the rows near what is
//! seen are made.

use std::ops::Range;
use std::sync::Arc;

use egui::{Pos2, Rangef, Rect, pos2, vec2};

use crate::domain::account::AccountId;
use crate::messages::account_views::AccountViews;
use crate::messages::snapshot::AccountView;

/// Height of a row, in points.
const ROW_HEIGHT: f32 = 56.0;
/// From one row to the next.
const PITCH: f32 = ROW_HEIGHT + 2.0;
/// Before the first row: room for its focus ring.
const ABOVE: f32 = 4.0;
/// Rows that are made on either side of those seen, for the keyboard and for assistive technologies.
const BEYOND: usize = 50;

/// The list, worked out.
#[derive(Default)]
pub(super) struct AccountList {
    accounts: AccountViews,
    /// What the search looks through, for each account.
    texts: Vec<String>,
    wanted: String,
    /// The accounts that are shown, by their place among all.
    rows: Vec<usize>,
    /// The other way: the row of each account.
    row_of: Vec<Option<usize>>,
    /// Rows that were seen in the last frame.
    seen: Range<usize>,
    /// The account whose row has the keyboard.
    focused: Option<AccountId>,
    /// The account whose row is to be scrolled into view.
    wanted_in_view: Option<AccountId>,
}

impl AccountList {
    /// Goes by these accounts and this search; next to nothing where both are as before.
    pub(super) fn settle(&mut self, accounts: &AccountViews, search: &str) {
        let wanted = search.trim().to_lowercase();
        let changed = !self.accounts.is(accounts);
        if !changed && self.wanted == wanted {
            return;
        }
        if changed {
            self.read(accounts);
        }
        self.wanted = wanted;
        let fits = |place: &usize| self.wanted.is_empty() || self.texts[*place].contains(&self.wanted);
        self.rows = (0..self.accounts.len()).filter(fits).collect();
        self.row_of = vec![None; self.accounts.len()];
        for (row, place) in self.rows.iter().enumerate() {
            self.row_of[*place] = Some(row);
        }
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
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the search leaves nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The account of a row.
    pub(super) fn get(&self, row: usize) -> Option<&Arc<AccountView>> {
        self.accounts.get(*self.rows.get(row)?)
    }

    /// The row of an account.
    pub(super) fn row(&self, id: &AccountId) -> Option<usize> {
        self.row_of.get(self.accounts.place(id)?).copied().flatten()
    }

    /// Height of the whole list, in points.
    pub(super) fn height(&self) -> f32 {
        top(self.len())
    }

    /// Where a row lies in a list whose left upper corner is at `corner`.
    pub(super) fn rect(row: usize, corner: Pos2, width: f32) -> Rect {
        Rect::from_min_size(pos2(corner.x, corner.y + top(row)), vec2(width, ROW_HEIGHT))
    }

    /// The rows to be made, where the part of the list within `seen` is on the screen: those near it,
    /// and one that must be there wherever it is.
    pub(super) fn show(
        &mut self,
        seen: Rangef,
        always: Option<usize>,
    ) -> impl Iterator<Item = usize> + use<> {
        self.seen = row_at(seen.min)..(row_at(seen.max) + 1).min(self.len());
        self.seen.start = self.seen.start.min(self.seen.end);
        let made = self.seen.start.saturating_sub(BEYOND)..(self.seen.end + BEYOND).min(self.len());
        let before = always.filter(|row| *row < made.start);
        let after = always.filter(|row| *row >= made.end && *row < self.len());
        before.into_iter().chain(made).chain(after)
    }

    /// Says that the list is not on the screen.
    pub(super) fn hide(&mut self) {
        self.seen = 0..0;
    }

    /// The accounts whose rows are on the screen.
    pub(super) fn seen(&self) -> impl Iterator<Item = &AccountView> {
        self.seen.clone().filter_map(|row| self.get(row)).map(AsRef::as_ref)
    }

    /// Remembers whose row has the keyboard.
    pub(super) fn focus(&mut self, id: Option<AccountId>) {
        self.focused = id;
    }

    /// The account whose row has the keyboard, or had it in the last frame.
    pub(super) fn focused(&self) -> Option<&AccountId> {
        self.focused.as_ref()
    }

    /// Asks for a row to be scrolled into view.
    pub(super) fn bring(&mut self, id: AccountId) {
        self.wanted_in_view = Some(id);
    }

    /// The row to be scrolled into view, once.
    pub(super) fn take_brought(&mut self) -> Option<usize> {
        let id = self.wanted_in_view.take()?;
        self.row(&id)
    }
}

/// What the search looks through: name and provider, ignoring case. The line between them is in no
/// search.
fn text_of(account: &AccountView) -> String {
    format!("{}\n{}", account.name.key(), account.provider_name.to_lowercase())
}

#[expect(clippy::cast_precision_loss, reason = "a list of 16 million rows is not shown")]
fn top(row: usize) -> f32 {
    ABOVE + row as f32 * PITCH
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is neither negative nor large"
)]
fn row_at(y: f32) -> usize {
    ((y - ABOVE) / PITCH).max(0.0) as usize
}
