//! Deletes the client that Keyfob registered, with the last account that uses it (RFC 7592, section 2.3).
//!
//! The registration access token and the URL that it is sent to stand in the vault's record together, so
//! nothing in the database decides where it goes.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::base::clock::Clock;
use crate::domain::account::{Account, AccountId, Client};
use crate::domain::oauth::registration;
use crate::domain::provider::spec::ClientSource;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::settings::confirmed::Network;
use crate::messages::event::ClientDeletion;
use crate::messages::problem::UntrustedText;
use crate::store::vault::account_records::Records;
use crate::store::vault::{Vault, VaultError};

/// How long a deletion waits for the server.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct ClientRemover {
    pub(crate) network: Rc<Network>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A registered client, read before its account changes or goes.
pub(crate) struct RegisteredClient {
    issuer: String,
    client: Client,
    is_shared: bool,
}

impl RegisteredClient {
    /// Whether it has this ID.
    pub(crate) fn is(&self, client_id: &str) -> bool {
        self.client.client_id == client_id
    }
}

impl ClientRemover {
    /// Deletes an account's client before its records go. A failure doesn't stop the account's deletion.
    pub(crate) async fn before_deletion(&self, store: &AccountStore, id: &AccountId) -> ClientDeletion {
        match Self::read(store, id).await {
            Some(registered) => self.delete(registered).await,
            None => ClientDeletion::NotRegistered,
        }
    }

    /// The account's client, if Keyfob registered it.
    pub(crate) async fn read(store: &AccountStore, id: &AccountId) -> Option<RegisteredClient> {
        let id = id.clone();
        store.in_vault(move |vault| read_registered(vault, &id)).await.ok().flatten()
    }

    pub(crate) async fn delete(&self, registered: RegisteredClient) -> ClientDeletion {
        if registered.is_shared {
            return ClientDeletion::Shared;
        }
        let server = UntrustedText::new(&registered.issuer);
        let kept = |why: &str| ClientDeletion::Kept { server: server.clone(), why: UntrustedText::new(why) };
        let Some(registration) = registered.client.registration else {
            return kept("it gave no way to delete it");
        };
        let Ok(url) = Url::parse(&registration.client_uri) else { return kept("its URL is not one") };
        let request = registration::deletion(url, &registration.token);
        let sent = self.network.send(&request, self.clock.as_ref());
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(answer)) if registration::is_deleted(answer.status) => ClientDeletion::Done,
            Ok(Ok(answer)) => kept(&format!("HTTP {}", answer.status)),
            Ok(Err(unreachable)) => kept(&unreachable.kind.to_string()),
            Err(_) => kept("it took too long"),
        }
    }
}

/// The registered client of an account, which makes a record of it as a pending one needless.
fn read_registered(vault: &mut dyn Vault, id: &AccountId) -> Result<Option<RegisteredClient>, VaultError> {
    let mut records = Records::new(vault);
    let Some(record) = records.read_client(id)? else { return Ok(None) };
    let (account, client) = record.into_parts();
    if !is_registered(&account) {
        return Ok(None);
    }
    let mut is_shared = false;
    for other in records.accounts()?.iter().filter(|other| *other != id) {
        // An unreadable record of another account is no reason to keep this one's client.
        let Ok(Some(record)) = records.read_client(other) else { continue };
        let (other, other_client) = record.into_parts();
        is_shared |= is_registered(&other)
            && other_client.client_id == client.client_id
            && other.settings.overrides.issuer == account.settings.overrides.issuer;
    }
    let issuer = account.settings.overrides.issuer.clone().unwrap_or_default();
    // A run that was killed between saving the account and this left it.
    for (name, pending) in records.pending()? {
        if pending.facts.issuer == issuer && pending.client.client_id == client.client_id {
            records.delete_pending(&name)?;
        }
    }
    Ok(Some(RegisteredClient { issuer, client, is_shared }))
}

pub(super) fn is_registered(account: &Account) -> bool {
    account.settings.overrides.client_source == Some(ClientSource::Registered)
}
