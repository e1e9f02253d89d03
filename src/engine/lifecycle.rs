//! The start, changes by other processes, and the end.
//!
//! The start doesn't touch the vault unless something was left unfinished. Quitting waits for open requests,
//! for a limited time.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::accounts::account_state::AccountState;
use super::event_loop::{Engine, Replies, Then, answer};
use super::provider_cache::Providers;
use super::tokens::{request_journal, retry_after};
use crate::domain::account::AccountId;
use crate::domain::session::{Input, Session};
use crate::domain::token::grant::TokenFacts;
use crate::messages::event::Reply;
use crate::messages::preferences::ProxyChoice;
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::WindowPlace;
use crate::net::http_client::Proxy;
use crate::store::database;
use crate::store::database::{Accounts, RowState, Stored, StoredAccount, Texts};
use crate::store::user_presets;
use crate::store::user_presets::OwnPresets;

/// So many accounts are read in a few milliseconds.
const MANY: u32 = 500;
/// How long quitting waits for jobs.
const LAST_CALL: Duration = Duration::from_secs(3);
/// How long quitting waits for a token response: the server may have invalidated the old token.
const LAST_ANSWER: Duration = Duration::from_secs(35);

impl Engine {
    /// Reads what the window needs first, then the accounts. A lasting run with many of them waits for
    /// [`Command::ReadAccounts`](crate::messages::command::Command::ReadAccounts): checking and reading the
    /// database keeps a processor busy for longer than a window takes to open. Measured with 10,000 accounts
    /// read during the start: the window opens half as late again, the rows appear a third earlier. A command
    /// line reads them at once.
    pub(crate) fn prepare(&mut self) {
        if !self.deps.lasting {
            return self.prepare_whole();
        }
        let home = self.deps.home.clone();
        self.spawn(async move {
            let glanced = tokio::task::spawn_blocking(move || database::glance(&home, MANY)).await;
            let then: Then = Box::new(move |engine| match glanced.ok().flatten() {
                Some((texts, are_many)) => {
                    engine.take_texts(&texts);
                    if !are_many {
                        engine.load_at_last();
                    }
                }
                None => engine.prepare_whole(),
            });
            then
        });
    }

    /// The same for a database that may have to be created, migrated or repaired first.
    fn prepare_whole(&mut self) {
        let read = self.disk(Accounts::texts);
        self.spawn(async move {
            let read = read.await;
            let then: Then = Box::new(move |engine| {
                // Database errors are reported when the accounts are read.
                let none = || Texts { preferences: BTreeMap::new(), window: None, remembered: None };
                engine.take_texts(&read.unwrap_or_else(|_| none()));
                engine.load_at_last();
            });
            then
        });
    }

    fn take_texts(&mut self, texts: &Texts) {
        self.preferences = super::settings::read(&texts.preferences);
        self.window = texts.window.as_deref().and_then(super::settings::read_window);
        self.remembered = texts.remembered.as_deref().map(Remembered::read).unwrap_or_default();
        self.prepared = true;
        self.dirty = true;
    }

    pub(crate) fn load_at_last(&mut self) {
        if !self.loaded && !self.looking {
            self.load();
        }
    }

    pub(crate) fn load(&mut self) {
        self.looking = true;
        let edits = self.edits;
        // Once, before the first account uses them.
        let folder = (!self.loaded).then(|| self.deps.home.presets_path());
        let built_in = std::sync::Arc::clone(&self.presets);
        let own = async move {
            let folder = folder?;
            tokio::task::spawn_blocking(move || user_presets::read(&folder, &built_in)).await.ok()
        };
        let (home, only) = (self.deps.home.clone(), self.deps.only.clone());
        let read = self.disk(move |accounts| {
            Ok((request_journal::load(accounts, &home, only.as_ref())?, accounts.data_version()?))
        });
        self.spawn(async move {
            let (own, read) = (own.await, read.await);
            let then: Then = Box::new(move |engine| {
                engine.looking = false;
                if engine.edits != edits {
                    return engine.load();
                }
                if let Some(own) = own.filter(|_| !engine.loaded) {
                    engine.take_own_presets(own);
                }
                engine.loaded = true;
                engine.dirty = true;
                match read {
                    Ok((stored, version)) => {
                        engine.data_version = Some(version);
                        engine.take_stored(stored);
                    }
                    Err(problem) => engine.problem = Some(problem),
                }
            });
            then
        });
    }

    fn take_own_presets(&mut self, own: OwnPresets) {
        let all = own.presets.into_iter().chain(self.presets.iter().cloned());
        self.presets = std::sync::Arc::new(all.collect());
        self.preset_mistakes = std::sync::Arc::new(own.mistakes);
    }

    /// Rereads the database if another process has changed it.
    pub(crate) fn look_for_changes(&mut self) {
        if self.looking || self.problem.is_some() {
            return;
        }
        self.looking = true;
        let version = self.disk(Accounts::data_version);
        self.spawn(async move {
            let version = version.await;
            let then: Then = Box::new(move |engine| {
                engine.looking = false;
                if version.is_ok_and(|version| engine.data_version != Some(version)) {
                    engine.load();
                }
            });
            then
        });
    }

    fn take_stored(&mut self, stored: Stored) {
        let first = self.entries.is_empty();
        self.preferences = super::settings::read(&stored.preferences);
        self.apply_stored_choice(&stored.preferences);
        self.use_preferences();
        if first {
            self.remembered = stored.remembered.as_deref().map(Remembered::read).unwrap_or_default();
        }
        if self.window.is_none() {
            self.window = stored.window.as_deref().and_then(super::settings::read_window);
        }
        self.entries.keep_only(&stored.accounts.iter().map(|row| &row.account.id).collect());
        let mut providers = Providers::of(&self.presets);
        let (mut new, mut marked) = (Vec::new(), Vec::new());
        self.with_secret_params.clear();
        for row in stored.accounts {
            match row.state {
                RowState::Ready => {
                    self.with_secret_params.extend(row.has_secret_params.then(|| row.account.id.clone()));
                    marked.extend(row.in_flight.map(|mark| (row.account.id.clone(), mark)));
                    if self.entries.contains_key(&row.account.id) {
                        self.take_row(row, &mut providers);
                    } else {
                        new.push(self.entry_of(row, &mut providers));
                    }
                }
                RowState::Pending | RowState::Deleting if first => self.finish_half_done(row),
                // Another process deletes it.
                RowState::Deleting => {
                    let ours = |entry: &AccountState| entry.deleting_until.is_some();
                    if self.entries.get(&row.account.id).is_some_and(|entry| !ours(entry)) {
                        self.entries.remove(&row.account.id);
                    }
                }
                RowState::Pending => {}
            }
        }
        self.entries.add(new);
        for (id, mark) in marked {
            self.say_interrupted(&id, mark);
        }
        self.move_secret_params();
        self.take_waits(stored.waits);
        self.read_shown_exchanges();
    }

    fn entry_of(&self, row: StoredAccount, providers: &mut Providers) -> AccountState {
        let provider = providers.resolve(&row.account.settings);
        let mut entry = AccountState::new(row.account, provider, self.door.clone());
        (entry.session, entry.last_used_at) = (Session::of(row.facts), row.last_used_at);
        entry
    }

    pub(crate) fn take_row(&mut self, row: StoredAccount, providers: &mut Providers) {
        let id = row.account.id.clone();
        let Some(entry) = self.entries.get_mut(&id) else {
            let entry = self.entry_of(row, providers);
            return self.entries.insert(id, entry);
        };
        let StoredAccount { account, facts, last_used_at, .. } = row;
        // Without the lock the row was not marked, so no other process could undo it.
        if entry.deletion_lock.take().is_some() {
            entry.deleting_until = None;
            log::info!("account {id}: its deletion was undone elsewhere");
        }
        entry.last_used_at = entry.last_used_at.max(last_used_at);
        if account.revision > entry.account.revision {
            let provider = providers.resolve(&account.settings);
            entry.change(account, provider);
        }
        let generation = |facts: Option<&TokenFacts>| facts.map_or(0, |facts| facts.generation);
        let newer = generation(facts.as_ref()) > generation(entry.session.facts());
        let gone = facts.is_none() && entry.session.facts().is_some() && entry.unsaved.is_none();
        if newer || gone {
            entry.glance = None;
            // The server has accepted another process.
            entry.problem.take_if(|problem| newer && retry_after::is_wait(problem));
            self.step(&id, Input::Found(facts));
        }
    }

    pub(crate) fn cache_facts(&mut self, id: &AccountId, facts: TokenFacts) {
        let account = id.clone();
        let cached = self.disk(move |accounts| accounts.put_facts(&account, &facts));
        self.spawn(async move {
            if cached.await.is_err() {
                log::warn!("a token's times could not be cached");
            }
            let then: Then = Box::new(|_| {});
            then
        });
    }

    /// Stores and applies changed preferences, by key.
    pub(crate) fn store_preferences(&mut self, changes: BTreeMap<String, String>, replies: Replies) {
        let before = super::settings::write(&self.preferences);
        let mut after = before.clone();
        after.extend(changes);
        self.preferences = super::settings::read(&after);
        self.use_preferences();
        self.dirty = true;
        let written = self.disk(move |accounts| accounts.set_preferences(&before, &after));
        self.spawn(async move {
            let written = written.await;
            let then: Then = Box::new(move |engine| match written {
                Ok(()) => answer(replies, Ok(Reply::Done)),
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    fn use_preferences(&mut self) {
        let extra = self.preferences.extra_root_certificate.as_ref().map(Into::into);
        let proxy = match &self.preferences.proxy {
            ProxyChoice::System => Proxy::System,
            ProxyChoice::Direct => Proxy::None,
            ProxyChoice::At(url) => Proxy::At(url.clone()),
        };
        if self.deps.http.extra_root_pem != extra || self.deps.http.proxy != proxy {
            (self.deps.http.extra_root_pem, self.deps.http.proxy) = (extra, proxy);
            self.http = crate::net::http_client::Http::new(self.deps.http.clone());
        }
        self.look_at_guarded();
    }

    pub(crate) fn remember(&mut self, remembered: Remembered, replies: Replies) {
        let text = remembered.text();
        self.remembered = remembered;
        let written = self.disk(move |accounts| accounts.set_remembered(&text));
        self.spawn(async move {
            let written = written.await;
            let then: Then = Box::new(move |_| answer(replies, written.map(|()| Reply::Done)));
            then
        });
    }

    pub(crate) fn remember_window(&mut self, place: WindowPlace, replies: Replies) {
        self.window = Some(place);
        let text = super::settings::write_window(&place);
        let written = self.disk(move |accounts| accounts.set_window(&text));
        self.spawn(async move {
            let written = written.await;
            let then: Then = Box::new(move |_| answer(replies, written.map(|()| Reply::Done)));
            then
        });
    }

    /// The end: clears the clipboard, finishes deletions, waits for open requests, and offers refused tokens
    /// to the vault once more.
    pub(crate) async fn wind_up(&mut self) {
        let to_revoke = self.has_tokens_to_revoke();
        let listening: Vec<AccountId> = self.entries.keys().cloned().collect();
        for id in listening {
            self.step(&id, Input::Cancel);
            if self.entries.get(&id).is_some_and(|entry| entry.deleting_until.is_some()) {
                self.finish_deletion(&id, None);
            }
        }
        if self.deps.lasting {
            // A command line has already reported its token.
            self.offer_unsaved();
        }
        let cleared = self.desk.clear();
        let in_flight = Rc::clone(&self.in_flight);
        let rest = async {
            cleared.await;
            loop {
                self.keep_exchanges();
                match self.jobs.join_next().await {
                    Some(Ok(then)) => then(self),
                    Some(Err(_)) => {}
                    None => break,
                }
            }
            // The remaining listeners still deliver their last page.
            while self.listeners.join_next().await.is_some() {}
        };
        let patience = if in_flight.get() > 0 || to_revoke { LAST_ANSWER } else { LAST_CALL };
        if tokio::time::timeout(patience, rest).await.is_err() {
            log::warn!("the vault or the network did not answer before the end");
        }
    }
}
