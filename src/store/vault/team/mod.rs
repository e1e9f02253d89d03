//! The team vault: accounts in a KV version 2 secrets engine that several machines share.
//!
//! To the engine it is a vault like any other, with an account's two records spread over three: see
//! `layout`. Invariant: a write replaces only the version that this process has read, so no machine
//! overwrites what it hasn't seen.

mod client;
mod credentials;
pub mod journal;
mod layout;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::client_record::ClientRecord;
use super::records::{self, VERSION, account_of_client_name, account_of_tokens_name, decode, encode};
use super::{Vault, VaultError};
use crate::base::failpoint::reach;
use crate::base::secret::{Secret, SecretText};
use crate::domain::account::environment::Environment;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{Account, AccountId, AccountName, Revision, Settings};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::Preset;
use crate::domain::provider::destinations::Destinations;
use crate::domain::team::kv::Record;
use crate::domain::team::{Change, Connection, Difference, Role, TeamError};
use crate::domain::token::grant::{Grant, TokenFacts};

pub use client::{TeamResponse, Transport};
pub use credentials::{CONNECTION_NAME, Credentials, SavedConnection, SavedToken};
pub use layout::Claim;

use client::{KvClient, Read, Written};
use layout::{AccessRecord, GrantRecord, Tokens, changed_by, encode_spec};

/// How long an `access` record that was just read is used again: a command lists an account and hands out its
/// token at once.
const JUST_READ: Duration = Duration::from_secs(1);
/// How many earlier versions of a spent refresh token are destroyed; KV keeps ten.
const KEPT_VERSIONS: u64 = 12;
/// Up to this many accounts, a list reads `access` of each, so that a window shows their status at once.
const FEW: usize = 50;
/// How often a change of the index is tried again after another machine's.
const INDEX_ATTEMPTS: u32 = 20;

/// An account as the team's list has it.
#[derive(Debug, Clone)]
pub struct TeamAccount {
    pub account: Account,
    /// The facts of its token, if `access` was read.
    pub facts: Option<TokenFacts>,
    /// The last change, if `access` was read.
    pub change: Option<Change>,
    /// Whether `access` was read: otherwise the account has only what the index has.
    pub is_read: bool,
}

/// An account's access token for its use, without any other secret.
#[derive(Debug)]
pub struct Held {
    pub settings: Settings,
    pub destinations: Option<Destinations>,
    pub grant: Option<Grant>,
    pub change: Change,
}

/// The state of an account's refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantState {
    pub claim: Option<Claim>,
    /// The generation of the refresh token.
    pub generation: u64,
    /// The generation of the access token, which is written after it.
    pub access_generation: u64,
    pub version: u64,
    /// When the version was written, and how long ago, by the server's clock.
    pub written_at: DateTime<Utc>,
    pub age: TimeDelta,
}

/// What a claim came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    Won,
    /// The record was changed meanwhile.
    Lost,
}

/// What is known of the vault, for `team status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamState {
    pub reachable: bool,
    pub sealed: Option<bool>,
    pub role: Option<Role>,
    pub token_expires_at: Option<DateTime<Utc>>,
    pub error: Option<TeamError>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IndexEntry {
    name: AccountName,
    provider: String,
    grant: GrantType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

/// The accounts as JSON in one text: servers limit the number of texts in a request to 1,000.
#[derive(Default, Deserialize)]
struct Index {
    accounts: String,
}

#[derive(Serialize)]
struct IndexOut<'a> {
    v: u32,
    accounts: &'a str,
    changed_by: &'a str,
}

pub struct TeamVault {
    client: KvClient,
    presets: Arc<Vec<Preset>>,
    /// The version of each record as last read or written here.
    versions: HashMap<String, u64>,
    /// Grants as last read, so that a claim repeats their content.
    grants: HashMap<AccountId, GrantRecord>,
    /// `access` as last read, for outages.
    held: HashMap<AccountId, (Instant, SecretText, Change)>,
}

impl TeamVault {
    pub fn new(
        connection: Connection,
        credentials: Credentials,
        token: Option<SavedToken>,
        transport: Box<dyn Transport>,
        presets: Arc<Vec<Preset>>,
    ) -> Self {
        Self {
            client: KvClient::new(connection, credentials, token, transport),
            presets,
            versions: HashMap::new(),
            grants: HashMap::new(),
            held: HashMap::new(),
        }
    }

    fn machine(&self) -> String {
        self.client.connection.machine.clone()
    }
}

fn path(id: &AccountId, record: Record) -> String {
    format!("accounts/{id}/{}", record.as_str())
}

/// The connection.
impl TeamVault {
    /// Signs in for the first time and checks the mount and the permissions.
    ///
    /// # Errors
    /// [`VaultError::Team`].
    pub fn connect(&mut self) -> Result<(SavedToken, Role), VaultError> {
        self.client.connect()?;
        self.finish_connecting()
    }

    fn finish_connecting(&mut self) -> Result<(SavedToken, Role), VaultError> {
        self.client.check_mount()?;
        let role = self.client.role()?;
        let token = self.client.take_new_token().ok_or(TeamError::SignInRefused)?;
        Ok((token, role))
    }

    /// The sign-in link of an OIDC sign-in.
    ///
    /// # Errors
    /// [`VaultError::Team`].
    pub fn auth_url(&mut self, redirect_uri: &str, nonce: &str) -> Result<url::Url, VaultError> {
        Ok(self.client.auth_url(redirect_uri, nonce)?)
    }

    /// Exchanges what the browser brought back for the vault's token.
    ///
    /// # Errors
    /// [`VaultError::Team`].
    pub fn oidc_callback(&mut self, query: &str) -> Result<SecretText, VaultError> {
        Ok(self.client.oidc_callback(query)?)
    }

    /// Keeps the vault's own token alive. Returns it if it is another one, or lives longer now.
    ///
    /// # Errors
    /// [`VaultError::Team`].
    pub fn keep_token(&mut self, now: DateTime<Utc>) -> Result<Option<SavedToken>, VaultError> {
        let kept = self.client.keep_token(now);
        let token = self.client.take_new_token();
        match kept {
            Err(error) if token.is_none() => Err(error.into()),
            _ => Ok(token),
        }
    }

    /// Ends a token that Keyfob obtained.
    pub fn revoke_token(&mut self) {
        if self.client.revoke_token().is_err() {
            log::info!("the team vault's token could not be revoked");
        }
    }

    pub fn token_expires_at(&self) -> Option<DateTime<Utc>> {
        self.client.token_expires_at()
    }

    /// What is known of the vault now.
    pub fn state(&mut self) -> TeamState {
        let (reachable, sealed) = self.client.health();
        let mut state = TeamState { reachable, sealed, role: None, token_expires_at: None, error: None };
        if reachable && sealed != Some(true) {
            match self.client.check_mount().and_then(|()| self.client.role()) {
                Ok(role) => state.role = Some(role),
                Err(error) => state.error = Some(error),
            }
        } else {
            state.error = self.client.role().err();
        }
        state.token_expires_at = self.client.token_expires_at();
        state
    }

    /// Checks the member's role.
    ///
    /// # Errors
    /// [`TeamError::RoleTooLow`], or the vault's error.
    pub fn need(&mut self, needs: Role) -> Result<(), VaultError> {
        let has = self.client.role()?;
        if has < needs { Err(TeamError::RoleTooLow { has, needs }.into()) } else { Ok(()) }
    }
}

/// Reading records.
impl TeamVault {
    fn read_record(&mut self, id: &AccountId, record: Record) -> Result<Option<Read>, VaultError> {
        let path = path(id, record);
        let read = self.client.read(&path)?;
        self.versions.insert(path, read.as_ref().map_or(0, |read| read.version.number));
        Ok(read)
    }

    fn read_access(&mut self, id: &AccountId) -> Result<Option<AccessRecord>, VaultError> {
        let Some(read) = self.read_record(id, Record::Access)? else { return Ok(None) };
        self.keep_access(id, read)
    }

    fn keep_access(&mut self, id: &AccountId, read: Read) -> Result<Option<AccessRecord>, VaultError> {
        let Some(line) = read.line else { return Ok(None) };
        let record = AccessRecord::decode(id, &line, self.client.ahead)?;
        let change = Change { by: record.changed_by.clone(), at: read.version.created_time };
        self.held.insert(id.clone(), (Instant::now(), line, change));
        Ok(Some(record))
    }

    /// The access token of an account. While the vault doesn't respond, the one that was last read serves until
    /// it expires.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn hold(&mut self, id: &AccountId, now: DateTime<Utc>) -> Result<Option<Held>, VaultError> {
        let is_fresh = self.held.get(id).is_some_and(|(at, ..)| at.elapsed() < JUST_READ);
        if !is_fresh {
            match self.read_access(id) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(VaultError::Team(error)) if error.is_outage() && self.is_held_valid(id, now) => {
                    log::warn!("the team vault doesn't respond: {error}; the token in memory serves");
                }
                Err(error) => return Err(error),
            }
        }
        let Some((_, line, change)) = self.held.get(id) else { return Ok(None) };
        let record = AccessRecord::decode(id, line, self.client.ahead)?;
        Ok(Some(Held {
            settings: record.account.settings.clone(),
            destinations: record.destinations.clone(),
            change: change.clone(),
            grant: record.into_held(),
        }))
    }

    fn is_held_valid(&self, id: &AccountId, now: DateTime<Utc>) -> bool {
        let held =
            self.held.get(id).and_then(|(_, line, _)| AccessRecord::decode(id, line, self.client.ahead).ok());
        let end = held.and_then(|record| record.tokens).and_then(|tokens| tokens.facts.expires_at);
        end.is_some_and(|end| now < end)
    }

    /// Reads `access` of one account, for its list entry; `Ok(None)` if it is gone.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn look_at(&mut self, id: &AccountId) -> Result<Option<TeamAccount>, VaultError> {
        self.read_access(id)?;
        Ok(self.held_account(id))
    }

    /// Reads `access` of several accounts, and the version of the index.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn look_around(&mut self, ids: &[AccountId]) -> Result<(u64, Vec<TeamAccount>), VaultError> {
        let version = self.index_version()?;
        Ok((version, self.read_accounts(ids)?))
    }

    fn held_account(&self, id: &AccountId) -> Option<TeamAccount> {
        let (_, line, change) = self.held.get(id)?;
        let record = AccessRecord::decode(id, line, self.client.ahead).ok()?;
        Some(TeamAccount {
            facts: record.tokens.map(|tokens| tokens.facts),
            account: record.account,
            change: Some(change.clone()),
            is_read: true,
        })
    }

    /// Lists the accounts: all, or the one with this name. With `is_whole`, the `access` record of each is
    /// read.
    ///
    /// # Errors
    /// [`VaultError`] if the vault as a whole can't be read; an unreadable account is left out.
    pub fn list_accounts(
        &mut self,
        only: Option<&AccountName>,
        is_whole: bool,
    ) -> Result<Vec<TeamAccount>, VaultError> {
        let index = self.read_index()?;
        let fits = |entry: &IndexEntry| only.is_none_or(|name| name.key() == entry.name.key());
        let named: Vec<_> = index.iter().filter(|(_, entry)| fits(entry)).map(|(id, _)| id.clone()).collect();
        if only.is_some() && !named.is_empty() {
            let found = named.iter().map(|id| self.look_at(id)).collect::<Result<Vec<_>, _>>()?;
            let found: Vec<_> = found.into_iter().flatten().collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let ids = self.ids()?;
        let (known, unknown): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| index.contains_key(id));
        let mut listed = Vec::with_capacity(known.len());
        let mut wanted = unknown;
        if is_whole || known.len() <= FEW {
            wanted.extend(known.into_iter().filter(|id| fits(&index[id])));
        } else {
            let brief = known.iter().filter_map(|id| Some((id, index.get(id)?)));
            listed.extend(brief.filter(|(_, entry)| fits(entry)).map(|(id, entry)| brief_account(id, entry)));
        }
        listed.extend(self.read_accounts(&wanted)?);
        if let Some(name) = only {
            listed.retain(|found| found.account.name.key() == name.key());
        }
        Ok(listed)
    }

    fn read_accounts(&mut self, ids: &[AccountId]) -> Result<Vec<TeamAccount>, VaultError> {
        let paths: Vec<_> = ids.iter().map(|id| path(id, Record::Access)).collect();
        let mut listed = Vec::with_capacity(ids.len());
        for (id, read) in ids.iter().zip(self.client.read_all(&paths)?) {
            let kept = match read {
                Some(read) => self.keep_access(id, read),
                None => Ok(None),
            };
            match kept {
                Ok(Some(_)) => listed.extend(self.held_account(id)),
                Ok(None) => listed.extend(self.unfinished(id)),
                Err(error) => log::warn!("account {id}: {error}"),
            }
        }
        Ok(listed)
    }

    /// An account that was written without `access`: its writer was interrupted. A member who may read `spec`
    /// sees it, so that it can be removed.
    fn unfinished(&mut self, id: &AccountId) -> Option<TeamAccount> {
        let read = self.read_record(id, Record::Spec).ok().flatten()?;
        let change = Change { by: changed_by(read.line.as_ref()?), at: read.version.created_time };
        let record = records::decode_client(id, read.line.as_ref()?).ok()?;
        let account = record.account().clone();
        Some(TeamAccount { account, facts: None, change: Some(change), is_read: true })
    }

    fn ids(&mut self) -> Result<Vec<AccountId>, VaultError> {
        let names = self.client.list("accounts")?;
        Ok(names.iter().filter_map(|name| AccountId::parse(name.trim_end_matches('/'))).collect())
    }

    fn read_index(&mut self) -> Result<BTreeMap<AccountId, IndexEntry>, VaultError> {
        let read = self.client.read("index")?;
        self.versions.insert("index".to_owned(), read.as_ref().map_or(0, |read| read.version.number));
        let Some(line) = read.and_then(|read| read.line) else {
            // A mount of version 1 answers in the same way.
            self.client.check_mount()?;
            return Ok(BTreeMap::new());
        };
        // An unreadable index costs one read for each account.
        let index = decode::<Index>(&line).unwrap_or_default();
        Ok(serde_json::from_str(&index.accounts).unwrap_or_default())
    }

    /// The version of the index, which changes with every account that is added, renamed or removed.
    fn index_version(&mut self) -> Result<u64, VaultError> {
        self.read_index()?;
        Ok(self.versions.get("index").copied().unwrap_or_default())
    }

    fn set_index(&mut self, id: &AccountId, entry: Option<&IndexEntry>) -> Result<(), VaultError> {
        for _ in 0..INDEX_ATTEMPTS {
            let mut index = self.read_index()?;
            if index.get(id) == entry {
                return Ok(());
            }
            match entry {
                Some(entry) => index.insert(id.clone(), entry.clone()),
                None => index.remove(id),
            };
            let accounts = serde_json::to_string(&index)
                .map_err(|_| VaultError::Failed("a record could not be encoded"))?;
            let line = encode(&IndexOut { v: VERSION, accounts: &accounts, changed_by: &self.machine() })?;
            let version = self.versions.get("index").copied().unwrap_or_default();
            if let Written::Done(_) = self.client.write("index", version, &line)? {
                return Ok(());
            }
        }
        // Accounts are listed without it, too.
        log::warn!("account {id}: the index was busy and lacks its change");
        Ok(())
    }
}

fn brief_account(id: &AccountId, entry: &IndexEntry) -> TeamAccount {
    let settings = Settings {
        provider: entry.provider.clone(),
        grant: entry.grant,
        variables: BTreeMap::new(),
        overrides: Arc::default(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: entry.tags.clone(),
        environment: entry.environment,
    };
    let account =
        Account { id: id.clone(), revision: Revision::default(), name: entry.name.clone(), settings };
    TeamAccount { account, facts: None, change: None, is_read: false }
}

/// Writing records.
impl TeamVault {
    /// Writes a record over the version that was last read here.
    fn write_record(&mut self, id: &AccountId, record: Record, line: &SecretText) -> Result<(), VaultError> {
        let path = path(id, record);
        let version = self.versions.get(&path).copied().unwrap_or_default();
        match self.client.write(&path, version, line)? {
            Written::Done(version) => {
                self.versions.insert(path, version.number);
                Ok(())
            }
            Written::Conflict => Err(TeamError::Conflict.into()),
        }
    }

    fn write_client(&mut self, id: &AccountId, line: &SecretText) -> Result<(), VaultError> {
        let record = records::decode_client(id, line)?;
        let spec = encode_spec(&record, &self.machine())?;
        self.write_record(id, Record::Spec, &spec)?;
        reach("team: spec written");
        let fresh = AccessRecord::of(&record);
        self.change_access(
            id,
            |access| {
                let AccessRecord { account, destinations, .. } = AccessRecord::of(&record);
                (access.account, access.destinations) = (account, destinations);
            },
            fresh,
        )?;
        reach("team: access written");
        let Account { name, settings, .. } = record.account().clone();
        let entry = IndexEntry {
            name,
            provider: settings.provider,
            grant: settings.grant,
            environment: settings.environment,
            tags: settings.tags,
        };
        self.set_index(id, Some(&entry))
    }

    /// Changes `access`, again after another machine's change; begins with `fresh` if there is none.
    fn change_access(
        &mut self,
        id: &AccountId,
        change: impl Fn(&mut AccessRecord),
        fresh: AccessRecord,
    ) -> Result<(), VaultError> {
        let mut fresh = Some(fresh);
        loop {
            let read = self.read_access(id)?;
            let Some(mut access) = read.or_else(|| fresh.take()) else {
                return Err(TeamError::Conflict.into());
            };
            change(&mut access);
            let line = access.encode(&self.presets, &self.machine(), self.client.ahead)?;
            match self.write_record(id, Record::Access, &line) {
                Err(VaultError::Team(TeamError::Conflict)) => {}
                Ok(()) => {
                    self.held.remove(id);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn read_grant(&mut self, id: &AccountId) -> Result<Option<(GrantRecord, Read)>, VaultError> {
        let Some(mut read) = self.read_record(id, Record::Grant)? else { return Ok(None) };
        let Some(line) = read.line.take() else { return Ok(None) };
        let record = GrantRecord::decode(&line)?;
        Ok(Some((record, read)))
    }

    /// Writes `grant`, reads it back, then writes `access` and destroys the spent refresh tokens.
    fn write_tokens(&mut self, id: &AccountId, line: &SecretText) -> Result<(), VaultError> {
        let grant = records::decode_tokens(line)?;
        let record = GrantRecord {
            generation: grant.facts.generation,
            refresh_token: grant.refresh_token.as_ref().map(Secret::duplicate),
            claim: None,
        };
        self.write_record(id, Record::Grant, &record.encode(&self.machine())?)?;
        reach("team: grant written");
        let stored = self.read_grant(id)?.map(|(stored, _)| stored);
        if !stored.is_some_and(|stored| stored.is_same(&record)) {
            return Err(VaultError::Failed("a record could not be read back as written"));
        }
        self.write_access_tokens(id, &grant)?;
        reach("team: access written after the grant");
        self.destroy_spent(id);
        Ok(())
    }

    fn client_record(&mut self, id: &AccountId) -> Result<ClientRecord, VaultError> {
        let read = self.read_record(id, Record::Spec)?.and_then(|read| read.line);
        records::decode_client(id, &read.ok_or(TeamError::Conflict)?)
    }

    fn write_access_tokens(&mut self, id: &AccountId, grant: &Grant) -> Result<(), VaultError> {
        let fresh = AccessRecord::of(&self.client_record(id)?);
        self.change_access(
            id,
            |access| {
                // A later token of another machine stays.
                if access.generation <= grant.facts.generation {
                    access.set_tokens(grant);
                }
            },
            fresh,
        )
    }

    /// Destroys the versions of `grant` before the last one: they hold spent refresh tokens.
    fn destroy_spent(&mut self, id: &AccountId) {
        let path = path(id, Record::Grant);
        let last = self.versions.get(&path).copied().unwrap_or_default();
        let spent: Vec<u64> = (last.saturating_sub(KEPT_VERSIONS).max(1)..last).collect();
        if !spent.is_empty() && self.client.destroy(&path, &spent).is_err() {
            // The next refresh destroys them.
            log::warn!("account {id}: spent refresh tokens could not be destroyed yet");
        }
    }

    /// Removes the tokens and keeps their generation, which never falls.
    fn delete_tokens(&mut self, id: &AccountId) -> Result<(), VaultError> {
        let Some((grant, _)) = self.read_grant(id)? else { return Ok(()) };
        let empty = GrantRecord { generation: grant.generation, refresh_token: None, claim: None };
        self.write_record(id, Record::Grant, &empty.encode(&self.machine())?)?;
        if let Some(access) = self.read_access(id)? {
            self.change_access(id, |access| access.tokens = None, access)?;
        }
        self.destroy_spent(id);
        Ok(())
    }

    /// Destroys all versions and the metadata of an account's records: the refresh token first, and `access`, by
    /// which the account is listed, last.
    ///
    /// # Errors
    /// [`VaultError`]; the call can be repeated.
    pub fn remove(&mut self, id: &AccountId) -> Result<(), VaultError> {
        self.need(Role::Manage)?;
        for record in [Record::Grant, Record::Spec, Record::Access] {
            let path = path(id, record);
            self.client.delete(&path)?;
            self.versions.remove(&path);
            reach("team: record deleted");
        }
        self.held.remove(id);
        self.grants.remove(id);
        self.set_index(id, None)
    }
}

/// Claims.
impl TeamVault {
    /// Reads the state of an account's refresh token; `Ok(None)` if it has none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn grant_state(&mut self, id: &AccountId) -> Result<Option<GrantState>, VaultError> {
        let Some((grant, read)) = self.read_grant(id)? else { return Ok(None) };
        let access = self.read_access(id)?;
        let state = GrantState {
            claim: grant.claim.clone(),
            generation: grant.generation,
            access_generation: access.map_or(0, |access| access.generation),
            version: read.version.number,
            written_at: read.version.created_time,
            age: read.age,
        };
        self.grants.insert(id.clone(), grant);
        Ok(Some(state))
    }

    /// Has the next reads answered from a state that is not older than now: the answer to a write names the
    /// active node's. What is written destroys spent refresh tokens, which are destroyed in any case.
    pub fn catch_up(&mut self, id: &AccountId) {
        self.destroy_spent(id);
    }

    /// Claims the refresh token of the state that was just read.
    ///
    /// # Errors
    /// [`VaultError`]; then it is not known whether the claim is there.
    pub fn claim(
        &mut self,
        id: &AccountId,
        state: &GrantState,
        claim: Option<Claim>,
    ) -> Result<ClaimOutcome, VaultError> {
        let Some(grant) = self.grants.get_mut(id).filter(|grant| grant.generation == state.generation) else {
            return Ok(ClaimOutcome::Lost);
        };
        grant.claim = claim;
        let line = grant.encode(&self.client.connection.machine)?;
        self.versions.insert(path(id, Record::Grant), state.version);
        match self.write_record(id, Record::Grant, &line) {
            Ok(()) => Ok(ClaimOutcome::Won),
            Err(VaultError::Team(TeamError::Conflict)) => Ok(ClaimOutcome::Lost),
            Err(error) => Err(error),
        }
    }

    /// Who changed an account's settings last, and what differs from `mine`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn edited_by_other(&mut self, id: &AccountId, mine: &Account) -> Result<TeamError, VaultError> {
        let Some(read) = self.read_record(id, Record::Spec)? else { return Ok(TeamError::Conflict) };
        let Some(line) = read.line else { return Ok(TeamError::Conflict) };
        let change = Change { by: changed_by(&line), at: read.version.created_time };
        let record = records::decode_client(id, &line)?;
        let differences = differences(record.account(), mine);
        Ok(TeamError::EditedByOther(Box::new((change, differences))))
    }
}

/// What differs between two edits of an account, without secrets.
fn differences(theirs: &Account, mine: &Account) -> Vec<Difference> {
    let texts = |account: &Account| -> [(&'static str, String); 6] {
        let Settings { provider, grant, overrides, environment, tags, .. } = &account.settings;
        [
            ("name", account.name.as_str().to_owned()),
            ("provider", provider.clone()),
            ("grant", grant.as_str().to_owned()),
            ("scopes", overrides.scopes.clone().unwrap_or_default().join(" ")),
            ("environment", environment.map(Environment::as_str).unwrap_or_default().to_owned()),
            ("tags", serde_json::to_string(tags).unwrap_or_default()),
        ]
    };
    let pairs = texts(theirs).into_iter().zip(texts(mine));
    let mut found: Vec<_> = pairs
        .filter(|((_, theirs), (_, yours))| theirs != yours)
        .map(|((key, theirs), (_, yours))| Difference { key, theirs, yours })
        .collect();
    let rest = |account: &Account| serde_json::to_string(&account.settings).unwrap_or_default();
    if found.is_empty() && rest(theirs) != rest(mine) {
        found.push(Difference { key: "settings", theirs: rest(theirs), yours: rest(mine) });
    }
    found
}

impl Vault for TeamVault {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        if let Some(id) = account_of_client_name(name) {
            let Some(line) = self.read_record(&id, Record::Spec)?.and_then(|read| read.line) else {
                return Ok(None);
            };
            // The server sorts the keys; this is the text as every vault has it.
            return records::encode_client(&records::decode_client(&id, &line)?).map(Some);
        }
        let Some(id) = account_of_tokens_name(name) else { return Ok(None) };
        let Some((grant, _)) = self.read_grant(&id)? else { return Ok(None) };
        let Some(access) = self.read_access(&id)? else { return Ok(None) };
        let Some(Tokens { access_token, id_token, facts }) = access.tokens else { return Ok(None) };
        let refresh_token = grant.refresh_token;
        let facts = TokenFacts { has_refresh_token: refresh_token.is_some(), ..facts };
        let grant = Grant { access_token, refresh_token, id_token, username: None, facts };
        records::encode_tokens(&grant).map(Some)
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        super::check_line(line)?;
        if let Some(id) = account_of_client_name(name) {
            self.need(Role::Manage)?;
            self.write_client(&id, line)
        } else if let Some(id) = account_of_tokens_name(name) {
            self.need(Role::Renew)?;
            self.write_tokens(&id, line)
        } else {
            Err(VaultError::Failed("the team vault holds accounts only"))
        }
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        if let Some(id) = account_of_client_name(name) {
            self.remove(&id)
        } else if let Some(id) = account_of_tokens_name(name) {
            self.need(Role::Renew)?;
            self.delete_tokens(&id)
        } else {
            Ok(())
        }
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        let ids = self.ids()?;
        Ok(ids.iter().flat_map(|id| [records::client_name(id), records::tokens_name(id)]).collect())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.read_index().map(drop)
    }

    fn team(&mut self) -> Option<&mut TeamVault> {
        Some(self)
    }
}
