//! `keyfob recover`. It deletes nothing without confirmation.

use crate::cli::failure::Failure;
use crate::cli::format::shown;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, file_exists, with_engine};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;

pub(in crate::cli) fn run(vault: &VaultOptions, remove_orphans: bool, yes: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        session.unlock(false)?;
        let Reply::Recovered { added, unreadable, orphans } = ask(session, Command::RecoverAccounts)? else {
            return Err(Failure::of(&Problem::Stopped));
        };
        if !added.is_empty() {
            let lines: Vec<String> = added.iter().map(|name| format!("Recovered {}", shown(name))).collect();
            output::data(&lines.join("\n"))?;
        }
        output::say(&format!("Accounts recovered: {}.", added.len()));
        // A lost database may also have had the choice of the passphrase file.
        if added.is_empty() && session.snapshot.vault.kind == VaultKind::Keychain && file_exists() {
            output::say(
                "There is also a file with secrets. The command for it is: keyfob --vault file recover.",
            );
        }
        if unreadable > 0 {
            output::say(&format!(
                "Accounts whose secrets can't be read: {unreadable}. They were left unchanged."
            ));
        }
        match (orphans, remove_orphans) {
            (0, _) => Ok(()),
            (_, false) => {
                let vault = match session.vault.kind {
                    Some(VaultKind::Keychain) => "--vault keychain ",
                    Some(VaultKind::File) => "--vault file ",
                    _ => "",
                };
                output::say(&format!(
                    "Records that no account needs: {orphans}. The command to delete them is: \
                     keyfob {vault}recover --remove-orphans."
                ));
                Ok(())
            }
            (_, true) => remove(session, orphans, yes),
        }
    })
}

fn remove(session: &CliSession, orphans: usize, yes: bool) -> Result<(), Failure> {
    if !yes && !output::agreed(&format!("Delete {orphans} records that no account needs?")) {
        return Err(Failure::refused("Nothing was deleted."));
    }
    if let Reply::OrphansRemoved(count) = ask(session, Command::RemoveOrphans)? {
        output::say(&format!("Records deleted: {count}."));
    }
    Ok(())
}

fn ask(session: &CliSession, command: Command) -> Result<Reply, Failure> {
    session.ask(command)?.wait().map_err(|problem| Failure::of(&problem))
}
