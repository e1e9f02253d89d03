//! `keyfob remove`. It asks for confirmation; anything but yes means no.

use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_account;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::explain;
use crate::messages::snapshot::VaultKind;

pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, yes: bool) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        let name = quoted(account.name.as_str());
        let environment = account.settings.environment.map(|it| format!("the {} account ", it.as_str()));
        let named = format!("{}{name}", environment.unwrap_or_default());
        if !yes && !output::agreed(&format!("Delete {named} with its secrets and tokens?")) {
            return Err(Failure::refused(format!("{name} was kept: nothing was removed.")));
        }
        session.unlock(false)?;
        let removed = session.done(account, Command::Remove(account.id.clone()))?;
        let left = match account.vault {
            VaultKind::Keychain | VaultKind::File | VaultKind::Team => "",
            VaultKind::Memory => " Anything stored for it in the keychain was left there.",
        };
        let said = match removed {
            Reply::Removed { revocation, client } => {
                [explain::revocation(&revocation), explain::client_deletion(&client)]
            }
            _ => [None, None],
        };
        let said = said.into_iter().flatten().fold(String::new(), |all, said| all + " " + &said);
        output::say(&format!("{name} was removed.{said}{left}"));
        Ok(())
    })
}
