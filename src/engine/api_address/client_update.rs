//! Tells the server what changed about a client that Keyfob registered (RFC 7592, section 2.2).
//!
//! The accounts that share a client need all their redirect URIs and scopes registered. The server may answer
//! with another registration access token or client secret, which each of them gets.

use std::sync::Arc;

use url::Url;

use super::client_removal::is_registered;
use crate::base::secret::Secret;
use crate::domain::account::registration::Registration;
use crate::domain::account::{Account, AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::registration::{self, ClientMetadata, RegistrationError};
use crate::domain::oauth::scopes;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::provider::{Preset, Provider};
use crate::engine::account_http::{AccountHttp, secrets_of};
use crate::engine::error_mapping::unreachable;
use crate::engine::secrets::account_store::AccountStore;
use crate::messages::problem::{Problem, RegistrationProblem, RegistrationStep, UntrustedText};
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::{Vault, VaultError};

pub(crate) struct ClientUpdater {
    /// That of the account whose change is told.
    pub(crate) http: AccountHttp,
    pub(crate) presets: Arc<Vec<Preset>>,
}

/// A registered client with all accounts that use it.
struct Users {
    client: Client,
    accounts: Vec<Account>,
}

impl ClientUpdater {
    /// Registers what the account's client lacks; does nothing for any other client.
    ///
    /// # Errors
    /// The vault's or the network's error, or [`Problem::Registration`]. The account stays as it was saved.
    pub(crate) async fn run(&self, store: &AccountStore, id: &AccountId) -> Result<(), Problem> {
        let account = id.clone();
        let found = store.in_vault(move |vault| users_of(vault, &account)).await.map_err(Problem::Vault)?;
        let Some(Users { client, accounts }) = found else { return Ok(()) };
        let Some(held) = &client.registration else { return Ok(()) };
        let providers: Vec<Provider> = accounts
            .iter()
            .filter_map(|account| Provider::resolve(&self.presets, &account.settings).ok())
            .collect();
        let mut uris: Vec<String> = providers.iter().map(|it| it.redirect_uri.to_string()).collect();
        uris.sort();
        uris.dedup();
        let scopes = scopes::unique(providers.iter().flat_map(|it| &it.scopes).map(String::as_str));
        let has_uris = uris.iter().all(|uri| held.redirect_uris.contains(uri));
        let has_scopes = held.scopes.is_empty() || scopes.iter().all(|scope| held.scopes.contains(scope));
        if has_uris && has_scopes {
            return Ok(());
        }
        let auth = providers.first().map_or(ClientAuth::None, |provider| provider.client_auth);
        let registered = self.send(&client, held, &uris, &scopes, auth).await?;
        let ids: Vec<AccountId> = accounts.into_iter().map(|account| account.id).collect();
        self.store_all(store, ids, registered).await
    }

    async fn send(
        &self,
        client: &Client,
        held: &Registration,
        uris: &[String],
        scopes: &[String],
        auth: ClientAuth,
    ) -> Result<Client, Problem> {
        let server = held.client_uri.clone();
        let refused = |error| {
            let host = Url::parse(&server).ok().and_then(|url| url.host_str().map(str::to_owned));
            let server = UntrustedText::new(&host.unwrap_or_default());
            let step = RegistrationStep::Update;
            Problem::Registration(Box::new(RegistrationProblem { server, error, step }))
        };
        let url = Url::parse(&held.client_uri).map_err(|_| refused(RegistrationError::NoClient(0)))?;
        let metadata = ClientMetadata { redirect_uris: uris, scopes, auth };
        let request = registration::update(url.clone(), &metadata, client, &held.token);
        let mut secrets = secrets_of(client, None);
        secrets.push(held.token.expose());
        let sent = self.http.send(RequestKind::Registration, &request, &secrets).await;
        let answer = sent.map_err(|error| unreachable(error).problem)?.into_http();
        let registered = registration::read(&url, &metadata, answer.status, &answer.body).map_err(refused)?;
        let mut new = registered.client;
        // What the server doesn't repeat stays.
        new.registration = new.registration.or_else(|| {
            Some(Registration { redirect_uris: uris.to_vec(), scopes: scopes.to_vec(), ..held.duplicate() })
        });
        new.client_secret =
            new.client_secret.or_else(|| client.client_secret.as_ref().map(Secret::duplicate));
        Ok(new)
    }

    async fn store_all(&self, store: &AccountStore, ids: Vec<AccountId>, new: Client) -> Result<(), Problem> {
        // An import may hold one of them for longer; the server's answer must not get lost meanwhile.
        let _locks = store.locks().acquire_all(ids.iter().cloned()).await?;
        let presets = Arc::clone(&self.presets);
        let written = store.in_vault(move |vault| {
            for id in &ids {
                let mut records = Records::new(vault);
                let Some(record) = records.read_client(id)? else { continue };
                let (account, mut client) = record.into_parts();
                if client.client_id != new.client_id {
                    continue;
                }
                client.registration = new.registration.as_ref().map(Registration::duplicate);
                client.client_secret = new.client_secret.as_ref().map(Secret::duplicate);
                if let Ok(record) = ClientRecord::new(&presets, account, client) {
                    records.write_client(&record)?;
                }
            }
            Ok(())
        });
        written.await.map_err(Problem::Vault)
    }
}

fn users_of(vault: &mut dyn Vault, id: &AccountId) -> Result<Option<Users>, VaultError> {
    let mut records = Records::new(vault);
    let Some(record) = records.read_client(id)? else { return Ok(None) };
    let (account, client) = record.into_parts();
    if !is_registered(&account) {
        return Ok(None);
    }
    let mut accounts = Vec::new();
    for other in records.accounts()?.iter().filter(|other| *other != id) {
        let Ok(Some(record)) = records.read_client(other) else { continue };
        let (other, other_client) = record.into_parts();
        if is_registered(&other)
            && other_client.client_id == client.client_id
            && other.settings.overrides.issuer == account.settings.overrides.issuer
        {
            accounts.push(other);
        }
    }
    accounts.push(account);
    Ok(Some(Users { client, accounts }))
}
