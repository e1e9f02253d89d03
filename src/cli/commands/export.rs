//! `keyfob export`. Secrets are only written encrypted.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::{self, VaultOptions};
use crate::cli::session::with_engine;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::snapshot::VaultKind;

/// The option for the passphrase of an export, which is not the vault's.
pub(in crate::cli) const OPTION: &str = "--export-passphrase-file";

pub(in crate::cli) struct ExportOptions<'a> {
    pub(in crate::cli) names: &'a [String],
    pub(in crate::cli) with_secrets: bool,
    pub(in crate::cli) with_tokens: bool,
    pub(in crate::cli) passphrase_file: Option<&'a Path>,
}

pub(in crate::cli) fn run(
    vault: &VaultOptions,
    path: PathBuf,
    options: &ExportOptions<'_>,
) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let found = options.names.iter().map(|name| session.find(name)).collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() || found.iter().any(|account| account.vault != VaultKind::Team) {
            session.unlock(false)?;
        }
        let accounts: Vec<_> = found.iter().map(|account| account.id.clone()).collect();
        let lacks_team = accounts.is_empty() && vault.kind.is_none() && session.has_team();
        let file = quoted(&path.display().to_string());
        let passphrase = if options.with_secrets {
            let prompt = "Choose a passphrase for the exported file: ";
            Some(passphrase::chosen(options.passphrase_file, OPTION, prompt)?)
        } else {
            None
        };
        let export = Command::Export { accounts, path, passphrase, with_tokens: options.with_tokens };
        let exported = session.ask(export)?.wait().map_err(|problem| Failure::of(&problem).within(&file))?;
        if let Reply::Exported(count) = exported {
            let how = if options.with_secrets {
                "with their secrets, encrypted with the passphrase"
            } else {
                "without their secrets"
            };
            output::say(&format!("{file} was written. Accounts in it: {count}, {how}."));
            if lacks_team {
                output::say(
                    "The team's accounts are not in it: name them, or export them with --vault team.",
                );
            }
        }
        Ok(())
    })
}
