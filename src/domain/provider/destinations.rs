//! Destinations: the URLs to which an account's secrets and tokens are sent, or that decide about them.
//!
//! A stored secret belongs to the destinations that its owner saw; see [`Destinations::moved_from`].
//! Invariant: two accounts have the same destinations only if each whole URL, with the variables filled in,
//! is the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::endpoints::{self, EndpointKind};
use super::spec::{Endpoints, Help, ProviderSpec};
use super::{Preset, ProviderError};
use crate::domain::account::Settings;

/// A kind of destination. The names are those of `changed_destinations` in JSON output and of the vault's
/// record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Authorize,
    Token,
    Device,
    Par,
    Revoke,
    Introspect,
    Userinfo,
    Jwks,
    Refresh,
    Issuer,
    /// The API's base URL, to which a copied cURL command sends the token.
    ApiBaseUrl,
    /// A help text, which says where to register and where to find secrets. Nothing is sent there.
    Help,
}

impl Destination {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Device => "device",
            Self::Par => "par",
            Self::Revoke => "revoke",
            Self::Introspect => "introspect",
            Self::Userinfo => "userinfo",
            Self::Jwks => "jwks",
            Self::Refresh => "refresh",
            Self::Issuer => "issuer",
            Self::ApiBaseUrl => "api_base_url",
            Self::Help => "help",
        }
    }

    /// The name in sentences: "token endpoint".
    pub fn label(self) -> &'static str {
        match self {
            Self::Authorize => "authorization endpoint",
            Self::Token => "token endpoint",
            Self::Device => "device authorization endpoint",
            Self::Par => "pushed authorization request endpoint",
            Self::Revoke => "revocation endpoint",
            Self::Introspect => "introspection endpoint",
            Self::Userinfo => "userinfo endpoint",
            Self::Jwks => "JWKS URL",
            Self::Refresh => "refresh endpoint",
            Self::Issuer => "issuer",
            Self::ApiBaseUrl => "API base URL",
            Self::Help => "help text",
        }
    }
}

impl From<EndpointKind> for Destination {
    fn from(kind: EndpointKind) -> Self {
        match kind {
            EndpointKind::Authorize => Self::Authorize,
            EndpointKind::Token => Self::Token,
            EndpointKind::Device => Self::Device,
            EndpointKind::Par => Self::Par,
            EndpointKind::Revoke => Self::Revoke,
            EndpointKind::Introspect => Self::Introspect,
            EndpointKind::UserInfo => Self::Userinfo,
            EndpointKind::Jwks => Self::Jwks,
            EndpointKind::Refresh => Self::Refresh,
        }
    }
}

/// An account's resolved URLs, without help texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Destinations(BTreeMap<Destination, String>);

/// A destination that differs between two states of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedDestination {
    pub destination: Destination,
    /// The previous URL; `None` if there was none.
    pub old: Option<String>,
    pub new: String,
}

/// A destination that differs from the preset's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDestination {
    pub destination: Destination,
    /// The account's URL, or a help text.
    pub url: String,
    /// The preset's; `None` if the preset has none.
    pub preset: Option<String>,
    /// Only a variable that the user types, such as a host, makes the difference.
    pub by_variable: bool,
}

impl Destinations {
    /// Resolves an account's destinations from its preset and its own settings, with variables filled in.
    /// Text that is not a URL is kept, so that it never compares as absent.
    pub fn of(presets: &[Preset], settings: &Settings) -> Result<Self, ProviderError> {
        let preset = Preset::of(presets, &settings.provider)?;
        let values = preset.values_of(&settings.variables)?;
        Ok(Self::resolve(&preset.spec_for(settings, &values), &values))
    }

    fn resolve(spec: &ProviderSpec, values: &BTreeMap<&str, String>) -> Self {
        let endpoints =
            EndpointKind::ALL.into_iter().map(|kind| (Destination::from(kind), spec.endpoints.get(kind)));
        let others = [
            (Destination::Issuer, spec.issuer.as_deref()),
            (Destination::ApiBaseUrl, spec.api.base_url.as_deref()),
        ];
        let given = endpoints.chain(others).filter_map(|(kind, text)| Some((kind, text?)));
        let filled = given.map(|(kind, text)| (kind, endpoints::filled(text, values)));
        let present = filled.filter(|(_, text)| !text.is_empty());
        Self(present.map(|(kind, text)| (kind, normal(kind, text))).collect())
    }

    pub fn get(&self, destination: Destination) -> Option<&str> {
        self.0.get(&destination).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Destination, &str)> {
        self.0.iter().map(|(destination, url)| (*destination, url.as_str()))
    }

    /// Destinations that are new or have another URL than in `old`. A removed one is not included, since
    /// nothing is sent there any more.
    pub fn moved_from(&self, old: &Self) -> Vec<MovedDestination> {
        let changed = self.iter().filter(|(kind, url)| old.get(*kind) != Some(url));
        changed
            .map(|(destination, url)| MovedDestination {
                destination,
                old: old.get(destination).map(str::to_owned),
                new: url.to_owned(),
            })
            .collect()
    }
}

/// The URL as requested, so that another spelling alone (`HTTPS://A.example`) is no change. Issuers are
/// compared exactly (RFC 8414, section 3.3).
fn normal(kind: Destination, text: String) -> String {
    if kind == Destination::Issuer {
        return text;
    }
    Url::parse(&text).map_or(text, String::from)
}

/// Destinations of an account that differ from its preset's, and help texts that it overrides. For a custom
/// provider every destination is included.
///
/// A variable that the user types counts as a change if its value differs from the preset's default, or if
/// there is no default. A variable with fixed choices doesn't, since the preset lists them all.
pub fn changed(presets: &[Preset], settings: &Settings) -> Result<Vec<ChangedDestination>, ProviderError> {
    let preset = Preset::of(presets, &settings.provider)?;
    let values = preset.values_of(&settings.variables)?;
    if settings.variables.is_empty() && !names_any(&settings.overrides) {
        // The case of most accounts; thousands may be resolved at startup.
        return Ok(Vec::new());
    }
    let account = Destinations::of(presets, settings)?;
    let with_variables = Destinations::resolve(&preset.spec, &values);
    let published = Destinations::resolve(&preset.spec, &preset.published_values(&values));
    let mut changed: Vec<ChangedDestination> = account
        .iter()
        .filter(|(kind, url)| published.get(*kind) != Some(url))
        .map(|(destination, url)| ChangedDestination {
            destination,
            url: url.to_owned(),
            // A template with a variable in it is not a URL.
            preset: published.get(destination).filter(|url| !url.contains('{')).map(str::to_owned),
            by_variable: with_variables.get(destination) == Some(url),
        })
        .collect();
    let Help { register_url, register, secrets_place } = &settings.overrides.help;
    let of_preset = &preset.spec.help;
    let texts = [
        (register_url, &of_preset.register_url),
        (register, &of_preset.register),
        (secrets_place, &of_preset.secrets_place),
    ];
    changed.extend(texts.into_iter().filter(|(own, preset)| own.is_some() && own != preset).filter_map(
        |(own, preset)| {
            Some(ChangedDestination {
                destination: Destination::Help,
                url: own.clone()?,
                preset: preset.clone(),
                by_variable: false,
            })
        },
    ));
    Ok(changed)
}

fn names_any(overrides: &ProviderSpec) -> bool {
    overrides.issuer.is_some()
        || overrides.api.base_url.is_some()
        || overrides.endpoints != Endpoints::default()
        || overrides.help != Help::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::key_dates::KeyDates;
    use crate::domain::account::tags::Tags;
    use crate::domain::oauth::grant_type::GrantType;
    use crate::domain::provider::presets::built_in;
    use crate::domain::provider::{CUSTOM, Provider};

    fn settings(provider: &str) -> Settings {
        Settings {
            provider: provider.to_owned(),
            grant: GrantType::AuthorizationCode,
            variables: BTreeMap::new(),
            overrides: ProviderSpec::default().into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        }
    }

    fn of(settings: &Settings) -> Destinations {
        Destinations::of(&built_in(), settings).unwrap()
    }

    fn set(settings: &mut Settings, destination: Destination, url: &str) {
        let over = settings.overrides_mut();
        match EndpointKind::ALL.into_iter().find(|kind| Destination::from(*kind) == destination) {
            Some(kind) => over.endpoints.set(kind, Some(url.to_owned())),
            None if destination == Destination::Issuer => over.issuer = Some(url.to_owned()),
            None if destination == Destination::ApiBaseUrl => over.api.base_url = Some(url.to_owned()),
            None => over.help.register_url = Some(url.to_owned()),
        }
    }

    const BOUND: [Destination; 11] = [
        Destination::Authorize,
        Destination::Token,
        Destination::Device,
        Destination::Par,
        Destination::Revoke,
        Destination::Introspect,
        Destination::Userinfo,
        Destination::Jwks,
        Destination::Refresh,
        Destination::Issuer,
        Destination::ApiBaseUrl,
    ];

    #[test]
    fn i2_each_destination_counts_as_moved_and_a_removed_one_does_not() {
        let plain = settings("smartcar");
        for destination in BOUND {
            let mut other = settings("smartcar");
            set(&mut other, destination, "https://evil.example/x");
            let moved = of(&other).moved_from(&of(&plain));
            assert!(moved.iter().any(|moved| moved.destination == destination), "{destination:?}");
            assert!(moved.iter().all(|moved| moved.new == "https://evil.example/x"), "{destination:?}");
        }
        let mut more = settings("smartcar");
        set(&mut more, Destination::Par, "https://a.example/par");
        assert_eq!(of(&plain).moved_from(&of(&more)), []);
        set(&mut more, Destination::Par, "HTTPS://A.example/par");
        let mut same = settings("smartcar");
        set(&mut same, Destination::Par, "https://a.example:443/par");
        assert_eq!(of(&more).moved_from(&of(&same)), []);
    }

    #[test]
    fn i2_a_variable_moves_every_destination_that_it_stands_in() {
        let mut own = settings("gitlab");
        own.variables.insert("host".to_owned(), "gitlab.example.com".to_owned());
        let moved = of(&own).moved_from(&of(&settings("gitlab")));
        let token = moved.iter().find(|moved| moved.destination == Destination::Token).unwrap();
        assert_eq!(token.old.as_deref(), Some("https://gitlab.com/oauth/token"));
        assert_eq!(token.new, "https://gitlab.example.com/oauth/token");
        assert!(moved.iter().any(|moved| moved.destination == Destination::ApiBaseUrl));
    }

    #[test]
    fn i3_each_destination_that_differs_from_the_preset_is_named() {
        for destination in BOUND.into_iter().chain([Destination::Help]) {
            let mut other = settings("smartcar");
            set(&mut other, destination, "https://evil.example/x");
            let named = changed(&built_in(), &other).unwrap();
            let it = named.iter().find(|changed| changed.destination == destination).unwrap();
            let preset = of(&settings("smartcar")).get(destination).map(str::to_owned);
            assert_eq!((it.url.as_str(), it.by_variable), ("https://evil.example/x", false));
            if destination != Destination::Help {
                assert_eq!(it.preset, preset, "{destination:?}");
            }
        }
        assert_eq!(changed(&built_in(), &settings("smartcar")).unwrap(), []);
        let mut custom = settings(CUSTOM);
        set(&mut custom, Destination::Token, "https://a.example/token");
        let named = changed(&built_in(), &custom).unwrap();
        assert_eq!((named.len(), named[0].preset.as_deref()), (1, None));
    }

    #[test]
    fn i3_a_host_from_a_variable_is_named_and_a_choice_is_not() {
        let mut own = settings("gitlab");
        own.variables.insert("host".to_owned(), "gitlab.example.com".to_owned());
        let named = changed(&built_in(), &own).unwrap();
        let token = named.iter().find(|changed| changed.destination == Destination::Token).unwrap();
        assert!(token.by_variable);
        assert_eq!(token.preset.as_deref(), Some("https://gitlab.com/oauth/token"));
        let mut tenant = settings("auth0");
        let variable =
            built_in().into_iter().find(|preset| preset.id == "auth0").unwrap().variables.remove(0);
        tenant.variables.insert(variable.name, "tenant.example".to_owned());
        let named = changed(&built_in(), &tenant).unwrap();
        assert!(named.iter().any(|changed| changed.by_variable && changed.preset.is_none()), "{named:?}");
        let mut region = settings("hubspot");
        region.provider = "smartdocumentor".to_owned();
        let chosen = built_in().into_iter().find(|preset| preset.id == "smartdocumentor").unwrap();
        for variable in chosen.variables {
            if let Some(choice) = variable.choices.last() {
                region.variables.insert(variable.name, choice.value.clone());
            }
        }
        assert_eq!(changed(&built_in(), &region).unwrap(), []);
    }

    #[test]
    fn x9_the_base_url_follows_the_accounts_own_server() {
        let base = |settings: &Settings| Provider::resolve(&built_in(), settings).unwrap().api.base_url;
        let mut own = settings("gitlab");
        assert_eq!(base(&own).as_deref(), Some("https://gitlab.com/api/v4/user"));
        own.variables.insert("host".to_owned(), "gitlab.example.com".to_owned());
        assert_eq!(base(&own).as_deref(), Some("https://gitlab.example.com/api/v4/user"));
        let mut enterprise = settings("github");
        set(&mut enterprise, Destination::Authorize, "https://github.example.com/login/oauth/authorize");
        assert_eq!(base(&enterprise).as_deref(), Some("https://api.github.com/user"));
        set(&mut enterprise, Destination::Token, "https://github.example.com/login/oauth/access_token");
        assert_eq!(base(&enterprise), None);
        let provider = Provider::resolve(&built_in(), &enterprise).unwrap();
        assert_eq!(provider.more.userinfo, None, "its token is no business of the preset's server");
        assert_eq!(of(&enterprise).get(Destination::ApiBaseUrl), None);
        set(&mut enterprise, Destination::ApiBaseUrl, "https://github.example.com/api/v3/user");
        assert_eq!(base(&enterprise).as_deref(), Some("https://github.example.com/api/v3/user"));
    }

    #[test]
    fn x9_a_presets_own_pages_follow_a_host_that_is_typed() {
        for preset in built_in() {
            let mut typed = BTreeMap::new();
            for variable in preset.variables.iter().filter(|variable| variable.choices.is_empty()) {
                typed.insert(variable.name.clone(), "mine.example".to_owned());
            }
            let is_server = |template: &str| template.starts_with("https://{host}");
            if !preset.spec.endpoints.token.as_deref().is_some_and(is_server) {
                continue;
            }
            let mut own = settings(&preset.id);
            own.variables.clone_from(&typed);
            own.grant = preset.spec.grants.as_ref().unwrap()[0];
            let base = Provider::resolve(&built_in(), &own).unwrap().api.base_url;
            assert!(base.is_none_or(|url| url.starts_with("https://mine.example/")), "{}", preset.id);
            let page = preset.register_page(&typed).unwrap();
            // For Keycloak this is its documentation, since the console's URL depends on the installation.
            let follows = page.starts_with("https://mine.example/") || preset.id == "keycloak";
            assert!(follows, "{}: {page}", preset.id);
            assert!(!preset.register_page(&BTreeMap::new()).is_some_and(|page| page.contains('{')));
        }
    }

    #[test]
    fn s2_the_api_base_url_is_https_but_on_loopback() {
        let with = |url: &str| {
            let mut settings = settings("smartcar");
            set(&mut settings, Destination::ApiBaseUrl, url);
            Provider::resolve(&built_in(), &settings).map(|_| ())
        };
        assert_eq!(with("https://a.example/x"), Ok(()));
        assert_eq!(with("http://127.0.0.1:9/x"), Ok(()));
        for url in ["http://a.example/", "http://127.0.0.1.evil.test/", "ftp://a.example/"] {
            assert_eq!(with(url), Err(ProviderError::ApiBaseUrlInsecure), "{url}");
        }
        for url in ["x", "", "https://u@a.example/"] {
            assert_eq!(with(url), Err(ProviderError::ApiBaseUrlInvalid), "{url}");
        }
    }
}
