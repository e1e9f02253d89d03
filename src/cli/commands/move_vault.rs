//! `keyfob move-vault`. It reports what remains in the old vault.

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{file_exists, with_engine};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;

pub(in crate::cli) fn run(vault: &VaultOptions, to: VaultKind) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let seen = &session.snapshot.vault;
        let uses_file = [seen.kind, to].contains(&VaultKind::File) || seen.unfinished_move.is_some();
        let passphrase = match (uses_file, file_exists()) {
            (true, true) => Some(vault.existing()?),
            (true, false) if to == VaultKind::File => Some(vault.chosen()?),
            _ => None,
        };
        let moved = session.ask(Command::MoveVault { to, passphrase, create: true })?.wait();
        let Reply::Moved { records, left_behind } = moved.map_err(|problem| Failure::of(&problem))? else {
            return Err(Failure::of(&Problem::Stopped));
        };
        let place = match to {
            VaultKind::Keychain => "in the keychain",
            VaultKind::File => "in a passphrase-protected file",
            VaultKind::Memory => "in memory",
            VaultKind::Team => "in the team vault",
        };
        output::say(&format!("Secrets are kept {place} from now on. Records moved: {records}."));
        if let Some(problem) = left_behind {
            let why = Failure::of(&Problem::Vault(problem));
            output::say(&format!(
                "Warning: the old secrets could not be deleted. Run the command again to retry. {}",
                why.words()
            ));
        }
        Ok(())
    })
}
