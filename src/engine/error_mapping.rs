//! Maps the errors of other layers to [`Problem`].
//!
//! Each error is mapped once, here, and keeps nothing that may be secret.

use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::redirect_uri::LoopbackRedirect;
use crate::domain::oauth::token_request::RequestError;
use crate::domain::oauth::token_response::TokenError;
use crate::domain::refusal::hints::{Hints, RefusedRequest};
use crate::domain::refusal::transport::Unreachable;
use crate::domain::session::Failure;
use crate::messages::problem::{BadAnswer, Problem, Refusal, SignInProblem, UntrustedText, VaultProblem};
use crate::messages::snapshot::VaultKind;
use crate::net::redirect_listener::{BindError, Listener};
use crate::store::database::DiskError;
use crate::store::vault::VaultError;

/// The number of free ports to suggest.
const FREE_PORTS: usize = 3;

/// Why no token was obtained, and what that means for the session.
pub(crate) struct NotObtained {
    pub(crate) failure: Failure,
    pub(crate) problem: Problem,
}

impl NotObtained {
    pub(crate) fn needs_sign_in() -> Self {
        Self { failure: Failure::Permanent, problem: Problem::NeedsSignIn }
    }
}

impl From<Problem> for NotObtained {
    fn from(problem: Problem) -> Self {
        Self { failure: Failure::Transient { retry_at: None }, problem }
    }
}

/// Maps a network error. Once a byte may have left, only the user repeats the request.
pub(crate) fn unreachable(unreachable: Unreachable) -> NotObtained {
    let again = !unreachable.may_have_been_sent;
    let failure = if again { Failure::Transient { retry_at: None } } else { Failure::Permanent };
    NotObtained { failure, problem: Problem::Unreachable(unreachable) }
}

/// Maps a request that can't be built from the account's values.
pub(crate) fn unusable(error: RequestError) -> NotObtained {
    let problem = match error {
        RequestError::Missing(key) => Problem::ValueMissing(key),
        RequestError::Unusable(key) => Problem::ValueUnusable(key),
        RequestError::Key(error) => Problem::BadKey(error),
    };
    NotObtained { failure: Failure::Permanent, problem }
}

pub(crate) fn refused(asked: &RefusedRequest<'_>, error: &TokenError, refreshing: bool) -> NotObtained {
    let provider = asked.provider;
    let failure = |retry_at| {
        if error.is_transient() { Failure::Transient { retry_at } } else { Failure::Permanent }
    };
    match error {
        TokenError::Refused { status, code, description, meaning, retry_at } => {
            let refusal = Refusal {
                provider: provider.name.clone(),
                status: *status,
                code: code.as_deref().map(UntrustedText::new),
                description: description.as_deref().map(UntrustedText::new),
                meaning: meaning.clone(),
                secrets_place: provider.help.secrets_place.clone(),
                grant: asked.client.map(|_| provider.grant),
                retry_at: *retry_at,
                hints: Box::new(Hints::of(asked, *status, code.as_deref(), description.as_deref())),
            };
            if refreshing && code.as_deref().is_some_and(|code| provider.refresh.is_refusal(code)) {
                let problem = Problem::RefreshRefused(refusal);
                return NotObtained { failure: Failure::RefreshRefused, problem };
            }
            NotObtained { failure: failure(*retry_at), problem: Problem::Refused(refusal) }
        }
        TokenError::Flawed { status, flaw } => {
            let host = provider.token.as_ref().and_then(|url| url.host_str()).unwrap_or_default().to_owned();
            let problem = Problem::BadAnswer(BadAnswer { host, status: *status, kind: *flaw });
            NotObtained { failure: failure(None), problem }
        }
    }
}

pub(crate) fn vault_problem(error: &VaultError) -> VaultProblem {
    log::info!("the vault: {error}");
    match error {
        VaultError::Absent => VaultProblem::Absent,
        VaultError::Locked => VaultProblem::Locked,
        VaultError::WrongPassphrase => VaultProblem::WrongPassphrase,
        VaultError::Denied => VaultProblem::Denied,
        VaultError::TooLarge { .. } => VaultProblem::TooLarge,
        VaultError::Corrupt => VaultProblem::Corrupt,
        VaultError::Newer => VaultProblem::Newer,
        VaultError::Damaged => VaultProblem::Damaged,
        VaultError::TooMuchWork => VaultProblem::TooMuchWork,
        VaultError::Failed(how) => VaultProblem::Failed(how),
        VaultError::Team(error) => VaultProblem::Team(error.clone()),
    }
}

/// The error of a vault of this kind: a file that is locked or missing needs its passphrase.
pub(crate) fn vault_problem_of(kind: VaultKind, error: &VaultError) -> VaultProblem {
    match (kind, vault_problem(error)) {
        (VaultKind::File, VaultProblem::Locked | VaultProblem::Absent) => VaultProblem::PassphraseNeeded,
        (_, problem) => problem,
    }
}

pub(crate) fn disk_problem(error: &DiskError) -> Problem {
    match error {
        DiskError::NameTaken => Problem::NameTaken(String::new()),
        DiskError::Changed | DiskError::Missing => Problem::ChangedElsewhere,
        DiskError::Newer { written_by, .. } => Problem::NewerDatabase(UntrustedText::new(written_by)),
        other => Problem::Disk(UntrustedText::new(&other.to_string())),
    }
}

pub(crate) fn bind_problem(error: BindError, redirect: &LoopbackRedirect) -> Problem {
    let free = || Listener::free_ports(redirect, FREE_PORTS);
    Problem::SignIn(match error {
        BindError::InUse { port } => SignInProblem::PortInUse { port, free: free() },
        BindError::Forbidden { port } => SignInProblem::PortForbidden { port, free: free() },
        BindError::NoLoopback => SignInProblem::NoLoopback,
    })
}

pub(crate) fn callback_problem(error: CallbackError) -> SignInProblem {
    match error {
        CallbackError::NoReply => SignInProblem::NoReplyInPaste,
        CallbackError::StateMismatch => SignInProblem::StateMismatch,
        CallbackError::WrongIssuer => SignInProblem::WrongIssuer,
        CallbackError::Contradictory => SignInProblem::Contradictory,
        CallbackError::BareCode => SignInProblem::BareCodeRefused,
        CallbackError::TooLong => SignInProblem::ReplyTooLong,
    }
}
