//! The accounts, their views, and their wake times.
//!
//! Every change of an account is noted here, so the views and wake times of the others are reused: a change of
//! one account among thousands costs as much as one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::account_state::{AccountState, Rules};
use crate::domain::account::{AccountId, AccountName};
use crate::domain::session::{Effect, Input};
use crate::messages::problem::Problem;
use crate::messages::snapshot::UndoView;
use crate::messages::snapshot::account_views::AccountViews;

#[derive(Default)]
pub(crate) struct AccountTable {
    /// Boxed, since a tree moves its values.
    by_id: BTreeMap<AccountId, Box<AccountState>>,
    changed: BTreeSet<AccountId>,
    all_changed: bool,
    views: AccountViews,
    wakes: BTreeMap<AccountId, DateTime<Utc>>,
    /// The rules of the last [`Self::sync`].
    rules: Rules,
    /// Rises with every local change to the list, so that an older read of the database is recognized.
    edits: u64,
}

impl AccountTable {
    pub(crate) fn get(&self, id: &AccountId) -> Option<&AccountState> {
        self.by_id.get(id).map(AsRef::as_ref)
    }

    /// # Errors
    /// [`Problem::UnknownAccount`].
    pub(crate) fn require(&self, id: &AccountId) -> Result<&AccountState, Problem> {
        self.get(id).ok_or_else(|| Problem::UnknownAccount(id.to_string()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &AccountState> {
        self.by_id.values().map(AsRef::as_ref)
    }

    pub(crate) fn ids(&self, is_meant: impl Fn(&AccountState) -> bool) -> Vec<AccountId> {
        self.iter().filter(|entry| is_meant(entry)).map(|entry| entry.id().clone()).collect()
    }

    pub(crate) fn contains(&self, id: &AccountId) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The account with this name, unless it is being deleted.
    pub(crate) fn find(&self, name: &AccountName) -> Option<AccountId> {
        let key = name.key();
        let mut shown = self.iter().filter(|entry| entry.is_shown());
        shown.find(|entry| entry.account().name.key() == key).map(|entry| entry.id().clone())
    }

    /// Changes an account; does nothing without it.
    pub(crate) fn update<R>(
        &mut self,
        id: &AccountId,
        change: impl FnOnce(&mut AccountState) -> R,
    ) -> Option<R> {
        let entry = self.by_id.get_mut(id)?;
        if !self.changed.contains(id) {
            self.changed.insert(id.clone());
        }
        Some(change(entry))
    }

    /// Changes every account.
    pub(crate) fn update_all(&mut self, change: impl FnMut(&mut AccountState)) {
        self.all_changed = true;
        self.by_id.values_mut().map(AsMut::as_mut).for_each(change);
    }

    /// Steps an account's session and returns its effects.
    pub(crate) fn step(
        &mut self,
        id: &AccountId,
        rules: &Rules,
        input: Input,
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        self.update(id, |entry| entry.step(rules, input, now)).unwrap_or_default()
    }

    /// Adds accounts that were read from the database.
    pub(crate) fn add(&mut self, entries: Vec<AccountState>) {
        self.all_changed |= !entries.is_empty();
        let by_id = entries.into_iter().map(|entry| (entry.id().clone(), Box::new(entry)));
        // `append` builds the tree from sorted entries.
        self.by_id.append(&mut by_id.collect());
    }

    pub(crate) fn insert(&mut self, entry: AccountState) {
        self.changed.insert(entry.id().clone());
        self.by_id.insert(entry.id().clone(), Box::new(entry));
    }

    pub(crate) fn remove(&mut self, id: &AccountId) {
        self.changed.insert(id.clone());
        self.by_id.remove(id);
    }

    /// Drops accounts that are neither in `known` nor ephemeral.
    pub(crate) fn keep_only(&mut self, known: &HashSet<&AccountId>) {
        for id in self.ids(|entry| entry.is_in_database() && !known.contains(entry.id())) {
            self.remove(&id);
        }
    }

    /// Notes a local change to the list.
    pub(crate) fn mark_edited(&mut self) {
        self.edits += 1;
    }

    /// The number of local changes to the list.
    pub(crate) fn edits(&self) -> u64 {
        self.edits
    }

    /// Brings views and wake times up to date.
    pub(crate) fn sync(&mut self, rules: Rules) {
        if self.rules != rules {
            self.rules = rules;
            self.all_changed = true;
        }
        let changed = std::mem::take(&mut self.changed);
        if std::mem::take(&mut self.all_changed) {
            let wakes = self.iter().filter_map(|entry| Some((entry.id().clone(), entry.next_wake(&rules)?)));
            self.wakes = wakes.collect();
            return self.arrange(|_| true);
        }
        let mut is_same_order = true;
        for id in &changed {
            let entry = self.get(id);
            let wake = entry.and_then(|entry| entry.next_wake(&rules));
            let view = entry.filter(|entry| entry.is_shown()).map(|entry| entry.view(&rules));
            match wake {
                Some(at) => self.wakes.insert(id.clone(), at),
                None => self.wakes.remove(id),
            };
            is_same_order &= match view {
                Some(view) if is_same_order => self.views.replace(Arc::new(view)),
                Some(_) => false,
                None => self.views.place(id).is_none(),
            };
        }
        if !is_same_order {
            self.arrange(|id| changed.contains(id));
        }
    }

    /// Rebuilds the list. Reuses the views of unchanged accounts.
    fn arrange(&mut self, is_changed: impl Fn(&AccountId) -> bool) {
        let known = |id: &AccountId| if is_changed(id) { None } else { self.views.find(id).map(Arc::clone) };
        let shown = self.iter().filter(|entry| entry.is_shown());
        let mut views: Vec<_> = shown
            .map(|entry| known(entry.id()).unwrap_or_else(|| Arc::new(entry.view(&self.rules))))
            .collect();
        views.sort_by(|a, b| a.name.key().cmp(b.name.key()));
        self.views = views.into();
    }

    /// The views as of the last [`Self::sync`].
    pub(crate) fn views(&self) -> &AccountViews {
        &self.views
    }

    /// The deletions that can still be undone.
    pub(crate) fn undo_views(&self) -> Vec<UndoView> {
        let deleting = self.iter().filter_map(|entry| {
            let (id, name) = (entry.id().clone(), entry.account().name.clone());
            entry.deleting_until().map(|until| UndoView { id, name, until })
        });
        deleting.collect()
    }

    /// The earliest wake time as of the last [`Self::sync`].
    pub(crate) fn first_wake(&self) -> Option<DateTime<Utc>> {
        self.wakes.values().min().copied()
    }

    pub(crate) fn due(&self, now: DateTime<Utc>) -> Vec<AccountId> {
        self.wakes.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect()
    }
}
