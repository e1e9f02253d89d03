//! The account form's contents: from a preset or a saved account, checked, and back into a draft.
//!
//! Owns the rules of the form. Invariant: secrets leave it once, by being taken; what the form
//! doesn't show of an account's overrides stays as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::secret::{ClientSecret, HeaderValue, Password, PrivateKey};
use crate::domain::account::secret_expiry;
use crate::domain::account::tags::Tags;
use crate::domain::account::{AccountId, Client, Revision, Settings};
use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::provider::spec::{ClientAuth, Endpoints, ProviderSpec};
use crate::domain::provider::{CUSTOM, EndpointKind, Preset};
use crate::messages::command::AccountDraft;
use crate::messages::problem::{Problem, SignInProblem};

use super::issuer::IssuerDraft;
use super::private_key::{KeysDraft, PRIVATE_KEY};
use super::requests::{Request, RequestsDraft};
use super::tokens::TokensDraft;
use crate::ui::widgets::fields::SecretText;

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ui) enum Field {
    /// The account's name.
    Name,
    /// One of the preset's variables.
    Variable(String),
    /// The issuer.
    Issuer,
    /// Client ID.
    ClientId,
    /// Client secret.
    ClientSecret,
    /// Private key.
    PrivateKey,
    /// User name.
    UserName,
    /// The client secret's last day.
    SecretExpires,
    /// Password.
    Password,
    /// Scopes.
    Scopes,
    /// Redirect address.
    Redirect,
    /// An extra parameter of a request, by its place.
    Parameter(Request, usize),
    /// An address of the authorization server.
    Endpoint(EndpointKind),
    /// An extra header, by its place.
    Header(usize),
    /// Tags.
    Tags,
    /// Pasted tokens.
    Tokens,
}

/// An extra header of the token request.
#[derive(Default)]
pub(in crate::ui) struct HeaderDraft {
    /// Its name.
    pub(in crate::ui) name: String,
    /// What the preset calls it; a header of the user's own has no label.
    pub(in crate::ui) label: Option<String>,
    /// Whether the preset needs it.
    pub(in crate::ui) required: bool,
    /// Its value.
    pub(in crate::ui) value: SecretText,
}

/// The form's contents.
pub(in crate::ui) struct FormDraft {
    /// The account and the revision that is edited; `None` makes a new one.
    pub(in crate::ui) editing: Option<(AccountId, Revision)>,
    /// The preset.
    pub(in crate::ui) preset: Preset,
    /// The grant.
    pub(in crate::ui) grant: GrantType,
    /// The account's name.
    pub(in crate::ui) name: String,
    /// Values of the preset's variables.
    pub(in crate::ui) variables: BTreeMap<String, String>,
    /// The issuer, where the addresses come from it.
    pub(in crate::ui) issuer: IssuerDraft,
    /// Client ID.
    pub(in crate::ui) client_id: String,
    /// Client secret.
    pub(in crate::ui) client_secret: SecretText,
    /// Private key, and what goes with it.
    pub(in crate::ui) keys: KeysDraft,
    /// What the requests ask for besides the usual.
    pub(in crate::ui) requests: RequestsDraft,
    /// User name.
    pub(in crate::ui) username: String,
    /// Password.
    pub(in crate::ui) password: SecretText,
    /// Scopes, separated by white space.
    pub(in crate::ui) scopes: String,
    /// Redirect address; empty takes the preset's.
    pub(in crate::ui) redirect: String,
    /// Addresses of the authorization server; an empty one takes the preset's.
    pub(in crate::ui) endpoints: BTreeMap<EndpointKind, String>,
    /// Client authentication; `None` takes the preset's.
    pub(in crate::ui) client_auth: Option<ClientAuth>,
    /// Refresh without being asked; `None` follows the grant.
    pub(in crate::ui) background_refresh: Option<bool>,
    /// Toggles that don't stand as the preset says.
    pub(in crate::ui) toggles: BTreeMap<String, bool>,
    /// The client secret's last day, as typed.
    pub(in crate::ui) secret_expires: String,
    /// The redirect address whose port was tried, and what came of it, once that is known.
    pub(in crate::ui) tried_redirect: Option<(String, Option<Result<(), SignInProblem>>)>,
    /// Tokens that are pasted in the place of a sign-in.
    pub(in crate::ui) tokens: TokensDraft,
    /// Tags, with commas between them.
    pub(in crate::ui) tags: String,
    /// Extra headers.
    pub(in crate::ui) headers: Vec<HeaderDraft>,
    /// Keys of the secrets that are stored.
    pub(in crate::ui) kept: Vec<String>,
    /// Whether *Advanced* is open.
    pub(in crate::ui) advanced: bool,
    /// Fields that were left once; only those complain.
    pub(in crate::ui) touched: BTreeSet<Field>,
    /// Whether anything was typed: that goes only by *Cancel*.
    pub(in crate::ui) typed: bool,
    /// Whether it was sent and not yet answered.
    pub(in crate::ui) saving: bool,
    /// Why it was not saved.
    pub(in crate::ui) problem: Option<Problem>,
    /// Overrides that the form doesn't show.
    rest: ProviderSpec,
}

impl FormDraft {
    /// A new account of a preset.
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
                tags: Tags::default(),
            },
            client: Client::default(),
        };
        Self::of(draft, Vec::new(), preset)
    }

    /// A saved account, its secrets absent.
    pub(in crate::ui) fn edit(draft: AccountDraft, kept: Vec<String>, presets: &[Preset]) -> Self {
        let preset = presets.iter().find(|preset| preset.id == draft.settings.provider);
        let preset = preset.cloned().unwrap_or_else(Preset::custom);
        let mut form = Self::of(draft, kept, &preset);
        if preset.id == CUSTOM {
            form.issuer.typed = form.rest.issuer.take();
        }
        form.settle_issuer();
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
                value: SecretText::default(),
            })
            .collect();
        let known = |key: &str| preset.secret_headers.iter().any(|header| header.name == key);
        for name in
            kept.iter().filter(|key| !matches!(key.as_str(), "client_secret" | PRIVATE_KEY | "password"))
        {
            if !known(name) && !RequestsDraft::is_param(name) {
                headers.push(HeaderDraft { name: name.clone(), ..HeaderDraft::default() });
            }
        }
        Self {
            editing,
            preset: preset.clone(),
            grant: settings.grant,
            name,
            variables: settings.variables,
            issuer: IssuerDraft::default(),
            client_id: client.client_id,
            client_secret: SecretText::default(),
            keys: KeysDraft::of(&mut rest),
            requests: RequestsDraft::of(&mut rest, &kept),
            username: client.username.unwrap_or_default(),
            password: SecretText::default(),
            scopes: scopes.join(" "),
            redirect: rest.redirect_uri.take().unwrap_or_default(),
            endpoints: typed_endpoints(&std::mem::take(&mut rest.endpoints)),
            client_auth: rest.client_auth.take(),
            background_refresh: settings.background_refresh,
            toggles: std::mem::take(&mut rest.toggles),
            secret_expires: settings.client_secret_expires.map_or_else(String::new, |day| day.to_string()),
            tried_redirect: None,
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

    /// Takes another preset: name and credentials stay, what belongs to the old preset goes.
    pub(in crate::ui) fn change_preset(&mut self, preset: &Preset) {
        let fresh = Self::new(preset);
        let old = std::mem::replace(self, fresh);
        self.editing = old.editing;
        self.typed = old.typed;
        self.name = old.name;
        self.client_id = old.client_id;
        self.client_secret = old.client_secret;
        self.keys = old.keys;
        self.username = old.username;
        self.password = old.password;
        self.kept = old.kept;
        self.requests.keep_of(old.requests);
        self.secret_expires = old.secret_expires;
        self.advanced = old.advanced;
        self.tags = old.tags;
        self.tokens = old.tokens;
        if self.grants().contains(&old.grant) {
            self.grant = old.grant;
        }
    }

    /// Takes what an issuer says in the place of what it said before.
    pub(in crate::ui) fn take_found(&mut self, found: &DiscoveredServer) {
        let spec = found.spec();
        self.endpoints = typed_endpoints(&spec.endpoints);
        self.client_auth = spec.client_auth.or(self.client_auth);
        self.rest.pkce = spec.pkce;
        self.rest.iss_promised = spec.iss_promised;
        // What was chosen stays where this issuer has the endpoint for it.
        if spec.par.is_some() || spec.endpoints.par.is_none() {
            self.requests.par = spec.par;
        }
    }

    /// Grants that the preset offers; a custom provider has them all.
    pub(in crate::ui) fn grants(&self) -> Vec<GrantType> {
        offered(&self.preset)
    }

    /// How the client proves who it is, as far as is chosen or known.
    pub(in crate::ui) fn effective_auth(&self) -> ClientAuth {
        self.client_auth.or(self.preset.spec.client_auth).unwrap_or_else(|| ClientAuth::usual(self.grant))
    }

    /// Whether the grant needs this address and the preset doesn't know it, so that it must be typed.
    pub(in crate::ui) fn must_type(&self, kind: EndpointKind) -> bool {
        let needed = match kind {
            EndpointKind::Authorize => self.grant.has_redirect(),
            EndpointKind::Device => self.grant == GrantType::DeviceCode,
            EndpointKind::Token => true,
            _ => false,
        };
        needed && !self.discovers() && self.preset.spec.endpoints.get(kind).is_none()
    }

    /// Whether the scopes belong to the usual fields: people choose them for what they allow.
    pub(in crate::ui) fn scopes_matter(&self) -> bool {
        !self.grant.is_repeatable() && self.preset.spec.scopes.is_none()
    }

    /// Where the browser returns to.
    pub(in crate::ui) fn redirect_uri(&self) -> Option<RedirectUri> {
        let typed = Some(self.redirect.trim()).filter(|text| !text.is_empty());
        RedirectUri::new(typed.or(self.preset.spec.redirect_uri.as_deref())).ok()
    }

    /// Whether a secret is stored, so that an empty field keeps it.
    pub(in crate::ui) fn is_kept(&self, key: &str) -> bool {
        self.kept.iter().any(|kept| kept == key)
    }

    /// The user's choices, without secrets.
    pub(in crate::ui) fn settings(&self) -> Settings {
        let mut overrides = self.rest.clone();
        let typed = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let scopes: Vec<String> = self.scopes.split_whitespace().map(str::to_owned).collect();
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
        self.requests.put(&mut overrides);
        if let Some(issuer) = &self.issuer.typed {
            overrides.issuer = typed(issuer);
        }
        Settings {
            provider: self.preset.id.clone(),
            grant: self.grant,
            variables: self.variables.clone(),
            overrides: overrides.into(),
            background_refresh: self.background_refresh,
            client_secret_expires: secret_expiry::day(&self.secret_expires),
            tags: Tags::typed(&self.tags).unwrap_or_default(),
        }
    }

    /// Takes the draft out; the secret fields are empty afterwards.
    pub(in crate::ui) fn take(&mut self) -> AccountDraft {
        let password_grant = self.grant == GrantType::Password;
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
                username: password_grant.then(|| self.username.trim().to_owned()),
                password: self.password.take().map(Password::new).filter(|_| password_grant),
                headers,
                authorize_params,
                token_params,
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
    ];
    match &preset.spec.grants {
        Some(grants) if !grants.is_empty() && preset.id != CUSTOM => grants.clone(),
        _ => all.to_vec(),
    }
}
