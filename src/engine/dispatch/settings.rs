//! Preferences, the window's position, and the preferences that the vault must confirm.

use std::collections::BTreeMap;

use super::Engine;
use super::job_done::{AfterAccepted, JobDone};
use crate::engine::publishing::outbox::{Replies, answer};
use crate::messages::event::Reply;
use crate::messages::preferences::{Guarded, Preferences, Unconfirmed};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::{VaultHealth, WindowPlace};

impl Engine {
    /// Stores and applies the preferences. Guarded ones are written to the vault first.
    pub(super) fn set_preferences(&mut self, set: &Preferences, replies: Replies) {
        let changes = self.settings.changes(set);
        let before = self.settings.preferences();
        let is_changed = |it: &Guarded| before.guarded(*it) != set.guarded(*it);
        let guarded = Guarded::ALL.into_iter().filter(is_changed);
        let values: BTreeMap<Guarded, String> =
            guarded.map(|it| (it, set.guarded(it).unwrap_or_default())).collect();
        if values.is_empty() {
            return self.store_preferences(changes, replies);
        }
        let needs_record = values.values().any(|value| !value.is_empty());
        self.accept(values, AfterAccepted::Store { changes, needs_record }, replies);
    }

    /// Accepts preferences that were changed outside, as shown.
    pub(super) fn confirm_preferences(&mut self, shown: Unconfirmed, replies: Replies) {
        let preferred = self.settings.guarded();
        if shown.0.iter().any(|(it, value)| preferred.get(it) != Some(value)) {
            return self.fail(None, Problem::ChangedElsewhere, replies);
        }
        self.accept(shown.0, AfterAccepted::Nothing, replies);
    }

    fn accept(&mut self, values: BTreeMap<Guarded, String>, then: AfterAccepted, replies: Replies) {
        let (trust, mut vaults) = (self.settings.trust().clone(), self.secrets.with_chosen());
        // The next run reads the chosen vault.
        vaults.reverse();
        self.spawn(async move {
            let accepted = trust.accept(&vaults, &values).await;
            JobDone::PreferencesAccepted { accepted, then, replies }
        });
    }

    pub(super) fn preferences_accepted(
        &mut self,
        accepted: Result<(), VaultProblem>,
        then: AfterAccepted,
        replies: Replies,
    ) {
        match (then, accepted) {
            // A default needs no record.
            (AfterAccepted::Store { changes, needs_record: false }, _)
            | (AfterAccepted::Store { changes, .. }, Ok(())) => self.store_preferences(changes, replies),
            (AfterAccepted::Nothing, Ok(())) => answer(replies, Ok(Reply::Done)),
            (AfterAccepted::Store { .. } | AfterAccepted::Nothing, Err(problem)) => {
                self.fail(None, Problem::Vault(problem), replies);
            }
        }
    }

    fn store_preferences(&mut self, changes: BTreeMap<String, String>, replies: Replies) {
        let (before, after) = self.settings.change(changes);
        self.use_preferences();
        let stored = self.database.run(move |accounts| accounts.set_preferences(&before, &after));
        self.spawn_for(JobDone::Completed, replies, async move { stored.await.map(|()| Reply::Done) });
    }

    pub(super) fn use_preferences(&mut self) {
        self.http.apply(self.settings.preferences());
        self.confirm_guarded();
    }

    /// Reports changed preferences in a lasting run before they are needed. A locked vault is read once it is
    /// open.
    pub(super) fn confirm_guarded(&mut self) {
        let values = self.settings.guarded();
        let is_locked = matches!(self.secrets.view().health, VaultHealth::Locked { .. });
        if values.is_empty() || !self.is_lasting || is_locked {
            return;
        }
        let (trust, vaults) = (self.settings.trust().clone(), self.secrets.with_chosen());
        self.spawn(async move {
            // An unreadable vault is reported elsewhere.
            let _ = trust.confirm(&vaults, &values).await;
            JobDone::Nothing
        });
    }

    pub(super) fn remember(&mut self, remembered: Remembered, replies: Replies) {
        let text = self.settings.remember(remembered);
        let stored = self.database.run(move |accounts| accounts.set_remembered(&text));
        self.spawn_for(JobDone::Answered, replies, async move { stored.await.map(|()| Reply::Done) });
    }

    pub(super) fn remember_window(&mut self, place: WindowPlace, replies: Replies) {
        let text = self.settings.remember_window(place);
        let stored = self.database.run(move |accounts| accounts.set_window(&text));
        self.spawn_for(JobDone::Answered, replies, async move { stored.await.map(|()| Reply::Done) });
    }
}
