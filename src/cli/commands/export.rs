//! `keyfob export`. Secrets are only written encrypted.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::{self, VaultOptions};
use crate::cli::session::with_engine;
use crate::messages::command::Command;
use crate::messages::event::Reply;

/// The option for the passphrase of an export, which is not the vault's.
pub(in crate::cli) const OPTION: &str = "--export-passphrase-file";

pub(in crate::cli) struct What<'a> {
    pub(in crate::cli) names: &'a [String],
    pub(in crate::cli) with_secrets: bool,
    pub(in crate::cli) with_tokens: bool,
    pub(in crate::cli) passphrase_file: Option<&'a Path>,
}

pub(in crate::cli) fn run(vault: &VaultOptions, path: PathBuf, what: &What<'_>) -> Result<(), Failure> {
    with_engine(vault, |rig| {
        let accounts = what.names.iter().map(|name| rig.find(name).map(|account| account.id.clone()));
        let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        rig.unlock(false)?;
        let file = quoted(&path.display().to_string());
        let passphrase = if what.with_secrets {
            let prompt = "Choose a passphrase for the exported file: ";
            Some(passphrase::chosen(what.passphrase_file, OPTION, prompt)?)
        } else {
            None
        };
        let export = Command::Export { accounts, path, passphrase, with_tokens: what.with_tokens };
        let exported = rig.ask(export)?.wait().map_err(|problem| Failure::of(&problem).within(&file))?;
        if let Reply::Exported(count) = exported {
            let how = if what.with_secrets {
                "with their secrets, encrypted with the passphrase"
            } else {
                "without their secrets"
            };
            output::say(&format!("{file} was written. Accounts in it: {count}, {how}."));
        }
        Ok(())
    })
}
