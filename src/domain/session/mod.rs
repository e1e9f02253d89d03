//! The state machine of one account: sign-in, refresh and waiting requests.
//!
//! Invariants: at most one refresh runs at a time, and every request for a token waits for it. A result of an
//! earlier attempt changes nothing, except that a newer token from it is accepted. Expiry is not a state but
//! computed from the facts for a given time.
//!
//! [`Session::step`] is pure: it takes an [`Input`] and the time, changes the session, and returns the
//! [`Effect`]s for the engine to carry out. Their results come back as inputs.

mod step;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use super::oauth::callback::Returned;
use super::oauth::device::Polling;
use super::oauth::grant_type::GrantType;
use super::provider::facts::Facts;
use super::token::expiry::Margin;
use super::token::grant::TokenFacts;
use crate::base::secret::AuthCode;

/// How long a sign-in waits for the browser; an extension adds the same time.
pub const SIGN_IN_WAIT: TimeDelta = TimeDelta::minutes(5);

/// The minimum time between receiving a token and refreshing it in the background: a server with very
/// short-lived tokens must not get constant requests.
const SOONEST: TimeDelta = TimeDelta::seconds(10);

/// Identifies a request that waits for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub u64);

/// Numbers a session's sign-ins and refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempt(pub u64);

/// The account's settings that the state machine needs.
#[derive(Debug, Clone, Copy)]
pub struct RenewalPolicy {
    pub grant: GrantType,
    /// How long before expiry a token is refreshed.
    pub margin: Margin,
    pub background: bool,
    /// Thousandths of the margin by which a background refresh starts later, so that many accounts don't
    /// start at once.
    pub jitter_thousandths: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// With the refresh token (RFC 6749, section 6).
    Refresh,
    /// By repeating the grant.
    Repeat,
}

/// Why a refresh failed, as far as it decides the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The stored refresh token was refused for good.
    RefreshRefused,
    /// May succeed later, not before the given time.
    Transient {
        /// The server's `Retry-After`, if any.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The same request would fail again.
    Permanent,
    /// A device code is not used yet (RFC 8628, section 3.5).
    NotYet {
        /// The server returned `slow_down`.
        slow_down: bool,
    },
}

/// An event for the session.
#[derive(Debug)]
pub enum Input {
    /// A token valid for this time is requested; `None` means the margin.
    Want(RequestId, Option<TimeDelta>),
    /// A new token is requested, even if the current one is valid.
    Renew(RequestId),
    SignIn(RequestId),
    /// The listener is ready (or not needed) and the authorization URL is built.
    Waiting(Attempt),
    /// The device and user codes have arrived.
    CodeGiven(Attempt, Polling),
    NotStarted(Attempt),
    /// The browser or a paste returned a response.
    Returned(Attempt, Returned),
    /// The response can't be trusted; the sign-in ends.
    Aborted(Attempt),
    Cancel,
    Extend,
    /// A refresh or code exchange ended. Its token is stored, or kept in memory if the vault refused it.
    Renewed(Attempt, Result<TokenFacts, Failure>),
    /// The vault has these facts, or none: another process changed them, or a read found them.
    Found(Option<TokenFacts>),
    /// At the first time, a server told another process to wait until the second time.
    RetryAfter(DateTime<Utc>, DateTime<Utc>),
    Tick,
    /// The account's tokens are gone: revoked, forgotten, or the client was replaced.
    Forget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a token, which the vault has.
    Token,
    NeedsSignIn,
    /// With the problem that the engine has just set.
    Failed,
    /// Not tried: the server requires waiting.
    RetryAfter,
    Cancelled,
    /// No response in time.
    TimedOut,
}

/// An action for the engine.
#[derive(Debug)]
pub enum Effect {
    /// Bind the listener, build the authorization URL, open the browser.
    Listen(Attempt),
    /// Request a device code and a user code.
    AskForCode(Attempt),
    /// Close the listener; forget the code.
    StopWaiting,
    /// Exchange the code for a token, and store it with the facts that came with the code.
    ExchangeCode(Attempt, AuthCode, Facts),
    /// Poll the token endpoint for the device code; on success, store the token.
    Poll(Attempt),
    /// Get a new token and store it.
    Renew(Attempt, Renewal),
    /// Report an outcome to a waiting request.
    Answer(RequestId, Outcome),
    /// The browser returned: bring the window to the front.
    BrowserReturned,
    /// The authorization response is an error: its code and description.
    Denied(String, Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// Binding a listener, or requesting a device code.
    Starting,
    AwaitingBrowser {
        deadline: DateTime<Utc>,
    },
    /// Waiting for the user to enter a code on any device.
    AwaitingDevice(Polling),
    /// Exchanging a code, or repeating a grant.
    Exchanging,
    Refreshing,
}

#[derive(Debug, Default)]
pub struct Session {
    facts: Option<TokenFacts>,
    /// The highest generation so far, kept even if its record is lost.
    generation: u64,
    phase: Phase,
    attempt: Attempt,
    waiting: Vec<RequestId>,
    refresh_refused: bool,
    /// The last refresh failed for good, or the refresh token has expired: only the user can start another.
    gave_up: bool,
    failures: u32,
    not_before: Option<DateTime<Utc>>,
    /// The start and end of the server's `Retry-After` (RFC 9110, section 10.2.3). Only a user's explicit
    /// request overrides it.
    retry_after_span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}
