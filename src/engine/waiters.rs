//! The callers that wait for token requests.

use std::collections::HashMap;

use super::publishing::outbox::ReplyTo;
use crate::domain::account::AccountId;
use crate::domain::session::RequestId;
use crate::messages::command::CopyForm;

pub(crate) enum Waiter {
    /// The window, for the end of a sign-in or a refresh.
    Window { signing_in: bool },
    /// The window, for a token on the clipboard.
    Clipboard(CopyForm, LookupAttempt),
    /// A caller, for the token or only for the end.
    Caller { replies: ReplyTo, wants_token: Option<LookupAttempt> },
}

/// Counts lookups of a token: the vault may contradict the session, which decides again once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookupAttempt {
    /// First attempt: the session may have to decide again.
    First,
    /// Second attempt: use whatever the vault returns.
    Last,
}

#[derive(Default)]
pub(crate) struct Waiters {
    waiting: HashMap<u64, (AccountId, Waiter)>,
    last: u64,
}

impl Waiters {
    /// Returns the request that the session answers.
    pub(crate) fn register(&mut self, account: AccountId, waiter: Waiter) -> RequestId {
        self.last += 1;
        self.waiting.insert(self.last, (account, waiter));
        RequestId(self.last)
    }

    /// Takes who waits for a request.
    pub(crate) fn resolve(&mut self, request: RequestId) -> Option<Waiter> {
        self.waiting.remove(&request.0).map(|(_, waiter)| waiter)
    }

    /// Whether a caller waits for an account.
    pub(crate) fn has_any(&self, account: &AccountId) -> bool {
        self.waiting.values().any(|(waited_for, _)| waited_for == account)
    }

    /// The callers that wait for an account.
    pub(crate) fn callers(&self, account: &AccountId) -> impl Iterator<Item = &ReplyTo> {
        self.waiting.values().filter_map(move |(waited_for, waiter)| match waiter {
            Waiter::Caller { replies, .. } if waited_for == account => Some(replies),
            _ => None,
        })
    }
}
