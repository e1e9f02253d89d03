//! The accounts, their views, and their wake times.
//!
//! Every change of an entry is noted here, so the views and wake times of the others are reused: a change of
//! one account among thousands costs as much as one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::account_state::AccountState;
use crate::domain::account::AccountId;
use crate::messages::preferences::Preferences;
use crate::messages::snapshot::account_views::AccountViews;

#[derive(Default)]
pub(crate) struct AccountTable {
    /// Boxed, since a tree moves its values.
    by_id: BTreeMap<AccountId, Box<AccountState>>,
    touched: BTreeSet<AccountId>,
    all_touched: bool,
    shown: AccountViews,
    wakes: BTreeMap<AccountId, DateTime<Utc>>,
    /// The preferences, and whether tokens are refreshed, as of the last views.
    went_by: (Preferences, bool),
}

impl Deref for AccountTable {
    type Target = BTreeMap<AccountId, Box<AccountState>>;

    fn deref(&self) -> &Self::Target {
        &self.by_id
    }
}

impl AccountTable {
    pub(crate) fn get(&self, id: &AccountId) -> Option<&AccountState> {
        self.by_id.get(id).map(AsRef::as_ref)
    }

    /// Returns an entry and marks it as changed.
    pub(crate) fn get_mut(&mut self, id: &AccountId) -> Option<&mut AccountState> {
        let entry = self.by_id.get_mut(id)?;
        if !self.touched.contains(id) {
            self.touched.insert(id.clone());
        }
        Some(entry)
    }

    /// Returns all entries and marks them as changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut AccountState> {
        self.all_touched = true;
        self.by_id.values_mut().map(AsMut::as_mut)
    }

    pub(crate) fn add(&mut self, entries: Vec<AccountState>) {
        self.all_touched |= !entries.is_empty();
        let by_id = entries.into_iter().map(|entry| (entry.account.id.clone(), Box::new(entry)));
        // `append` builds the tree from sorted entries.
        self.by_id.append(&mut by_id.collect());
    }

    pub(crate) fn insert(&mut self, id: AccountId, entry: AccountState) {
        self.touched.insert(id.clone());
        self.by_id.insert(id, Box::new(entry));
    }

    pub(crate) fn remove(&mut self, id: &AccountId) {
        self.touched.insert(id.clone());
        self.by_id.remove(id);
    }

    /// Drops entries that are neither in `known` nor the demo's.
    pub(crate) fn keep_only(&mut self, known: &HashSet<&AccountId>) {
        let gone = self.by_id.iter().filter(|(id, entry)| !entry.ephemeral && !known.contains(id));
        for id in gone.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    pub(crate) fn settle(&mut self, preferences: &Preferences, lasting: bool) {
        if (&self.went_by.0, self.went_by.1) != (preferences, lasting) {
            self.went_by = (preferences.clone(), lasting);
            self.all_touched = true;
        }
        let touched = std::mem::take(&mut self.touched);
        if std::mem::take(&mut self.all_touched) {
            let wake = |entry: &AccountState| entry.next_wake(preferences.refresh_ahead_secs, lasting);
            let wakes = self.by_id.iter().filter_map(|(id, entry)| Some((id.clone(), wake(entry)?)));
            self.wakes = wakes.collect();
            return self.arrange(|_| true);
        }
        let mut same_order = true;
        for id in &touched {
            let entry = self.get(id);
            let wake = entry.and_then(|entry| entry.next_wake(preferences.refresh_ahead_secs, lasting));
            let view = entry.filter(|entry| entry.is_shown()).map(|entry| entry.view(preferences, lasting));
            match wake {
                Some(at) => self.wakes.insert(id.clone(), at),
                None => self.wakes.remove(id),
            };
            same_order &= match view {
                Some(view) if same_order => self.shown.replace(Arc::new(view)),
                Some(_) => false,
                None => self.shown.place(id).is_none(),
            };
        }
        if !same_order {
            self.arrange(|id| touched.contains(id));
        }
    }

    /// Rebuilds the list. Reuses the views of unchanged entries.
    fn arrange(&mut self, is_touched: impl Fn(&AccountId) -> bool) {
        let (preferences, lasting) = &self.went_by;
        let known = |id: &AccountId| if is_touched(id) { None } else { self.shown.find(id).map(Arc::clone) };
        let shown = self.by_id.iter().filter(|(_, entry)| entry.is_shown());
        let mut views: Vec<_> = shown
            .map(|(id, entry)| known(id).unwrap_or_else(|| Arc::new(entry.view(preferences, *lasting))))
            .collect();
        views.sort_by(|a, b| a.name.key().cmp(b.name.key()));
        self.shown = views.into();
    }

    /// The views as of the last update.
    pub(crate) fn shown(&self) -> &AccountViews {
        &self.shown
    }

    /// The earliest wake time as of the last update.
    pub(crate) fn first_wake(&self) -> Option<DateTime<Utc>> {
        self.wakes.values().min().copied()
    }

    pub(crate) fn due(&self, now: DateTime<Utc>) -> Vec<AccountId> {
        self.wakes.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect()
    }
}
