//! The device authorization grant (RFC 8628).
//!
//! The same client requests the code and the token. The device code leaves the engine only in token requests.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::secret::DeviceCode;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::device;
use crate::domain::oauth::device::DeviceAuthorization;
use crate::domain::oauth::jose::AssertionSeed;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_response::TokenError;
use crate::domain::provider::Provider;
use crate::domain::refusal::hints::Asked;
use crate::domain::session::{Attempt, Failure, Input, Phase};
use crate::engine::account_http::{as_answer, secrets_of};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::error_mapping::{NotObtained, refused, unreachable, unusable};
use crate::engine::event_loop;
use crate::engine::event_loop::{Engine, Then, answer};
use crate::engine::random;
use crate::engine::secrets::secret_reader::Party;
use crate::engine::tokens::refusal_context::Known;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem, UntrustedText};
use crate::messages::snapshot::DeviceCodeView;

/// A device code that the user has not confirmed yet.
pub(crate) struct PendingDevice {
    /// The party that issued the code.
    pub(crate) party: Party,
    pub(crate) code: Rc<DeviceCode>,
    pub(crate) view: DeviceCodeView,
    /// The URL that *Open* opens.
    pub(crate) address: url::Url,
}

impl Engine {
    /// Requests a device code (RFC 8628, section 3.1).
    pub(crate) fn ask_for_code(&mut self, id: &AccountId, attempt: Attempt) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.problem = None;
        let known = Known::of(entry, &self.presets);
        let party = Party::of(entry);
        let Some(secrets) = self.entries.get(id).map(|entry| self.secret_reader(entry)) else { return };
        let (line, clock) = (self.line(id), Arc::clone(&self.deps.clock));
        let id = id.clone();
        self.spawn(async move {
            let given = async {
                let party = party?;
                let provider = &party.provider;
                let client = secrets.client().await?;
                let request = request(provider, &client, &random::fresh(clock.as_ref())?)?;
                let sent = line.send(RequestKind::Device, &request, &secrets_of(&client, None)).await;
                let sent = sent.map_err(|error| unreachable(error).problem)?;
                let given = device::read(provider, &as_answer(&sent)).map_err(|error| {
                    let asked = known.asked(provider, None, Some(&client), sent.sent_at);
                    no_code(
                        &asked,
                        error.without(secrets_of(&client, None).into_iter().chain(request.proofs())),
                    )
                })?;
                Ok((party, given))
            };
            let given: Result<(Party, DeviceAuthorization), Problem> = given.await;
            let then: Then = Box::new(move |engine| engine.code_given(&id, attempt, given));
            then
        });
    }

    fn code_given(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        given: Result<(Party, DeviceAuthorization), Problem>,
    ) {
        let (party, given) = match given {
            Ok(given) => given,
            Err(problem) => {
                self.note(id, problem);
                return self.step(id, Input::NotStarted(attempt));
            }
        };
        self.step(id, Input::CodeGiven(attempt, given.polling));
        let waits = |entry: &AccountState| {
            entry.session.attempt() == attempt && matches!(entry.session.phase(), Phase::AwaitingDevice(_))
        };
        let Some(entry) = self.entries.get_mut(id).filter(|entry| waits(entry)) else { return };
        let view = DeviceCodeView {
            user_code: UntrustedText::new(&given.user_code),
            verification_uri: given.verification_uri.to_string(),
            verification_uri_complete: given.verification_uri_complete.as_ref().map(ToString::to_string),
            expires_at: given.polling.expires_at(),
        };
        entry.device = Some(Box::new(PendingDevice {
            party,
            code: Rc::new(given.device_code),
            view: view.clone(),
            address: given.verification_uri_complete.unwrap_or(given.verification_uri),
        }));
        self.tell(Event::SignInStarted(id.clone()));
        for (account, asker) in self.askers.values() {
            if let (true, event_loop::Waiter::Caller { replies, .. }) = (account == id, asker) {
                answer(Some(replies.clone()), Ok(Reply::CodeGiven(Box::new(view.clone()))));
            }
        }
    }
}

fn request(
    provider: &Provider,
    client: &Client,
    fresh: &AssertionSeed,
) -> Result<crate::domain::oauth::http_request::HttpRequest, Problem> {
    let missing = crate::domain::provider::ProviderError::EndpointMissing(
        crate::domain::provider::EndpointKind::Device,
    );
    let endpoint = provider.more.device.as_ref().ok_or(Problem::Settings(missing))?;
    let pairs = device::parameters(provider, &client.authorize_params);
    // Some servers require `client_id` here, whatever the client authentication.
    let id = ("client_id", client.client_id.as_str());
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_ref()));
    let pairs: Vec<(&str, &str)> = pairs.chain([id]).collect();
    token_request::build_for(endpoint, provider, client, &pairs, fresh)
        .map_err(|error| unusable(error).problem)
}

fn no_code(asked: &Asked<'_>, error: TokenError) -> Problem {
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
pub(in crate::engine) fn classify_poll_error(failed: NotObtained) -> NotObtained {
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
