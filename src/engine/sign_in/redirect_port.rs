//! Checks a redirect port before a sign-in needs it, and changes it.
//!
//! A port is held only during the check. A port that Keyfob itself holds for a sign-in counts as free.

use crate::domain::account::AccountId;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::error_mapping::bind_problem;
use crate::engine::event_loop::{Engine, Replies, answer};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem};
use crate::net::redirect_listener::Listener;

impl Engine {
    /// Tries to bind the redirect URI and reports the result to the window.
    pub(crate) fn check_redirect(&mut self, redirect_uri: String, replies: Replies) {
        let problem = self.redirect_problem(&redirect_uri);
        match replies {
            Some(replies) => {
                replies.answer(problem.map_or(Ok(Reply::Done), |problem| Err(Problem::SignIn(problem))));
            }
            None => self.tell(Event::RedirectChecked { redirect_uri, problem }),
        }
    }

    /// The reason why a sign-in couldn't listen there, if any.
    pub(crate) fn redirect_problem(&self, redirect_uri: &str) -> Option<SignInProblem> {
        let Ok(RedirectUri::Loopback(redirect)) = RedirectUri::new(Some(redirect_uri)) else { return None };
        let error = Listener::bind(&redirect).err()?;
        let port = |text: &str| match RedirectUri::new(Some(text)) {
            Ok(RedirectUri::Loopback(loopback)) => loopback.port,
            _ => None,
        };
        let mut held = self.entries.values().filter_map(|entry| entry.pending.as_ref());
        let is_ours =
            held.any(|pending| pending.listener.is_some() && port(&pending.redirect_uri) == redirect.port);
        match bind_problem(error, &redirect) {
            Problem::SignIn(problem) if !is_ours => Some(problem),
            _ => None,
        }
    }

    /// Changes the port of an account's redirect URI. The user must register the new one with the provider.
    pub(crate) fn take_port(&mut self, id: &AccountId, port: u16, replies: Replies) {
        let redirect = match self.entry(id).and_then(AccountState::provider) {
            Ok(provider) => provider.redirect_uri.clone(),
            Err(problem) => return self.fail(None, problem, replies),
        };
        match redirect {
            RedirectUri::Loopback(redirect) => {
                let text = redirect.with_port(port);
                self.set_override(id, move |spec| spec.redirect_uri = Some(text), replies);
            }
            RedirectUri::Pasted(_) => answer(replies, Ok(Reply::Done)),
        }
    }
}
