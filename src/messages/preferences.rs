//! The user's preferences and their defaults.
//!
//! Invariant: no preference is secret.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use serde::{Deserialize, Deserializer, Serialize, de};
use url::Url;

/// The zoom levels of the window, in percent.
pub const ZOOMS_PERCENT: [u32; 9] = [75, 90, 100, 110, 125, 150, 175, 200, 250];

/// The colour theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// The system's setting.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How to reach servers, except those on this computer, which never use a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ProxyChoice {
    /// The system's setting.
    #[default]
    System,
    /// Without a proxy.
    Direct,
    /// With this proxy: an http or https URL.
    At(Url),
}

impl ProxyChoice {
    /// Parses a typed proxy URL; `None` if it isn't one. The default scheme is http.
    pub fn at(text: &str) -> Option<Self> {
        let text = text.trim();
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let fits = |url: &Url| {
            let path = url.path().is_empty() || url.path() == "/";
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && path
                // A password would be stored in the clear.
                && url.password().is_none()
                && url.query().is_none()
        };
        url.ok().filter(fits).map(Self::At)
    }
}

impl From<ProxyChoice> for String {
    fn from(proxy: ProxyChoice) -> Self {
        match proxy {
            ProxyChoice::System => SYSTEM.to_owned(),
            ProxyChoice::Direct => DIRECT.to_owned(),
            ProxyChoice::At(url) => url.into(),
        }
    }
}

impl TryFrom<String> for ProxyChoice {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            SYSTEM => Ok(Self::System),
            DIRECT => Ok(Self::Direct),
            url => Self::at(url).ok_or("not the URL of a proxy"),
        }
    }
}

const SYSTEM: &str = "system";
const DIRECT: &str = "direct";

/// A preference that decides where requests go or which program is started. Its value is used only if the
/// vault's record has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarded {
    /// The proxy.
    Proxy,
    /// The extra root certificate.
    ExtraRootCertificate,
    /// The browser.
    Browser,
}

impl Guarded {
    /// Every guarded preference.
    pub const ALL: [Self; 3] = [Self::Proxy, Self::ExtraRootCertificate, Self::Browser];

    /// The name in sentences.
    pub fn label(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::ExtraRootCertificate => "extra root certificate",
            Self::Browser => "browser",
        }
    }
}

/// Preferences that were changed outside Keyfob, with their values in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unconfirmed(pub BTreeMap<Guarded, String>);

/// The user's preferences. Serialized, each field is a key of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a checkbox of its own")]
pub struct Preferences {
    /// The colour theme.
    pub theme: ThemeChoice,
    /// The zoom, in percent; one of [`ZOOMS_PERCENT`].
    #[serde(deserialize_with = "zoom")]
    pub zoom_percent: u32,
    /// Turns off animation.
    pub reduced_motion: bool,
    /// Seconds until a copied secret is cleared; `None` means never.
    pub clear_clipboard_secs: Option<u32>,
    /// Seconds before expiry at which a token is refreshed; `None` depends on its lifetime.
    pub refresh_ahead_secs: Option<u32>,
    /// The redirect port if neither provider nor account sets one; `None` uses a free one.
    #[serde(deserialize_with = "port")]
    pub redirect_port: Option<u16>,
    /// The program that opens sign-in links, with its arguments; `None` means the system's browser.
    #[serde(deserialize_with = "filled")]
    pub browser: Option<String>,
    /// How to reach servers.
    pub proxy: ProxyChoice,
    /// A PEM file with a company's root certificate.
    #[serde(deserialize_with = "filled")]
    pub extra_root_certificate: Option<String>,
    /// Idle minutes after which the window sends [`Command::Lock`](super::command::Command::Lock); 0 means
    /// never, `None` the default of [`Snapshot::idle_lock_mins`](super::snapshot::Snapshot::idle_lock_mins).
    /// The engine only stores this: the window alone notices input.
    pub lock_after_idle_mins: Option<u32>,
    /// Show a system notification when an account needs a sign-in.
    pub notify: bool,
    /// Closing the window only minimises it, so that tokens stay fresh.
    pub keep_running: bool,
    /// Show an icon in the desktop's tray; closing the window then hides it.
    pub tray: bool,
    /// Start Keyfob, hidden, when the user logs in. The system's own entry decides; this follows it.
    pub start_at_login: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            zoom_percent: 100,
            reduced_motion: false,
            clear_clipboard_secs: Some(30),
            refresh_ahead_secs: None,
            redirect_port: None,
            browser: None,
            proxy: ProxyChoice::System,
            extra_root_certificate: None,
            lock_after_idle_mins: None,
            notify: false,
            keep_running: false,
            tray: false,
            start_at_login: false,
        }
    }
}

impl Preferences {
    /// The value of a guarded preference, as the vault's record has it; `None` for the default.
    pub fn guarded(&self, guarded: Guarded) -> Option<String> {
        match guarded {
            Guarded::Proxy => {
                Some(self.proxy.clone()).filter(|it| *it != ProxyChoice::System).map(Into::into)
            }
            Guarded::ExtraRootCertificate => self.extra_root_certificate.clone(),
            Guarded::Browser => self.browser.clone(),
        }
    }
}

fn zoom<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let percent = u32::deserialize(deserializer)?;
    if ZOOMS_PERCENT.contains(&percent) { Ok(percent) } else { Err(de::Error::custom("not a zoom level")) }
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    Ok(Option::<NonZeroU16>::deserialize(deserializer)?.map(NonZeroU16::get))
}

/// An empty text is none.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_without_a_password() {
        for (text, read) in [
            (" proxy.example:8080 ", Some("http://proxy.example:8080/")),
            ("https://proxy.example", Some("https://proxy.example/")),
            ("http://user:secret@proxy.example", None),
            ("http://proxy.example/path", None),
            ("ftp://proxy.example", None),
            ("", None),
            ("http://", None),
        ] {
            let expected = read.map(|url| ProxyChoice::At(Url::parse(url).unwrap()));
            assert_eq!(ProxyChoice::at(text), expected, "{text:?}");
        }
    }
}
