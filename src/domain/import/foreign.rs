//! Whatever a person has: Keyfob's own file, or another program's.
//!
//! Owns how a file's kind is told, by what is in it and never by its name. Invariants: a file is
//! bounded; of another program's file no script is run, no address opened and no other file read.

use super::dotenv::{self, EnvNames, Mapping};
use super::draft::Collected;
use super::{ImportError, Imported, bruno, google, insomnia, postman};
use crate::domain::document::Node;
use crate::domain::document::file_error::FileError;
use crate::domain::document::yaml;
use crate::domain::provider::Preset;

/// What a file gave.
#[derive(Debug, Default)]
pub struct ImportedFile {
    /// The accounts.
    pub accounts: Vec<Imported>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    /// The names of a list of names and values, and what they were taken for.
    pub names: Option<EnvNames>,
}

/// Reads a file of any kind that is known. `mapping` says what the names of a `.env` file stand for;
/// without it, they are guessed.
///
/// # Errors
/// [`ImportError`], where there is nothing to be taken.
pub fn read_any(
    text: &str,
    presets: &[Preset],
    mapping: Option<&Mapping>,
) -> Result<ImportedFile, ImportError> {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    let mut collected = Collected::new(presets);
    let mut names = None;
    let pairs = if bare.starts_with('{') {
        let root = Node::parse(text)?;
        if postman::is_environment(&root) {
            Some(postman::environment(&root))
        } else if take_tree(&root, &mut collected) {
            None
        } else {
            return own(text, presets);
        }
    } else if bruno::is_bru(bare) {
        bounded(text)?;
        bruno::read_bru(bare, &mut collected);
        None
    } else if is_yaml(bare) {
        if !take_tree(&yaml::parse(text)?, &mut collected) {
            return Err(ImportError::Empty);
        }
        None
    } else if let Some(pairs) = dotenv::read(bare) {
        bounded(text)?;
        Some(pairs)
    } else {
        return own(text, presets);
    };
    if let Some(pairs) = pairs {
        names = Some(dotenv::take(&pairs, mapping, presets, &mut collected));
    }
    let (accounts, left_out) = collected.into_parts();
    // Names can still be told what they stand for.
    if accounts.is_empty() && names.is_none() {
        return Err(if left_out.is_empty() {
            ImportError::NoSettings
        } else {
            ImportError::AllLeftOut(left_out)
        });
    }
    Ok(ImportedFile { accounts, left_out, names })
}

/// Keyfob's own file.
fn own(text: &str, presets: &[Preset]) -> Result<ImportedFile, ImportError> {
    super::read(text, presets).map(|accounts| ImportedFile { accounts, ..ImportedFile::default() })
}

/// Takes the settings of a tree that is another program's; says whether it is one.
fn take_tree(root: &Node<'_>, collected: &mut Collected<'_>) -> bool {
    if root.get("account").is_some() {
        return false;
    }
    if google::fits(root) {
        google::read(root, collected);
    } else if insomnia::fits(root) {
        insomnia::read(root, collected);
    } else if postman::fits(root) {
        postman::read(root, collected);
    } else if bruno::fits(root) {
        bruno::read(root, collected);
    } else {
        return false;
    }
    true
}

/// Whether a text is YAML of a kind that is known: its first line of all is a key and a colon.
fn is_yaml(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '-']));
    lines.next().is_some_and(|line| {
        let key = line.split(':').next().unwrap_or_default();
        line.contains(':') && matches!(key, "type" | "opencollection" | "info" | "http")
    })
}

fn bounded(text: &str) -> Result<(), FileError> {
    if text.len() > super::FILE_MAX_BYTES {
        return Err(FileError::at(text, 0, "the file is larger than 4 MiB"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "foreign_tests.rs"]
mod tests;
