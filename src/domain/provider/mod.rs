//! A provider: a preset combined with an account's overrides.
//!
//! Invariant: every endpoint of a [`Provider`] is https, or plain http on this computer.

pub mod destinations;
pub mod endpoints;
pub mod facts;
pub mod param_names;
pub mod presets;
pub mod provider_name;
pub mod redirect_rule;
pub mod spec;
pub mod toggles;
pub(crate) mod validation;
pub mod variables;

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;
use url::Url;

use super::account::Settings;

use super::oauth::grant_type::GrantType;
use super::oauth::jose::KeyAlg;
use super::oauth::redirect_uri::{RedirectError, RedirectUri};
pub use endpoints::EndpointKind;
use endpoints::MoreEndpoints;
use facts::{FactSource, Facts};
use provider_name::provider_name;
use redirect_rule::RedirectRule;
use spec::{ApiUse, BodyFormat, ClientAuth, Endpoints, Help, ProviderSpec, RefreshRules, ResponsePaths};
use toggles::Toggle;

/// The ID of the provider without a preset.
pub const CUSTOM: &str = "custom";

/// A part of a URL that the user chooses, such as a region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// The name, as in braces in an endpoint.
    pub name: String,
    pub label: String,
    pub choices: Vec<Choice>,
    /// The default. Without one, the user must give a value.
    pub default: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    /// The text that goes into the URL.
    pub text: String,
}

/// A header of the token request with a value that only the user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHeader {
    pub name: String,
    pub label: String,
    /// The request fails without it.
    pub required: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The user's own presets, from the configuration folder.
    #[serde(skip)]
    Own,
    /// Vendors whose documentation this app follows exactly.
    #[default]
    Vendor,
    /// Providers that many people use.
    Popular,
    /// Documents, tasks, people and meetings.
    Work,
    /// Sales, support and marketing.
    Customers,
    /// Shops, payments and accounting.
    Finance,
    /// Clouds, code and data.
    Developer,
    /// Networks, media and what people do for themselves.
    Social,
    /// Servers that an organisation runs or rents for its own sign-ins.
    Identity,
    /// Providers that give a key in the place of tokens.
    Keys,
}

impl Group {
    /// In the order of the list.
    pub const ALL: [Self; 10] = [
        Self::Own,
        Self::Vendor,
        Self::Popular,
        Self::Work,
        Self::Customers,
        Self::Finance,
        Self::Developer,
        Self::Social,
        Self::Identity,
        Self::Keys,
    ];
}

/// A value that another page than the provider's documentation names. The form offers it with its source; nothing
/// takes it by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The key that it is for: an endpoint's, or `scopes`.
    pub key: String,
    pub value: String,
    /// The page.
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    pub page: String,
    /// The date of the last check.
    pub checked: chrono::NaiveDate,
}

/// A color of monograms, whose shade depends on the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkColor {
    Blue,
    Indigo,
    Violet,
    Magenta,
    Pink,
    Red,
    Orange,
    Lime,
    Green,
    Teal,
    Cyan,
    Gray,
}

impl MarkColor {
    pub const ALL: [Self; 12] = [
        Self::Blue,
        Self::Indigo,
        Self::Violet,
        Self::Magenta,
        Self::Pink,
        Self::Red,
        Self::Orange,
        Self::Lime,
        Self::Green,
        Self::Teal,
        Self::Cyan,
        Self::Gray,
    ];
}

/// A provider that is built in or from the user's own folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preset {
    /// The ID in import files.
    pub id: String,
    pub name: String,
    /// One line under the name.
    pub summary: String,
    pub variables: Vec<Variable>,
    pub secret_headers: Vec<SecretHeader>,
    pub toggles: Vec<Toggle>,
    pub suggestions: Vec<Suggestion>,
    pub group: Group,
    pub reference: Option<Reference>,
    /// The monogram's letters, one or two; the name's if unset.
    pub mark: Option<String>,
    /// The monogram's color; one by the ID if unset.
    pub color: Option<MarkColor>,
    pub spec: ProviderSpec,
}

/// Why a preset and an account's overrides don't make a usable provider.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    #[error("there is no provider {0:?}")]
    UnknownProvider(String),
    #[error("{provider} does not offer {}", grant.as_str())]
    GrantNotOffered { provider: String, grant: GrantType },
    #[error("{label} is not chosen")]
    VariableMissing { name: String, label: String },
    #[error("{value:?} is not a valid {label}")]
    VariableUnknown { name: String, label: String, value: String },
    #[error("{} is missing", .0.key())]
    EndpointMissing(EndpointKind),
    #[error("{} is not a URL", .0.key())]
    EndpointInvalid(EndpointKind),
    #[error("{} is not https", .0.key())]
    EndpointInsecure(EndpointKind),
    /// A URL names something in braces that may not stand there: the URL's key, and the name.
    #[error("{key} names {{{name}}}, which is not a variable")]
    NotAVariable { key: &'static str, name: String },
    #[error("api.base_url is not a URL")]
    ApiBaseUrlInvalid,
    #[error("api.base_url is not https")]
    ApiBaseUrlInsecure,
    #[error("issuer is missing")]
    IssuerMissing,
    #[error(transparent)]
    Issuer(super::oauth::issuer::IssuerError),
    #[error(transparent)]
    Redirect(#[from] RedirectError),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The display name, marked if the account's destinations differ from the preset's. For a custom
    /// provider, the token endpoint's host.
    pub name: String,
    /// The authorization endpoint; `Some` if the grant needs it.
    pub authorize: Option<Url>,
    /// The token endpoint; `None` if the account holds its credential itself.
    pub token: Option<Url>,
    pub more: MoreEndpoints,
    pub grant: GrantType,
    pub client_auth: ClientAuth,
    pub body_format: BodyFormat,
    pub scopes: Vec<String>,
    pub scope_separator: String,
    pub scope_param: String,
    pub client_credentials_as: String,
    pub redirect_uri: RedirectUri,
    pub redirect_rule: RedirectRule,
    pub pkce: bool,
    /// The issuer identifier or its template, if known; compare it with [`super::oauth::issuer::is_same`].
    pub issuer: Option<String>,
    pub iss_promised: bool,
    pub request_headers: BTreeMap<String, String>,
    pub authorize_params: BTreeMap<String, String>,
    pub token_params: BTreeMap<String, String>,
    pub refresh_params: BTreeMap<String, String>,
    /// The provider's own names of standard parameters in requests.
    pub names: BTreeMap<String, String>,
    /// The provider's own names of standard parameters in the authorization response.
    pub callback: BTreeMap<String, String>,
    /// Facts to keep from responses.
    pub facts: BTreeMap<String, FactSource>,
    /// The authorization request is pushed; `more.par` is then set.
    pub par: bool,
    /// Resources that the token is for.
    pub resource: Vec<String>,
    /// The API that the token is for.
    pub audience: Option<String>,
    pub key_alg: Option<KeyAlg>,
    pub key_id: Option<String>,
    pub assertion_audience: String,
    pub assertion_claims: BTreeMap<String, String>,
    pub response: ResponsePaths,
    pub refresh: RefreshRules,
    pub api: ApiUse,
    pub errors: BTreeMap<String, String>,
    pub help: Help,
}

impl Provider {
    pub fn endpoint(&self, kind: EndpointKind) -> Option<&Url> {
        match kind {
            EndpointKind::Authorize => self.authorize.as_ref(),
            EndpointKind::Token => self.token.as_ref(),
            EndpointKind::Device => self.more.device.as_ref(),
            EndpointKind::Par => self.more.par.as_ref(),
            EndpointKind::Revoke => self.more.revoke.as_ref(),
            EndpointKind::Introspect => self.more.introspect.as_ref(),
            EndpointKind::UserInfo => self.more.userinfo.as_ref(),
            EndpointKind::Jwks => self.more.jwks.as_ref(),
            EndpointKind::Refresh => self.more.refresh.as_ref(),
        }
    }

    /// The API's base URL with the account's facts filled in; `None` if there is none, or a fact is missing.
    pub fn api_base_url(&self, facts: &Facts) -> Option<String> {
        facts::filled(self.api.base_url.as_deref()?, facts)
    }

    /// The provider's own name for a standard parameter of a request.
    pub fn param_name<'a>(&'a self, standard: &'a str) -> &'a str {
        param_names::of(&self.names, standard)
    }

    /// Combines an account's overrides with its preset and fills in the variables.
    #[expect(clippy::too_many_lines, reason = "one line a key")]
    pub fn resolve(presets: &[Preset], settings: &Settings) -> Result<Self, ProviderError> {
        let preset = Preset::of(presets, &settings.provider)?;
        let values = preset.values_of(&settings.variables)?;
        let grant = settings.grant;
        let spec = preset.spec_for(settings, &values);
        variables::check(&preset, &spec, &settings.variables)?;
        if spec.grants.as_ref().is_some_and(|offered| !offered.contains(&grant)) {
            return Err(ProviderError::GrantNotOffered { provider: preset.name.clone(), grant });
        }
        let read = |kind| endpoints::read(kind, spec.endpoints.get(kind), &values);
        let by_browser = grant == GrantType::AuthorizationCode;
        let authorize = by_browser.then(|| read(EndpointKind::Authorize)).transpose()?;
        let token = (!grant.is_key()).then(|| read(EndpointKind::Token)).transpose()?;
        let more = MoreEndpoints::resolve(&spec.endpoints, &values)?;
        if grant == GrantType::DeviceCode && more.device.is_none() {
            return Err(ProviderError::EndpointMissing(EndpointKind::Device));
        }
        let (named_issuer, issuer) = issuers(&spec, &values);
        let par = spec.par.unwrap_or(false) && authorize.is_some();
        if par && more.par.is_none() {
            return Err(ProviderError::EndpointMissing(EndpointKind::Par));
        }
        let assertion_audience = assertion_audience(&spec, token.as_ref(), named_issuer, &values)?;
        let mut api = spec.api;
        api.base_url =
            api.base_url.map(|url| endpoints::read_base_url(&url, &values, &spec.facts)).transpose()?;
        use_of_key(&mut api, grant);
        let name = preset.name_for(presets, settings, token.as_ref(), api.base_url.as_deref())?;
        let all_filled = |texts: Option<Vec<String>>| {
            let texts = texts.unwrap_or_default().into_iter();
            texts.map(|text| endpoints::filled(&text, &values)).collect::<Vec<_>>()
        };
        Ok(Self {
            name,
            authorize,
            token,
            more,
            grant,
            client_auth: spec.client_auth.unwrap_or_else(|| ClientAuth::usual(grant)),
            body_format: spec.body_format.unwrap_or(BodyFormat::Form),
            scopes: all_filled(spec.scopes),
            scope_separator: spec.scope_separator.unwrap_or_else(|| " ".to_owned()),
            scope_param: spec.scope_param.unwrap_or_else(|| "scope".to_owned()),
            client_credentials_as: spec
                .client_credentials_as
                .unwrap_or_else(|| GrantType::ClientCredentials.as_str().to_owned()),
            redirect_uri: RedirectUri::new(spec.redirect_uri.as_deref())?,
            redirect_rule: spec.redirect_rule,
            pkce: spec.pkce.unwrap_or(true),
            issuer,
            iss_promised: spec.iss_promised.unwrap_or(false),
            request_headers: endpoints::filled_in(spec.request_headers, &values),
            authorize_params: endpoints::filled_in(spec.authorize_params, &values),
            token_params: endpoints::filled_in(spec.token_params, &values),
            refresh_params: endpoints::filled_in(spec.refresh_params, &values),
            names: spec.names,
            callback: spec.callback,
            facts: spec.facts,
            par,
            resource: all_filled(spec.resource),
            audience: spec
                .audience
                .map(|audience| endpoints::filled(&audience, &values))
                .filter(|audience| !audience.is_empty()),
            key_alg: spec.key_alg,
            key_id: spec.key_id.filter(|id| !id.is_empty()),
            assertion_audience,
            assertion_claims: spec.assertion_claims,
            response: spec.response,
            refresh: spec.refresh,
            api,
            errors: spec.errors,
            help: spec.help,
        })
    }
}

/// The issuer that the account names, and the one to compare with: the preset's template, if it has one.
fn issuers(spec: &ProviderSpec, values: &BTreeMap<&str, String>) -> (Option<String>, Option<String>) {
    let filled = |text: &String| endpoints::filled(text, values);
    let named = spec.issuer.as_ref().map(filled);
    let narrowed = spec.issuer_template.as_ref().map(|template| {
        super::oauth::issuer::narrowed(&filled(template), named.as_deref().unwrap_or_default())
    });
    let compared = narrowed.or_else(|| named.clone());
    (named, compared)
}

/// How APIs expect an account's key. A header of a name of its own has no scheme unless one is set.
fn use_of_key(api: &mut ApiUse, grant: GrantType) {
    match grant {
        GrantType::Basic => api.scheme = Some("Basic".to_owned()),
        GrantType::ApiKey if api.header.is_some() && api.scheme.is_none() => {
            api.scheme = Some(String::new());
        }
        _ => {}
    }
}

fn assertion_audience(
    spec: &ProviderSpec,
    token: Option<&Url>,
    issuer: Option<String>,
    values: &BTreeMap<&str, String>,
) -> Result<String, ProviderError> {
    match spec.assertion_audience.as_deref().map(str::trim) {
        None | Some("" | "token_endpoint") => Ok(token.map_or_else(String::new, ToString::to_string)),
        Some("issuer") => issuer.ok_or(ProviderError::IssuerMissing),
        Some(other) => Ok(endpoints::filled(other, values)),
    }
}

impl Preset {
    /// The name of the provider of an account with this token endpoint.
    fn name_for(
        &self,
        presets: &[Self],
        settings: &Settings,
        token: Option<&Url>,
        base_url: Option<&str>,
    ) -> Result<String, ProviderError> {
        if settings.provider == CUSTOM {
            let host = |url: &Url| url.host_str().map(str::to_owned);
            let of_api = || host(&Url::parse(base_url?).ok()?);
            return Ok(token.and_then(host).or_else(of_api).unwrap_or_else(|| self.name.clone()));
        }
        Ok(provider_name(self, &destinations::changed(presets, settings)?))
    }

    pub fn custom() -> Self {
        Self {
            id: CUSTOM.to_owned(),
            name: "Custom provider".to_owned(),
            summary: "Any OAuth 2.0 server, with endpoints that you enter".to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn of<'p>(presets: &'p [Self], id: &str) -> Result<Cow<'p, Self>, ProviderError> {
        if id == CUSTOM {
            return Ok(Cow::Owned(Self::custom()));
        }
        let found = presets.iter().find(|preset| preset.id == id).map(Cow::Borrowed);
        found.ok_or_else(|| ProviderError::UnknownProvider(id.to_owned()))
    }

    pub(super) fn filled(
        &self,
        template: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<String, ProviderError> {
        Ok(endpoints::filled(template, &self.values_of(variables)?))
    }

    /// The page to register an app, on the server that the variables name. If a variable has no usable value,
    /// the preset's own page.
    pub fn register_page(&self, variables: &BTreeMap<String, String>) -> Option<String> {
        let page = self.spec.help.register_url.as_deref()?;
        self.filled(page, variables).or_else(|_| self.filled(page, &BTreeMap::new())).ok()
    }

    /// The preset's settings with the account's overrides, and what enabled toggles add to a user's sign-in.
    ///
    /// An account with its own server gets none of the preset's URLs to which a token is sent, or its token
    /// would go to a server that did not issue it.
    pub(super) fn spec_for(&self, settings: &Settings, values: &BTreeMap<&str, String>) -> ProviderSpec {
        let mut spec = self.spec.overlaid(&settings.overrides);
        if !settings.grant.is_repeatable() {
            let toggles = self.toggles.iter().filter(|toggle| toggle.is_on(&settings.overrides.toggles));
            toggles.for_each(|toggle| toggle.add_to(&mut spec));
        }
        if self.has_own_server(&spec.endpoints, values) {
            let own = &settings.overrides;
            spec.api.base_url.clone_from(&own.api.base_url);
            for kind in [EndpointKind::Revoke, EndpointKind::Introspect, EndpointKind::UserInfo] {
                spec.endpoints.set(kind, own.endpoints.get(kind).map(str::to_owned));
            }
        }
        spec
    }

    /// Returns true if an account gets its tokens from another server than the preset's.
    fn has_own_server(&self, account: &Endpoints, values: &BTreeMap<&str, String>) -> bool {
        let origin = |endpoints: &Endpoints| {
            let text = endpoints.token.as_deref()?;
            Some(Url::parse(&endpoints::filled(text, values)).ok()?.origin())
        };
        let preset = origin(&self.spec.endpoints);
        preset.is_some() && preset != origin(account)
    }

    /// The values with which the preset names its own servers: the default of a variable that the user types,
    /// or its unfilled form.
    pub(super) fn published_values<'v>(
        &'v self,
        values: &BTreeMap<&str, String>,
    ) -> BTreeMap<&'v str, String> {
        let published = self.variables.iter().map(|variable| {
            let name = variable.name.as_str();
            let typed = || variable.default.clone().unwrap_or_else(|| format!("{{{name}}}"));
            let chosen = || values.get(name).cloned().unwrap_or_default();
            (name, if variable.choices.is_empty() { typed() } else { chosen() })
        });
        published.collect()
    }

    pub(super) fn values_of<'v>(
        &'v self,
        given: &'v BTreeMap<String, String>,
    ) -> Result<BTreeMap<&'v str, String>, ProviderError> {
        let mut values = BTreeMap::new();
        for variable in &self.variables {
            let (name, label) = (variable.name.clone(), variable.label.clone());
            let value = given
                .get(&variable.name)
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
                .or(variable.default.as_deref())
                .ok_or_else(|| ProviderError::VariableMissing { name: name.clone(), label: label.clone() })?;
            let text = if variable.choices.is_empty() {
                variables::typed(value, || variables::is_server(&variable.name, &self.spec))
            } else {
                let mut choices = variable.choices.iter();
                choices
                    .find(|choice| choice.value.eq_ignore_ascii_case(value))
                    .map(|choice| choice.text.clone())
            };
            let unknown = || ProviderError::VariableUnknown { name, label, value: value.to_owned() };
            values.insert(variable.name.as_str(), text.ok_or_else(unknown)?);
        }
        for (name, value) in
            given.iter().filter(|(name, _)| !self.variables.iter().any(|it| it.name == **name))
        {
            // A custom provider's variables are those that its own URLs name.
            let text = (self.id == CUSTOM).then(|| variables::typed(value.trim(), || true)).flatten();
            let unknown = || ProviderError::VariableUnknown {
                label: name.clone(),
                name: name.clone(),
                value: value.clone(),
            };
            values.insert(name.as_str(), text.ok_or_else(unknown)?);
        }
        Ok(values)
    }
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
