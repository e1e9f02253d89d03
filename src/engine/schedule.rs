//! What happens because time passed.
//!
//! Owns the loop's pauses. Invariant: it never sleeps longer than 30 s without reading the clock
//! again, so a suspended machine or a moved clock is noticed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::core::{Engine, Then};
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::messages::problem::VaultProblem;

/// The longest sleep.
const LONGEST: Duration = Duration::from_secs(30);
/// How often another process's changes are looked for.
const LOOK: Duration = Duration::from_millis(1500);
/// How long until a token that the vault refused is offered again.
const OFFER_AGAIN: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// How long the loop may sleep.
    pub(crate) fn pause(&self) -> Duration {
        let now = self.deps.clock.now();
        let until = |at: DateTime<Utc>| (at - now).to_std().unwrap_or(Duration::ZERO);
        let clipboard = self.desk.shown.as_ref().and_then(|shown| shown.clears_at);
        let longest = if self.deps.lasting { LOOK } else { LONGEST };
        self.entries
            .first_wake()
            .into_iter()
            .chain(clipboard)
            .map(until)
            .min()
            .unwrap_or(longest)
            .min(longest)
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self) {
        let now = self.deps.clock.now();
        if self.desk.shown.as_ref().and_then(|shown| shown.clears_at).is_some_and(|at| now >= at) {
            self.clear_clipboard(None);
        }
        for id in self.entries.due(now) {
            self.tick_account(&id, now);
        }
        if self.deps.lasting {
            self.look_for_changes();
        }
    }

    fn tick_account(&mut self, id: &AccountId, now: DateTime<Utc>) {
        let (ahead_secs, lasting) = (self.preferences.refresh_ahead_secs, self.renews());
        let Some(entry) = self.entries.get(id) else { return };
        if entry.deleting_until.is_some_and(|until| now >= until) {
            return self.finish_deletion(id, None);
        }
        let due = entry.session.next_wake(&entry.ways(ahead_secs, lasting)).is_some_and(|at| now >= at);
        let offer = entry.unsaved.as_ref().is_some_and(|unsaved| now >= unsaved.try_at);
        if due {
            self.step(id, Input::Tick);
        }
        if offer {
            self.offer_again(id, now);
        }
    }

    /// Offers every token again that the vault refused.
    pub(crate) fn offer_unsaved(&mut self) {
        let now = self.deps.clock.now();
        let unsaved = self.entries.values().filter(|entry| entry.unsaved.is_some());
        let ids: Vec<AccountId> = unsaved.map(|entry| entry.account.id.clone()).collect();
        for id in ids {
            self.offer_again(&id, now);
        }
    }

    /// Offers a token to the vault that refused it.
    fn offer_again(&mut self, id: &AccountId, now: DateTime<Utc>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Some(unsaved) = entry.unsaved.as_mut() else { return };
        unsaved.try_at = now + OFFER_AGAIN;
        let (grant, door, id) = (std::rc::Rc::clone(&unsaved.grant), entry.door.clone(), id.clone());
        self.spawn(async move {
            let written = door.write_tokens(&id, &grant).await;
            let then: Then = Box::new(move |engine| engine.offered(&id, grant.facts.generation, written));
            then
        });
    }

    fn offered(&mut self, id: &AccountId, generation: u64, written: Result<(), VaultProblem>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Some(unsaved) = entry.unsaved.as_mut() else { return };
        self.dirty = true;
        match written {
            Ok(()) if unsaved.grant.facts.generation == generation => {
                let facts = unsaved.grant.facts.clone();
                entry.unsaved = None;
                self.kept_locks.release(id);
                self.cache_facts(id, facts);
            }
            Ok(()) => {}
            Err(problem) => {
                unsaved.problem = problem;
                self.hold_on(id);
            }
        }
    }
}
