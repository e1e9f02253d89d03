//! Requests of the user's own to an account's API.

use tokio::sync::mpsc;

use super::Engine;
use super::job_done::{Completion, JobDone};
use crate::base::secret::SecretText;
use crate::domain::account::AccountId;
use crate::domain::api::api_host::ApiHost;
use crate::domain::api::api_request::ApiRequest;
use crate::domain::http_log::record::RequestKind;
use crate::domain::session::Input;
use crate::engine::account_http::AccountHttp;
use crate::engine::publishing::outbox::Replies;
use crate::engine::waiters::Waiter;
use crate::messages::event::{ApiAnswer, HeldToken, Reply};
use crate::messages::problem::Problem;
use crate::net::http_client::HttpAnswer;

/// What an API's answer has in the place of the token.
const REPLACED: &str = "[access token]";

impl Engine {
    /// Sends a request once it has a token, as a caller would get it.
    pub(super) fn send_api_request(
        &mut self,
        account: AccountId,
        request: ApiRequest,
        renew: bool,
        replies: Replies,
    ) {
        let (sender, mut tokens) = mpsc::channel(1);
        let http = self.account_http(&account);
        let nobody = Waiter::Window { signing_in: false };
        let caller = self.outbox.reply_to(sender);
        self.request(&account, Some(caller), nobody, true, |wanted| {
            if renew { Input::Renew(wanted) } else { Input::Want(wanted, None) }
        });
        self.spawn(async move {
            let answer = match tokens.recv().await {
                Some(Ok(Reply::Token(held))) => sent(&http, &request, &held).await,
                Some(Err(problem)) => Err(problem),
                Some(Ok(_)) | None => Err(Problem::NeedsSignIn),
            };
            let result = Ok(Reply::ApiAnswered { account, answer: Box::new(answer) });
            JobDone::Reported(Completion { result, replies })
        });
    }
}

async fn sent(http: &AccountHttp, request: &ApiRequest, held: &HeldToken) -> Result<ApiAnswer, Problem> {
    // The window has checked both; the account may have changed since then.
    let unusable = Problem::ValueUnusable("api.base_url");
    let host = held.api.base_url.as_deref().and_then(ApiHost::parse).ok_or_else(|| unusable.clone())?;
    let token = held.access_token.expose();
    let built = request.with_token(&host, &held.api, &held.access_token).map_err(|_| unusable)?;
    let answer = http.send(RequestKind::Api, &built, &[token]).await.map_err(Problem::Unreachable)?;
    Ok(without_token(&answer.into_http(), token))
}

/// The answer with the token replaced, which a server may repeat.
fn without_token(answer: &HttpAnswer, token: &str) -> ApiAnswer {
    let replaced = |text: &str| SecretText::new(text.replace(token, REPLACED));
    let body = String::from_utf8_lossy(&answer.body);
    ApiAnswer {
        status: answer.status,
        took_ms: (answer.answered_at - answer.sent_at).num_milliseconds(),
        size_bytes: answer.body.len(),
        headers: answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), replaced(value.expose())))
            .collect(),
        body: replaced(&body),
        is_too_large: answer.body_too_large,
    }
}
