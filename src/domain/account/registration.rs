//! What the server gave with a client that Keyfob registered (RFC 7592), to change or delete it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Client;
use crate::base::secret::RegistrationToken;
use crate::domain::provider::spec::ClientAuth;

/// What a registration lets its holder change.
#[derive(Debug)]
pub struct Registration {
    /// The client configuration endpoint (RFC 7592, section 2).
    pub client_uri: String,
    pub token: RegistrationToken,
    /// The redirect URIs that are registered.
    pub redirect_uris: Vec<String>,
    /// The scopes that are registered; empty if the server chose.
    pub scopes: Vec<String>,
}

impl Registration {
    /// Makes a second copy, for another account with the same client.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            client_uri: self.client_uri.clone(),
            token: self.token.duplicate(),
            redirect_uris: self.redirect_uris.clone(),
            scopes: self.scopes.clone(),
        }
    }
}

/// A client that was registered for an account that isn't saved yet.
#[derive(Debug)]
pub struct PendingClient {
    pub facts: PendingFacts,
    pub client: Client,
}

/// What belongs to a pending client beside its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFacts {
    pub issuer: String,
    pub token_endpoint: String,
    pub redirect_uri: String,
    pub auth: ClientAuth,
    /// The last day of the client secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_expires: Option<NaiveDate>,
}
