//! What the user prefers, as one set.
//!
//! Owns the preferences and what holds where none was set. Invariant: no secret is a preference.

use std::collections::BTreeMap;

use url::Url;

/// The sizes at which the window can be shown, in percent.
pub const ZOOMS_PERCENT: [u32; 9] = [75, 90, 100, 110, 125, 150, 175, 200, 250];

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeChoice {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How servers elsewhere are reached; this machine's own never through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// As the system says.
    #[default]
    System,
    /// Straight.
    Direct,
    /// Through this one: an http or https address.
    At(Url),
}

impl ProxyChoice {
    /// The address of a proxy as it is typed; `None` where it is none. Without a scheme it is http.
    pub fn at(text: &str) -> Option<Self> {
        let text = text.trim();
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let fits = |url: &Url| {
            let path = url.path().is_empty() || url.path() == "/";
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && path
                // A password would be stored in the open.
                && url.password().is_none()
                && url.query().is_none()
        };
        url.ok().filter(fits).map(Self::At)
    }
}

/// A preference that decides where requests go or which program is started. It is used only as the vault's
/// record has it.
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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Proxy, Self::ExtraRootCertificate, Self::Browser];

    /// What it is called in sentences.
    pub fn label(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::ExtraRootCertificate => "extra root certificate",
            Self::Browser => "browser",
        }
    }
}

/// Preferences that were changed outside Keyfob, with their values as the database has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unconfirmed(pub BTreeMap<Guarded, String>);

/// What the user prefers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Light or dark.
    pub theme: ThemeChoice,
    /// The window's size, in percent; one of [`ZOOMS_PERCENT`].
    pub zoom_percent: u32,
    /// Whether nothing glides.
    pub reduced_motion: bool,
    /// Seconds until a copied secret is cleared; `None` never.
    pub clear_clipboard_secs: Option<u32>,
    /// Seconds before expiry at which a token is renewed; `None` by its life.
    pub refresh_ahead_secs: Option<u32>,
    /// The port on which a sign-in waits where neither provider nor account names one; `None` takes a
    /// free one.
    pub redirect_port: Option<u16>,
    /// The program that opens sign-in addresses, with its arguments; `None` takes the system's
    /// browser.
    pub browser: Option<String>,
    /// How servers elsewhere are reached.
    pub proxy: ProxyChoice,
    /// A PEM file with a root certificate of the user's company.
    pub extra_root_certificate: Option<String>,
    /// Minutes without a key or the mouse after which the window gives
    /// [`Command::Lock`](super::command::Command::Lock); 0 never. `None` where the user has not chosen:
    /// [`Snapshot::idle_lock_mins`](super::snapshot::Snapshot::idle_lock_mins) says what that means. The
    /// engine keeps this and no more: only the window knows whether somebody is there.
    pub lock_after_idle_mins: Option<u32>,
    /// Whether the system shows a notification when an account needs a person to sign in.
    pub notify: bool,
    /// Whether closing the window only minimises it, so that tokens stay fresh.
    pub keep_running: bool,
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
        }
    }
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
