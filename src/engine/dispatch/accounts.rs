//! Saves, edits, duplicates, imports and exports accounts, and starts the demo.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::job_done::JobDone;
use crate::base::secret::Passphrase;
use crate::demo::Demo;
use crate::domain::account::secret_binding;
use crate::domain::account::{Account, AccountId, AccountName, Client};
use crate::domain::import::{ImportedFile, Mapping};
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::oauth::response_mapping::ReadAs;
use crate::domain::provider::spec::{ClientSource, ProviderSpec};
use crate::domain::session::Input;
use crate::domain::team::Change;
use crate::engine::accounts::account_save;
use crate::engine::accounts::account_save::{Absent, Checked, Moving, Saved, Terms};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::accounts::export;
use crate::engine::accounts::export::ExportJob;
use crate::engine::accounts::import::{self, ImportItem};
use crate::engine::api_address::client_removal::ClientRemover;
use crate::engine::demo_account::demo_account;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::messages::command::{AccountDraft, Command, ImportDraft};
use crate::messages::event::{Event, ImportRead, Reply};
use crate::messages::problem::{Problem, UntrustedText, VaultProblem};
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::team::TeamAccount;

/// Timeout of a call to the demo's vault in memory.
const DEMO_PATIENCE: Duration = Duration::from_secs(5);

/// Saving and editing.
impl Engine {
    pub(super) fn save(&mut self, draft: AccountDraft, sign_in: bool, replies: Replies) {
        let editing = draft.editing.as_ref().map(|(id, _)| id.clone());
        let checked = match account_save::check(&self.accounts, &self.providers.presets(), draft, false) {
            Ok(checked) => checked,
            Err(problem) => return self.fail(editing.as_ref(), problem, replies),
        };
        let writer = self.writer(&checked.account.id);
        self.spawn(async move {
            // The form shows the endpoints, so saving it confirms them.
            let saved = writer.save(checked, Terms { absent: Absent::Keeps, moving: Moving::Agreed }).await;
            JobDone::DraftSaved { editing, sign_in, saved, replies }
        });
    }

    pub(super) fn draft_saved(
        &mut self,
        editing: Option<&AccountId>,
        sign_in: bool,
        saved: Result<Saved, Problem>,
        replies: Replies,
    ) {
        let saved = match saved {
            Ok(saved) => saved,
            Err(problem) => return self.fail(editing, problem, replies),
        };
        let (id, is_new) = (saved.account.id.clone(), saved.is_new);
        let is_key = saved.account.settings.grant.is_key();
        self.list_saved(saved);
        self.emit(Event::Saved(id.clone()));
        answer(replies, Ok(Reply::Saved(id.clone())));
        if !is_new {
            self.update_client(&id);
        }
        if sign_in && !is_key {
            self.dispatch(Command::SignIn { account: id, open_browser: true }, None);
        }
    }

    /// Puts a saved account into the list.
    fn list_saved(&mut self, saved: Saved) {
        let Saved { account, is_new, tokens_gone, facts } = saved;
        let id = account.id.clone();
        let provider = self.providers.resolve(&account.settings);
        self.accounts.mark_edited();
        if is_new {
            let state = match self.team.open().filter(|_| self.team.is_only()) {
                Some(open) => {
                    let by = open.connection.machine.clone();
                    let change = Some(Change { by, at: self.clock.now() });
                    let found = TeamAccount { account, facts: None, change, is_read: true };
                    AccountState::of_team(found, provider, open.vault.clone())
                }
                None => AccountState::new(account, provider, self.secrets.current().clone()),
            };
            self.accounts.insert(state);
        } else {
            self.accounts.update(&id, |entry| entry.change(account, provider));
        }
        if tokens_gone {
            self.tokens_gone(&id);
        }
        if facts.is_some() {
            self.step(&id, Input::Found(facts));
        }
    }

    /// Reads an account for editing.
    pub(super) fn edit(&mut self, id: &AccountId, replies: Replies) {
        let entry = match self.accounts.require(id) {
            Ok(entry) => entry,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let (account, store) = (entry.account().clone(), self.store_of(entry));
        self.spawn(async move {
            let read = account_save::read_client(&store, &account.id).await;
            JobDone::EditRead { account: Box::new(account), read: read.map(Box::new), replies }
        });
    }

    /// If the account's row disagrees with the vault's record, the form shows the record.
    pub(super) fn edit_read(
        &mut self,
        account: Account,
        read: Result<ClientRecord, VaultProblem>,
        replies: Replies,
    ) {
        let (in_vault, client) = match read {
            Ok(record) => record.into_parts(),
            // The user enters an unreadable secret again.
            Err(VaultProblem::Missing | VaultProblem::Corrupt) => (account.clone(), Client::default()),
            Err(problem) => return self.fail(Some(&account.id), Problem::Vault(problem), replies),
        };
        let agrees = secret_binding::same_requests(&in_vault.settings, &account.settings);
        let settings = if agrees { account.settings } else { in_vault.settings };
        self.emit(account_save::draft_of(Account { settings, ..account }, client));
        answer(replies, Ok(Reply::Done));
    }

    /// Saves a copy under a new name, with its credentials and without its tokens.
    pub(super) fn duplicate(&mut self, id: &AccountId, replies: Replies) {
        let entry = match self.accounts.require(id) {
            Ok(entry) => entry,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let (original, secrets) = (entry.account().clone(), self.secret_reader(entry));
        let name = account_save::free_name(&self.accounts, &original.name);
        self.spawn(async move {
            let client = secrets.client().await.map(Box::new);
            JobDone::DuplicateRead { original: Box::new(original), name, client, replies }
        });
    }

    pub(super) fn duplicate_read(
        &mut self,
        original: Account,
        name: String,
        client: Result<Client, Problem>,
        replies: Replies,
    ) {
        match client {
            Ok(client) => {
                let draft = AccountDraft { editing: None, name, settings: original.settings, client };
                self.save(draft, false, replies);
            }
            Err(problem) => self.fail(Some(&original.id), problem, replies),
        }
    }

    /// Changes an account's overrides. No destination may change.
    pub(super) fn set_override(
        &mut self,
        id: &AccountId,
        change: impl FnOnce(&mut ProviderSpec),
        replies: Replies,
    ) {
        let entry = match self.accounts.require(id) {
            Ok(entry) => entry,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let (mut account, secrets) = (entry.account().clone(), self.secret_reader(entry));
        change(account.settings.overrides_mut());
        let writer = self.writer(id);
        let id = id.clone();
        self.spawn(async move {
            let saved = async {
                let client = secrets.client().await?;
                let checked = Checked { account, client, is_new: false, grant: None, provider: None };
                writer.save(checked, Terms { absent: Absent::Keeps, moving: Moving::Never }).await
            };
            let saved = Box::pin(saved).await;
            JobDone::OverrideSaved { id, saved, replies }
        });
    }

    pub(super) fn override_saved(&mut self, id: AccountId, saved: Result<Saved, Problem>, replies: Replies) {
        match saved {
            Ok(saved) => {
                self.list_saved(saved);
                self.update_client(&id);
                answer(replies, Ok(Reply::Saved(id)));
            }
            Err(problem) => self.fail(Some(&id), problem, replies),
        }
    }

    /// Saves the user's mapping of a response that didn't fit.
    pub(super) fn map_response(&mut self, id: &AccountId, choices: &[(usize, ReadAs)], replies: Replies) {
        let response = match self.accounts.require(id) {
            Ok(entry) => entry.unmapped_response().cloned(),
            Err(problem) => return self.fail(None, problem, replies),
        };
        let Some(response) = response else {
            return self.fail(Some(id), Problem::ChangedElsewhere, replies);
        };
        self.set_override(id, |spec| response.choose(&mut spec.response, choices), replies);
    }

    /// Changes the port of an account's redirect URI. The user must register the new one with the provider.
    pub(super) fn take_port(&mut self, id: &AccountId, port: u16, replies: Replies) {
        let redirect = match self.accounts.require(id).and_then(AccountState::provider) {
            Ok(provider) => provider.redirect_uri.clone(),
            Err(problem) => return self.fail(None, problem, replies),
        };
        match redirect {
            RedirectUri::Loopback(redirect) => {
                let text = redirect.with_port(port);
                self.set_override(id, move |spec| spec.redirect_uri = Some(text), replies);
            }
            RedirectUri::Pasted(_) => answer(replies, Ok(Reply::Done)),
        }
    }
}

/// Import and export.
impl Engine {
    pub(super) fn import(&mut self, drafts: Vec<ImportDraft>, replies: Replies) {
        let items: Result<Vec<ImportItem>, Problem> =
            drafts.into_iter().map(|draft| self.check_import(draft)).collect();
        let items = match items {
            Ok(items) => items,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let replaces = items.iter().any(|(_, checked, _)| !checked.is_new);
        let remover = self.client_remover();
        let registered = items.iter().filter(|(_, checked, _)| {
            let entry = self.accounts.get(&checked.account.id).filter(|_| !checked.is_new);
            let source = entry.and_then(|entry| entry.account().settings.overrides.client_source);
            source == Some(ClientSource::Registered)
        });
        let registered: Vec<_> = registered
            .map(|(writer, checked, _)| {
                (writer.store.clone(), checked.account.id.clone(), checked.client.client_id.clone())
            })
            .collect();
        self.spawn(async move {
            let mut gone = Vec::new();
            for (store, id, client_id) in &registered {
                gone.extend(ClientRemover::read(store, id).await.filter(|old| !old.is(client_id)));
            }
            let saved = Box::pin(import::save_all(items)).await;
            for old in gone.into_iter().filter(|_| saved.is_ok()) {
                remover.delete(old).await;
            }
            JobDone::Imported { saved, replaces, replies }
        });
    }

    fn check_import(&self, imported: ImportDraft) -> Result<ImportItem, Problem> {
        let ImportDraft { mut draft, grant, incomplete, replace, move_secrets } = imported;
        let name = AccountName::new(&draft.name).map_err(Problem::BadName)?;
        if let Some(id) = self.accounts.find(&name).filter(|_| replace) {
            let revision = self.accounts.require(&id)?.account().revision;
            draft.editing = Some((id, revision));
        }
        let presets = self.providers.presets();
        let checked = Checked { grant, ..account_save::check(&self.accounts, &presets, draft, incomplete)? };
        let absent = if incomplete { Absent::Keeps } else { Absent::Removes };
        let moving = if move_secrets { Moving::Agreed } else { Moving::Refused };
        Ok((self.writer(&checked.account.id), checked, Terms { absent, moving }))
    }

    pub(super) fn imported(&mut self, saved: Result<Vec<Saved>, Problem>, replaces: bool, replies: Replies) {
        match saved {
            Ok(saved) => {
                for saved in saved {
                    let id = saved.account.id.clone();
                    self.list_saved(saved);
                    self.emit(Event::Saved(id));
                }
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => {
                // A replaced account that was rolled back has a new revision.
                if replaces {
                    self.accounts.mark_edited();
                    self.load();
                }
                self.fail(None, problem, replies);
            }
        }
    }

    pub(super) fn read_import(
        &mut self,
        path: PathBuf,
        passphrase: Option<Passphrase>,
        mapping: Option<Mapping>,
        replies: Replies,
    ) {
        let presets = self.providers.presets();
        self.spawn(async move {
            let read = export::read_import(path, passphrase, mapping, presets).await;
            JobDone::ImportRead { read, replies }
        });
    }

    pub(super) fn import_read(&mut self, read: Result<ImportedFile, Problem>, replies: Replies) {
        match read {
            Ok(ImportedFile { accounts, left_out, names }) => {
                let drafts: Vec<ImportDraft> = accounts.into_iter().map(ImportDraft::from).collect();
                let is_taken = |draft: &ImportDraft| {
                    let name = AccountName::new(&draft.draft.name);
                    name.is_ok_and(|name| self.accounts.find(&name).is_some())
                };
                let taken = drafts.iter().map(is_taken).collect();
                self.emit(Event::ImportRead(ImportRead { drafts, taken, left_out, names }));
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }

    pub(super) fn export(
        &mut self,
        ids: &[AccountId],
        path: PathBuf,
        passphrase: Option<Passphrase>,
        with_tokens: bool,
        replies: Replies,
    ) {
        let is_meant = |entry: &&AccountState| match ids {
            [] => entry.is_of_team() == self.team.is_only(),
            ids => ids.contains(entry.id()),
        };
        let shown = self.accounts.iter().filter(|entry| entry.is_shown() && !entry.is_ephemeral());
        let (team, own): (Vec<_>, Vec<_>) = shown.filter(is_meant).partition(|entry| entry.is_of_team());
        if let Some(id) = ids.iter().find(|id| !team.iter().chain(&own).any(|entry| entry.id() == *id)) {
            return self.fail(None, Problem::UnknownAccount(id.to_string()), replies);
        }
        let team_store = team.first().map(|entry| self.store_of(entry));
        let parts = [(Some(self.store()), own), (team_store, team)];
        let parts = parts.into_iter().filter_map(|(store, entries)| {
            let accounts: Vec<Account> = entries.into_iter().map(|entry| entry.account().clone()).collect();
            store.filter(|_| !accounts.is_empty()).map(|store| (store, accounts))
        });
        let (parts, presets) = (parts.collect(), self.providers.presets());
        let job = ExportJob { parts, presets, path, passphrase, with_tokens };
        self.spawn_for(JobDone::Reported, replies, async move { job.run().await.map(Reply::Exported) });
    }
}

/// The demo.
impl Engine {
    /// Starts the demo unless it runs, and creates its account.
    pub(super) fn start_demo(&mut self, replies: Replies) {
        if let Some(id) = self.demo.account().filter(|id| self.accounts.contains(id)).cloned() {
            self.emit(Event::DemoReady(id.clone()));
            return answer(replies, Ok(Reply::Saved(id)));
        }
        let record = match self.create_demo() {
            Ok(record) => record,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let account = record.account().clone();
        let id = account.id.clone();
        let vault = self.secrets.separate_memory(DEMO_PATIENCE);
        let provider = self.providers.resolve(&account.settings);
        self.accounts.insert(AccountState::ephemeral(account, provider, vault.clone()));
        self.spawn(async move {
            let written = vault.call(move |vault| Records::new(vault).write_client(&record)).await;
            JobDone::DemoStored { id, written, replies }
        });
    }

    fn create_demo(&mut self) -> Result<ClientRecord, Problem> {
        let demo = Demo::start(Arc::clone(&self.clock))
            .map_err(|error| Problem::Demo(UntrustedText::new(&error.to_string())))?;
        let (account, client) = demo_account(&demo, |name| self.accounts.find(name).is_none())?;
        self.demo.keep(demo, account.id.clone());
        ClientRecord::new(&self.providers.presets(), account, client).map_err(Problem::Settings)
    }

    pub(super) fn demo_stored(&mut self, id: AccountId, written: Result<(), VaultProblem>, replies: Replies) {
        match written {
            Ok(()) => {
                self.emit(Event::DemoReady(id.clone()));
                answer(replies, Ok(Reply::Saved(id)));
            }
            Err(problem) => self.fail(Some(&id), Problem::Vault(problem), replies),
        }
    }
}
