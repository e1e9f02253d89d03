//! What the server gave with a client that Keyfob registered (RFC 7592), to change or delete it.

use crate::base::secret::RegistrationToken;

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
