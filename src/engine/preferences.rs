//! Preferences and the window's place as the database keeps them: keys and words.
//!
//! Owns that mapping. Invariant: a word that can't be read gives the default, never an error.

use std::collections::BTreeMap;

use crate::messages::snapshot::{Preferences, ThemeChoice, VaultKind, WindowPlace};

const THEME: &str = "theme";
const CLEAR_CLIPBOARD_SECS: &str = "clear_clipboard_secs";
const REFRESH_AHEAD_SECS: &str = "refresh_ahead_secs";
const EXTRA_ROOT_CERTIFICATE: &str = "extra_root_certificate";
const LOCK_AFTER_IDLE_MINS: &str = "lock_after_idle_mins";
/// The choice of a vault; no preference of the window's, since it is changed by a move alone.
const VAULT: &str = "vault";
/// A move that is under way, as `from>to`.
const MOVE: &str = "vault_move";
const NEVER: &str = "never";

/// Reads the preferences.
pub(crate) fn read(stored: &BTreeMap<String, String>) -> Preferences {
    let word = |key: &str| stored.get(key).map(String::as_str);
    let default = Preferences::default();
    Preferences {
        theme: match word(THEME) {
            Some("light") => ThemeChoice::Light,
            Some("dark") => ThemeChoice::Dark,
            _ => ThemeChoice::System,
        },
        clear_clipboard_secs: match word(CLEAR_CLIPBOARD_SECS) {
            Some(NEVER) => None,
            Some(secs) => secs.parse().ok().or(default.clear_clipboard_secs),
            None => default.clear_clipboard_secs,
        },
        refresh_ahead_secs: word(REFRESH_AHEAD_SECS).and_then(|secs| secs.parse().ok()),
        extra_root_certificate: word(EXTRA_ROOT_CERTIFICATE)
            .filter(|path| !path.is_empty())
            .map(str::to_owned),
        lock_after_idle_mins: word(LOCK_AFTER_IDLE_MINS)
            .and_then(|mins| mins.parse().ok())
            .filter(|mins| *mins > 0),
    }
}

/// The vault that was chosen.
pub(crate) fn read_vault(stored: &BTreeMap<String, String>) -> VaultKind {
    stored.get(VAULT).and_then(|word| vault_of(word)).unwrap_or_default()
}

/// The move that did not come to its end: from where, to where.
pub(crate) fn read_move(stored: &BTreeMap<String, String>) -> Option<(VaultKind, VaultKind)> {
    let (from, to) = stored.get(MOVE)?.split_once('>')?;
    Some((vault_of(from)?, vault_of(to)?))
}

/// The stored choice of a vault, and the move under way.
pub(crate) fn write_place(
    vault: Option<VaultKind>,
    moving: Option<(VaultKind, VaultKind)>,
) -> BTreeMap<String, String> {
    let vault = vault.and_then(vault_word).map(|word| (VAULT.to_owned(), word.to_owned()));
    let words = moving.and_then(|(from, to)| Some((vault_word(from)?, vault_word(to)?)));
    let moving = words.map(|(from, to)| (MOVE.to_owned(), format!("{from}>{to}")));
    vault.into_iter().chain(moving).collect()
}

fn vault_of(word: &str) -> Option<VaultKind> {
    match word {
        "keychain" => Some(VaultKind::Keychain),
        "file" => Some(VaultKind::File),
        _ => None,
    }
}

/// Memory is never stored: it ends with the process.
fn vault_word(kind: VaultKind) -> Option<&'static str> {
    match kind {
        VaultKind::Keychain => Some("keychain"),
        VaultKind::File => Some("file"),
        VaultKind::Memory => None,
    }
}

/// Writes them.
pub(crate) fn write(preferences: &Preferences) -> BTreeMap<String, String> {
    let theme = match preferences.theme {
        ThemeChoice::System => "system",
        ThemeChoice::Light => "light",
        ThemeChoice::Dark => "dark",
    };
    let secs = |secs: Option<u32>| secs.map(|secs| secs.to_string());
    BTreeMap::from([
        (THEME.to_owned(), theme.to_owned()),
        (
            CLEAR_CLIPBOARD_SECS.to_owned(),
            secs(preferences.clear_clipboard_secs).unwrap_or_else(|| NEVER.to_owned()),
        ),
        (REFRESH_AHEAD_SECS.to_owned(), secs(preferences.refresh_ahead_secs).unwrap_or_default()),
        (LOCK_AFTER_IDLE_MINS.to_owned(), secs(preferences.lock_after_idle_mins).unwrap_or_default()),
        (EXTRA_ROOT_CERTIFICATE.to_owned(), preferences.extra_root_certificate.clone().unwrap_or_default()),
    ])
}

/// Reads the window's place.
pub(crate) fn read_window(text: &str) -> Option<WindowPlace> {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<f32>().ok().filter(|number| number.is_finite());
    Some(WindowPlace {
        size: (number(0)?, number(1)?),
        maximized: words.get(2)? == &"maximized",
        position: number(3).zip(number(4)),
    })
}

/// Writes it.
pub(crate) fn write_window(place: &WindowPlace) -> String {
    let state = if place.maximized { "maximized" } else { "normal" };
    let position = place.position.map_or(String::new(), |(x, y)| format!(" {x} {y}"));
    format!("{} {} {state}{position}", place.size.0, place.size.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_come_back_as_they_went() {
        for preferences in [
            Preferences::default(),
            Preferences {
                theme: ThemeChoice::Dark,
                clear_clipboard_secs: None,
                refresh_ahead_secs: Some(0),
                extra_root_certificate: Some("/etc/company root.pem".to_owned()),
                lock_after_idle_mins: Some(10),
            },
        ] {
            assert_eq!(read(&write(&preferences)), preferences);
        }
    }

    #[test]
    fn the_choice_of_a_vault_is_no_preference_and_memory_is_none() {
        let stored = write_place(Some(VaultKind::File), Some((VaultKind::Keychain, VaultKind::File)));
        assert_eq!(read_vault(&stored), VaultKind::File);
        assert_eq!(read_move(&stored), Some((VaultKind::Keychain, VaultKind::File)));
        assert_eq!(read_vault(&BTreeMap::new()), VaultKind::Keychain);
        assert!(write_place(Some(VaultKind::Memory), Some((VaultKind::Memory, VaultKind::File))).is_empty());
        assert!(!write(&Preferences::default()).keys().any(|key| stored.contains_key(key)));
    }

    #[test]
    fn the_window_comes_back_where_it_stood() {
        for place in [
            WindowPlace { position: None, size: (960.0, 640.5), maximized: true },
            WindowPlace { position: Some((-12.0, 40.0)), size: (640.0, 420.0), maximized: false },
        ] {
            assert_eq!(read_window(&write_window(&place)), Some(place));
        }
        assert_eq!(read_window("NaN wide"), None);
    }
}
