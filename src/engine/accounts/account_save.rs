//! Saves accounts: from a draft to the vault and the database.
//!
//! A new account is `pending` until its secrets are in the vault. An edit needs the account's lock and
//! applies to the revision that was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account_table::AccountTable;
use crate::base::clock::Clock;
use crate::base::failpoint::reach;
use crate::base::secret::{Kind, Secret};
use crate::domain::account::registration::Registration;
use crate::domain::account::secret_expiry;
use crate::domain::account::{Account, AccountId, AccountName, Client, Revision};
use crate::domain::oauth::extra_params;
use crate::domain::oauth::extra_params::SecretParams;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_request::RequestError;
use crate::domain::provider::{Preset, Provider, ProviderError};
use crate::domain::team::Role;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::error_mapping::unusable;
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::messages::command::AccountDraft;
use crate::messages::event::Event;
use crate::messages::problem::{Problem, VaultProblem};
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;

/// Writes accounts to their vault and the database.
#[derive(Clone)]
pub(crate) struct AccountWriter {
    pub(crate) store: AccountStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) presets: Arc<Vec<Preset>>,
}

pub(crate) struct Checked {
    pub(crate) account: Account,
    pub(crate) client: Client,
    pub(crate) is_new: bool,
    pub(crate) grant: Option<Grant>,
    /// The provider that an edited client must be able to send requests to; `None` if no such part was
    /// edited.
    pub(crate) provider: Option<Box<Provider>>,
}

pub(crate) struct Saved {
    pub(crate) account: Account,
    pub(crate) is_new: bool,
    pub(crate) tokens_gone: bool,
    /// The facts of tokens from the draft.
    pub(crate) facts: Option<TokenFacts>,
}

/// The conditions of a change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) absent: Absent,
    pub(crate) moving: Moving,
}

/// Whether stored secrets may move to other destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moving {
    /// They may: the user has seen and confirmed the new ones.
    Agreed,
    /// Only an edit that keeps no stored secret may change a destination.
    Refused,
    Never,
}

/// The meaning of a secret that an edit omits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Keep the stored one, as in a form.
    Keeps,
    /// Remove it, as in an import that replaces.
    Removes,
}

/// Checks a draft: its name, its settings, and the values that its grant needs.
pub(crate) fn check(
    accounts: &AccountTable,
    presets: &[Preset],
    draft: AccountDraft,
    incomplete: bool,
) -> Result<Checked, Problem> {
    let AccountDraft { editing, name, mut settings, mut client } = draft;
    // From here on the settings contain no secret.
    extra_params::move_secrets(&mut settings, &mut client);
    let name = AccountName::new(&name).map_err(Problem::BadName)?;
    let taken =
        accounts.find(&name).is_some_and(|id| editing.as_ref().is_none_or(|(editing, _)| *editing != id));
    if taken {
        return Err(Problem::NameTaken(name.as_str().to_owned()));
    }
    let provider = match Provider::resolve(presets, &settings) {
        // Its issuer was named and could not be read yet.
        Err(ProviderError::EndpointMissing(_)) if incomplete && settings.overrides.issuer.is_some() => None,
        resolved => Some(Box::new(resolved.map_err(Problem::Settings)?)),
    };
    let is_new = editing.is_none();
    // Values that an edit omits stay as they are stored.
    let checks = is_new || (settings.grant.has_client() && client.client_id.is_empty());
    if let Some(provider) = provider.as_ref().filter(|_| checks) {
        match token_request::check(provider, &client) {
            Err(RequestError::Missing(_)) if incomplete => {}
            checked => checked.map_err(|error| unusable(error).problem)?,
        }
    }
    let (id, revision) = match editing {
        Some(editing) => editing,
        None => (AccountId::from_random(random::bytes()?), Revision::default()),
    };
    let account = Account { id, revision, name, settings };
    Ok(Checked { account, client, is_new, grant: None, provider })
}

/// A free name for a copy of an account.
pub(crate) fn free_name(accounts: &AccountTable, name: &AccountName) -> String {
    let stem: String = name.as_str().chars().take(AccountName::MAX_CHARS - 10).collect();
    let is_free = |name: &String| AccountName::new(name).is_ok_and(|name| accounts.find(&name).is_none());
    let numbered = (2..=accounts.len() + 2).map(|number| format!("{stem} copy {number}"));
    std::iter::once(format!("{stem} copy")).chain(numbered).find(is_free).unwrap_or(stem)
}

impl AccountWriter {
    pub(crate) async fn save(&self, checked: Checked, terms: Terms) -> Result<Saved, Problem> {
        let _lock = self.store.lock(&checked.account.id).await?;
        if !checked.is_new {
            let planned = self.plan(checked, terms).await?;
            return Ok(self.change(planned).await?.0);
        }
        self.save_new(checked).await
    }

    /// Saves a new account; to be called under its lock.
    pub(crate) async fn save_new(&self, checked: Checked) -> Result<Saved, Problem> {
        self.store.need(Role::Manage).await?;
        self.store.check_vault_for_entry(&checked.account.id).await?;
        self.create(checked).await
    }

    /// Stores tokens from a draft, unless the stored ones were received later.
    pub(crate) async fn add_tokens(
        &self,
        id: &AccountId,
        mut grant: Grant,
    ) -> Result<Option<TokenFacts>, Problem> {
        let account = id.clone();
        let stored = self.store.in_vault(move |vault| {
            let mut records = Records::new(vault);
            let stored = records.read_facts(&account)?;
            if stored.as_ref().is_some_and(|stored| stored.received_at >= grant.facts.received_at) {
                return Ok(None);
            }
            grant.facts.generation = stored.map_or(1, |stored| stored.generation + 1);
            records.write_tokens(&account, &grant)?;
            Ok(Some(grant.facts))
        });
        let facts = stored.await.map_err(Problem::Vault)?;
        if let Some(facts) = &facts {
            let (id, facts) = (id.clone(), facts.clone());
            self.store.on_disk(move |accounts| accounts.put_facts(&id, &facts).map(drop)).await?;
        }
        Ok(facts)
    }

    async fn create(&self, checked: Checked) -> Result<Saved, Problem> {
        let Checked { mut account, client, grant, .. } = checked;
        self.note_start(&mut account);
        let record = self.record(account.clone(), client)?;
        let key = record.key_facts();
        let mut inserted = self.insert(&account).await;
        if matches!(inserted, Err(Problem::NameTaken(_)))
            && self.release_half_created_name(&account.name).await?
        {
            inserted = self.insert(&account).await;
        }
        inserted.map_err(|problem| named(problem, &account))?;
        reach("create: row pending");
        if let Err(problem) = self.write_client(record).await {
            let id = account.id.clone();
            self.store.on_disk(move |accounts| accounts.remove(&id)).await?;
            return Err(problem);
        }
        reach("create: client in the vault");
        let id = account.id.clone();
        self.store.on_disk(move |accounts| accounts.mark_ready(&id)).await?;
        reach("create: row ready");
        let facts = match grant {
            Some(grant) if key.is_none() => self.add_tokens(&account.id, grant).await,
            _ => self.cache_key(&account.id, key).await,
        };
        match facts {
            Ok(facts) => Ok(Saved { account, is_new: true, tokens_gone: false, facts }),
            Err(problem) => {
                self.remove_new(&account.id).await;
                Err(problem)
            }
        }
    }

    /// Caches the facts of the key that an account holds.
    pub(crate) async fn cache_key(
        &self,
        id: &AccountId,
        facts: Option<TokenFacts>,
    ) -> Result<Option<TokenFacts>, Problem> {
        if let Some(facts) = &facts {
            let (id, facts) = (id.clone(), facts.clone());
            self.store.on_disk(move |accounts| accounts.put_facts(&id, &facts).map(drop)).await?;
        }
        Ok(facts)
    }

    /// A key's rotation counts from today if its owner noted no other day.
    pub(crate) fn note_start(&self, account: &mut Account) {
        let dates = &mut account.settings.key_dates;
        if dates.rotate_after_days.is_some() && dates.key_since.is_none() {
            dates.key_since = Some(secret_expiry::today(self.clock.now()));
        }
    }

    /// Removes an account that was just created. Requires its lock.
    pub(crate) async fn remove_new(&self, id: &AccountId) {
        let emptied = self.store.delete_records(id).await;
        let account = id.clone();
        let removed = self.store.on_disk(move |accounts| accounts.remove(&account)).await;
        if emptied.is_err() || removed.is_err() {
            log::warn!("account {id}: it could not be taken back whole");
        }
    }

    async fn insert(&self, account: &Account) -> Result<(), Problem> {
        let (row, kept_in, at) = (account.clone(), self.store.vault_kind().as_str(), self.clock.now());
        self.store.on_disk(move |accounts| accounts.insert_pending(&row, kept_in, at)).await
    }

    pub(crate) fn record(&self, account: Account, client: Client) -> Result<ClientRecord, Problem> {
        ClientRecord::new(&self.presets, account, client).map_err(Problem::Settings)
    }

    pub(crate) async fn write_client(&self, record: ClientRecord) -> Result<(), Problem> {
        let written = self.store.in_vault(move |vault| Records::new(vault).write_client(&record)).await;
        written.map_err(Problem::Vault)
    }
}

/// Adds the name, which the database's error lacks.
pub(crate) fn named(problem: Problem, account: &Account) -> Problem {
    match problem {
        Problem::NameTaken(_) => Problem::NameTaken(account.name.as_str().to_owned()),
        other => other,
    }
}

/// Reads an account's client from the vault, to be edited or replaced.
pub(crate) async fn read_client(store: &AccountStore, id: &AccountId) -> Result<ClientRecord, VaultProblem> {
    let id = id.clone();
    let read = store.in_vault(move |vault| Records::new(vault).read_client(&id)).await?;
    read.ok_or(VaultProblem::Missing)
}

/// The client with the stored registration, if it is the same client.
pub(crate) fn with_registration(mut client: Client, old: &Client) -> Client {
    if client.client_id == old.client_id {
        client.registration =
            client.registration.or_else(|| old.registration.as_ref().map(Registration::duplicate));
    }
    client
}

/// The edited client, with the stored secrets that it omits. Empty headers and parameters are removed.
pub(crate) fn kept(client: Client, old: &Client) -> Client {
    let mut client = with_registration(client, old);
    client.client_secret = client.client_secret.or_else(|| old.client_secret.as_ref().map(Secret::duplicate));
    client.private_key = client.private_key.or_else(|| old.private_key.as_ref().map(Secret::duplicate));
    client.password = client.password.or_else(|| old.password.as_ref().map(Secret::duplicate));
    client.key = client.key.or_else(|| old.key.as_ref().map(Secret::duplicate));
    keep_values(&mut client.headers, &old.headers);
    keep_values(&mut client.authorize_params, &old.authorize_params);
    keep_values(&mut client.token_params, &old.token_params);
    keep_values(&mut client.refresh_params, &old.refresh_params);
    client
}

fn keep_values<K: Kind>(new: &mut BTreeMap<String, Secret<K>>, old: &BTreeMap<String, Secret<K>>) {
    for (name, value) in old {
        new.entry(name.clone()).or_insert_with(|| value.duplicate());
    }
    new.retain(|_, value| !value.is_empty());
}

/// Checks an edited client: a new key, or another algorithm for the stored one. A value that was missing
/// before may still be missing.
pub(crate) fn still_usable(provider: &Provider, client: &Client) -> Result<(), Problem> {
    match token_request::check(provider, client) {
        Ok(()) | Err(RequestError::Missing(_)) => Ok(()),
        Err(error) => Err(unusable(error).problem),
    }
}

/// The form's values, with the names of secrets instead of their values.
pub(crate) fn draft_of(account: Account, mut client: Client) -> Event {
    let secret = client.client_secret.take().map(|_| "client_secret".to_owned());
    let key = client.private_key.take().map(|_| "private_key".to_owned());
    let password = client.password.take().map(|_| "password".to_owned());
    let api_key = client.key.take().map(|_| "key".to_owned());
    let headers = std::mem::take(&mut client.headers).into_keys();
    let params = |request: &str, params: SecretParams| {
        let keys = params.into_keys().map(|name| format!("{request}.{name}"));
        keys.collect::<Vec<_>>()
    };
    let sign_in = params("authorize_params", std::mem::take(&mut client.authorize_params));
    let token = params("token_params", std::mem::take(&mut client.token_params));
    let refresh = params("refresh_params", std::mem::take(&mut client.refresh_params));
    let alone = [secret, key, password, api_key].into_iter().flatten();
    let kept = alone.chain(headers).chain(sign_in).chain(token).chain(refresh).collect();
    let Account { id, revision, name, settings } = account;
    let draft =
        AccountDraft { editing: Some((id, revision)), name: name.as_str().to_owned(), settings, client };
    Event::DraftReady { draft: Box::new(draft), kept }
}
