//! `keyfob passphrase`.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::{VaultOptions, chosen};
use crate::cli::session::{file_exists, with_engine};
use crate::messages::command::Command;

pub(in crate::cli) fn run(vault: &VaultOptions, new: Option<&Path>) -> Result<(), Failure> {
    with_engine(vault, |session| {
        if !file_exists() {
            return Err(Failure::no_file_yet());
        }
        let old = vault.existing()?;
        let new = chosen(new, "--new-passphrase-file", "New passphrase: ")?;
        let changed = session.ask(Command::ChangePassphrase { old, new })?.wait();
        changed.map_err(|problem| Failure::of(&problem))?;
        output::say("The passphrase was changed. Other programs that have the file open need the new one.");
        Ok(())
    })
}
