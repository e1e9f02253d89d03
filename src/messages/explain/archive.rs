//! Texts about exports and imports.

use crate::messages::problem::ArchiveProblem;

use super::{UserMessage, quoted, words};

pub(in crate::messages::explain) fn archive(problem: &ArchiveProblem) -> UserMessage {
    match problem {
        ArchiveProblem::PassphraseNeeded => {
            words("This file is protected by a passphrase.", "Enter the one that it was exported with.")
        }
        ArchiveProblem::WrongPassphrase => words(
            "That passphrase doesn't open this file.",
            "Check capital letters and the keyboard's language, then enter it again.",
        ),
        ArchiveProblem::Damaged => words(
            "This file is damaged, or is no export of Keyfob's.",
            "Export the accounts again, and copy the file as it is.",
        ),
        ArchiveProblem::Newer => {
            words("A newer version of Keyfob wrote this file.", "Update Keyfob here, then import it again.")
        }
        ArchiveProblem::TooMuchWork => words(
            "This file asks for more than 2^20 rounds of scrypt, which take more than 1 GiB of memory.",
            "Encrypt it again with a work factor of 20 or less, or export the accounts from Keyfob again.",
        ),
        ArchiveProblem::TooLarge => {
            words("So many accounts don't fit into one file.", "Export some of them at a time.")
        }
        ArchiveProblem::Exists => words(
            "There is a file of that name already, so nothing was written.",
            "Choose another name, or delete that file first.",
        ),
        ArchiveProblem::Lacking(name) => words(
            format!("The secrets of {} can't be had here, so nothing was exported.", quoted(name.as_str())),
            "Edit that account and enter its secrets again, or choose the other accounts alone.",
        ),
        ArchiveProblem::Unusable(text) => UserMessage {
            details: Some(text.to_string()),
            ..words("The file could not be read or written.", "Check its path and its permissions.")
        },
        ArchiveProblem::Content(text) => words(
            format!("{}.", text.as_str().trim_end_matches(['.', '?'])),
            "Correct the file; nothing was saved.",
        ),
    }
}
