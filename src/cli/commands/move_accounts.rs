//! `keyfob move`: single accounts to another vault.

use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{file_exists, with_engine};
use crate::domain::account::AccountName;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;

pub(in crate::cli) fn run(vault: &VaultOptions, names: &[String], to: VaultKind) -> Result<(), Failure> {
    with_engine(vault, |session| {
        if let (VaultKind::Team, Some(first)) = (to, names.first()) {
            session.open_team(AccountName::new(first).ok())?;
        }
        let mut accounts = Vec::with_capacity(names.len());
        for name in names {
            accounts.push(session.find_to_move(name, to)?.id.clone());
        }
        session.unlock(false)?;
        if to == VaultKind::File {
            session.unlock_file(!file_exists())?;
        }
        let moved = session.ask(Command::MoveAccounts { accounts, to })?.wait();
        let Reply::AccountsMoved(names) = moved.map_err(|problem| Failure::of(&problem))? else {
            return Err(Failure::of(&Problem::Stopped));
        };
        let place = match to {
            VaultKind::Team => "the team vault",
            VaultKind::File => "the passphrase-protected file",
            VaultKind::Keychain | VaultKind::Memory => "the keychain",
        };
        let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        output::say(&format!("Moved to {place}: {}.", names.join(", ")));
        Ok(())
    })
}
