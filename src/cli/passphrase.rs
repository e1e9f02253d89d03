//! Which vault a command uses, and the passphrases that it needs.
//!
//! A passphrase comes from a file, a descriptor, or the terminal without echo, never from arguments or the
//! environment. A weak one causes a warning.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::format::quoted;
use super::{input, output};
use crate::base::secret::Passphrase;
use crate::domain::passphrase_strength::strength;
use crate::messages::snapshot::VaultKind;

const OPTION: &str = "--passphrase-file";

#[derive(Debug, Clone, Default)]
pub(super) struct VaultOptions {
    /// The vault of this run; `None` means the stored choice.
    pub(super) kind: Option<VaultKind>,
    pub(super) file: Option<PathBuf>,
}

impl VaultOptions {
    pub(super) fn named(&self) -> Result<Option<Passphrase>, Failure> {
        self.file.as_deref().map(read).transpose()
    }

    pub(super) fn existing(&self) -> Result<Passphrase, Failure> {
        existing(self.file.as_deref(), OPTION, "Passphrase of the file with your secrets: ")
    }

    pub(super) fn chosen(&self) -> Result<Passphrase, Failure> {
        chosen(self.file.as_deref(), OPTION, "Choose a passphrase for the file with your secrets: ")
    }
}

pub(super) fn existing(file: Option<&Path>, option: &str, prompt: &str) -> Result<Passphrase, Failure> {
    match file {
        Some(path) => read(path),
        None => ask(prompt, option),
    }
}

pub(super) fn chosen(file: Option<&Path>, option: &str, prompt: &str) -> Result<Passphrase, Failure> {
    let passphrase = if let Some(path) = file { read(path)? } else { asked_twice(prompt, option)? };
    if passphrase.is_empty() {
        return Err(Failure::refused("A passphrase can't be empty, so nothing was changed."));
    }
    if strength(&passphrase).is_weak() {
        output::say(
            "Warning: that passphrase is easily guessed by anyone who has the file. Four or more unrelated words \
             are better.",
        );
    }
    Ok(passphrase)
}

fn asked_twice(prompt: &str, option: &str) -> Result<Passphrase, Failure> {
    let first = ask(prompt, option)?;
    let second = ask("Repeat the passphrase: ", option)?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(Failure::refused("The passphrases don't match, so nothing was changed."))
    }
}

fn ask(prompt: &str, option: &str) -> Result<Passphrase, Failure> {
    rpassword::prompt_password(prompt).map(Passphrase::new).map_err(|_| Failure::no_terminal(option))
}

/// The first line of a file or descriptor without its line break.
fn read(path: &Path) -> Result<Passphrase, Failure> {
    let name = quoted(&path.display().to_string());
    let line = input::first_line(path).map_err(|error| {
        Failure::refused(format!("The passphrase could not be read from {name}: {error}."))
    })?;
    if line.text.is_empty() {
        return Err(Failure::refused(format!(
            "The first line of {name} is empty, so there is no passphrase."
        )));
    }
    if line.is_open_to_others {
        output::say(&format!(
            "Warning: other users of this computer may read the secret in {name}. Make the file private \
             with chmod 600."
        ));
    }
    Ok(line.text)
}
