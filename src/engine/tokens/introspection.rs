//! Checks a token with its provider: introspection first, then userinfo.
//!
//! The token and the session stay unchanged, whatever the server responds.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::domain::account::Client;
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::introspection;
use crate::domain::oauth::introspection::{Checked, TokenStatus};
use crate::domain::oauth::jose::AssertionSeed;
use crate::domain::oauth::token_response::{Answer, TokenError};
use crate::domain::provider::Provider;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::{AccountHttp, secrets_of};
use crate::engine::error_mapping::{unreachable, unusable};
use crate::engine::random;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::messages::problem::{BadAnswer, Problem, Refusal, UntrustedText};

/// A check of an account's token.
pub(crate) struct CheckJob {
    pub(crate) provider: Rc<Provider>,
    pub(crate) secrets: SecretReader,
    /// A token that the vault refused; newer than the stored one.
    pub(crate) unsaved: Option<Rc<Grant>>,
    pub(crate) http: AccountHttp,
    pub(crate) clock: Arc<dyn Clock>,
}

impl CheckJob {
    /// # Errors
    /// The vault's error, or [`Problem::NotChecked`] with the reason.
    pub(crate) async fn run(self) -> Result<Checked, Problem> {
        let Self { provider, secrets, unsaved, http, clock } = self;
        let (client, stored) = secrets.read().await?;
        let grant = unsaved.or_else(|| stored.map(Rc::new)).ok_or(Problem::NeedsSignIn)?;
        let asked = provider.scopes.clone();
        let fresh = random::fresh(clock.as_ref())?;
        let check = Check { provider, http, client, grant, fresh };
        let verdict = check.status().await.map_err(|cause| Problem::NotChecked(Box::new(cause)))?;
        let granted = verdict.scope.clone().or_else(|| check.grant.facts.scope.clone());
        let generation = check.grant.facts.generation;
        Ok(Checked { at: clock.now(), generation, verdict, asked, granted })
    }
}

struct Check {
    provider: Rc<Provider>,
    http: AccountHttp,
    client: Client,
    grant: Rc<Grant>,
    fresh: AssertionSeed,
}

impl Check {
    async fn status(&self) -> Result<TokenStatus, Problem> {
        let introspection =
            introspection::introspection(&self.provider, &self.client, &self.grant, &self.fresh);
        let introspection = introspection.map_err(|error| unusable(error).problem)?;
        let first = match introspection {
            Some(request) => {
                let said =
                    self.send(RequestKind::Introspect, &request, introspection::read_introspection).await;
                Some(said)
            }
            None => None,
        };
        let second = match (&first, introspection::user_info(&self.provider, &self.grant)) {
            // An inactive token can't read userinfo.
            (Some(Ok(verdict)), _) if !verdict.active => None,
            (_, Some(request)) => {
                Some(self.send(RequestKind::UserInfo, &request, introspection::read_user_info).await)
            }
            (_, None) => None,
        };
        match (first, second) {
            (Some(Ok(first)), Some(Ok(second))) => Ok(first.and(second)),
            // Many servers allow a client only one of the two.
            (Some(Ok(said)), _) | (_, Some(Ok(said))) => Ok(said),
            (Some(Err(problem)), _) | (None, Some(Err(problem))) => Err(problem),
            (None, None) => Err(Problem::NoEndpoint(self.provider.name.clone(), EndpointKind::UserInfo)),
        }
    }

    async fn send(
        &self,
        kind: RequestKind,
        request: &HttpRequest,
        read: fn(&Provider, &Answer<'_>) -> Result<TokenStatus, TokenError>,
    ) -> Result<TokenStatus, Problem> {
        let secrets = secrets_of(&self.client, Some(&self.grant));
        let sent = self.http.send(kind, request, &secrets).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        let said = read(&self.provider, &sent.answer());
        let sent = secrets.into_iter().chain(request.proofs());
        said.map_err(|error| answered_no(&self.provider, &request.url, error.without(sent)))
    }
}

/// Maps an error from another endpoint than the token endpoint. It says nothing about how tokens are
/// obtained, so no cause is guessed.
pub(crate) fn answered_no(provider: &Provider, url: &url::Url, error: TokenError) -> Problem {
    match error {
        TokenError::Refused { status, code, description, meaning, retry_at } => Problem::Refused(Refusal {
            provider: provider.name.clone(),
            status,
            code: code.as_deref().map(UntrustedText::new),
            description: description.as_deref().map(UntrustedText::new),
            meaning,
            secrets_place: None,
            grant: None,
            retry_at,
            hints: Box::default(),
        }),
        TokenError::Flawed { status, flaw } => {
            let host = url.host_str().unwrap_or_default().to_owned();
            Problem::BadAnswer(BadAnswer { host, status, kind: flaw })
        }
    }
}
