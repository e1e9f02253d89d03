//! Pushed authorization requests (RFC 9126).
//!
//! The sign-in link then holds only the client ID and the request URI.

use std::sync::Arc;

use crate::base::clock::Clock;
use crate::domain::account::Client;
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::authorize;
use crate::domain::oauth::authorize::AuthorizationRequest;
use crate::domain::oauth::par;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_response::TokenError;
use crate::domain::provider::{EndpointKind, Provider, ProviderError};
use crate::engine::account_http::{AccountHttp, secrets_of};
use crate::engine::error_mapping::{refused, unreachable, unusable};
use crate::engine::random;
use crate::engine::tokens::refusal_context::Known;
use crate::messages::problem::{Problem, SignInProblem};

pub(crate) struct Pusher {
    pub(crate) http: AccountHttp,
    pub(crate) clock: Arc<dyn Clock>,
    /// Facts that may explain a refusal.
    pub(crate) known: Known,
}

impl Pusher {
    /// Pushes a request and returns the sign-in link.
    pub(crate) async fn push(
        &self,
        provider: &Provider,
        client: &Client,
        request: &AuthorizationRequest<'_>,
    ) -> Result<url::Url, Problem> {
        let missing = Problem::Settings(ProviderError::EndpointMissing(EndpointKind::Par));
        let endpoint = provider.more.par.as_ref().ok_or(missing)?;
        let pairs = authorize::parameters(provider, request);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        let fresh = random::fresh(self.clock.as_ref())?;
        let pushed = token_request::build_for(endpoint, provider, client, &pairs, &fresh);
        let pushed = pushed.map_err(|error| unusable(error).problem)?;
        let sent = self.http.send(RequestKind::Par, &pushed, &secrets_of(client, None)).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        let uri = par::read(provider, &sent.answer());
        let uri = uri.map_err(|error| {
            match error.without(secrets_of(client, None).into_iter().chain(pushed.proofs())) {
                TokenError::Flawed { status, flaw } => {
                    let host = endpoint.host_str().unwrap_or_default().to_owned();
                    Problem::SignIn(SignInProblem::NotPushed { host, status, flaw })
                }
                refusal @ TokenError::Refused { .. } => {
                    let redirect_uri = Some(request.redirect_uri);
                    let asked = self.known.asked(provider, redirect_uri, Some(client), sent.sent_at());
                    refused(&asked, &refusal, false).problem
                }
            }
        })?;
        let address = authorize::pushed_address(provider, request.client_id, &uri);
        address.ok_or_else(|| Problem::NoEndpoint(provider.name.clone(), EndpointKind::Authorize))
    }
}
