//! Responses that don't fit, and the user's mapping of them.
//!
//! The response stays in memory until the next one. Only the positions of its values are saved, in the
//! account's overrides.

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

/// A response as it is shown and as it was received.
pub(crate) struct UnmappedResponse {
    pub(crate) layout: Arc<Layout>,
    whole: Rc<LaidOpen>,
}

/// Returns a response that the user may have to map.
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
    /// Keeps the last response. A readable one replaces an unreadable one.
    pub(crate) fn lay_open(&mut self, id: &AccountId, read: bool, laid: Option<UnmappedResponse>) {
        if let Some(entry) = self.entries.get_mut(id)
            && (read || laid.is_some())
        {
            entry.unmapped_response = laid;
        }
    }

    pub(crate) fn map_answer(&mut self, id: &AccountId, choices: &[(usize, ReadAs)], replies: Replies) {
        let laid = match self.entry(id) {
            Ok(entry) => entry.unmapped_response.as_ref().map(|laid| Rc::clone(&laid.whole)),
            Err(problem) => return self.fail(None, problem, replies),
        };
        let Some(laid) = laid else { return self.fail(Some(id), Problem::ChangedElsewhere, replies) };
        self.set_override(id, |spec| laid.choose(&mut spec.response, choices), replies);
    }
}
