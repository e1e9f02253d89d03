//! `.env` files and other lists of names and values, with a guessed or given mapping.
//!
//! Invariant: a mapping holds names, never values.

use std::collections::{BTreeMap, HashMap};

use zeroize::Zeroizing;

use super::dotenv_lines::{self, Pairs};
use super::draft::{Collected, Draft, Variables};
use crate::domain::provider::Preset;

/// The meaning of a name in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvField {
    ClientId,
    ClientSecret,
    TokenUrl,
    /// Authorization endpoint.
    AuthorizeUrl,
    RedirectUri,
    Scopes,
    UserName,
    Password,
}

impl EnvField {
    /// All of them, in display order.
    pub const ALL: [Self; 8] = [
        Self::ClientId,
        Self::ClientSecret,
        Self::TokenUrl,
        Self::AuthorizeUrl,
        Self::RedirectUri,
        Self::Scopes,
        Self::UserName,
        Self::Password,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientId => "CLIENT_ID",
            Self::ClientSecret => "CLIENT_SECRET",
            Self::TokenUrl => "TOKEN_URL",
            Self::AuthorizeUrl => "AUTHORIZE_URL",
            Self::RedirectUri => "REDIRECT_URI",
            Self::Scopes => "SCOPES",
            Self::UserName => "USERNAME",
            Self::Password => "PASSWORD",
        }
    }

    /// The usual endings of names for it, the likeliest first.
    fn usual(self) -> &'static [&'static str] {
        match self {
            Self::ClientId => {
                &["CLIENT_ID", "CLIENTID", "CONSUMER_KEY", "APP_KEY", "APP_ID", "APPLICATION_ID"]
            }
            Self::ClientSecret => {
                &["CLIENT_SECRET", "CLIENTSECRET", "CONSUMER_SECRET", "APP_SECRET", "SECRET_KEY"]
            }
            Self::TokenUrl => &[
                "ACCESS_TOKEN_URL",
                "TOKEN_URL",
                "TOKEN_ENDPOINT",
                "TOKEN_URI",
                "ACCESSTOKENURL",
                "TOKENURL",
            ],
            Self::AuthorizeUrl => &[
                "AUTHORIZATION_URL",
                "AUTHORIZE_URL",
                "AUTHORIZATION_ENDPOINT",
                "AUTH_URL",
                "AUTH_URI",
                "AUTHURL",
            ],
            Self::RedirectUri => &["REDIRECT_URI", "REDIRECT_URL", "CALLBACK_URL", "REDIRECTURI"],
            Self::Scopes => &["SCOPES", "SCOPE"],
            Self::UserName => &["USERNAME", "USER_NAME"],
            Self::Password => &["PASSWORD"],
        }
    }
}

/// The names in a file and their meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The names by their meaning.
    pub names: BTreeMap<EnvField, String>,
    /// A preset's ID, if the file has no token endpoint.
    pub provider: Option<String>,
}

/// A file's names and the mapping in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvNames {
    /// All names, in file order.
    pub names: Vec<String>,
    /// The mapping of each account.
    pub mappings: Vec<Mapping>,
}

/// The names and values of a file; `None` if it is not a `.env` file, or one of Keyfob's own.
pub(super) fn read(text: &str) -> Option<Pairs> {
    let pairs = dotenv_lines::read(text)?;
    pairs.first().is_some_and(|(name, _)| name != "account").then_some(pairs)
}

/// Collects the accounts, by the given mapping or a guessed one.
pub(super) fn take(
    pairs: &[(String, Zeroizing<String>)],
    told: Option<&Mapping>,
    presets: &[Preset],
    collected: &mut Collected<'_>,
) -> EnvNames {
    let mappings = told.map_or_else(|| guess(pairs, presets), |told| vec![told.clone()]);
    let values = Variables::new(pairs.iter().cloned().collect());
    for mapping in &mappings {
        let value = |field: EnvField| {
            let value = mapping.names.get(&field).and_then(|name| values.get(name));
            value.map_or_else(String::new, str::to_owned)
        };
        let user = value(EnvField::UserName);
        let authorize = value(EnvField::AuthorizeUrl);
        let grant = match (&user, &authorize) {
            (user, _) if !user.is_empty() => "password",
            (_, authorize) if authorize.is_empty() && mapping.provider.is_none() => "client_credentials",
            _ => "",
        };
        let draft = Draft {
            name: name_of(mapping, presets),
            provider: mapping.provider.clone(),
            grant: grant.to_owned(),
            authorize,
            token: value(EnvField::TokenUrl),
            redirect_uri: value(EnvField::RedirectUri),
            client_id: value(EnvField::ClientId),
            client_secret: value(EnvField::ClientSecret).into(),
            username: user,
            password: value(EnvField::Password).into(),
            scopes: value(EnvField::Scopes).replace(',', " "),
            ..Draft::default()
        };
        collected.take(draft, &values);
    }
    EnvNames { names: pairs.iter().map(|(name, _)| name.clone()).collect(), mappings }
}

/// The provider's name, else the prefix of the client ID's usual name: `ACME_CLIENT_ID` gives `acme`.
fn name_of(mapping: &Mapping, presets: &[Preset]) -> String {
    let preset = presets.iter().find(|preset| Some(&preset.id) == mapping.provider.as_ref());
    let id = mapping.names.get(&EnvField::ClientId).map(|name| name.to_uppercase()).unwrap_or_default();
    let prefix = EnvField::ClientId.usual().iter().find_map(|usual| id.strip_suffix(usual));
    let prefix = prefix.unwrap_or_default().trim_matches(['_', '-', '.']).to_lowercase();
    match preset {
        Some(preset) => preset.name.clone(),
        None if prefix.is_empty() => "Imported".to_owned(),
        None => prefix.replace('_', " "),
    }
}

/// One mapping for each name like a client ID. Its other names have the same prefix, else none.
fn guess(pairs: &[(String, Zeroizing<String>)], presets: &[Preset]) -> Vec<Mapping> {
    // The first name of each spelling, since up to 2,000 prefixes look up many names.
    let mut by_upper: HashMap<String, &String> = HashMap::new();
    for (name, _) in pairs {
        by_upper.entry(name.to_uppercase()).or_insert(name);
    }
    let named = |field: EnvField, prefix: &str| {
        let found = field.usual().iter().find_map(|usual| by_upper.get(&format!("{prefix}{usual}")));
        found.map(|name| (*name).clone())
    };
    let prefix_of = |name: &str| {
        let name = name.to_uppercase();
        EnvField::ClientId.usual().iter().find_map(|usual| name.strip_suffix(usual).map(str::to_owned))
    };
    let mut prefixes: Vec<String> = pairs.iter().filter_map(|(name, _)| prefix_of(name)).collect();
    prefixes.dedup();
    let mut mappings = Vec::new();
    for prefix in prefixes {
        let mut mapping = Mapping::default();
        for field in EnvField::ALL {
            if let Some(name) = named(field, &prefix).or_else(|| named(field, "")) {
                mapping.names.insert(field, name);
            }
        }
        if !mapping.names.contains_key(&EnvField::TokenUrl) {
            let word = prefix.trim_matches(['_', '-', '.']).replace('_', "-").to_lowercase();
            let is_it = |preset: &&Preset| {
                preset.id == word || word.split('-').any(|part| part == preset.id.as_str())
            };
            mapping.provider = presets.iter().find(is_it).map(|preset| preset.id.clone());
        }
        if !mappings.contains(&mapping) {
            mappings.push(mapping);
        }
    }
    mappings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

    #[test]
    fn keyfobs_own_file_and_an_empty_one_are_no_list() {
        for other in ["account = []", "[[account]]\nname = \"a\"", "", "# x"] {
            assert!(read(other).is_none(), "{other}");
        }
        assert_eq!(read("A=1").unwrap().len(), 1);
    }

    #[test]
    fn the_usual_names_are_guessed_an_account_for_each_prefix() {
        let pairs: Vec<(String, Zeroizing<String>)> = [
            "PORT",
            "GITHUB_CLIENT_ID",
            "GITHUB_CLIENT_SECRET",
            "ACME_CLIENT_ID",
            "ACME_CLIENT_SECRET",
            "ACME_TOKEN_URL",
            "SCOPES",
        ]
        .map(|name| (name.to_owned(), "v".to_owned().into()))
        .into();
        let mappings = guess(&pairs, &built_in());
        assert_eq!(mappings.len(), 2);
        assert_eq!(mappings[0].provider.as_deref(), Some("github"));
        assert_eq!(mappings[0].names[&EnvField::ClientSecret], "GITHUB_CLIENT_SECRET");
        assert_eq!(mappings[1].provider, None);
        assert_eq!(mappings[1].names[&EnvField::TokenUrl], "ACME_TOKEN_URL");
        assert_eq!(mappings[1].names[&EnvField::Scopes], "SCOPES");
        assert_eq!(name_of(&mappings[0], &built_in()), "GitHub");
        assert_eq!(name_of(&mappings[1], &built_in()), "acme");
    }
}
