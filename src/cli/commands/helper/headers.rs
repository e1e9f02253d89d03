//! A JSON object of headers, as MCP clients and API clients take it from a command.

use std::collections::BTreeMap;

use super::docker::json;
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_account;

pub(super) fn run(vault: &VaultOptions, name: &str) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        let held = token::valid(session, account, None)?;
        let (name, value) = held.header().map_err(|problem| Failure::of_account(&problem, account))?;
        output::data(&json(&BTreeMap::from([(name.as_str(), value.expose())]))?)?;
        token::warn_if_unsaved(session, account)
    })
}
