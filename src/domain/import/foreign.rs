//! Import files of any kind: Keyfob's own, or another program's.
//!
//! The content, never the file name, decides the kind. Invariants: a file's size is bounded; importing
//! another program's file runs no script, opens no URL and reads no other file.

use super::dotenv::{self, EnvNames, Mapping};
use super::draft::Collected;
use super::{ApiDocument, ImportError, Imported, bruno, google, insomnia, openapi, postman};
use crate::domain::document::Node;
use crate::domain::document::file_error::FileError;
use crate::domain::document::yaml;
use crate::domain::provider::Preset;

#[derive(Debug, Default)]
pub struct ImportedFile {
    pub accounts: Vec<Imported>,
    /// What was left out, one sentence each.
    pub left_out: Vec<String>,
    /// The names of a list of names and values, and their mapping.
    pub names: Option<EnvNames>,
}

/// Reads a file of any supported kind. `mapping` gives the meaning of the names in a `.env` file; without it,
/// they are guessed.
pub fn read_any(
    text: &str,
    presets: &[Preset],
    mapping: Option<&Mapping>,
) -> Result<ImportedFile, ImportError> {
    if let Some(document) = api_document(text)? {
        return of_document(document);
    }
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
    // The user can still map the names.
    if accounts.is_empty() && names.is_none() {
        return Err(if left_out.is_empty() {
            ImportError::NoSettings
        } else {
            ImportError::AllLeftOut(left_out)
        });
    }
    Ok(ImportedFile { accounts, left_out, names })
}

/// Reads an `OpenAPI` document; `None` if the file is of another kind.
///
/// # Errors
/// [`ImportError`], also for JSON and YAML that can't be read.
pub fn api_document(text: &str) -> Result<Option<ApiDocument>, ImportError> {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    let root = if bare.starts_with('{') {
        Node::parse(text)?
    } else if openapi::is_yaml(bare) {
        yaml::parse(text)?
    } else {
        return Ok(None);
    };
    if openapi::fits(&root) { openapi::read(&root, text).map(Some) } else { Ok(None) }
}

fn of_document(document: ApiDocument) -> Result<ImportedFile, ImportError> {
    let left_out: Vec<String> = document.left_out.iter().map(ToString::to_string).collect();
    if document.accounts.is_empty() {
        return Err(ImportError::AllLeftOut(left_out));
    }
    let accounts = document.accounts.into_iter().map(|(imported, _)| imported).collect();
    Ok(ImportedFile { accounts, left_out, names: None })
}

fn own(text: &str, presets: &[Preset]) -> Result<ImportedFile, ImportError> {
    super::read(text, presets).map(|accounts| ImportedFile { accounts, ..ImportedFile::default() })
}

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

/// Returns true for YAML of a supported kind: its first line is a key and a colon.
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
