//! ID tokens (`OpenID` Connect Core): what is checked of them, and when.
//!
//! Owns that order. Invariant: a token of another sign-in is never stored.

use super::problems::NotObtained;
use crate::domain::id_token;
use crate::domain::session::Failure;
use crate::domain::tokens::Grant;
use crate::messages::problem::{Problem, SignInProblem};

/// Checks that an ID token, where one came back, was made for this sign-in (section 3.1.3.7, point 11).
pub(crate) fn check_nonce(nonce: Option<&str>, grant: &Grant) -> Result<(), NotObtained> {
    match (nonce, &grant.id_token) {
        (Some(nonce), Some(token)) if !id_token::repeats(token, nonce) => {
            let problem = Problem::SignIn(SignInProblem::WrongNonce);
            Err(NotObtained { failure: Failure::Permanent, problem })
        }
        _ => Ok(()),
    }
}
