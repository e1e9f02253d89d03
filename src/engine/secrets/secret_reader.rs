//! Reads an account's secrets for a request, a copy or an export.
//!
//! This is the only path from the vault to a client or a token. It returns nothing for an account whose
//! destinations or settings differ from the vault's record.
//!
//! A job takes its [`Party`] when it begins and reads the secrets later. An edit, an import or another
//! process may replace the account in between, so the record is compared with what the job began with.

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::account_store::AccountStore;
use crate::domain::account::secret_binding;
use crate::domain::account::secret_binding::Disagreement;
use crate::domain::account::{Account, Client, Settings};
use crate::domain::provider::{Preset, Provider};
use crate::domain::team::Role;
use crate::domain::token::grant::Grant;
use crate::messages::problem::{MovedUrl, OtherDestination, Problem, UntrustedText, VaultProblem};
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::team::Held;

/// A job's provider and the settings that it was resolved from.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) provider: Rc<Provider>,
    pub(crate) settings: Settings,
}

/// Reads the secrets of one account with these settings.
#[derive(Clone)]
pub(crate) struct SecretReader {
    account: Account,
    presets: Arc<Vec<Preset>>,
    store: AccountStore,
}

impl SecretReader {
    pub(crate) fn new(account: Account, presets: Arc<Vec<Preset>>, store: AccountStore) -> Self {
        Self { account, presets, store }
    }

    /// The reader for a job that began with these settings.
    pub(crate) fn for_settings(mut self, settings: Settings) -> Self {
        self.account.settings = settings;
        self
    }

    /// Reads the client.
    ///
    /// # Errors
    /// [`Problem::OtherDestination`] or [`Problem::Outdated`] if the vault's record disagrees, or
    /// the vault's error.
    pub(crate) async fn client(&self) -> Result<Client, Problem> {
        Ok(self.read_record(false).await?.0)
    }

    /// Reads the client and the tokens.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub(crate) async fn read(&self) -> Result<(Client, Option<Grant>), Problem> {
        self.read_record(true).await
    }

    /// Reads the tokens to hand them out. Of the team vault, only `access` is read, which every member may.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub(crate) async fn held(&self, now: DateTime<Utc>) -> Result<Option<Grant>, Problem> {
        let Some(team) = self.store.team() else { return Ok(self.read().await?.1) };
        let id = self.account.id.clone();
        let held = team.call(move |team| team.hold(&id, now)).await.map_err(Problem::Vault)?;
        let Held { settings, destinations, grant, .. } = held.ok_or(Problem::Vault(VaultProblem::Missing))?;
        let mine = &self.account.settings;
        match secret_binding::check(&self.presets, &settings, destinations.as_ref(), mine) {
            Ok(()) => Ok(grant),
            Err(_) => Err(Problem::Outdated),
        }
    }

    async fn read_record(&self, with_tokens: bool) -> Result<(Client, Option<Grant>), Problem> {
        let id = self.account.id.clone();
        let record = self.store.in_vault(move |vault| {
            if let Some(team) = vault.team() {
                team.need(Role::Renew)?;
            }
            let mut records = Records::new(vault);
            if with_tokens { records.read_secrets(&id) } else { records.read_client(&id) }
        });
        let record = record.await;
        let record = record.map_err(Problem::Vault)?.ok_or(Problem::Vault(VaultProblem::Missing))?;
        match record.secrets_for(&self.presets, &self.account.settings) {
            Ok(secrets) => Ok(secrets),
            Err(refused) => Err(self.refused(&refused.0, refused.1).await),
        }
    }

    /// Distinguishes a job that began before an edit from a database that disagrees with the vault.
    async fn refused(&self, record: &ClientRecord, disagreement: Disagreement) -> Problem {
        let id = self.account.id.clone();
        let row = self.store.on_disk(move |accounts| accounts.row_of(&id)).await;
        let current = row.ok().flatten().map(|row| row.account.settings);
        if current.is_some_and(|settings| record.check(&self.presets, &settings).is_ok()) {
            return Problem::Outdated;
        }
        log::warn!("account {}: the vault's record disagrees, so nothing is sent", self.account.id);
        disagreed(record, &self.account, disagreement)
    }
}

/// The problem of an account whose row disagrees with the vault's record.
pub(crate) fn disagreed(record: &ClientRecord, row: &Account, disagreement: Disagreement) -> Problem {
    let moved = match disagreement {
        Disagreement::Unusable(error) => return Problem::Settings(error),
        Disagreement::Settings => Vec::new(),
        Disagreement::Moved(moved) => moved,
    };
    Problem::OtherDestination(Box::new(OtherDestination {
        account: UntrustedText::new(row.name.as_str()),
        moved: moved.into_iter().map(MovedUrl::from).collect(),
        row_differs: !secret_binding::same_requests(&record.account().settings, &row.settings),
    }))
}
