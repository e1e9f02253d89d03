//! Completion of account names by a shell.
//!
//! It reads the database alone, which has no secret, and says nothing.

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::session::deps;
use crate::engine;

/// The names of all accounts.
pub(super) fn account_names() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| candidates("", &typed.to_string_lossy()))
}

/// The names of all accounts, after the variable that one is for: `API_TOKEN=car-dev`.
pub(super) fn variables() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let parts = typed.find('=').map(|at| typed.split_at(at + 1));
        parts.map(|(variable, name)| candidates(variable, name)).unwrap_or_default()
    })
}

fn candidates(before: &str, typed: &str) -> Vec<CompletionCandidate> {
    let engine = deps(None).ok().and_then(|deps| engine::spawn(deps).ok());
    let snapshot = engine.map(|mut engine| engine.loaded());
    let names =
        snapshot.iter().flat_map(|snapshot| snapshot.accounts.iter()).map(|account| account.name.as_str());
    // Of the shells, Bash alone sets it; `COMPLETE` is gone by now.
    let is_bash = std::env::var_os("_CLAP_COMPLETE_COMP_TYPE").is_some();
    let word = |name| if is_bash { bash_word(name, typed) } else { starting_with(typed, name) };
    names.filter_map(word).map(|name| CompletionCandidate::new(format!("{before}{name}"))).collect()
}

fn starting_with(typed: &str, name: &str) -> Option<String> {
    name.starts_with(typed).then(|| name.to_owned())
}

/// A name as Bash puts it into the line, since it quotes nothing by itself; `None` if it doesn't continue what was
/// typed. Within quotes, Bash states what follows the quotation mark.
fn bash_word(name: &str, typed: &str) -> Option<String> {
    if typed.contains(' ') && !typed.contains('\\') {
        return starting_with(typed, name);
    }
    let escaped = name.chars().fold(String::with_capacity(name.len()), |mut word, c| {
        let is_plain = c.is_alphanumeric() || "-_./:,@%+=".contains(c);
        if !is_plain {
            word.push('\\');
        }
        word.push(c);
        word
    });
    (escaped.starts_with(typed) || name.starts_with(typed)).then_some(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_of_bash() {
        for (name, typed, word) in [
            ("car-dev", "", Some("car-dev")),
            ("car-dev", "x", None),
            ("batch a/b", "ba", Some("batch\\ a/b")),
            ("batch a/b", "batch\\ a", Some("batch\\ a/b")),
            ("batch a/b", "batch a", Some("batch a/b")),
            ("$(id) 'x'", "", Some("\\$\\(id\\)\\ \\'x\\'")),
            ("東京", "東", Some("東京")),
        ] {
            assert_eq!(bash_word(name, typed).as_deref(), word, "{name} {typed}");
        }
    }
}
