//! Checks a redirect port before a sign-in needs it. The port is held only during the check.

use super::sign_ins::SignIns;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::engine::error_mapping::bind_problem;
use crate::messages::problem::{Problem, SignInProblem};
use crate::net::redirect_listener::Listener;

/// The reason why a sign-in couldn't listen at this redirect URI, if any. A port that Keyfob itself holds for
/// a sign-in counts as free.
pub(crate) fn redirect_problem(sign_ins: &SignIns, redirect_uri: &str) -> Option<SignInProblem> {
    let Ok(RedirectUri::Loopback(redirect)) = RedirectUri::new(Some(redirect_uri)) else { return None };
    let error = Listener::bind(&redirect).err()?;
    match bind_problem(error, &redirect) {
        Problem::SignIn(problem) if !sign_ins.holds_port(redirect.port) => Some(problem),
        _ => None,
    }
}
