//! `keyfob import`.
//!
//! Owns the way from a file to the accounts in it. Invariant: all of its accounts are saved or none,
//! and no error repeats a value of the file.

use std::io;
use std::path::Path;

use super::facts::{quoted, shown};
use super::failure::Failure;
use super::input::{self, ReadError};
use super::output;
use super::passphrase::VaultOptions;
use super::rig::{Rig, with_engine};
use crate::domain::import::{self, Imported};
use crate::messages::command::{AccountDraft, Command};
use crate::messages::snapshot::VaultKind;

/// The largest file that is read, in bytes.
const FILE_MAX_BYTES: usize = 4 << 20;

/// Adds the accounts of a file; with `replace`, in the place of those of the same name.
pub(super) fn run(vault: &VaultOptions, file: &Path, replace: bool) -> Result<(), Failure> {
    let text = input::read(file, FILE_MAX_BYTES).map_err(|error| unreadable(file, &error))?;
    with_engine(vault, |rig| {
        let accounts = import::read(&text, &rig.snapshot.presets).map_err(|error| {
            Failure::refused(format!(
                "{}: {}. Nothing was saved.",
                source(file),
                error.to_string().trim_end_matches('?')
            ))
        })?;
        save(rig, accounts, replace, file)?;
        if rig.snapshot.vault.kind == VaultKind::Memory {
            output::say("Their secrets were kept in memory, which ends with this command.");
        }
        Ok(())
    })
}

fn save(rig: &mut Rig, accounts: Vec<Imported>, replace: bool, file: &Path) -> Result<(), Failure> {
    let taken = accounts.iter().find(|account| !replace && rig.find(account.name.as_str()).is_ok());
    if let Some(account) = taken {
        return Err(Failure::refused(format!(
            "{}: account {}: another account has this name already. Nothing was saved; with --replace it is replaced.",
            source(file),
            quoted(account.name.as_str())
        )));
    }
    let lines: Vec<String> = accounts.iter().map(|account| line(rig, account)).collect();
    let drafts = accounts.into_iter().map(|Imported { name, settings, client, .. }| AccountDraft {
        editing: None,
        name: name.into(),
        settings,
        client,
    });
    rig.unlock(true)?;
    let saved = rig.ask(Command::Import { drafts: drafts.collect(), replace })?.wait();
    saved.map_err(|problem| Failure::of(&problem).within(&source(file)))?;
    output::data(&lines.join("\n"))?;
    if file != Path::new("-") {
        output::say(&format!(
            "{} still holds the secrets; delete it if you don't need it any more.",
            source(file)
        ));
    }
    Ok(())
}

fn line(rig: &Rig, account: &Imported) -> String {
    let is_there = rig.find(account.name.as_str()).is_ok();
    format!("{} {}", if is_there { "Replaced" } else { "Added" }, shown(account.name.as_str()))
}

fn unreadable(file: &Path, error: &ReadError) -> Failure {
    let source = source(file);
    Failure::refused(match error {
        ReadError::TooLarge => format!("{source} is larger than 4 MiB. Nothing was saved."),
        ReadError::NotText { line } => {
            format!("{source}, line {line}: this is not UTF-8 text. Nothing was saved.")
        }
        ReadError::Io(error) => match error.kind() {
            io::ErrorKind::NotFound => format!("There is no file {source}. Check its path."),
            io::ErrorKind::PermissionDenied => {
                format!("{source} may not be read. Check its permissions.")
            }
            io::ErrorKind::IsADirectory => format!("{source} is a folder. Give the path of a file."),
            _ => format!("{source} could not be read: {error}. Nothing was saved."),
        },
    })
}

/// The file, as it is called in words.
fn source(file: &Path) -> String {
    if file == Path::new("-") { "Standard input".to_owned() } else { quoted(&file.display().to_string()) }
}
