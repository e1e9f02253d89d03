//! `keyfob revoke`. It reports "revoked" only if the server has revoked every token.

use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_engine;
use crate::domain::token::token_format::argument;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;

/// Revokes an account's tokens; with `here`, only drops them.
pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, here: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let account = session.find(name)?;
        session.unlock(false)?;
        let id = account.id.clone();
        let command = if here { Command::Forget(id) } else { Command::Revoke(id) };
        let done = session.ask(command)?.wait().map_err(|problem| {
            let failure = Failure::of_account(&problem, &account);
            match problem {
                Problem::NoEndpoint(..) | Problem::NotRevoked(_) => Failure::refused(format!(
                    "{} The command for that is: keyfob revoke --here {}.",
                    failure.words(),
                    argument(account.name.as_str())
                )),
                _ => failure,
            }
        })?;
        let name = quoted(account.name.as_str());
        output::say(&match done {
            Reply::Revoked => format!("The tokens of {name} were revoked and removed from Keyfob."),
            _ => format!(
                "The tokens of {name} were removed from Keyfob. They were not revoked: they still work until they expire."
            ),
        });
        Ok(())
    })
}
