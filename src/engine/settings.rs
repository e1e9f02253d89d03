//! Maps preferences and the window's placement to the database's keys and values.
//!
//! An unreadable value gives the default, never an error.

use std::collections::BTreeMap;

use crate::messages::preferences::{Guarded, Preferences, ProxyChoice, ThemeChoice, ZOOMS_PERCENT};
use crate::messages::snapshot::{VaultKind, WindowPlace};

const THEME: &str = "theme";
const ZOOM_PERCENT: &str = "zoom_percent";
const REDUCED_MOTION: &str = "reduced_motion";
const CLEAR_CLIPBOARD_SECS: &str = "clear_clipboard_secs";
const REFRESH_AHEAD_SECS: &str = "refresh_ahead_secs";
const REDIRECT_PORT: &str = "redirect_port";
const BROWSER: &str = "browser";
const PROXY: &str = "proxy";
const EXTRA_ROOT_CERTIFICATE: &str = "extra_root_certificate";
const LOCK_AFTER_IDLE_MINS: &str = "lock_after_idle_mins";
const NOTIFY: &str = "notify";
const KEEP_RUNNING: &str = "keep_running";
/// The choice of a vault; no preference of the window, since only a move changes it.
const VAULT: &str = "vault";
/// A move in progress, as `from>to`.
const MOVE: &str = "vault_move";
const NEVER: &str = "never";
const YES: &str = "yes";
const NO: &str = "no";
const DIRECT: &str = "direct";

pub(crate) type UserMessage = BTreeMap<Guarded, String>;

/// The key of a guarded preference, in the database and in the vault's record.
pub(crate) fn key_of(guarded: Guarded) -> &'static str {
    match guarded {
        Guarded::Proxy => PROXY,
        Guarded::ExtraRootCertificate => EXTRA_ROOT_CERTIFICATE,
        Guarded::Browser => BROWSER,
    }
}

/// The guarded preferences that are not at their defaults.
pub(crate) fn guarded(preferences: &Preferences) -> UserMessage {
    let words = write(preferences);
    let word = |it: Guarded| words.get(key_of(it)).filter(|word| !word.is_empty()).cloned();
    Guarded::ALL.into_iter().filter_map(|it| Some((it, word(it)?))).collect()
}

pub(crate) fn read(stored: &BTreeMap<String, String>) -> Preferences {
    let word = |key: &str| stored.get(key).map(String::as_str);
    let text = |key: &str| word(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let default = Preferences::default();
    Preferences {
        theme: match word(THEME) {
            Some("light") => ThemeChoice::Light,
            Some("dark") => ThemeChoice::Dark,
            _ => ThemeChoice::System,
        },
        zoom_percent: word(ZOOM_PERCENT)
            .and_then(|percent| percent.parse().ok())
            .filter(|percent| ZOOMS_PERCENT.contains(percent))
            .unwrap_or(default.zoom_percent),
        reduced_motion: word(REDUCED_MOTION) == Some(YES),
        clear_clipboard_secs: match word(CLEAR_CLIPBOARD_SECS) {
            Some(NEVER) => None,
            Some(secs) => secs.parse().ok().or(default.clear_clipboard_secs),
            None => default.clear_clipboard_secs,
        },
        refresh_ahead_secs: word(REFRESH_AHEAD_SECS).and_then(|secs| secs.parse().ok()),
        redirect_port: word(REDIRECT_PORT).and_then(|port| port.parse().ok()).filter(|port| *port != 0),
        browser: text(BROWSER),
        proxy: match word(PROXY) {
            Some(DIRECT) => ProxyChoice::Direct,
            Some(at) => ProxyChoice::at(at).unwrap_or_default(),
            None => ProxyChoice::System,
        },
        extra_root_certificate: text(EXTRA_ROOT_CERTIFICATE),
        lock_after_idle_mins: match word(LOCK_AFTER_IDLE_MINS) {
            // Versions before the default wrote this if the user chose it.
            Some("") => Some(0),
            mins => mins.and_then(|mins| mins.parse().ok()),
        },
        notify: word(NOTIFY) == Some(YES),
        keep_running: word(KEEP_RUNNING) == Some(YES),
    }
}

pub(crate) fn read_vault(stored: &BTreeMap<String, String>) -> VaultKind {
    stored.get(VAULT).and_then(|word| vault_of(word)).unwrap_or_default()
}

/// The source and target of an unfinished move.
pub(crate) fn read_move(stored: &BTreeMap<String, String>) -> Option<(VaultKind, VaultKind)> {
    let (from, to) = stored.get(MOVE)?.split_once('>')?;
    Some((vault_of(from)?, vault_of(to)?))
}

/// The stored choice of a vault, and the move in progress.
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

pub(crate) fn write(preferences: &Preferences) -> BTreeMap<String, String> {
    let theme = match preferences.theme {
        ThemeChoice::System => "system",
        ThemeChoice::Light => "light",
        ThemeChoice::Dark => "dark",
    };
    let proxy = match &preferences.proxy {
        ProxyChoice::System => "",
        ProxyChoice::Direct => DIRECT,
        ProxyChoice::At(url) => url.as_str(),
    };
    let secs = |secs: Option<u32>| secs.map(|secs| secs.to_string());
    let yes = |yes: bool| if yes { YES } else { NO }.to_owned();
    let words = [
        (THEME, theme.to_owned()),
        (ZOOM_PERCENT, preferences.zoom_percent.to_string()),
        (REDUCED_MOTION, yes(preferences.reduced_motion)),
        (CLEAR_CLIPBOARD_SECS, secs(preferences.clear_clipboard_secs).unwrap_or_else(|| NEVER.to_owned())),
        (REFRESH_AHEAD_SECS, secs(preferences.refresh_ahead_secs).unwrap_or_default()),
        (REDIRECT_PORT, preferences.redirect_port.map(|port| port.to_string()).unwrap_or_default()),
        (BROWSER, preferences.browser.clone().unwrap_or_default()),
        (PROXY, proxy.to_owned()),
        (EXTRA_ROOT_CERTIFICATE, preferences.extra_root_certificate.clone().unwrap_or_default()),
        (NOTIFY, yes(preferences.notify)),
        (KEEP_RUNNING, yes(preferences.keep_running)),
    ];
    let lock = preferences.lock_after_idle_mins.map(|mins| (LOCK_AFTER_IDLE_MINS, mins.to_string()));
    words.into_iter().chain(lock).map(|(key, word)| (key.to_owned(), word)).collect()
}

pub(crate) fn read_window(text: &str) -> Option<WindowPlace> {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<f32>().ok().filter(|number| number.is_finite());
    Some(WindowPlace {
        size: (number(0)?, number(1)?),
        maximized: words.get(2)? == &"maximized",
        position: number(3).zip(number(4)),
    })
}

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
                zoom_percent: 150,
                reduced_motion: true,
                redirect_port: Some(8910),
                browser: Some("firefox --private-window %s".to_owned()),
                proxy: ProxyChoice::at("proxy.example:3128").unwrap(),
                notify: true,
                keep_running: true,
            },
            Preferences { proxy: ProxyChoice::Direct, ..Preferences::default() },
            Preferences { lock_after_idle_mins: Some(0), ..Preferences::default() },
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
