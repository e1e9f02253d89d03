//! The *Advanced* part of the form.

use egui::{Id, Ui};

use crate::domain::account::environment::Environment;
use crate::domain::provider::spec::ClientAuth;

use super::draft::{Field, HeaderDraft};
use super::endpoints;
use super::requests;
use super::{Form, field_id};
use crate::ui::cx::Cx;
use crate::ui::form;
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form<'_>) {
    let icon = if form.draft.advanced { Icon::Down } else { Icon::Right };
    let response = ui.add(Button::new(Weight::Text, "Advanced").with_icon(icon).aligned_with_text());
    let open = form.draft.advanced;
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
    if response.clicked() {
        form.draft.advanced = !open;
    }
    // A field that blocks saving must be visible.
    let hidden = |field: &Field| match field {
        Field::Redirect | Field::Parameter(..) | Field::SecretExpires | Field::Tags => true,
        Field::Endpoint(kind) => !form.draft.must_type(*kind),
        Field::Header(index) => form.draft.headers.get(*index).is_some_and(|header| header.label.is_none()),
        _ => false,
    };
    let forced = form.problems.iter().any(|(field, _)| hidden(field));
    if !form.draft.advanced && !forced {
        return;
    }
    if form.draft.grant.is_key() {
        environment(ui, form);
        tags(ui, form);
        return;
    }
    if form.draft.grant.has_client() {
        client_auth(ui, form);
    }
    if form.draft.needs_secret() {
        secret_expires(ui, form);
    }
    if form.draft.grant.has_redirect() {
        redirect(ui, form);
    }
    requests::show(ui, form);
    background(ui, form);
    environment(ui, form);
    tags(ui, form);
    headers(ui, cx, form);
    endpoints::others(ui, form);
}

fn client_auth(ui: &mut Ui, form: &mut Form<'_>) {
    let usual = ClientAuth::usual(form.draft.grant);
    let preset = form.draft.preset.spec.client_auth.unwrap_or(usual);
    let mut choices = vec![(None, format!("Provider default: {}", labels::client_auth(preset)))];
    let all = [
        ClientAuth::Basic,
        ClientAuth::BasicRaw,
        ClientAuth::Body,
        ClientAuth::None,
        ClientAuth::PrivateKeyJwt,
        ClientAuth::ClientSecretJwt,
    ];
    for auth in all {
        choices.push((Some(auth), labels::client_auth(auth).to_owned()));
    }
    let id = field_id("client_auth");
    let options = FieldOptions::default();
    fields::choice(ui, id, "Client authentication", &mut form.draft.client_auth, &choices, options);
}

fn secret_expires(ui: &mut Ui, form: &mut Form<'_>) {
    let filled = !form.draft.secret_expires.trim().is_empty();
    let error = form.error(&Field::SecretExpires, filled).map(str::to_owned);
    let note = Some("The last day that the provider's page shows. Keyfob reminds you 14 days ahead.");
    let options =
        FieldOptions { hint: "2030-01-31", error: error.as_deref(), note, ..FieldOptions::default() };
    let id = field_id("client_secret_expires");
    let value = &mut form.draft.secret_expires;
    let response = fields::text(ui, id, "Client secret expires on", value, options);
    form.left(Field::SecretExpires, &response);
}

fn environment(ui: &mut Ui, form: &mut Form<'_>) {
    let known = Environment::ALL.map(|it| (Some(it), labels::environment(it).to_owned()));
    let choices: Vec<_> = std::iter::once((None, "None".to_owned())).chain(known).collect();
    let note = Some("Shown in the list and on the account's page. It changes no request.");
    let options = FieldOptions { note, ..FieldOptions::default() };
    let value = &mut form.draft.environment;
    fields::choice(ui, field_id("environment"), "Environment", value, &choices, options);
}

fn tags(ui: &mut Ui, form: &mut Form<'_>) {
    let error = form.error(&Field::Tags, true).map(str::to_owned);
    let note = Some("Words to find it by. Separate with commas.");
    let options =
        FieldOptions { hint: "work, team-a", note, error: error.as_deref(), ..FieldOptions::default() };
    let response = fields::text(ui, field_id("tags"), "Tags", &mut form.draft.tags, options);
    form.left(Field::Tags, &response);
}

fn redirect(ui: &mut Ui, form: &mut Form<'_>) {
    let hint = form.draft.preset.spec.redirect_uri.clone();
    let hint = hint.unwrap_or_else(|| "http://127.0.0.1/callback".to_owned());
    let filled = !form.draft.redirect.trim().is_empty();
    let error = form.error(&Field::Redirect, filled).map(str::to_owned);
    let options =
        FieldOptions { hint: &hint, error: error.as_deref(), mono: true, ..FieldOptions::default() };
    let id = field_id("redirect_uri");
    let response = fields::text(ui, id, "Redirect URI", &mut form.draft.redirect, options);
    form.left(Field::Redirect, &response);
}

fn background(ui: &mut Ui, form: &mut Form<'_>) {
    let usual = if form.draft.grant.is_repeatable() { "off" } else { "on with a refresh token" };
    let choices = [
        (None, format!("Grant default: {usual}")),
        (Some(true), "On: refreshed before it expires".to_owned()),
        (Some(false), "Off: refreshed when you copy it".to_owned()),
    ];
    let id = field_id("background_refresh");
    let value = &mut form.draft.background_refresh;
    fields::choice(ui, id, "Refresh in the background", value, &choices, FieldOptions::default());
}

pub(in crate::ui) fn header_name_id(index: usize) -> Id {
    Id::unique(("keyfob-form-header-name", index))
}

fn headers(ui: &mut Ui, _cx: &Cx<'_>, form: &mut Form<'_>) {
    let mut removed = None;
    let own: Vec<usize> =
        (0..form.draft.headers.len()).filter(|index| form.draft.headers[*index].label.is_none()).collect();
    for (count, index) in own.iter().copied().enumerate() {
        let number = count + 1;
        let kept = form.draft.is_kept(&form.draft.headers[index].name);
        let filled = !form.draft.headers[index].name.is_empty();
        let error = form.error(&Field::Header(index), filled).map(str::to_owned);
        let options = FieldOptions {
            hint: "X-Api-Key",
            error: error.as_deref(),
            mono: true,
            ..FieldOptions::default()
        };
        let id = header_name_id(index);
        let label = format!("Extra header {number}");
        fields::text(ui, id, &label, &mut form.draft.headers[index].name, options);
        let label = format!("Value of extra header {number}");
        let value_id = form::header_id(index);
        form::secret(ui, form, Field::Header(index), value_id, &label, kept);
        let name = format!("Remove extra header {number}");
        if !kept && Button::new(Weight::Text, "Remove").accessible_name(&name).show(ui) {
            removed = Some(index);
        }
    }
    if let Some(index) = removed {
        // Fields are identified by their position, so the following ones lose egui's state.
        for later in index..form.draft.headers.len() {
            fields::forget(ui.ctx(), form::header_id(later));
        }
        form.draft.headers.remove(index);
    }
    let add = Button::new(Weight::Text, "Add an extra header").with_icon(Icon::Plus).aligned_with_text();
    if own.len() < 8 && add.show(ui) {
        form.draft.headers.push(HeaderDraft::default());
    }
    widgets::weak(ui, "Extra headers go with the token request; their values are kept as secrets.");
}
