//! Additional request parameters: resources, audience, PAR, and the user's own.
//!
//! An empty field uses the preset's value. A parameter of a request that the grant doesn't send stays
//! unchanged. A value is a secret unless its parameter's name is well known.

use std::collections::BTreeMap;

use egui::{Id, Ui};

use super::draft::{Field, FormDraft};
use super::{Form, field_id};
use crate::base::secret::ParamValue;
use crate::domain::oauth::extra_params;
use crate::domain::oauth::extra_params::SecretParams;
use crate::domain::provider::spec::ProviderSpec;
use crate::messages::explain::capitalised;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{Extras, SecretText};

const PARAMETERS_MAX: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ui) enum Request {
    /// The authorization request.
    SignIn,
    /// The token request.
    Token,
}

impl Request {
    /// What one of its parameters is called.
    fn parameter(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in parameter",
            Self::Token => "token parameter",
        }
    }

    /// The key of its parameters in files.
    fn key(self) -> &'static str {
        match self {
            Self::SignIn => "authorize_params",
            Self::Token => "token_params",
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::SignIn => {
                "Values are kept as secrets, except those of well-known parameters such as prompt. The sign-in \
                 link shows all of them."
            }
            Self::Token => {
                "Values are kept as secrets, except those of well-known parameters such as audience."
            }
        }
    }
}

#[derive(Default)]
struct Typed {
    name: String,
    /// The value, if the name is known not to be secret.
    value: String,
    /// The value otherwise. Empty keeps the stored one.
    secret: SecretText,
}

impl Typed {
    fn is_open(&self) -> bool {
        extra_params::is_open_param(self.name.trim())
    }

    fn is_blank(&self) -> bool {
        if self.is_open() { self.value.trim().is_empty() } else { self.secret.is_blank() }
    }
}

#[derive(Default)]
struct Params {
    typed: Vec<Typed>,
    /// The names of stored secret values.
    kept: Vec<String>,
}

impl Params {
    fn of(open: &mut BTreeMap<String, String>, kept: &[String], request: Request) -> Self {
        let open = std::mem::take(open).into_iter();
        let mut typed: Vec<Typed> =
            open.map(|(name, value)| Typed { name, value, ..Typed::default() }).collect();
        let names = kept.iter().filter_map(|key| key.strip_prefix(request.key())?.strip_prefix('.'));
        let kept: Vec<String> = names.map(str::to_owned).collect();
        typed.extend(kept.iter().map(|name| Typed { name: name.clone(), ..Typed::default() }));
        Self { typed, kept }
    }

    fn is_kept(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept == name.trim())
    }

    /// The parameters that are not secret.
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
    fn keep_of(&mut self, old: Self) {
        let Self { typed, kept } = old;
        self.typed
            .extend(typed.into_iter().filter(|typed| kept.iter().any(|name| name == typed.name.trim())));
        self.kept = kept;
    }
}

#[derive(Default)]
pub(in crate::ui) struct RequestsDraft {
    /// Whether PAR is used; `None` means the preset's choice.
    pub(in crate::ui) par: Option<bool>,
    /// Resources, separated by white space; empty means the preset's.
    resources: String,
    /// The audience; empty means the preset's.
    audience: String,
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
        of(Request::SignIn) || of(Request::Token)
    }

    /// Takes over another draft's stored secrets.
    pub(in crate::ui) fn keep_of(&mut self, old: Self) {
        self.sign_in.keep_of(old.sign_in);
        self.token.keep_of(old.token);
    }

    /// Takes the typed secrets of the authorization and token requests.
    pub(in crate::ui) fn take(&mut self) -> (SecretParams, SecretParams) {
        (self.sign_in.take(), self.token.take())
    }

    /// The fields that may hold secrets.
    pub(in crate::ui) fn secret_ids(&self) -> impl Iterator<Item = Id> {
        let of = |request, params: &Params| (0..params.typed.len()).map(move |place| ids(request, place).1);
        of(Request::SignIn, &self.sign_in).chain(of(Request::Token, &self.token))
    }

    /// Writes the values back.
    pub(in crate::ui) fn put(&self, overrides: &mut ProviderSpec) {
        let resources: Vec<String> = self.resources.split_whitespace().map(str::to_owned).collect();
        overrides.par = self.par;
        overrides.resource = Some(resources).filter(|resources| !resources.is_empty());
        overrides.audience = Some(self.audience.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        overrides.authorize_params = self.sign_in.open();
        overrides.token_params = self.token.open();
    }

    fn of_request(&self, request: Request) -> &Params {
        match request {
            Request::SignIn => &self.sign_in,
            Request::Token => &self.token,
        }
    }

    fn of_request_mut(&mut self, request: Request) -> &mut Params {
        match request {
            Request::SignIn => &mut self.sign_in,
            Request::Token => &mut self.token,
        }
    }
}

impl FormDraft {
    fn shown_requests(&self) -> &'static [Request] {
        if self.grant.is_repeatable() { &[Request::Token] } else { &[Request::SignIn, Request::Token] }
    }

    pub(in crate::ui) fn parameter_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        for &request in self.shown_requests() {
            let typed = &self.requests.of_request(request).typed;
            for (place, param) in typed.iter().enumerate() {
                let name = param.name.trim();
                let said = if name.is_empty() && !param.is_blank() {
                    "Enter the parameter's name."
                } else if !name.is_empty() && typed[..place].iter().any(|other| other.name.trim() == name) {
                    "This name exists already. Change or remove one of the two."
                } else {
                    continue;
                };
                found.push((Field::Parameter(request, place), said.to_owned()));
            }
        }
        found
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if form.draft.grant.has_redirect() {
        pushed(ui, form);
    }
    let spec = &form.draft.preset.spec;
    let hint = spec.resource.as_deref().unwrap_or_default().join(" ");
    let hint = if hint.is_empty() { "https://api.example.com/".to_owned() } else { hint };
    let note =
        Some("URLs of the APIs that the token is for, if the provider needs them. Separate with spaces.");
    let extras = Extras { hint: &hint, note, mono: true, ..Extras::default() };
    fields::text(ui, field_id("resource"), "Resources", &mut form.draft.requests.resources, extras);
    let hint = form.draft.preset.spec.audience.clone().unwrap_or_default();
    let note = Some("The API's name, if the provider needs an audience.");
    let extras = Extras { hint: &hint, note, mono: true, ..Extras::default() };
    fields::text(ui, field_id("audience"), "Audience", &mut form.draft.requests.audience, extras);
    for &request in form.draft.shown_requests() {
        parameters(ui, form, request);
    }
}

fn pushed(ui: &mut Ui, form: &mut Form<'_>) {
    let usual = if form.draft.preset.spec.par.unwrap_or(false) { "on" } else { "off" };
    let choices = [
        (None, format!("Provider default: {usual}")),
        (Some(true), "On: sent to the provider before the browser opens".to_owned()),
        (Some(false), "Off: in the sign-in link".to_owned()),
    ];
    let par = &mut form.draft.requests.par;
    let label = "Pushed authorization request";
    fields::choice(ui, field_id("par"), label, par, &choices, Extras::default());
}

fn parameters(ui: &mut Ui, form: &mut Form<'_>, request: Request) {
    let called = request.parameter();
    let count = form.draft.requests.of_request(request).typed.len();
    let mut removed = None;
    for place in 0..count {
        let number = place + 1;
        let (name_id, value_id) = ids(request, place);
        let field = Field::Parameter(request, place);
        let error = form.error(&field, true).map(str::to_owned);
        let params = form.draft.requests.of_request_mut(request);
        let extras = Extras { error: error.as_deref(), mono: true, ..Extras::default() };
        let label = format!("{} {number}", capitalised(called));
        fields::text(ui, name_id, &label, &mut params.typed[place].name, extras);
        let hint = if params.is_kept(&params.typed[place].name) { "Stored; type to replace" } else { "" };
        let extras = Extras { hint, mono: true, ..Extras::default() };
        let (label, typed) = (format!("Value of {called} {number}"), &mut params.typed[place]);
        if typed.is_open() {
            fields::text(ui, value_id, &label, &mut typed.value, Extras { hint: "", ..extras });
        } else {
            fields::secret(ui, value_id, &label, &mut typed.secret, extras);
        }
        let remove = format!("Remove {called} {number}");
        if Button::new(Weight::Bare, "Remove").named(&remove).show(ui) {
            removed = Some(place);
        }
    }
    if let Some(removed) = removed {
        // Fields are identified by their position: egui's state of the following ones belongs to others now.
        for place in removed..count {
            let (name_id, value_id) = ids(request, place);
            fields::forget(ui.ctx(), name_id);
            fields::forget(ui.ctx(), value_id);
        }
        form.draft.requests.of_request_mut(request).typed.remove(removed);
    }
    let add = format!("Add a {called}");
    if count < PARAMETERS_MAX && Button::new(Weight::Bare, &add).with_icon(Icon::Plus).flush().show(ui) {
        form.draft.requests.of_request_mut(request).typed.push(Typed::default());
    }
    widgets::weak(ui, request.note());
}

fn ids(request: Request, place: usize) -> (Id, Id) {
    let id = |part: &str| Id::unique(("keyfob-form-parameter", part, request, place));
    (id("name"), id("value"))
}
