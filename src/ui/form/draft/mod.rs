//! The contents of the account form: from a preset or a saved account, and back into a draft.
//!
//! An empty field means the preset's value. Secrets leave the form only by being taken. Overrides that the
//! form doesn't show stay unchanged.

pub(crate) mod check;
pub(crate) mod held_key;
pub(crate) mod issuer;
pub(crate) mod private_key;
pub(crate) mod requests;
pub(crate) mod scopes;
pub(crate) mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::secret::{ApiKey, ClientSecret, HeaderValue, Password, PrivateKey};
use crate::domain::account::environment::Environment;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::secret_expiry;
use crate::domain::account::tags::Tags;
use crate::domain::account::{AccountId, AccountName, Client, Revision, Settings};
use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::oauth::extra_params::SecretParams;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::provider::spec::{ClientAuth, Endpoints, ProviderSpec};
use crate::domain::provider::variables;
use crate::domain::provider::{CUSTOM, EndpointKind, Preset, Variable};
use crate::messages::command::AccountDraft;
use crate::messages::problem::{Problem, SignInProblem};
use crate::messages::snapshot::Snapshot;

use crate::ui::widgets::fields::SecretInput;
use held_key::{HeldKeyDraft, KEY};
use issuer::IssuerDraft;
use private_key::{PRIVATE_KEY, PrivateKeyDraft};
use requests::{Request, RequestsDraft};
use scopes::ScopesDraft;
use tokens::TokensDraft;

/// A field, in the order of the form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ui) enum Field {
    Name,
    Variable(String),
    Issuer,
    Endpoint(EndpointKind),
    ClientId,
    ClientSecret,
    PrivateKey,
    UserName,
    Password,
    Header(usize),
    Tokens,
    Scopes,
    SecretExpires,
    Redirect,
    /// An extra parameter of a request, by its position.
    Parameter(Request, usize),
    Tags,
    Key,
    ApiBaseUrl,
    KeyPlace,
    KeyScheme,
    KeyQuery,
    KeyExpires,
    KeySince,
    KeyRotation,
}

#[derive(Default)]
pub(in crate::ui) struct HeaderDraft {
    pub(in crate::ui) name: String,
    /// The preset's label; a user's own header has none.
    pub(in crate::ui) label: Option<String>,
    pub(in crate::ui) required: bool,
    pub(in crate::ui) value: SecretInput,
}

pub(in crate::ui) struct AccountFormState {
    /// The edited account and its revision; `None` creates an account.
    pub(in crate::ui) editing: Option<(AccountId, Revision)>,
    pub(in crate::ui) preset: Preset,
    pub(in crate::ui) grant: GrantType,
    pub(in crate::ui) name: String,
    /// The name that the form gave a new account; it follows the provider until the user types another.
    given_name: Option<String>,
    pub(in crate::ui) variables: BTreeMap<String, String>,
    /// The issuer, if discovery provides the endpoints.
    pub(in crate::ui) issuer: IssuerDraft,
    pub(in crate::ui) client_id: String,
    pub(in crate::ui) client_secret: SecretInput,
    pub(in crate::ui) keys: PrivateKeyDraft,
    pub(in crate::ui) held_key: HeldKeyDraft,
    pub(in crate::ui) requests: RequestsDraft,
    pub(in crate::ui) username: String,
    pub(in crate::ui) password: SecretInput,
    pub(in crate::ui) scopes: ScopesDraft,
    pub(in crate::ui) redirect: String,
    pub(in crate::ui) endpoints: BTreeMap<EndpointKind, String>,
    pub(in crate::ui) client_auth: Option<ClientAuth>,
    /// Automatic refresh; `None` follows the grant.
    pub(in crate::ui) background_refresh: Option<bool>,
    pub(in crate::ui) toggles: BTreeMap<String, bool>,
    pub(in crate::ui) secret_expires: String,
    /// The redirect URI whose port was checked, with the result once it is known.
    pub(in crate::ui) redirect_check: Option<(String, Option<Result<(), SignInProblem>>)>,
    pub(in crate::ui) tokens: TokensDraft,
    pub(in crate::ui) environment: Option<Environment>,
    pub(in crate::ui) tags: String,
    pub(in crate::ui) headers: Vec<HeaderDraft>,
    pub(in crate::ui) kept: Vec<String>,
    pub(in crate::ui) advanced: bool,
    /// Fields that the user has left; only they show errors.
    pub(in crate::ui) touched: BTreeSet<Field>,
    /// Whether anything was typed, which only *Cancel* discards.
    pub(in crate::ui) typed: bool,
    /// Whether it was sent without a reply yet.
    pub(in crate::ui) saving: bool,
    pub(in crate::ui) problem: Option<Problem>,
    /// Overrides that the form doesn't show.
    rest: ProviderSpec,
}

impl AccountFormState {
    pub(in crate::ui) fn new(preset: &Preset) -> Self {
        let draft = AccountDraft {
            editing: None,
            name: String::new(),
            settings: Settings {
                provider: preset.id.clone(),
                grant: offered(preset).first().copied().unwrap_or(GrantType::AuthorizationCode),
                variables: BTreeMap::new(),
                overrides: ProviderSpec::default().into(),
                background_refresh: None,
                client_secret_expires: None,
                key_dates: KeyDates::default(),
                tags: Tags::default(),
                environment: None,
            },
            client: Client::default(),
        };
        Self::of(draft, Vec::new(), preset)
    }

    pub(in crate::ui) fn edit(draft: AccountDraft, kept: Vec<String>, presets: &[Preset]) -> Self {
        let preset = presets.iter().find(|preset| preset.id == draft.settings.provider);
        let preset = preset.cloned().unwrap_or_else(Preset::custom);
        let mut form = Self::of(draft, kept, &preset);
        if preset.id == CUSTOM {
            form.issuer.typed = form.rest.issuer.take();
        }
        form.sync_issuer();
        form
    }

    fn of(draft: AccountDraft, kept: Vec<String>, preset: &Preset) -> Self {
        let AccountDraft { editing, name, settings, client } = draft;
        let mut rest = Arc::unwrap_or_clone(settings.overrides);
        let scopes = rest.scopes.take().or_else(|| preset.spec.scopes.clone()).unwrap_or_default();
        let mut headers: Vec<_> = preset
            .secret_headers
            .iter()
            .map(|header| HeaderDraft {
                name: header.name.clone(),
                label: Some(header.label.clone()),
                required: header.required,
                value: SecretInput::default(),
            })
            .collect();
        let known = |key: &str| preset.secret_headers.iter().any(|header| header.name == key);
        for name in kept
            .iter()
            .filter(|key| !matches!(key.as_str(), "client_secret" | PRIVATE_KEY | "password" | KEY))
        {
            if !known(name) && !RequestsDraft::is_param(name) {
                headers.push(HeaderDraft { name: name.clone(), ..HeaderDraft::default() });
            }
        }
        Self {
            given_name: (editing.is_none() && name.is_empty()).then(String::new),
            editing,
            preset: preset.clone(),
            grant: settings.grant,
            name,
            variables: settings.variables,
            issuer: IssuerDraft::default(),
            client_id: client.client_id,
            client_secret: SecretInput::default(),
            keys: PrivateKeyDraft::of(&mut rest),
            held_key: HeldKeyDraft::of(&mut rest, &settings.key_dates),
            requests: RequestsDraft::of(&mut rest, &kept),
            username: client.username.unwrap_or_default(),
            password: SecretInput::default(),
            scopes: ScopesDraft::of(scopes),
            redirect: rest.redirect_uri.take().unwrap_or_default(),
            endpoints: typed_endpoints(&std::mem::take(&mut rest.endpoints)),
            client_auth: rest.client_auth.take(),
            background_refresh: settings.background_refresh,
            toggles: std::mem::take(&mut rest.toggles),
            secret_expires: settings.client_secret_expires.map_or_else(String::new, |day| day.to_string()),
            redirect_check: None,
            environment: settings.environment,
            tags: settings.tags.text(),
            tokens: TokensDraft::default(),
            headers,
            kept,
            advanced: false,
            touched: BTreeSet::new(),
            typed: false,
            saving: false,
            problem: None,
            rest,
        }
    }

    /// Switches to another preset. Keeps the name and credentials, drops values of the old preset.
    pub(in crate::ui) fn change_preset(&mut self, preset: &Preset) {
        let fresh = Self::new(preset);
        let old = std::mem::replace(self, fresh);
        self.editing = old.editing;
        self.typed = old.typed;
        self.name = old.name;
        self.given_name = old.given_name;
        self.client_id = old.client_id;
        self.client_secret = old.client_secret;
        self.keys = old.keys;
        self.held_key.key = old.held_key.key;
        self.username = old.username;
        self.password = old.password;
        self.kept = old.kept;
        self.requests.keep_secrets_of(old.requests);
        self.secret_expires = old.secret_expires;
        self.advanced = old.advanced;
        self.environment = old.environment;
        self.tags = old.tags;
        self.tokens = old.tokens;
        if self.grants().contains(&old.grant) {
            self.grant = old.grant;
        }
    }

    pub(in crate::ui) fn take_found(&mut self, found: &DiscoveredServer) {
        let spec = found.spec();
        self.endpoints = typed_endpoints(&spec.endpoints);
        self.client_auth = spec.client_auth.or(self.client_auth);
        self.rest.pkce = spec.pkce;
        self.rest.iss_promised = spec.iss_promised;
        // An explicit choice stays if this issuer has the endpoint for it.
        if spec.par.is_some() || spec.endpoints.par.is_none() {
            self.requests.par = spec.par;
        }
    }

    /// The preset's variables, or those that a custom provider's URLs name.
    pub(in crate::ui) fn shown_variables(&self) -> Vec<Variable> {
        if self.preset.id != CUSTOM {
            return self.preset.variables.clone();
        }
        let named = variables::of_custom(&self.overrides());
        let variable = |name: String| Variable { label: name.clone(), name, ..Variable::default() };
        named.into_iter().map(variable).collect()
    }

    pub(in crate::ui) fn grants(&self) -> Vec<GrantType> {
        offered(&self.preset)
    }

    pub(in crate::ui) fn effective_auth(&self) -> ClientAuth {
        self.client_auth.or(self.preset.spec.client_auth).unwrap_or_else(|| ClientAuth::usual(self.grant))
    }

    pub(in crate::ui) fn must_type(&self, kind: EndpointKind) -> bool {
        let needed = match kind {
            EndpointKind::Authorize => self.grant.has_redirect(),
            EndpointKind::Device => self.grant == GrantType::DeviceCode,
            EndpointKind::Token => !self.grant.is_key(),
            _ => false,
        };
        needed && !self.discovers() && self.preset.spec.endpoints.get(kind).is_none()
    }

    pub(in crate::ui) fn has_given_name(&self) -> bool {
        self.given_name.as_ref() == Some(&self.name)
    }

    /// Names a new account after its provider, until the user does; adds a number if the name is taken.
    pub(in crate::ui) fn give_name(&mut self, snapshot: &Snapshot) {
        if !self.has_given_name() {
            return;
        }
        let base = if self.preset.id == CUSTOM { self.host() } else { Some(self.preset.name.clone()) };
        let base = base.filter(|name| AccountName::new(name).is_ok());
        let base = base.unwrap_or_else(|| "New account".to_owned());
        let is_free = |name: &String| {
            let name = AccountName::new(name);
            name.is_ok_and(|name| snapshot.accounts.iter().all(|account| account.name.key() != name.key()))
        };
        let numbered = (2..=snapshot.accounts.len() + 2).map(|number| format!("{base} {number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or_default();
        self.given_name = Some(name.clone());
        self.name = name;
    }

    /// The host of a server that has no preset.
    fn host(&self) -> Option<String> {
        let token = self.endpoints.get(&EndpointKind::Token);
        let url = self.issuer.typed.as_ref().or(token)?;
        url::Url::parse(url.trim()).ok()?.host_str().filter(|host| host.contains('.')).map(str::to_owned)
    }

    pub(in crate::ui) fn redirect_uri(&self) -> Option<RedirectUri> {
        let typed = Some(self.redirect.trim()).filter(|text| !text.is_empty());
        RedirectUri::new(typed.or(self.preset.spec.redirect_uri.as_deref())).ok()
    }

    /// Whether a secret is stored, so that an empty field keeps it.
    pub(in crate::ui) fn is_kept(&self, key: &str) -> bool {
        self.kept.iter().any(|kept| kept == key)
    }

    fn overrides(&self) -> ProviderSpec {
        let mut overrides = self.rest.clone();
        let typed = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let scopes = self.scopes.all();
        if scopes != self.preset.spec.scopes.clone().unwrap_or_default() {
            overrides.scopes = Some(scopes);
        }
        overrides.redirect_uri = typed(&self.redirect);
        for (kind, address) in &self.endpoints {
            overrides.endpoints.set(*kind, typed(address));
        }
        overrides.client_auth = self.client_auth;
        overrides.toggles.clone_from(&self.toggles);
        self.keys.put(&mut overrides);
        self.held_key.put(&mut overrides);
        self.requests.put(&mut overrides);
        if let Some(issuer) = &self.issuer.typed {
            overrides.issuer = typed(issuer);
        }
        overrides
    }

    pub(in crate::ui) fn settings(&self) -> Settings {
        let overrides = self.overrides();
        let mut variables = self.variables.clone();
        if self.preset.id == CUSTOM {
            let named = variables::of_custom(&overrides);
            variables.retain(|name, _| named.contains(name));
        }
        Settings {
            provider: self.preset.id.clone(),
            grant: self.grant,
            variables,
            overrides: overrides.into(),
            background_refresh: self.background_refresh,
            client_secret_expires: secret_expiry::day(&self.secret_expires),
            key_dates: if self.grant.is_key() { self.held_key.dates() } else { KeyDates::default() },
            tags: Tags::typed(&self.tags).unwrap_or_default(),
            environment: self.environment,
        }
    }

    /// Takes the result of a port check if the form still has that URI.
    pub(in crate::ui) fn take_redirect_check(&mut self, redirect_uri: &str, problem: Option<SignInProblem>) {
        if let Some((checked, result)) = &mut self.redirect_check
            && checked == redirect_uri
        {
            *result = Some(problem.map_or(Ok(()), Err));
        }
    }

    pub(in crate::ui) fn take(&mut self) -> AccountDraft {
        let has_password = self.grant.has_password();
        let mut headers = BTreeMap::new();
        for header in &mut self.headers {
            if let Some(value) = header.value.take() {
                headers.insert(header.name.trim().to_owned(), HeaderValue::new(value));
            }
        }
        let (authorize_params, token_params) = self.requests.take();
        AccountDraft {
            editing: self.editing.clone(),
            name: self.name.trim().to_owned(),
            settings: self.settings(),
            client: Client {
                client_id: self.client_id.trim().to_owned(),
                client_secret: self.client_secret.take().map(ClientSecret::new),
                private_key: self.keys.private_key.take().map(PrivateKey::new),
                username: has_password.then(|| self.username.trim().to_owned()),
                password: self.password.take().map(Password::new).filter(|_| has_password),
                key: self
                    .held_key
                    .key
                    .take()
                    .map(|key| ApiKey::new(key.trim().to_owned()))
                    .filter(|_| self.grant == GrantType::ApiKey),
                headers,
                authorize_params,
                token_params,
                refresh_params: SecretParams::new(),
                registration: None,
            },
        }
    }
}

fn typed_endpoints(endpoints: &Endpoints) -> BTreeMap<EndpointKind, String> {
    let typed = |kind| endpoints.get(kind).map(|address| (kind, address.to_owned()));
    EndpointKind::ALL.into_iter().filter_map(typed).collect()
}

fn offered(preset: &Preset) -> Vec<GrantType> {
    let all = [
        GrantType::AuthorizationCode,
        GrantType::DeviceCode,
        GrantType::ClientCredentials,
        GrantType::Password,
        GrantType::JwtBearer,
        GrantType::ApiKey,
        GrantType::Basic,
        GrantType::Login,
    ];
    match &preset.spec.grants {
        Some(grants) if !grants.is_empty() && preset.id != CUSTOM => grants.clone(),
        _ => all.to_vec(),
    }
}
