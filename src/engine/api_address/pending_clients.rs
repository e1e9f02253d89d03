//! Clients that were registered for accounts that aren't saved yet.
//!
//! Each is kept in the vault before it is used, so that one that an interrupted run registered isn't lost: the
//! next account with the same server takes it.

use url::Url;

use super::client_removal::is_registered;
use crate::domain::account::AccountId;
use crate::domain::account::registration::{PendingClient, PendingFacts, Registration};
use crate::domain::api_address::plan::AddressPlan;
use crate::domain::api_address::reach::Reach;
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::oauth::registration::{self, ClientMetadata};
use crate::domain::provider::EndpointKind;
use crate::engine::account_http::UnsavedHttp;
use crate::engine::error_mapping::unreachable;
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::messages::problem::Problem;
use crate::net::http_client::Visit;
use crate::store::vault::account_records::Records;
use crate::store::vault::records::pending_name;
use crate::store::vault::{Vault, VaultError};

/// The pending clients of one vault.
#[derive(Clone)]
pub(crate) struct PendingClients {
    pub(crate) store: AccountStore,
    pub(crate) http: UnsavedHttp,
    pub(crate) reach: Reach,
}

/// A client in the vault that no account has yet.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The name of its record.
    name: String,
    pub(crate) client: PendingClient,
}

impl PendingClients {
    /// Keeps a client that was just registered. If the vault refuses it, it is deleted at the server.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn keep(&self, client: PendingClient) -> Result<Pending, Problem> {
        let id = AccountId::from_random(random::bytes()?);
        let registration = client.client.registration.as_ref().map(Registration::duplicate);
        let name = pending_name(&id);
        match self.write(name.clone(), client).await {
            Ok(client) => Ok(Pending { name, client }),
            Err(problem) => {
                self.delete_at_server(registration.as_ref()).await;
                Err(problem)
            }
        }
    }

    /// The clients that an account of this plan may take. Those that an account has got are forgotten.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn find(&self, plan: &AddressPlan) -> Result<Vec<Pending>, Problem> {
        let found = self.store.in_vault(unused).await.map_err(Problem::Vault)?;
        let pending = found.into_iter().map(|(name, client)| Pending { name, client });
        Ok(pending.filter(|pending| fits(&pending.client.facts, plan)).collect())
    }

    /// Asks the server about the client (RFC 7592, section 2.1); `None` if it is gone.
    ///
    /// # Errors
    /// The vault's or the network's error.
    pub(crate) async fn confirmed(&self, pending: Pending) -> Result<Option<Pending>, Problem> {
        let Pending { name, mut client } = pending;
        let Some(held) = &client.client.registration else { return Ok(Some(Pending { name, client })) };
        let Ok(url) = Url::parse(&held.client_uri) else { return Ok(Some(Pending { name, client })) };
        let uris = held.redirect_uris.clone();
        let scopes = held.scopes.clone();
        let metadata = ClientMetadata { redirect_uris: &uris, scopes: &scopes, auth: client.facts.auth };
        let request = registration::inquiry(url.clone(), &held.token);
        let visit = Visit { reach: self.reach, reads_body: true };
        let secrets = [held.token.expose()];
        let answer = self.http.visit(RequestKind::Registration, &request, &secrets, visit).await;
        let answer = answer.map_err(|error| unreachable(error).problem)?;
        // What a server without such a client says; another refusal tells nothing about it.
        if answer.status == 401 {
            self.forget(name).await;
            return Ok(None);
        }
        let read = registration::read(&url, &metadata, answer.status, &answer.body).ok();
        // The server may answer with another token (RFC 7592, section 3).
        if let Some(new) = read.and_then(|read| read.client.registration) {
            client.client.registration = Some(new);
            client = self.write(name.clone(), client).await?;
        }
        Ok(Some(Pending { name, client }))
    }

    async fn write(&self, name: String, client: PendingClient) -> Result<PendingClient, Problem> {
        let written = self.store.in_vault(move |vault| {
            Records::new(vault).write_pending(&name, &client)?;
            Ok(client)
        });
        written.await.map_err(Problem::Vault)
    }

    async fn forget(&self, name: String) {
        if self.store.in_vault(move |vault| Records::new(vault).delete_pending(&name)).await.is_err() {
            log::warn!("the record of a registered client could not be deleted; a later account deletes it");
        }
    }

    /// Deletes a client at the server (RFC 7592, section 2.3). Returns whether it is gone.
    pub(crate) async fn delete_at_server(&self, registration: Option<&Registration>) -> bool {
        let Some(registration) = registration else { return false };
        let Ok(url) = Url::parse(&registration.client_uri) else { return false };
        let request = registration::deletion(url, &registration.token);
        let visit = Visit { reach: self.reach, reads_body: false };
        let secrets = [registration.token.expose()];
        let answer = self.http.visit(RequestKind::Registration, &request, &secrets, visit).await;
        let is_gone = answer.is_ok_and(|answer| registration::is_deleted(answer.status));
        if !is_gone {
            log::warn!("a client that was registered and is not needed could not be deleted");
        }
        is_gone
    }
}

/// The end of a pending client: its account is saved, or can't be.
pub(crate) struct Settlement {
    clients: PendingClients,
    name: String,
    registration: Option<Registration>,
}

impl Settlement {
    pub(crate) fn of(clients: PendingClients, pending: &Pending) -> Self {
        let registration = pending.client.client.registration.as_ref().map(Registration::duplicate);
        Self { clients, name: pending.name.clone(), registration }
    }

    /// The account has the client.
    pub(crate) async fn saved(self) {
        self.clients.forget(self.name).await;
    }

    /// Deletes the client at the server. If that fails, a later account takes it.
    pub(crate) async fn withdraw(self) {
        if self.clients.delete_at_server(self.registration.as_ref()).await {
            self.clients.forget(self.name).await;
        }
    }
}

/// The pending clients that no account has. The records of the others are deleted.
fn unused(vault: &mut dyn Vault) -> Result<Vec<(String, PendingClient)>, VaultError> {
    let mut records = Records::new(vault);
    let mut pending = records.pending()?;
    if pending.is_empty() {
        return Ok(pending);
    }
    let mut used = Vec::new();
    for id in records.accounts()? {
        // An unreadable record of an account is no reason to register another client.
        let Ok(Some(record)) = records.read_client(&id) else { continue };
        let (account, client) = record.into_parts();
        if is_registered(&account) {
            used.push((account.settings.overrides.issuer.clone().unwrap_or_default(), client.client_id));
        }
    }
    let is_used = |pending: &PendingClient| {
        used.iter().any(|(issuer, id)| *issuer == pending.facts.issuer && *id == pending.client.client_id)
    };
    for (name, _) in pending.extract_if(.., |(_, client)| is_used(client)) {
        records.delete_pending(&name)?;
    }
    Ok(pending)
}

/// Whether an account of this plan may take the client: it has the same server and the redirect URI, whose
/// port the registration chose if the plan leaves it open.
fn fits(facts: &PendingFacts, plan: &AddressPlan) -> bool {
    let server = &plan.found.server;
    let has_uri =
        match (RedirectUri::new(Some(&plan.redirect_uri)), RedirectUri::new(Some(&facts.redirect_uri))) {
            (Ok(RedirectUri::Loopback(wanted)), Ok(RedirectUri::Loopback(has))) if wanted.port.is_none() => {
                has.port.is_some_and(|port| wanted.with_port(port) == facts.redirect_uri)
            }
            _ => plan.redirect_uri == facts.redirect_uri,
        };
    has_uri
        && facts.issuer == server.issuer
        && Some(facts.token_endpoint.as_str()) == server.endpoints.get(EndpointKind::Token)
}
