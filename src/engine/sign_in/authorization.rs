//! Prepares a browser sign-in: binds the listener, then builds the sign-in link.

use std::time::Duration;

use super::par::Pusher;
use crate::domain::account::Client;
use crate::domain::oauth::authorize::{
    AuthorizationRequest, asks_for_id_token, authorization_address, state_from_random,
};
use crate::domain::oauth::callback::Expected;
use crate::domain::oauth::pkce::Pkce;
use crate::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use crate::domain::provider::{EndpointKind, Provider};
use crate::engine::error_mapping::bind_problem;
use crate::engine::random;
use crate::engine::secrets::secret_reader::{Party, SecretReader};
use crate::messages::problem::Problem;
use crate::net::redirect_listener::Listener;

/// Pause between attempts to bind a port that an earlier listener may still hold.
const PAUSE: Duration = Duration::from_millis(20);

/// A sign-in whose listener is bound.
pub(crate) struct Prepared {
    pub(super) party: Party,
    pub(super) listener: Option<Listener>,
    pub(super) redirect_uri: String,
    pub(super) link: url::Url,
    pub(super) pkce: Pkce,
    pub(super) nonce: Option<String>,
    pub(super) expected: Expected,
}

impl Prepared {
    /// The sign-in link.
    pub(crate) fn link(&self) -> &url::Url {
        &self.link
    }
}

/// The preparation of a browser sign-in.
pub(crate) struct AuthorizationJob {
    pub(crate) party: Result<Party, Problem>,
    pub(crate) secrets: SecretReader,
    pub(crate) pusher: Pusher,
    /// A listener that is bound already, if it has the account's redirect URI.
    pub(crate) reserved: Option<Listener>,
    /// The preferred port of the redirect URI.
    pub(crate) port: Option<u16>,
    /// The number of attempts to bind the listener.
    pub(crate) attempts: u32,
}

impl AuthorizationJob {
    /// # Errors
    /// The error in the settings, the listener's, the vault's, or the pushed request's.
    pub(crate) async fn run(self) -> Result<Prepared, Problem> {
        let party = self.party?;
        let listener = match party.provider.redirect_uri.preferring(self.port) {
            RedirectUri::Loopback(loopback) => Some(match self.reserved {
                Some(listener) if listener.redirect_uri() == party.provider.redirect_uri.to_string() => {
                    listener
                }
                other => {
                    drop(other);
                    bind(&loopback, self.attempts).await?
                }
            }),
            RedirectUri::Pasted(_) => None,
        };
        let client = self.secrets.client().await?;
        prepare(party, &client, listener, &self.pusher).await
    }
}

/// Binds the listener. Retries while an earlier listener of this process closes.
async fn bind(redirect: &LoopbackRedirect, attempts: u32) -> Result<Listener, Problem> {
    for _ in 1..attempts {
        if let Ok(listener) = Listener::bind(redirect) {
            return Ok(listener);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Listener::bind(redirect).map_err(|error| bind_problem(error, redirect))
}

async fn prepare(
    party: Party,
    client: &Client,
    listener: Option<Listener>,
    pusher: &Pusher,
) -> Result<Prepared, Problem> {
    let provider: &Provider = &party.provider;
    let pkce = Pkce::from_random(random::bytes()?);
    let state = state_from_random(random::bytes()?);
    let nonce = asks_for_id_token(provider).then(random::bytes).transpose()?.map(state_from_random);
    let redirect_uri = match &listener {
        Some(listener) => listener.redirect_uri(),
        None => provider.redirect_uri.to_string(),
    };
    let request = AuthorizationRequest {
        client_id: &client.client_id,
        redirect_uri: &redirect_uri,
        state: &state,
        challenge: provider.pkce.then_some(pkce.challenge.as_str()),
        nonce: nonce.as_deref(),
        secret_params: &client.authorize_params,
    };
    let link = if provider.par {
        pusher.push(provider, client, &request).await?
    } else {
        let address = authorization_address(provider, &request);
        address.ok_or_else(|| Problem::NoEndpoint(provider.name.clone(), EndpointKind::Authorize))?
    };
    let expected = Expected {
        state,
        issuer: provider.issuer.clone(),
        iss_promised: provider.iss_promised,
        pkce: provider.pkce,
        names: provider.callback.clone(),
        facts: provider.facts.clone(),
    };
    Ok(Prepared { party, listener, redirect_uri, link, pkce, nonce, expected })
}
