//! The redirect port, tried before a sign-in needs it.
//!
//! Owns the check of an address and the change to another port. Invariants: a port is held for the
//! moment of the check alone; a port that Keyfob itself holds for a sign-in counts as free.

use crate::domain::account::AccountId;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::error_mapping::bind_problem;
use crate::engine::event_loop::{Engine, Replies, answer};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem};
use crate::net::redirect_listener::Listener;

impl Engine {
    /// Tries whether a sign-in could listen there, and tells the window.
    pub(crate) fn check_redirect(&mut self, redirect_uri: String, replies: Replies) {
        let problem = self.redirect_problem(&redirect_uri);
        match replies {
            Some(replies) => {
                replies.answer(problem.map_or(Ok(Reply::Done), |problem| Err(Problem::SignIn(problem))));
            }
            None => self.tell(Event::RedirectChecked { redirect_uri, problem }),
        }
    }

    /// Why a sign-in could not listen there, where it could not.
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

    /// Gives an account's redirect address another port. It must be registered with the provider, too.
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
