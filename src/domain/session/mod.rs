//! The machine of one account: what happens next, given what just happened.
//!
//! Owns the order of a sign-in and of a renewal. Invariants: at most one renewal runs at a time,
//! and everybody who waits for a token waits for that one; a reply of an earlier attempt changes
//! nothing, except that a newer token it brought is taken; expired is never a state, only
//! a question asked of the facts at a moment.
//!
//! [`Session::step`] is pure: it takes an [`Input`] and the time, changes the session, and returns
//! the [`Effect`]s that the engine must carry out. Their results come back as inputs.

mod step;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use super::oauth::callback::Returned;
use super::oauth::device::Polling;
use super::oauth::grant_type::GrantType;
use super::token::expiry::Margin;
use super::token::grant::TokenFacts;
use crate::base::secret::AuthCode;

/// How long a sign-in waits for the browser, and by how much it can be extended.
pub const SIGN_IN_WAIT: TimeDelta = TimeDelta::minutes(5);

/// How soon after a token came the next one is asked for without being asked: a server whose tokens live
/// for a moment must not be asked all the time.
const SOONEST: TimeDelta = TimeDelta::seconds(10);

/// Names one who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub u64);

/// Numbers the sign-ins and renewals of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempt(pub u64);

/// What of the account the machine must know.
#[derive(Debug, Clone, Copy)]
pub struct RenewalPolicy {
    /// The grant.
    pub grant: GrantType,
    /// How long before expiry a token is renewed.
    pub margin: Margin,
    /// Whether it is renewed without being asked.
    pub background: bool,
    /// Thousandths of the margin by which a background renewal starts later, so that many accounts
    /// don't start at once.
    pub jitter_thousandths: i32,
}

/// How a token is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// With the refresh token (RFC 6749, section 6).
    Refresh,
    /// By repeating the grant.
    Repeat,
}

/// Why a renewal failed, as far as it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The stored refresh token was refused for good.
    RefreshRefused,
    /// It may succeed later, not before the given moment.
    Transient {
        /// What the server asked for, where it did.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The same request would fail again.
    Permanent,
    /// A code for a device was not used yet (RFC 8628, section 3.5); it is asked too often where that is
    /// `slow_down`.
    NotYet {
        /// Whether the server wants to be asked less often.
        slow_down: bool,
    },
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A token valid for a while is wanted; `None` takes the margin.
    Want(RequestId, Option<TimeDelta>),
    /// A new token is wanted, whatever the old one is worth.
    Renew(RequestId),
    /// A person wants to sign in.
    SignIn(RequestId),
    /// The listener stands (or none is needed) and the address is built.
    Waiting(Attempt),
    /// A code to be entered on any device is there.
    CodeGiven(Attempt, Polling),
    /// A sign-in could not start.
    NotStarted(Attempt),
    /// The browser, or a paste, brought an answer.
    Returned(Attempt, Returned),
    /// The reply can't be trusted, and the sign-in with it.
    Aborted(Attempt),
    /// The person gave up.
    Cancel,
    /// The person asks for more time.
    Extend,
    /// A renewal or exchange ended; its token is stored, or kept where the vault refused.
    Renewed(Attempt, Result<TokenFacts, Failure>),
    /// The vault holds these facts, or none: another process changed them, or a read showed it.
    Found(Option<TokenFacts>),
    /// Another process was asked by the server, at the first moment, to leave it alone until the second.
    ToldToWait(DateTime<Utc>, DateTime<Utc>),
    /// Time passed.
    Tick,
    /// The account's tokens are no more: they were revoked or forgotten, or its client became another one.
    Forget,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a token, which the vault holds.
    Token,
    /// Only a person can get one.
    NeedsSignIn,
    /// With the problem that the engine has just noted.
    Failed,
    /// Not tried: the server has asked to be left alone until later.
    ToldToWait,
    /// The person cancelled.
    Cancelled,
    /// Nothing came back in time.
    TimedOut,
}

/// What the engine must do.
#[derive(Debug)]
pub enum Effect {
    /// Bind the listener, build the address, open the browser.
    Listen(Attempt),
    /// Ask for a code that a person enters on any device.
    AskForCode(Attempt),
    /// Close the listener, forget the code.
    StopWaiting,
    /// Exchange the code for a token, and store it.
    HttpLogEntry(Attempt, AuthCode),
    /// Ask whether the device's code was entered; if so, store the token.
    Poll(Attempt),
    /// Renew the token, and store it.
    Renew(Attempt, Renewal),
    /// Tell one who waits.
    Answer(RequestId, Outcome),
    /// The browser came back: the window comes forward.
    BrowserReturned,
    /// The server sent the person back with an error: its code and description.
    Denied(String, Option<String>),
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// A listener is being bound, or a device's code asked for.
    Starting,
    /// The browser is awaited until the deadline.
    AwaitingBrowser {
        /// Until when.
        deadline: DateTime<Utc>,
    },
    /// A person is awaited who enters a code on any device.
    AwaitingDevice(Polling),
    /// A code is exchanged, or a grant repeated.
    Exchanging,
    /// The refresh token is in use.
    Refreshing,
}

/// The state of one account.
#[derive(Debug, Default)]
pub struct Session {
    facts: Option<TokenFacts>,
    /// The highest generation there ever was, even where its record went missing.
    generation: u64,
    phase: Phase,
    attempt: Attempt,
    waiting: Vec<RequestId>,
    /// The refresh token of the present facts was refused.
    refresh_refused: bool,
    /// The last renewal failed for good, or the refresh token has ended: none is tried without a person.
    gave_up: bool,
    /// Renewals that failed for now, in a row.
    failures: u32,
    /// No background renewal before this moment.
    not_before: Option<DateTime<Utc>>,
    /// From when until when the server has asked to be left alone (RFC 9110, section 10.2.3). Only a
    /// person who asks for a new token goes on.
    told_to_wait: Option<(DateTime<Utc>, DateTime<Utc>)>,
}
