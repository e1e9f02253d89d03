//! Words about the vault.

use crate::messages::problem::VaultProblem;

use super::{Action, Words, words};

pub(super) fn vault(problem: &VaultProblem, here: &str) -> Words {
    let said = match problem {
        VaultProblem::Absent => words(
            "No keychain service is running.",
            "Start GNOME Keyring or KWallet, or keep secrets in memory until you quit.",
        ),
        VaultProblem::Locked => words(
            "Your keychain is locked, so saved secrets can't be read.",
            "Unlock it and choose Try again. Nothing was lost.",
        ),
        VaultProblem::Denied => words(
            "The keychain's prompt was dismissed, so saved secrets can't be read.",
            "Choose Try again and unlock it. Nothing was lost.",
        ),
        VaultProblem::Slow => words(
            "The keychain doesn't answer.",
            "Look for its prompt, perhaps behind another window, then choose Try again. Nothing was lost.",
        ),
        VaultProblem::Missing => {
            return words(
                format!("The keychain has no entry for {here}."),
                "Edit the account and enter its secrets again.",
            )
            .offering(Action::EditAccount);
        }
        VaultProblem::Corrupt => {
            return words(
                format!("The keychain's entry for {here} can't be read back."),
                "Edit the account and enter its secrets again.",
            )
            .offering(Action::EditAccount);
        }
        VaultProblem::TooLarge => {
            return words(
                format!("The secrets of {here} are larger than this keychain takes, so they weren't saved."),
                "Shorten the extra headers, or keep secrets in memory until you quit.",
            );
        }
        VaultProblem::Failed => {
            words("The keychain failed.", "Choose Try again; if it fails once more, restart the keychain.")
        }
    };
    said.offering(Action::TryVault)
}
