//! The device authorization grant (RFC 8628).
//!
//! The same client requests the code and the token. The device code leaves the engine only in token requests.

use std::sync::Arc;

use crate::base::clock::Clock;
use crate::domain::account::Client;
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::device;
use crate::domain::oauth::device::DeviceAuthorization;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::jose::AssertionSeed;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_response::TokenError;
use crate::domain::provider::{EndpointKind, Provider, ProviderError};
use crate::domain::refusal::hints::RefusedRequest;
use crate::domain::session::Failure;
use crate::engine::account_http::{AccountHttp, secrets_of};
use crate::engine::error_mapping::{NotObtained, refused, unreachable, unusable};
use crate::engine::random;
use crate::engine::secrets::secret_reader::{Party, SecretReader};
use crate::engine::tokens::refusal_context::Known;
use crate::messages::problem::{Problem, SignInProblem, UntrustedText};

/// A request for a device code (RFC 8628, section 3.1).
pub(crate) struct DeviceJob {
    pub(crate) party: Result<Party, Problem>,
    pub(crate) secrets: SecretReader,
    pub(crate) http: AccountHttp,
    pub(crate) clock: Arc<dyn Clock>,
    /// Facts that may explain a refusal.
    pub(crate) known: Known,
}

impl DeviceJob {
    /// # Errors
    /// The error in the settings, the vault's, the network's, or the server's.
    pub(crate) async fn run(self) -> Result<(Party, DeviceAuthorization), Problem> {
        let party = self.party?;
        let provider = &party.provider;
        let client = self.secrets.client().await?;
        let request = request(provider, &client, &random::fresh(self.clock.as_ref())?)?;
        let secrets = secrets_of(&client, None);
        let sent = self.http.send(RequestKind::Device, &request, &secrets).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        let given = device::read(provider, &sent.answer()).map_err(|error| {
            let asked = self.known.asked(provider, None, Some(&client), sent.sent_at());
            no_code(&asked, error.without(secrets.iter().copied().chain(request.proofs())))
        })?;
        Ok((party, given))
    }
}

fn request(provider: &Provider, client: &Client, fresh: &AssertionSeed) -> Result<HttpRequest, Problem> {
    let missing = ProviderError::EndpointMissing(EndpointKind::Device);
    let endpoint = provider.more.device.as_ref().ok_or(Problem::Settings(missing))?;
    let pairs = device::parameters(provider, &client.authorize_params);
    // Some servers require `client_id` here, whatever the client authentication.
    let id = ("client_id", client.client_id.as_str());
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_ref()));
    let pairs: Vec<(&str, &str)> = pairs.chain([id]).collect();
    token_request::build_for(endpoint, provider, client, &pairs, fresh)
        .map_err(|error| unusable(error).problem)
}

fn no_code(asked: &RefusedRequest<'_>, error: TokenError) -> Problem {
    match error {
        TokenError::Flawed { status, flaw } => {
            let host = asked.provider.more.device.as_ref().and_then(url::Url::host_str).unwrap_or_default();
            Problem::SignIn(SignInProblem::NoCode { host: host.to_owned(), status, flaw })
        }
        refusal @ TokenError::Refused { .. } => refused(asked, &refusal, false).problem,
    }
}

/// Classifies a failed poll (RFC 8628, section 3.5). An error may only mean "not yet", and a failed poll may
/// be repeated, since no earlier response was received.
pub(crate) fn classify_poll_error(failed: NotObtained) -> NotObtained {
    let NotObtained { failure, problem } = failed;
    let code = match &problem {
        Problem::Refused(refusal) => refusal.code.as_ref().map_or("", UntrustedText::as_str),
        _ => "",
    };
    let (failure, problem) = match code {
        "authorization_pending" => (Failure::NotYet { slow_down: false }, problem),
        "slow_down" => (Failure::NotYet { slow_down: true }, problem),
        "expired_token" => (Failure::Permanent, Problem::SignIn(SignInProblem::CodeExpired)),
        "access_denied" => {
            let (description, hints) = match problem {
                Problem::Refused(refusal) => (refusal.description, refusal.hints),
                _ => (None, Box::default()),
            };
            let code = UntrustedText::new("access_denied");
            (Failure::Permanent, Problem::SignIn(SignInProblem::Denied { code, description, hints }))
        }
        _ => match failure {
            Failure::Permanent if problem.is_transient() => (Failure::Transient { retry_at: None }, problem),
            failure => (failure, problem),
        },
    };
    NotObtained { failure, problem }
}
