//! `keyfob log`. It reads only the database, which holds no secret, never the vault.

use crate::cli::failure::Failure;
use crate::cli::format::json;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_engine;
use crate::domain::http_log::text::{Reported, report};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;

/// Prints an account's HTTP log: as a report for a support ticket, or as JSON.
pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, as_json: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let account = session.find(name)?;
        let Reply::HttpLog(entries) = session.done(&account, Command::ReadHttpLog(account.id.clone()))?
        else {
            return Err(Failure::of_account(&Problem::Stopped, &account));
        };
        if as_json {
            return output::data(&json(&*entries)?);
        }
        let (provider, settings) = (account.provider_name.as_str(), &account.settings);
        let text = report(&Reported { provider, settings, entries: &entries });
        output::data(text.trim_end())
    })
}
