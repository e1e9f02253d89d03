//! Texts about the vault.

use crate::messages::problem::VaultProblem;
use crate::messages::snapshot::VaultKind;

use super::{Action, UserMessage, words};

pub(in crate::messages::explain) fn vault(problem: &VaultProblem, here: &str) -> UserMessage {
    let said = match problem {
        VaultProblem::Absent => words(
            "No keychain service is running.",
            "Start GNOME Keyring or KWallet, or keep secrets in a passphrase-protected file.",
        ),
        VaultProblem::Locked => words(
            "Your keychain is locked, so saved secrets can't be read.",
            "Unlock it and choose Try again. Nothing was lost.",
        ),
        VaultProblem::PassphraseNeeded => words(
            "Your secrets are in a passphrase-protected file, which is locked.",
            "Enter its passphrase. Nothing was lost.",
        ),
        VaultProblem::WrongPassphrase => words(
            "That passphrase doesn't open the file with your secrets.",
            "Check capital letters and the keyboard's language, then enter it again, as often as you like. \
             Nothing was lost.",
        ),
        VaultProblem::NotLasting => words(
            "Memory is cleared when Keyfob quits, so nothing was moved there.",
            "Choose the keychain or a passphrase-protected file.",
        ),
        VaultProblem::Moved => {
            words("Your secrets were just moved to another vault, so nothing was done.", "Try again.")
        }
        VaultProblem::Elsewhere(kind) => return elsewhere(*kind, here),
        VaultProblem::Denied => words(
            "The keychain's prompt was dismissed, so saved secrets can't be read.",
            "Choose Try again and unlock it. Nothing was lost.",
        ),
        VaultProblem::Slow => words(
            "The keychain doesn't respond.",
            "Look for its prompt, perhaps behind another window, then choose Try again. Nothing was lost.",
        ),
        VaultProblem::Missing => return enter_again(format!("No secrets of {here} are stored here.")),
        VaultProblem::Corrupt => return enter_again(format!("The secrets stored for {here} can't be read.")),
        VaultProblem::Newer => return newer(here),
        VaultProblem::Damaged => words(
            "The file with your secrets is damaged, or its two parts don't belong together. Nothing was \
             changed.",
            "Put key.age and vault.age of the same backup back into Keyfob's folder, then try again.",
        ),
        VaultProblem::TooMuchWork => words(
            "key.age needs more than 2^20 rounds of scrypt, which take more than 1 GiB of memory, so it \
             was not opened. Nothing was changed.",
            "Put key.age and vault.age of the same backup back into Keyfob's folder, then try again.",
        ),
        VaultProblem::TooLarge => return too_large(here),
        VaultProblem::Team(error) => return super::team::team(error, here),
        VaultProblem::Failed(how) => words(
            format!("The vault failed: {how}."),
            "Choose Try again; if it fails once more, restart the keychain, or check that the disk has free space.",
        ),
    };
    said.offering(Action::TryVault)
}

fn enter_again(what: String) -> UserMessage {
    words(what, "Edit the account and enter its secrets again.").offering(Action::EditAccount)
}

fn newer(here: &str) -> UserMessage {
    words(
        format!("The secrets of {here} were stored by a newer Keyfob and were left unchanged."),
        "Use the newer version.",
    )
}

fn too_large(here: &str) -> UserMessage {
    words(
        format!("The secrets of {here} are too large for this vault, so they weren't saved."),
        "Shorten the extra headers, or keep secrets in memory until you quit.",
    )
}

fn elsewhere(kind: VaultKind, here: &str) -> UserMessage {
    let (place, option) = match kind {
        VaultKind::File => ("a passphrase-protected file", "--vault file"),
        VaultKind::Team => ("the team vault", "--vault team"),
        _ => ("the keychain", "--vault keychain"),
    };
    words(
        format!("The secrets of {here} are in {place}, but another vault is in use."),
        format!(
            "Move your secrets there in Settings, or name it with {option} on the command line. If they can't be \
             read any more, edit the account and enter them again."
        ),
    )
    .offering(Action::EditAccount)
}
