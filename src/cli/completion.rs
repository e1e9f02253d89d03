//! Completion of account names by a shell.
//!
//! It reads the database alone, which has no secret, and says nothing.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::session::deps;
use crate::engine;

/// The names of all accounts.
pub(super) fn account_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let engine = deps(None).ok().and_then(|deps| engine::spawn(deps).ok());
        let snapshot = engine.map(|mut engine| engine.loaded());
        let accounts = snapshot.iter().flat_map(|snapshot| snapshot.accounts.iter());
        accounts.map(|account| CompletionCandidate::new(account.name.as_str())).collect()
    })
}
