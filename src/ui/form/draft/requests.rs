//! Additional request parameters of the account form: resources, audience, PAR, and the user's own.
//!
//! An empty field uses the preset's value. A parameter of a request that the grant doesn't send stays
//! unchanged. A value is a secret unless its parameter's name is well known.

use std::collections::BTreeMap;

use crate::base::secret::ParamValue;
use crate::domain::oauth::extra_params;
use crate::domain::oauth::extra_params::SecretParams;
use crate::domain::provider::spec::ProviderSpec;

use super::{AccountFormState, Field};
use crate::ui::widgets::fields::SecretInput;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ui) enum Request {
    SignIn,
    Token,
}

impl Request {
    /// The key of its parameters in files.
    fn key(self) -> &'static str {
        match self {
            Self::SignIn => "authorize_params",
            Self::Token => "token_params",
        }
    }
}

#[derive(Default)]
pub(in crate::ui) struct TypedParam {
    pub(in crate::ui) name: String,
    /// The value, if the name is known not to be secret.
    pub(in crate::ui) value: String,
    /// The value otherwise. Empty keeps the stored one.
    pub(in crate::ui) secret: SecretInput,
}

impl TypedParam {
    pub(in crate::ui) fn is_open(&self) -> bool {
        extra_params::is_open_param(self.name.trim())
    }

    fn is_blank(&self) -> bool {
        if self.is_open() { self.value.trim().is_empty() } else { self.secret.is_blank() }
    }
}

#[derive(Default)]
pub(in crate::ui) struct Params {
    pub(in crate::ui) typed: Vec<TypedParam>,
    kept: Vec<String>,
}

impl Params {
    fn of(open: &mut BTreeMap<String, String>, kept: &[String], request: Request) -> Self {
        let open = std::mem::take(open).into_iter();
        let mut typed: Vec<TypedParam> =
            open.map(|(name, value)| TypedParam { name, value, ..TypedParam::default() }).collect();
        let names = kept.iter().filter_map(|key| key.strip_prefix(request.key())?.strip_prefix('.'));
        let kept: Vec<String> = names.map(str::to_owned).collect();
        typed.extend(kept.iter().map(|name| TypedParam { name: name.clone(), ..TypedParam::default() }));
        Self { typed, kept }
    }

    pub(in crate::ui) fn is_kept(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept == name.trim())
    }

    fn open(&self) -> BTreeMap<String, String> {
        let open = self.typed.iter().filter(|typed| typed.is_open());
        open.map(|typed| (typed.name.trim().to_owned(), typed.value.trim().to_owned())).collect()
    }

    /// Takes the typed secrets. A stored secret whose row was deleted is returned empty, which deletes it.
    fn take(&mut self) -> SecretParams {
        let is_gone = |kept: &&String| !self.typed.iter().any(|typed| typed.name.trim() == kept.as_str());
        let gone = self.kept.iter().filter(is_gone);
        let mut secrets: SecretParams =
            gone.map(|name| (name.clone(), ParamValue::new(String::new()))).collect();
        for typed in self.typed.iter_mut().filter(|typed| !typed.is_open()) {
            let name = typed.name.trim().to_owned();
            secrets.extend(typed.secret.take().map(|value| (name, ParamValue::new(value))));
        }
        secrets
    }

    /// Takes over another draft's stored secrets, which stay until they are removed.
    fn keep_secrets_of(&mut self, old: Self) {
        let Self { typed, kept } = old;
        self.typed
            .extend(typed.into_iter().filter(|typed| kept.iter().any(|name| name == typed.name.trim())));
        self.kept = kept;
    }
}

#[derive(Default)]
pub(in crate::ui) struct RequestsDraft {
    pub(in crate::ui) par: Option<bool>,
    /// Resources, separated by white space; empty means the preset's.
    pub(in crate::ui) resources: String,
    pub(in crate::ui) audience: String,
    sign_in: Params,
    token: Params,
}

impl RequestsDraft {
    /// Moves the fields' values out of a saved account's overrides. `kept` names its stored secrets.
    pub(in crate::ui) fn of(overrides: &mut ProviderSpec, kept: &[String]) -> Self {
        Self {
            par: overrides.par.take(),
            resources: overrides.resource.take().unwrap_or_default().join(" "),
            audience: overrides.audience.take().unwrap_or_default(),
            sign_in: Params::of(&mut overrides.authorize_params, kept, Request::SignIn),
            token: Params::of(&mut overrides.token_params, kept, Request::Token),
        }
    }

    pub(in crate::ui) fn is_param(key: &str) -> bool {
        let of = |request: Request| key.strip_prefix(request.key()).is_some_and(|rest| rest.starts_with('.'));
        of(Request::SignIn) || of(Request::Token) || key.starts_with("refresh_params.")
    }

    pub(in crate::ui) fn keep_secrets_of(&mut self, old: Self) {
        self.sign_in.keep_secrets_of(old.sign_in);
        self.token.keep_secrets_of(old.token);
    }

    pub(in crate::ui) fn take(&mut self) -> (SecretParams, SecretParams) {
        (self.sign_in.take(), self.token.take())
    }

    pub(in crate::ui) fn put(&self, overrides: &mut ProviderSpec) {
        let resources: Vec<String> = self.resources.split_whitespace().map(str::to_owned).collect();
        overrides.par = self.par;
        overrides.resource = Some(resources).filter(|resources| !resources.is_empty());
        overrides.audience = Some(self.audience.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        overrides.authorize_params = self.sign_in.open();
        overrides.token_params = self.token.open();
    }

    pub(in crate::ui) fn of_request(&self, request: Request) -> &Params {
        match request {
            Request::SignIn => &self.sign_in,
            Request::Token => &self.token,
        }
    }

    pub(in crate::ui) fn of_request_mut(&mut self, request: Request) -> &mut Params {
        match request {
            Request::SignIn => &mut self.sign_in,
            Request::Token => &mut self.token,
        }
    }
}

impl AccountFormState {
    pub(in crate::ui) fn shown_requests(&self) -> &'static [Request] {
        if self.grant.is_repeatable() { &[Request::Token] } else { &[Request::SignIn, Request::Token] }
    }

    pub(in crate::ui) fn parameter_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        for &request in self.shown_requests() {
            let typed = &self.requests.of_request(request).typed;
            for (index, param) in typed.iter().enumerate() {
                let name = param.name.trim();
                let text = if name.is_empty() && !param.is_blank() {
                    "Enter the parameter's name."
                } else if !name.is_empty() && typed[..index].iter().any(|other| other.name.trim() == name) {
                    "This name exists already. Change or remove one of the two."
                } else {
                    continue;
                };
                found.push((Field::Parameter(request, index), text.to_owned()));
            }
        }
        found
    }
}
