//! Maps preferences and the window's placement to the database's keys and values, which are JSON.
//!
//! An unreadable value gives the default, never an error.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::secrets::account_vault::lasting_word;
use crate::messages::preferences::{Guarded, Preferences};
use crate::messages::snapshot::{VaultKind, WindowPlace};
use crate::messages::stored_json;

/// The choice of a vault; no preference of the window, since only a move changes it.
const VAULT: &str = "vault";
/// A move in progress, as `from>to`.
const MOVE: &str = "vault_move";
/// The personal vault that has the connection to the team vault.
const TEAM: &str = "team";

pub(crate) type GuardedValues = BTreeMap<Guarded, String>;

/// The key of a guarded preference, in the database and in the vault's record.
pub(crate) fn key_of(guarded: Guarded) -> &'static str {
    match guarded {
        Guarded::Proxy => "proxy",
        Guarded::ExtraRootCertificate => "extra_root_certificate",
        Guarded::Browser => "browser",
    }
}

/// The guarded preferences that are not at their defaults.
pub(crate) fn guarded(preferences: &Preferences) -> GuardedValues {
    Guarded::ALL.into_iter().filter_map(|it| Some((it, preferences.guarded(it)?))).collect()
}

pub(crate) fn read(stored: &BTreeMap<String, String>) -> Preferences {
    let value = |text: &String| serde_json::from_str::<Value>(text).ok();
    stored_json::from_fields(stored.iter().filter_map(|(key, text)| Some((key.clone(), value(text)?))))
}

pub(crate) fn write(preferences: &Preferences) -> BTreeMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(preferences) else { return BTreeMap::new() };
    fields.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

pub(crate) fn read_vault(stored: &BTreeMap<String, String>) -> VaultKind {
    personal(stored.get(VAULT)).unwrap_or_default()
}

/// The personal vault with the connection to the team vault, if there is one.
pub(crate) fn read_team(stored: &BTreeMap<String, String>) -> Option<VaultKind> {
    personal(stored.get(TEAM))
}

/// Notes in which vault the connection to the team vault is kept.
pub(crate) fn write_team(kept_in: VaultKind) -> BTreeMap<String, String> {
    BTreeMap::from([(TEAM.to_owned(), kept_in.as_str().to_owned())])
}

fn personal(word: Option<&String>) -> Option<VaultKind> {
    word.and_then(|word| VaultKind::lasting(word)).filter(|kind| kind.is_personal())
}

/// The source and target of an unfinished move.
pub(crate) fn read_move(stored: &BTreeMap<String, String>) -> Option<(VaultKind, VaultKind)> {
    let (from, to) = stored.get(MOVE)?.split_once('>')?;
    Some((VaultKind::lasting(from)?, VaultKind::lasting(to)?))
}

/// The stored choice of a vault, and the move in progress.
pub(crate) fn write_place(
    vault: Option<VaultKind>,
    moving: Option<(VaultKind, VaultKind)>,
) -> BTreeMap<String, String> {
    let vault = vault.and_then(lasting_word).map(|word| (VAULT.to_owned(), word.to_owned()));
    let words = moving.and_then(|(from, to)| Some((lasting_word(from)?, lasting_word(to)?)));
    let moving = words.map(|(from, to)| (MOVE.to_owned(), format!("{from}>{to}")));
    vault.into_iter().chain(moving).collect()
}

pub(crate) fn read_window(text: &str) -> Option<WindowPlace> {
    let place: WindowPlace = stored_json::from_object(text);
    let position = place.position.filter(|(x, y)| x.is_finite() && y.is_finite());
    // Without a size the window opens as at the first start.
    Some(WindowPlace { position, ..place }).filter(|it| it.size.0.is_normal() && it.size.1.is_normal())
}

pub(crate) fn write_window(place: &WindowPlace) -> String {
    serde_json::to_string(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::preferences::{ProxyChoice, ThemeChoice};

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
                zoom_percent: 150,
                reduced_motion: true,
                redirect_port: Some(8910),
                browser: Some("firefox --private-window %s".to_owned()),
                proxy: ProxyChoice::at("proxy.example:3128").unwrap(),
                notify: true,
                keep_running: true,
                tray: true,
                start_at_login: true,
            },
            Preferences { proxy: ProxyChoice::Direct, ..Preferences::default() },
            Preferences { lock_after_idle_mins: Some(0), ..Preferences::default() },
        ] {
            assert_eq!(read(&write(&preferences)), preferences);
        }
    }

    #[test]
    fn a_broken_preference_has_its_default_alone() {
        let stored = [
            ("theme", "\"dark\""),
            ("zoom_percent", "101"),
            ("reduced_motion", "yes"),
            ("clear_clipboard_secs", "null"),
            ("refresh_ahead_secs", "-1"),
            ("redirect_port", "0"),
            ("browser", "\"\""),
            ("proxy", "\"ftp://proxy.example\""),
            ("extra_root_certificate", "\"/etc/root.pem\""),
            ("keep_running", "true"),
            ("vault", "file"),
            ("later", "{}"),
        ];
        let stored = stored.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let expected = Preferences {
            theme: ThemeChoice::Dark,
            clear_clipboard_secs: None,
            extra_root_certificate: Some("/etc/root.pem".to_owned()),
            keep_running: true,
            ..Preferences::default()
        };
        assert_eq!(read(&stored.into()), expected);
    }

    #[test]
    fn f6_guarded_words_are_those_that_a_vault_may_have_already() {
        let words = |proxy| {
            let browser = Some("firefox \"%s\"".to_owned());
            let root = Some("/etc/root.pem".to_owned());
            let set = Preferences { proxy, browser, extra_root_certificate: root, ..Preferences::default() };
            Guarded::ALL.map(|it| set.guarded(it))
        };
        let others = [Some("/etc/root.pem".to_owned()), Some("firefox \"%s\"".to_owned())];
        for (proxy, word) in [
            (ProxyChoice::System, None),
            (ProxyChoice::Direct, Some("direct")),
            (ProxyChoice::at("proxy.example:3128").unwrap(), Some("http://proxy.example:3128/")),
        ] {
            let [root, browser] = others.clone();
            assert_eq!(words(proxy), [word.map(str::to_owned), root, browser]);
        }
        assert!(guarded(&Preferences::default()).is_empty());
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
        let without_position = WindowPlace { position: None, size: (640.0, 420.0), maximized: true };
        let broken = r#"{"position":[1],"size":[640,420.0],"maximized":true}"#;
        assert_eq!(read_window(broken), Some(without_position));
        for odd in ["NaN wide", "{}", r#"{"size":[640]}"#, r#"{"size":[1e39,420]}"#] {
            assert_eq!(read_window(odd), None, "{odd}");
        }
    }
}
