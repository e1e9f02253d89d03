//! The fields of additional request parameters.

use egui::{Id, Ui};

use crate::messages::explain::capitalized;

use super::draft::Field;
use super::draft::requests::{Params, Request, RequestsDraft, TypedParam};
use super::{Form, field_id};
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

const PARAMETERS_MAX: usize = 20;

pub(in crate::ui) fn secret_ids(draft: &RequestsDraft) -> impl Iterator<Item = Id> {
    let of = |request, params: &Params| (0..params.typed.len()).map(move |index| ids(request, index).1);
    [Request::SignIn, Request::Token]
        .into_iter()
        .flat_map(move |request| of(request, draft.of_request(request)))
}

fn parameter(request: Request) -> &'static str {
    match request {
        Request::SignIn => "sign-in parameter",
        Request::Token => "token parameter",
    }
}

fn note(request: Request) -> &'static str {
    match request {
        Request::SignIn => {
            "Values are kept as secrets, except those of well-known parameters such as prompt. The sign-in \
             link shows all of them."
        }
        Request::Token => {
            "Values are kept as secrets, except those of well-known parameters such as audience."
        }
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
    let options = FieldOptions { hint: &hint, note, mono: true, ..FieldOptions::default() };
    fields::text(ui, field_id("resource"), "Resources", &mut form.draft.requests.resources, options);
    let hint = form.draft.preset.spec.audience.clone().unwrap_or_default();
    let note = Some("The API's name, if the provider needs an audience.");
    let options = FieldOptions { hint: &hint, note, mono: true, ..FieldOptions::default() };
    fields::text(ui, field_id("audience"), "Audience", &mut form.draft.requests.audience, options);
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
    fields::choice(ui, field_id("par"), label, par, &choices, FieldOptions::default());
}

fn parameters(ui: &mut Ui, form: &mut Form<'_>, request: Request) {
    let called = parameter(request);
    let count = form.draft.requests.of_request(request).typed.len();
    let mut removed = None;
    for index in 0..count {
        let number = index + 1;
        let (name_id, value_id) = ids(request, index);
        let field = Field::Parameter(request, index);
        let error = form.error(&field, true).map(str::to_owned);
        let params = form.draft.requests.of_request_mut(request);
        let options = FieldOptions { error: error.as_deref(), mono: true, ..FieldOptions::default() };
        let label = format!("{} {number}", capitalized(called));
        fields::text(ui, name_id, &label, &mut params.typed[index].name, options);
        let hint = if params.is_kept(&params.typed[index].name) { "Stored; type to replace" } else { "" };
        let options = FieldOptions { hint, mono: true, ..FieldOptions::default() };
        let (label, typed) = (format!("Value of {called} {number}"), &mut params.typed[index]);
        if typed.is_open() {
            fields::text(ui, value_id, &label, &mut typed.value, FieldOptions { hint: "", ..options });
        } else {
            fields::secret(ui, value_id, &label, &mut typed.secret, options);
        }
        let remove = format!("Remove {called} {number}");
        if Button::new(Weight::Text, "Remove").accessible_name(&remove).show(ui) {
            removed = Some(index);
        }
    }
    if let Some(removed) = removed {
        // Fields are identified by their position: egui's state of the following ones belongs to others now.
        for index in removed..count {
            let (name_id, value_id) = ids(request, index);
            fields::forget(ui.ctx(), name_id);
            fields::forget(ui.ctx(), value_id);
        }
        form.draft.requests.of_request_mut(request).typed.remove(removed);
    }
    let add = format!("Add a {called}");
    if count < PARAMETERS_MAX
        && Button::new(Weight::Text, &add).with_icon(Icon::Plus).aligned_with_text().show(ui)
    {
        form.draft.requests.of_request_mut(request).typed.push(TypedParam::default());
    }
    widgets::weak(ui, note(request));
}

pub(in crate::ui) fn name_id(request: Request, index: usize) -> Id {
    ids(request, index).0
}

fn ids(request: Request, index: usize) -> (Id, Id) {
    let id = |part: &str| Id::unique(("keyfob-form-parameter", part, request, index));
    (id("name"), id("value"))
}
