//! The settings as they are typed, their validation, and what of them is in use.

use crate::messages::preferences::{Preferences, ProxyChoice};

const MAX_AHEAD_SECS: u32 = 3600;

const CLEAR_SECS: std::ops::RangeInclusive<u32> = 10..=120;

const CLEAR_SECS_USUAL: u32 = 30;

/// Lower ports need privileges that Keyfob lacks.
const MIN_PORT: u16 = 1024;

pub(in crate::ui) struct SettingsDraft {
    /// The preferences in use, as of the last frame.
    stored: Preferences,
    sent: Preferences,
    /// What is set here; ahead of the stored ones until the engine has taken it.
    pub(in crate::ui) preferences: Preferences,
    pub(in crate::ui) clear_clipboard: String,
    pub(in crate::ui) refresh_ahead: String,
    pub(in crate::ui) redirect_port: String,
    pub(in crate::ui) browser: String,
    pub(in crate::ui) proxy_kind: ProxyKind,
    pub(in crate::ui) proxy: String,
    pub(in crate::ui) root_certificate: String,
}

/// A typed value that decides where secrets travel, and is used only once it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Typed {
    Browser,
    Proxy,
    RootCertificate,
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
            stored: preferences.clone(),
            sent: preferences.clone(),
            preferences: preferences.clone(),
            clear_clipboard: number(preferences.clear_clipboard_secs.or(Some(CLEAR_SECS_USUAL))),
            refresh_ahead: number(preferences.refresh_ahead_secs),
            redirect_port: number(preferences.redirect_port.map(u32::from)),
            browser: preferences.browser.clone().unwrap_or_default(),
            proxy_kind,
            proxy,
            root_certificate: preferences.extra_root_certificate.clone().unwrap_or_default(),
        }
    }

    /// Follows preferences that were changed elsewhere, such as the zoom by its keys.
    pub(in crate::ui) fn sync(&mut self, stored: &Preferences) {
        if self.stored != *stored {
            self.stored = stored.clone();
            self.sent = stored.clone();
            self.preferences = stored.clone();
        }
    }

    pub(in crate::ui) fn set_clears(&mut self, clears: bool) {
        self.preferences.clear_clipboard_secs = clears.then_some(CLEAR_SECS_USUAL);
        self.clear_clipboard = CLEAR_SECS_USUAL.to_string();
    }

    /// Takes over the numbers that can be read, and returns the preferences once if they differ now.
    pub(in crate::ui) fn take_changed(&mut self) -> Option<Preferences> {
        if let Ok(secs) = self.clear_secs() {
            self.preferences.clear_clipboard_secs = secs;
        }
        if let Ok(secs) = self.ahead_secs() {
            self.preferences.refresh_ahead_secs = secs;
        }
        if let Ok(port) = self.port() {
            self.preferences.redirect_port = port;
        }
        if self.proxy_kind != ProxyKind::At
            && let Ok(proxy) = self.proxy()
        {
            self.preferences.proxy = proxy;
        }
        (self.preferences != self.sent).then(|| {
            self.sent = self.preferences.clone();
            self.preferences.clone()
        })
    }

    pub(in crate::ui) fn is_applied(&self, typed: Typed) -> bool {
        match typed {
            Typed::Browser => text(&self.browser) == self.preferences.browser,
            Typed::Proxy => self.proxy().is_ok_and(|proxy| proxy == self.preferences.proxy),
            Typed::RootCertificate => text(&self.root_certificate) == self.preferences.extra_root_certificate,
        }
    }

    pub(in crate::ui) fn apply(&mut self, typed: Typed) {
        match typed {
            Typed::Browser => self.preferences.browser = text(&self.browser),
            Typed::Proxy => {
                if let Ok(proxy) = self.proxy() {
                    self.preferences.proxy = proxy;
                }
            }
            Typed::RootCertificate => {
                self.preferences.extra_root_certificate = text(&self.root_certificate);
            }
        }
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
}

fn text(typed: &str) -> Option<String> {
    Some(typed.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_changes_nothing_by_itself() {
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
            let mut draft = SettingsDraft::of(&preferences);
            assert_eq!(draft.take_changed(), None);
            for typed in [Typed::Browser, Typed::RootCertificate, Typed::Proxy] {
                assert!(draft.is_applied(typed), "{typed:?}");
                draft.apply(typed);
            }
            assert_eq!(draft.take_changed(), None);
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_used() {
        let with = |change: fn(&mut SettingsDraft)| {
            let mut draft = SettingsDraft::of(&Preferences::default());
            change(&mut draft);
            draft.take_changed()
        };
        assert_eq!(with(|draft| draft.clear_clipboard = "9".to_owned()), None);
        assert_eq!(with(|draft| draft.clear_clipboard = "121".to_owned()), None);
        assert_eq!(with(|draft| draft.refresh_ahead = "3601".to_owned()), None);
        assert_eq!(with(|draft| draft.refresh_ahead = "a minute".to_owned()), None);
        assert_eq!(with(|draft| draft.redirect_port = "80".to_owned()), None);
        assert_eq!(with(|draft| draft.redirect_port = "65536".to_owned()), None);
        assert_eq!(with(|draft| draft.proxy_kind = ProxyKind::At), None);
        assert_eq!(with(|draft| draft.proxy = "ignored while the system decides".to_owned()), None);
        let used = with(|draft| draft.redirect_port = "8910".to_owned()).unwrap();
        assert_eq!(used.redirect_port, Some(8910));
    }

    #[test]
    fn f6_a_typed_browser_proxy_or_certificate_is_used_only_once_it_is_applied() {
        let mut draft = SettingsDraft::of(&Preferences::default());
        draft.browser = "firefox".to_owned();
        (draft.proxy_kind, draft.proxy) = (ProxyKind::At, "http://proxy.example:3128".to_owned());
        draft.root_certificate = "/etc/root.pem".to_owned();
        assert_eq!(draft.take_changed(), None);
        draft.apply(Typed::Proxy);
        let used = draft.take_changed().unwrap();
        assert_eq!((used.browser, used.extra_root_certificate), (None, None));
        assert!(matches!(used.proxy, ProxyChoice::At(_)));
        // A change elsewhere keeps what is typed.
        let stored = Preferences { zoom_percent: 150, ..draft.preferences.clone() };
        draft.sync(&stored);
        assert_eq!((draft.take_changed(), draft.browser.as_str()), (None, "firefox"));
    }
}
