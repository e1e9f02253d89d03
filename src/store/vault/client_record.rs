//! An account's secrets in the vault, with the settings and destinations that they belong to.
//!
//! Invariant: a client or token for a request leaves a record only after a comparison with the database row.

use crate::domain::account::secret_binding;
use crate::domain::account::secret_binding::Disagreement;
use crate::domain::account::{Account, Client, Settings};
use crate::domain::provider::destinations::Destinations;
use crate::domain::provider::{Preset, ProviderError};
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::domain::token::held_key;

/// A record that an account can't use, and why.
pub type Refused = (ClientRecord, Disagreement);

/// An account with its secrets.
#[derive(Debug)]
pub struct ClientRecord {
    account: Account,
    client: Client,
    destinations: Option<Destinations>,
    grant: Option<Grant>,
}

impl ClientRecord {
    /// Makes a record to write; `presets` are the current ones.
    pub fn new(presets: &[Preset], account: Account, client: Client) -> Result<Self, ProviderError> {
        let destinations = secret_binding::to_store(presets, &account.settings)?;
        Ok(Self::read(account, client, destinations))
    }

    pub(in crate::store) fn read(
        account: Account,
        client: Client,
        destinations: Option<Destinations>,
    ) -> Self {
        Self { account, client, destinations, grant: None }
    }

    pub(in crate::store) fn with_tokens(self, grant: Option<Grant>) -> Self {
        let grant = if self.account.settings.grant.is_key() { self.held_key() } else { grant };
        Self { grant, ..self }
    }

    /// The key of an account that holds one.
    fn held_key(&self) -> Option<Grant> {
        held_key::of(&self.account, &self.client)
    }

    /// The facts of the key of an account that holds one.
    pub fn key_facts(&self) -> Option<TokenFacts> {
        self.held_key().map(|grant| grant.facts)
    }

    /// The account as of the time when its secrets were written.
    pub fn account(&self) -> &Account {
        &self.account
    }

    pub(in crate::store) fn client(&self) -> &Client {
        &self.client
    }

    pub(in crate::store) fn stored_destinations(&self) -> Option<&Destinations> {
        self.destinations.as_ref()
    }

    /// The permitted destinations of the secrets.
    pub fn destinations(&self, presets: &[Preset]) -> Destinations {
        secret_binding::destinations(presets, &self.account.settings, self.destinations.as_ref())
    }

    /// Checks that an account with these settings may use the secrets.
    pub fn check(&self, presets: &[Preset], settings: &Settings) -> Result<(), Disagreement> {
        secret_binding::check(presets, &self.account.settings, self.destinations.as_ref(), settings)
    }

    /// The client and the tokens, for requests of an account with these settings.
    ///
    /// # Errors
    /// The record, and what differs.
    pub fn secrets_for(
        self,
        presets: &[Preset],
        settings: &Settings,
    ) -> Result<(Client, Option<Grant>), Box<Refused>> {
        match self.check(presets, settings) {
            Ok(()) => Ok((self.client, self.grant)),
            Err(disagreement) => Err(Box::new((self, disagreement))),
        }
    }

    /// The account and its client, to edit or compare, never for a request.
    pub fn into_parts(self) -> (Account, Client) {
        (self.account, self.client)
    }
}
