//! The settings as they are typed, and their validation.

use crate::messages::preferences::{Preferences, ProxyChoice};

const MAX_AHEAD_SECS: u32 = 3600;

const CLEAR_SECS: std::ops::RangeInclusive<u32> = 10..=120;

/// Lower ports need privileges that Keyfob lacks.
const MIN_PORT: u16 = 1024;

pub(in crate::ui) struct SettingsDraft {
    pub(in crate::ui) preferences: Preferences,
    pub(in crate::ui) clear_clipboard: String,
    pub(in crate::ui) refresh_ahead: String,
    pub(in crate::ui) redirect_port: String,
    pub(in crate::ui) browser: String,
    pub(in crate::ui) proxy_kind: ProxyKind,
    pub(in crate::ui) proxy: String,
    pub(in crate::ui) root_certificate: String,
    pub(in crate::ui) to_secrets: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum ProxyKind {
    System,
    Direct,
    /// The proxy at the typed URL.
    At,
}

impl SettingsDraft {
    pub(in crate::ui) fn of(preferences: &Preferences) -> Self {
        let (proxy_kind, proxy) = match &preferences.proxy {
            ProxyChoice::System => (ProxyKind::System, String::new()),
            ProxyChoice::Direct => (ProxyKind::Direct, String::new()),
            ProxyChoice::At(url) => (ProxyKind::At, url.as_str().to_owned()),
        };
        let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
        Self {
            preferences: preferences.clone(),
            clear_clipboard: number(preferences.clear_clipboard_secs.or(Some(30))),
            refresh_ahead: number(preferences.refresh_ahead_secs),
            redirect_port: number(preferences.redirect_port.map(u32::from)),
            browser: preferences.browser.clone().unwrap_or_default(),
            proxy_kind,
            proxy,
            root_certificate: preferences.extra_root_certificate.clone().unwrap_or_default(),
            to_secrets: false,
        }
    }

    pub(in crate::ui) fn at_secrets(preferences: &Preferences) -> Self {
        Self { to_secrets: true, ..Self::of(preferences) }
    }

    pub(in crate::ui) fn clear_secs(&self) -> Result<Option<u32>, &'static str> {
        if self.preferences.clear_clipboard_secs.is_none() {
            return Ok(None);
        }
        match self.clear_clipboard.trim().parse::<u32>() {
            Ok(secs) if CLEAR_SECS.contains(&secs) => Ok(Some(secs)),
            _ => Err("Enter 10 to 120 seconds."),
        }
    }

    pub(in crate::ui) fn ahead_secs(&self) -> Result<Option<u32>, &'static str> {
        let text = self.refresh_ahead.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<u32>() {
            Ok(secs) if secs <= MAX_AHEAD_SECS => Ok(Some(secs)),
            _ => Err("Enter 0 to 3600 seconds, or nothing."),
        }
    }

    pub(in crate::ui) fn port(&self) -> Result<Option<u16>, &'static str> {
        let text = self.redirect_port.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<u16>() {
            Ok(port) if port >= MIN_PORT => Ok(Some(port)),
            _ => Err("Enter a port from 1024 to 65535, or nothing."),
        }
    }

    pub(in crate::ui) fn proxy(&self) -> Result<ProxyChoice, &'static str> {
        match self.proxy_kind {
            ProxyKind::System => Ok(ProxyChoice::System),
            ProxyKind::Direct => Ok(ProxyChoice::Direct),
            ProxyKind::At => ProxyChoice::at(&self.proxy)
                .ok_or("Enter an http or https URL without a password, such as http://proxy:8080."),
        }
    }

    pub(in crate::ui) fn checked(&self) -> Result<Preferences, &'static str> {
        let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Preferences {
            clear_clipboard_secs: self.clear_secs()?,
            refresh_ahead_secs: self.ahead_secs()?,
            redirect_port: self.port()?,
            browser: text(&self.browser),
            proxy: self.proxy()?,
            extra_root_certificate: text(&self.root_certificate),
            ..self.preferences.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_come_back_from_their_draft() {
        for preferences in [
            Preferences::default(),
            Preferences {
                clear_clipboard_secs: None,
                refresh_ahead_secs: Some(0),
                redirect_port: Some(8910),
                browser: Some("firefox".to_owned()),
                proxy: ProxyChoice::at("http://proxy.example:3128").unwrap(),
                extra_root_certificate: Some("/etc/root.pem".to_owned()),
                zoom_percent: 150,
                keep_running: true,
                ..Preferences::default()
            },
        ] {
            assert_eq!(SettingsDraft::of(&preferences).checked(), Ok(preferences));
        }
    }

    #[test]
    fn what_cannot_be_read_keeps_them_from_being_saved() {
        let with = |change: fn(&mut SettingsDraft)| {
            let mut draft = SettingsDraft::of(&Preferences::default());
            change(&mut draft);
            draft.checked().is_err()
        };
        assert!(with(|draft| draft.clear_clipboard = "9".to_owned()));
        assert!(with(|draft| draft.clear_clipboard = "121".to_owned()));
        assert!(with(|draft| draft.refresh_ahead = "3601".to_owned()));
        assert!(with(|draft| draft.refresh_ahead = "a minute".to_owned()));
        assert!(with(|draft| draft.redirect_port = "80".to_owned()));
        assert!(with(|draft| draft.redirect_port = "65536".to_owned()));
        assert!(with(|draft| draft.proxy_kind = ProxyKind::At));
        assert!(!with(|draft| draft.proxy = "ignored while the system decides".to_owned()));
    }
}
