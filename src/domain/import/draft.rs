//! An account in another program's file, before validation.
//!
//! Turns such settings into an [`Imported`]. Invariant: what can't be an account is left out with a reason,
//! whose text has no value of the file except names and URLs.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::Imported;
use crate::base::sanitize::is_deceptive;
use crate::base::secret::{ClientSecret, Password, PrivateKey};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{AccountName, Client, Settings};
use crate::domain::document::file_error::shown;
use crate::domain::oauth::extra_params;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_request::RequestError;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::provider::spec::{ClientAuth, ProviderSpec};
use crate::domain::provider::{CUSTOM, Preset, Provider};

const ACCOUNTS_MAX: usize = 500;
/// The maximum size of a value with expanded variables, in bytes.
const VALUE_MAX_BYTES: usize = 64 * 1024;
/// The maximum total size of a file's expanded variables, in bytes.
const EXPANDED_MAX_BYTES: usize = 16 * 1024 * 1024;
const REPLACED_MAX: usize = 8;
pub(super) const NAME_MAX_BYTES: usize = 200;
/// The maximum length of a name that unnamed items inherit, in characters.
const LABEL_MAX_CHARS: usize = 200;

#[derive(Default)]
pub(super) struct Draft {
    pub(super) name: String,
    /// A preset's ID, if the file names the provider.
    pub(super) provider: Option<String>,
    /// The grant, as the other program names it.
    pub(super) grant: String,
    pub(super) authorize: String,
    pub(super) token: String,
    pub(super) redirect_uri: String,
    pub(super) client_id: String,
    pub(super) client_secret: Zeroizing<String>,
    pub(super) private_key: Zeroizing<String>,
    pub(super) key_id: String,
    pub(super) username: String,
    pub(super) password: Zeroizing<String>,
    /// Scopes, separated by spaces.
    pub(super) scopes: String,
    pub(super) audience: String,
    pub(super) resource: String,
    pub(super) client_auth: Option<ClientAuth>,
    pub(super) pkce: Option<bool>,
    pub(super) authorize_params: BTreeMap<String, String>,
    pub(super) token_params: BTreeMap<String, String>,
}

/// Values by name; any of them may be secret.
pub(super) type Values = BTreeMap<String, Zeroizing<String>>;

/// The other program's variables. Those of a folder or a request override those above, which are looked up
/// and never copied: thousands of requests may be below megabytes of variables.
#[derive(Default)]
pub(super) struct Variables<'a> {
    own: Values,
    above: Option<&'a Variables<'a>>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(own: Values) -> Self {
        Self { own, above: None }
    }

    pub(super) fn below(above: &'a Variables<'a>) -> Self {
        Self { own: Values::new(), above: Some(above) }
    }

    pub(super) fn extend(&mut self, pairs: impl Iterator<Item = (String, Zeroizing<String>)>) {
        self.own.extend(pairs);
    }

    pub(super) fn insert(&mut self, name: String, value: Zeroizing<String>) {
        self.own.insert(name, value);
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let own = self.own.get(name).map(|value| value.as_str());
        own.or_else(|| self.above.and_then(|above| above.get(name)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfilled {
    /// An unknown variable, or another kind of template.
    Unknown,
    /// The value would be longer than [`VALUE_MAX_BYTES`].
    TooLong,
    /// The file's variables expand to more than [`EXPANDED_MAX_BYTES`].
    TooMuch,
}

impl Unfilled {
    fn words(self) -> &'static str {
        match self {
            Self::Unknown => "it uses a variable that the file doesn't define",
            Self::TooLong => "one of its values is longer than 64 KiB after its variables are filled in",
            Self::TooMuch => "the file's variables expand to more than 16 MiB",
        }
    }
}

/// A name of the file, truncated: many items below may inherit it.
pub(super) fn label(name: &str) -> String {
    name.chars().take(LABEL_MAX_CHARS).collect()
}

pub(super) struct Collected<'p> {
    presets: &'p [Preset],
    accounts: Vec<Imported>,
    left_out: Vec<String>,
    names: BTreeSet<String>,
    /// Identifies equal settings, so that the same ones on many requests become one account.
    seen: BTreeSet<[String; 6]>,
    /// The remaining size for expanded variables, in bytes.
    expandable_bytes: usize,
}

impl<'p> Collected<'p> {
    pub(super) fn new(presets: &'p [Preset]) -> Self {
        Self {
            presets,
            accounts: Vec::new(),
            left_out: Vec::new(),
            names: BTreeSet::new(),
            seen: BTreeSet::new(),
            expandable_bytes: EXPANDED_MAX_BYTES,
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Imported>, Vec<String>) {
        (self.accounts, self.left_out)
    }

    /// Adds settings with variables expanded; equal settings are added once.
    pub(super) fn take(&mut self, mut draft: Draft, variables: &Variables<'_>) {
        let mut unknown = BTreeSet::new();
        if let Err(why) = draft.fill(variables, &mut unknown, &mut self.expandable_bytes) {
            return self.leave_out(&draft.name, why.words());
        }
        let identity =
            [&draft.grant, &draft.authorize, &draft.token, &draft.client_id, &draft.scopes, &draft.username];
        if !self.seen.insert(identity.map(Clone::clone)) {
            return;
        }
        if self.accounts.len() == ACCOUNTS_MAX {
            return self.leave_out(&draft.name, "Keyfob reads at most 500 accounts from a file");
        }
        let name = self.name(&draft.name);
        match self.account(draft, name.clone(), &unknown) {
            Ok(imported) => {
                self.names.insert(name.key().to_owned());
                self.accounts.push(imported);
            }
            Err(why) => self.leave_out(name.as_str(), &why),
        }
    }

    pub(super) fn leave_out(&mut self, name: &str, why: &str) {
        if self.left_out.len() < ACCOUNTS_MAX {
            self.left_out.push(format!("“{}” was left out: {why}.", shown(name)));
        }
    }

    fn name(&self, wanted: &str) -> AccountName {
        let clean: String = wanted.chars().filter(|c| !is_deceptive(*c)).take(100).collect();
        let clean = if clean.trim().is_empty() { "Imported" } else { clean.trim() };
        let numbered = (2..).map(|number| format!("{clean} {number}"));
        let names = std::iter::once(clean.to_owned()).chain(numbered);
        let free = names
            .filter_map(|name| AccountName::new(&name).ok())
            .find(|name| !self.names.contains(name.key()));
        free.unwrap_or_else(|| unreachable!("one of endlessly many names is free"))
    }

    fn account(&self, draft: Draft, name: AccountName, unknown: &BTreeSet<&str>) -> Result<Imported, String> {
        let named = self.presets.iter().find(|preset| Some(&preset.id) == draft.provider.as_ref());
        let usual = named.filter(|_| draft.grant.is_empty()).and_then(|preset| preset.spec.grants.as_ref());
        let grant = match usual.and_then(|grants| grants.first()) {
            Some(usual) => *usual,
            None => grant(&draft.grant)?,
        };
        refuse_unknown(unknown, grant)?;
        let preset = self.preset(&draft, grant);
        let mut overrides = ProviderSpec {
            redirect_uri: optional(draft.redirect_uri),
            client_auth: draft.client_auth,
            key_id: optional(draft.key_id),
            audience: optional(draft.audience),
            resource: optional(draft.resource).map(|resource| vec![resource]),
            pkce: draft.pkce.filter(|pkce| !pkce),
            authorize_params: draft.authorize_params,
            token_params: draft.token_params,
            ..ProviderSpec::default()
        };
        let scopes: Vec<String> = draft.scopes.split_whitespace().map(str::to_owned).collect();
        overrides.scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
        let (provider, variables) = if let Some((preset, variables)) = preset {
            if overrides.client_auth == preset.spec.client_auth {
                overrides.client_auth = None;
            }
            (preset.id.clone(), variables)
        } else {
            overrides.endpoints.set(EndpointKind::Token, optional(draft.token));
            if grant == GrantType::AuthorizationCode {
                overrides.endpoints.set(EndpointKind::Authorize, optional(draft.authorize));
            }
            (CUSTOM.to_owned(), BTreeMap::new())
        };
        let mut settings = Settings {
            provider,
            grant,
            variables,
            overrides: overrides.into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        };
        let resolved = Provider::resolve(self.presets, &settings).map_err(|error| error.to_string())?;
        let with_password = grant == GrantType::Password;
        let mut client = Client {
            client_id: draft.client_id,
            client_secret: secret(draft.client_secret).map(ClientSecret::new),
            private_key: secret(draft.private_key).map(PrivateKey::new),
            username: optional(draft.username).filter(|_| with_password),
            password: secret(draft.password).map(Password::new).filter(|_| with_password),
            ..Client::default()
        };
        match token_request::check(&resolved, &client) {
            Ok(()) | Err(RequestError::Missing(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
        extra_params::move_secrets(&mut settings, &mut client);
        Ok(Imported { name, settings, client, grant: None, incomplete: true })
    }

    /// The preset that the file names, or the one with this token endpoint, with its variables' values.
    fn preset(&self, draft: &Draft, grant: GrantType) -> Option<(&'p Preset, BTreeMap<String, String>)> {
        let offers =
            |preset: &&'p Preset| preset.spec.grants.as_ref().is_some_and(|grants| grants.contains(&grant));
        if let Some(id) = &draft.provider {
            let preset = self.presets.iter().find(|preset| preset.id == *id).filter(offers)?;
            return Some((preset, BTreeMap::new()));
        }
        let fits = |preset: &'p Preset| {
            let template = preset.spec.endpoints.get(EndpointKind::Token)?;
            Some((preset, variables_of(preset, template, &draft.token)?))
        };
        self.presets.iter().filter(offers).find_map(fits)
    }
}

/// Refuses an endpoint that the grant needs and that has an undefined variable.
fn refuse_unknown(unknown: &BTreeSet<&str>, grant: GrantType) -> Result<(), String> {
    for (key, label) in [("token", "token"), ("authorize", "authorization")] {
        let needed = key == "token" || grant == GrantType::AuthorizationCode;
        if needed && unknown.contains(key) {
            return Err(format!("its {label} endpoint uses a variable that the file doesn't define"));
        }
    }
    Ok(())
}

/// The values of a preset's variables in a URL; `None` if the URL is not the preset's. A variable in the host
/// matches only its default, or every server would match.
fn variables_of(preset: &Preset, template: &str, address: &str) -> Option<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let mut template = template.to_owned();
    for variable in &preset.variables {
        let place = format!("{{{}}}", variable.name);
        let default = variable.default.as_ref()?;
        let Some((before, after)) = template.split_once(&place) else { continue };
        let is_in_path = before.strip_prefix("https://").is_some_and(|rest| rest.contains('/'));
        let value = address.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let value = value.filter(|value| is_in_path && !value.is_empty() && !value.contains('/'));
        let value = value.unwrap_or(default).to_owned();
        template = template.replace(&place, &value);
        if value != *default {
            values.insert(variable.name.clone(), value);
        }
    }
    (template == address).then_some(values)
}

fn grant(word: &str) -> Result<GrantType, String> {
    match word {
        "" | "authorization_code" | "authorization_code_with_pkce" => Ok(GrantType::AuthorizationCode),
        "client_credentials" => Ok(GrantType::ClientCredentials),
        "password" | "password_credentials" | "resource_owner_password_credentials" => {
            Ok(GrantType::Password)
        }
        "implicit" => Err("the implicit grant is obsolete, and Keyfob doesn't support it".to_owned()),
        _ => Err("Keyfob doesn't support its grant".to_owned()),
    }
}

/// The text, moved so that no copy remains.
fn secret(mut text: Zeroizing<String>) -> Option<String> {
    optional(std::mem::take(&mut *text))
}

fn optional(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl Draft {
    /// Expands variables. A value that still has one is emptied, and its key noted.
    fn fill(
        &mut self,
        variables: &Variables<'_>,
        unknown: &mut BTreeSet<&'static str>,
        expandable_bytes: &mut usize,
    ) -> Result<(), Unfilled> {
        let fields: [(&'static str, &mut String); 11] = [
            ("authorize", &mut self.authorize),
            ("token", &mut self.token),
            ("redirect_uri", &mut self.redirect_uri),
            ("client_id", &mut self.client_id),
            ("client_secret", &mut *self.client_secret),
            ("username", &mut self.username),
            ("password", &mut *self.password),
            ("scopes", &mut self.scopes),
            ("audience", &mut self.audience),
            ("resource", &mut self.resource),
            ("grant", &mut self.grant),
        ];
        for (key, value) in fields {
            match filled(value, variables, expandable_bytes) {
                Ok(text) => text.trim().clone_into(value),
                Err(Unfilled::Unknown) => {
                    unknown.insert(key);
                    value.clear();
                }
                Err(why) => return Err(why),
            }
        }
        for params in [&mut self.authorize_params, &mut self.token_params] {
            for (name, value) in std::mem::take(params) {
                match filled(&value, variables, expandable_bytes) {
                    Ok(text) => drop(params.insert(name, text.as_str().to_owned())),
                    Err(Unfilled::Unknown) => {}
                    Err(why) => return Err(why),
                }
            }
        }
        Ok(())
    }
}

/// Expands the `{{variables}}` of a text, recursively. The copied size is subtracted from `expandable_bytes`.
fn filled(
    text: &str,
    variables: &Variables<'_>,
    expandable_bytes: &mut usize,
) -> Result<Zeroizing<String>, Unfilled> {
    if text.len() > VALUE_MAX_BYTES {
        return Err(Unfilled::TooLong);
    }
    let mut text = Zeroizing::new(text.to_owned());
    for _ in 0..REPLACED_MAX {
        let Some((before, rest)) = text.split_once("{{") else {
            return if text.contains("{%") { Err(Unfilled::Unknown) } else { Ok(text) };
        };
        let (name, after) = rest.split_once("}}").ok_or(Unfilled::Unknown)?;
        let name = name.trim();
        // Insomnia's syntaxes for a variable.
        let in_brackets = || name.strip_prefix("_['")?.strip_suffix("']");
        let name = name.strip_prefix("_.").or_else(in_brackets).unwrap_or(name);
        let value = variables.get(name).ok_or(Unfilled::Unknown)?;
        // Measure before copying.
        let bytes = before.len() + value.len() + after.len();
        if bytes > VALUE_MAX_BYTES {
            return Err(Unfilled::TooLong);
        }
        *expandable_bytes = expandable_bytes.checked_sub(bytes).ok_or(Unfilled::TooMuch)?;
        text = Zeroizing::new([before, value, after].concat());
    }
    Err(Unfilled::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

    #[test]
    fn variables_are_filled_in_and_bounded() {
        let values = [("a", "0"), ("b", "{{a}}2"), ("loop", "{{loop}}{{loop}}")];
        let values = values.map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())));
        let above = Variables::new(values.into());
        let mut variables = Variables::below(&above);
        variables.insert("a".to_owned(), "1".to_owned().into());
        for (text, expected) in [
            ("x", Some("x")),
            ("{{ a }}-{{_.b}}", Some("1-12")),
            ("{{ _['a'] }}", Some("1")),
            ("{{c}}", None),
            ("{{a", None),
            ("{% uuid %}", None),
            ("{{loop}}", None),
        ] {
            let filled = filled(text, &variables, &mut EXPANDED_MAX_BYTES.clone());
            assert_eq!(
                filled.as_ref().map(|text| text.as_str()),
                expected.ok_or(&Unfilled::Unknown),
                "{text}"
            );
        }
    }

    #[test]
    fn i5_variables_of_a_file_expand_to_16_mib_at_most() {
        let presets = built_in();
        let large = |bytes: usize| {
            let value = Zeroizing::new("x".repeat(bytes));
            Variables::new([("large".to_owned(), value)].into())
        };
        let all = |variables: &Variables<'_>| {
            let mut collected = Collected::new(&presets);
            for number in 0..8000 {
                let draft = Draft {
                    name: format!("a{number}"),
                    grant: "client_credentials".to_owned(),
                    token: "https://a.example/token".to_owned(),
                    client_id: number.to_string(),
                    client_secret: "{{large}}".to_owned().into(),
                    audience: "{{large}}".to_owned(),
                    ..Draft::default()
                };
                collected.take(draft, variables);
            }
            let expanded = EXPANDED_MAX_BYTES - collected.expandable_bytes;
            let (accounts, left_out) = collected.into_parts();
            (expanded, accounts.len(), left_out)
        };
        // Too large for any value, so nothing of it is copied.
        let (expanded, accounts, left_out) = all(&large(2 << 20));
        assert_eq!((expanded, accounts), (0, 0));
        assert!(left_out[0].contains("longer than 64 KiB"), "{}", left_out[0]);
        let (expanded, accounts, left_out) = all(&large(60 << 10));
        assert!((15 << 20..=EXPANDED_MAX_BYTES).contains(&expanded), "{expanded}");
        assert_eq!(accounts, EXPANDED_MAX_BYTES / (2 * (60 << 10)));
        assert!(left_out[0].contains("more than 16 MiB"), "{}", left_out[0]);
    }

    #[test]
    fn a_known_token_address_gives_its_preset() {
        let presets = built_in();
        let collected = Collected::new(&presets);
        let preset = |token: &str| {
            let draft = Draft { token: token.to_owned(), ..Draft::default() };
            let found = collected.preset(&draft, GrantType::AuthorizationCode);
            found.map(|(preset, variables)| (preset.id.clone(), variables.into_values().collect::<Vec<_>>()))
        };
        for (token, id, values) in [
            ("https://oauth2.googleapis.com/token", "google", &[][..]),
            ("https://login.microsoftonline.com/common/oauth2/v2.0/token", "entra", &[]),
            ("https://login.microsoftonline.com/acme.example/oauth2/v2.0/token", "entra", &["acme.example"]),
            ("https://gitlab.com/oauth/token", "gitlab", &[]),
            ("https://login.salesforce.com/services/oauth2/token", "salesforce", &[]),
        ] {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(preset(token), Some((id.to_owned(), values)), "{token}");
        }
        for token in
            ["https://evil.example/oauth/token", "https://login.microsoftonline.com/a/b/oauth2/v2.0/token"]
        {
            assert_eq!(preset(token), None, "{token}");
        }
    }
}
