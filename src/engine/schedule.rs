//! What happens because time passed.
//!
//! Owns the loop's pauses. Invariant: it never sleeps longer than 30 s without reading the clock
//! again, so a suspended machine or a moved clock is noticed.

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::account_save::Saver;
use super::event_loop::{Engine, Then};
use super::secrets::secret_reader::SecretReader;
use super::secrets::vault_selection;
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::messages::problem::Problem;
use crate::store::vault::account_records::Records;

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
        let due =
            entry.session.next_wake(&entry.renewal_policy(ahead_secs, lasting)).is_some_and(|at| now >= at);
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
        let saver = self.saver(id);
        let Some(secrets) = self.entries.get(id).map(|entry| self.secret_reader(entry)) else { return };
        let Some(unsaved) = self.entries.get_mut(id).and_then(|entry| entry.unsaved.as_mut()) else { return };
        unsaved.try_at = now + OFFER_AGAIN;
        let (grant, id) = (Rc::clone(&unsaved.grant), id.clone());
        self.spawn(async move {
            let offered = saver.offer(&id, &secrets, &grant).await;
            let then: Then = Box::new(move |engine| engine.offered(&id, grant.facts.generation, offered));
            then
        });
    }

    fn offered(&mut self, id: &AccountId, generation: u64, offered: Result<TokenFacts, Problem>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Some(unsaved) = entry.unsaved.as_mut() else { return };
        self.dirty = true;
        match offered {
            Ok(facts) if unsaved.grant.facts.generation == generation => {
                entry.unsaved = None;
                self.held_locks.release(id);
                self.cache_facts(id, facts.clone());
                if facts.generation > generation {
                    self.step(id, Input::Found(Some(facts)));
                }
            }
            Err(Problem::Vault(problem)) => unsaved.problem = problem,
            // Another token is to be saved by now; or somebody else is at the account, and what the vault
            // said last is still the reason.
            Ok(_) | Err(_) => {}
        }
    }
}

impl Saver {
    /// Offers a token to the vault that refused it; under the account's lock, which is kept where the vault
    /// refuses again. It is never stored beside the client of another destination. A newer one that is stored by now is left in its place. Returns what is known of the
    /// one that is stored.
    async fn offer(
        &self,
        id: &AccountId,
        secrets: &SecretReader,
        grant: &Grant,
    ) -> Result<TokenFacts, Problem> {
        let lock = self.held_locks.acquire(&self.home, id).await?;
        let offered = async {
            vault_selection::still_here(&self.door, self.database.clone(), id).await?;
            secrets.client().await?;
            let account = id.clone();
            let read = self.door.call(move |vault| Records::new(vault).read_facts(&account));
            let stored = read.await.ok().flatten();
            if let Some(newer) = stored.filter(|stored| stored.generation > grant.facts.generation) {
                return Ok(newer);
            }
            self.door.write_tokens(id, grant).await.map_err(Problem::Vault)?;
            Ok(grant.facts.clone())
        };
        let offered = offered.await;
        // One that no longer belongs to the account keeps nobody from it.
        lock.keep(matches!(offered, Err(Problem::Vault(_) | Problem::Busy | Problem::Disk(_))));
        offered
    }
}
