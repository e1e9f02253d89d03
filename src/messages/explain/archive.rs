//! Texts about exports and imports.

use crate::messages::problem::ArchiveProblem;

use super::{UserMessage, quoted, words};

pub(in crate::messages::explain) fn archive(problem: &ArchiveProblem) -> UserMessage {
    match problem {
        ArchiveProblem::PassphraseNeeded => words(
            "This file is protected by a passphrase.",
            "Enter the passphrase that it was exported with.",
        ),
        ArchiveProblem::WrongPassphrase => words(
            "That passphrase doesn't open this file.",
            "Check capital letters and the keyboard's language, then enter it again.",
        ),
        ArchiveProblem::Damaged => words(
            "This file is damaged, or isn't a Keyfob export.",
            "Export the accounts again and copy the file unchanged.",
        ),
        ArchiveProblem::Newer => {
            words("A newer version of Keyfob wrote this file.", "Update Keyfob here, then import it again.")
        }
        ArchiveProblem::TooMuchWork => words(
            "This file needs more than 2^20 rounds of scrypt, which take more than 1 GiB of memory.",
            "Encrypt it again with a work factor of 20 or less, or export the accounts from Keyfob again.",
        ),
        ArchiveProblem::TooLarge => {
            words("One file can't hold that many accounts.", "Export fewer accounts at a time.")
        }
        ArchiveProblem::Exists => words(
            "A file with that name already exists, so nothing was written.",
            "Choose another name, or delete that file first.",
        ),
        ArchiveProblem::Lacking(name) => words(
            format!("The secrets of {} can't be read here, so nothing was exported.", quoted(name.as_str())),
            "Edit that account and enter its secrets again, or export only the other accounts.",
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
