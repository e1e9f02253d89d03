//! What the requests ask for besides the usual: whom the token is for, whether the sign-in's parameters
//! are pushed, and parameters of the user's own.
//!
//! Owns those fields of *Advanced*. Invariant: an empty field takes what the preset says, and a parameter
//! that the grant has no request for stays as it was.

use std::collections::BTreeMap;

use egui::{Id, Ui};

use super::account_form::{Form, field_id};
use super::button::{Button, Weight};
use super::fields::{self, Extras};
use super::form_draft::{Field, FormDraft};
use super::icons::Icon;
use super::widgets;
use crate::domain::spec::ProviderSpec;
use crate::messages::words::capitalised;

/// How many parameters of one request the form takes.
const PARAMETERS_MAX: usize = 20;

/// The request that a parameter goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Request {
    /// The one that begins a sign-in.
    SignIn,
    /// The one for a token.
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

    fn note(self) -> &'static str {
        match self {
            Self::SignIn => "Sign-in parameters are seen in the browser's address; none is kept as a secret.",
            Self::Token => "Token parameters go with the token request; none is kept as a secret.",
        }
    }
}

/// A parameter's name and value, as typed.
type Typed = (String, String);

/// The fields' contents.
#[derive(Default)]
pub(super) struct RequestsDraft {
    /// Whether the sign-in's parameters are pushed; `None` takes the preset's.
    pub(super) par: Option<bool>,
    /// Resources, separated by white space; empty takes the preset's.
    resources: String,
    /// The audience; empty takes the preset's.
    audience: String,
    sign_in: Vec<Typed>,
    token: Vec<Typed>,
}

impl RequestsDraft {
    /// The fields of a saved account; what they show is taken out of its overrides.
    pub(super) fn of(overrides: &mut ProviderSpec) -> Self {
        Self {
            par: overrides.par.take(),
            resources: overrides.resource.take().unwrap_or_default().join(" "),
            audience: overrides.audience.take().unwrap_or_default(),
            sign_in: std::mem::take(&mut overrides.authorize_params).into_iter().collect(),
            token: std::mem::take(&mut overrides.token_params).into_iter().collect(),
        }
    }

    /// Puts the choices back.
    pub(super) fn put(&self, overrides: &mut ProviderSpec) {
        let resources: Vec<String> = self.resources.split_whitespace().map(str::to_owned).collect();
        overrides.par = self.par;
        overrides.resource = Some(resources).filter(|resources| !resources.is_empty());
        overrides.audience = Some(self.audience.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        overrides.authorize_params = named(&self.sign_in);
        overrides.token_params = named(&self.token);
    }

    fn of_request(&self, request: Request) -> &[Typed] {
        match request {
            Request::SignIn => &self.sign_in,
            Request::Token => &self.token,
        }
    }

    fn of_request_mut(&mut self, request: Request) -> &mut Vec<Typed> {
        match request {
            Request::SignIn => &mut self.sign_in,
            Request::Token => &mut self.token,
        }
    }
}

fn named(typed: &[Typed]) -> BTreeMap<String, String> {
    let named = typed.iter().filter(|(name, _)| !name.trim().is_empty());
    named.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

impl FormDraft {
    /// The requests whose parameters are shown.
    fn shown_requests(&self) -> &'static [Request] {
        if self.grant.is_repeatable() { &[Request::Token] } else { &[Request::SignIn, Request::Token] }
    }

    /// What is wrong with the parameters.
    pub(super) fn parameter_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        for &request in self.shown_requests() {
            let typed = self.requests.of_request(request);
            for (place, (name, value)) in typed.iter().enumerate() {
                let name = name.trim();
                let said = if name.is_empty() && !value.trim().is_empty() {
                    "Enter the parameter's name."
                } else if !name.is_empty() && typed[..place].iter().any(|(other, _)| other.trim() == name) {
                    "This name is there already. Change or remove one of the two."
                } else {
                    continue;
                };
                found.push((Field::Parameter(request, place), said.to_owned()));
            }
        }
        found
    }
}

/// Shows the fields.
pub(super) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if form.draft.grant.has_redirect() {
        pushed(ui, form);
    }
    let spec = &form.draft.preset.spec;
    let hint = spec.resource.as_deref().unwrap_or_default().join(" ");
    let hint = if hint.is_empty() { "https://api.example.com/".to_owned() } else { hint };
    let note =
        Some("Addresses of the APIs that the token is for, where the provider asks. Separated by blanks.");
    let extras = Extras { hint: &hint, note, mono: true, ..Extras::default() };
    fields::text(ui, field_id("resource"), "Resources", &mut form.draft.requests.resources, extras);
    let hint = form.draft.preset.spec.audience.clone().unwrap_or_default();
    let note = Some("The API's name, where the provider asks for an audience.");
    let extras = Extras { hint: &hint, note, mono: true, ..Extras::default() };
    fields::text(ui, field_id("audience"), "Audience", &mut form.draft.requests.audience, extras);
    for &request in form.draft.shown_requests() {
        parameters(ui, form, request);
    }
}

fn pushed(ui: &mut Ui, form: &mut Form<'_>) {
    let usual = if form.draft.preset.spec.par.unwrap_or(false) { "on" } else { "off" };
    let choices = [
        (None, format!("As usual for this provider: {usual}")),
        (Some(true), "On: sent to the provider before the browser opens".to_owned()),
        (Some(false), "Off: in the browser's address".to_owned()),
    ];
    let par = &mut form.draft.requests.par;
    let label = "Pushed authorization request";
    fields::choice(ui, field_id("par"), label, par, &choices, Extras::default());
}

fn parameters(ui: &mut Ui, form: &mut Form<'_>, request: Request) {
    let called = request.parameter();
    let count = form.draft.requests.of_request(request).len();
    let mut removed = None;
    for place in 0..count {
        let number = place + 1;
        let (name_id, value_id) = ids(request, place);
        let field = Field::Parameter(request, place);
        let error = form.error(&field, true).map(str::to_owned);
        let (name, value) = &mut form.draft.requests.of_request_mut(request)[place];
        let extras = Extras { error: error.as_deref(), mono: true, ..Extras::default() };
        fields::text(ui, name_id, &format!("{} {number}", capitalised(called)), name, extras);
        let extras = Extras { mono: true, ..Extras::default() };
        fields::text(ui, value_id, &format!("Value of {called} {number}"), value, extras);
        let remove = format!("Remove {called} {number}");
        if Button::new(Weight::Bare, "Remove").named(&remove).show(ui) {
            removed = Some(place);
        }
    }
    if let Some(removed) = removed {
        // Fields are told apart by their place: what the toolkit knows of the ones behind is another's now.
        for place in removed..count {
            let (name_id, value_id) = ids(request, place);
            fields::forget(ui.ctx(), name_id);
            fields::forget(ui.ctx(), value_id);
        }
        form.draft.requests.of_request_mut(request).remove(removed);
    }
    let add = format!("Add a {called}");
    if count < PARAMETERS_MAX && Button::new(Weight::Bare, &add).with_icon(Icon::Plus).flush().show(ui) {
        form.draft.requests.of_request_mut(request).push(Typed::default());
    }
    widgets::weak(ui, request.note());
}

fn ids(request: Request, place: usize) -> (Id, Id) {
    let id = |part: &str| Id::unique(("keyfob-form-parameter", part, request, place));
    (id("name"), id("value"))
}
