//! Answers that don't fit, and how a person says they are read.
//!
//! Owns the answer that is laid open, until the next one. Invariant: it is kept in memory alone; what
//! is saved is where a value stands, in the account's own overrides.

use std::rc::Rc;
use std::sync::Arc;

use crate::domain::account::AccountId;
use crate::domain::oauth::response_mapping;
use crate::domain::oauth::response_mapping::{LaidOpen, Layout, ReadAs};
use crate::domain::oauth::token_response::TokenError;
use crate::domain::provider::Provider;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::as_answer;
use crate::engine::event_loop::{Engine, Replies};
use crate::messages::problem::Problem;
use crate::net::http_client::HttpAnswer;

/// An answer laid open, as it is shown and as it is.
pub(crate) struct UnmappedResponse {
    pub(crate) layout: Arc<Layout>,
    whole: Rc<LaidOpen>,
}

/// Lays an answer open, where a person may have to say how it is read.
pub(crate) fn unmapped_response(
    provider: &Provider,
    answer: &HttpAnswer,
    secrets: &[&str],
    read: &Result<Grant, TokenError>,
) -> Option<UnmappedResponse> {
    if answer.body_too_large || !response_mapping::is_strange(read) {
        return None;
    }
    let whole = response_mapping::lay_open(provider, &as_answer(answer), secrets, read.is_ok())?;
    Some(UnmappedResponse { layout: Arc::new(whole.layout.clone()), whole: Rc::new(whole) })
}

impl Engine {
    /// Takes the last answer; one that could be read takes the place of one that could not.
    pub(crate) fn lay_open(&mut self, id: &AccountId, read: bool, laid: Option<UnmappedResponse>) {
        if let Some(entry) = self.entries.get_mut(id)
            && (read || laid.is_some())
        {
            entry.unmapped_response = laid;
        }
    }

    /// Keeps how an account's answers are to be read.
    pub(crate) fn map_answer(&mut self, id: &AccountId, choices: &[(usize, ReadAs)], replies: Replies) {
        let laid = match self.entry(id) {
            Ok(entry) => entry.unmapped_response.as_ref().map(|laid| Rc::clone(&laid.whole)),
            Err(problem) => return self.fail(None, problem, replies),
        };
        let Some(laid) = laid else { return self.fail(Some(id), Problem::ChangedElsewhere, replies) };
        self.set_override(id, |spec| laid.choose(&mut spec.response, choices), replies);
    }
}
