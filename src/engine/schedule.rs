//! Timed work.
//!
//! The loop never sleeps longer than 30 s without reading the clock, so it notices a suspend or a changed
//! clock.

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

const LONGEST: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(1500);
/// How long until a refused token is offered to the vault again.
const OFFER_AGAIN: TimeDelta = TimeDelta::seconds(10);

impl Engine {
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

    pub(crate) fn offer_unsaved(&mut self) {
        let now = self.deps.clock.now();
        let unsaved = self.entries.values().filter(|entry| entry.unsaved.is_some());
        let ids: Vec<AccountId> = unsaved.map(|entry| entry.account.id.clone()).collect();
        for id in ids {
            self.offer_again(&id, now);
        }
    }

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
            // There is another token by now, or another process holds the account and the last error remains
            // the reason.
            Ok(_) | Err(_) => {}
        }
    }
}

impl Saver {
    /// Offers a token to the vault that refused it, under the account's lock, which is kept if the vault
    /// refuses again. The token is never stored beside a client of another destination, and never replaces a
    /// newer one. Returns the facts of the stored token.
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
        // A token that no longer belongs to the account doesn't keep the lock.
        lock.keep(matches!(offered, Err(Problem::Vault(_) | Problem::Busy | Problem::Disk(_))));
        offered
    }
}
