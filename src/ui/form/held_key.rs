//! The fields of a key that the account holds.

use egui::Ui;

use crate::domain::oauth::grant_type::GrantType;

use super::draft::Field;
use super::draft::held_key::KEY;
use super::{Form, field_id};
use crate::ui::form;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if form.draft.grant == GrantType::ApiKey {
        let kept = form.draft.is_kept(KEY);
        form::secret(ui, form, Field::Key, field_id(KEY), "API key", kept);
    }
}

/// How APIs expect the key, and its days.
pub(in crate::ui) fn details(ui: &mut Ui, form: &mut Form<'_>) {
    let preset = form.draft.preset.spec.api.clone();
    let hint = preset.base_url.unwrap_or_else(|| "https://api.example.com/v1".to_owned());
    let note = "The address of a copied cURL command.";
    text(ui, form, Field::ApiBaseUrl, "API base URL (optional)", &hint, note);
    if form.draft.grant == GrantType::ApiKey {
        let hint = preset.header.unwrap_or_else(|| "Authorization".to_owned());
        text(ui, form, Field::KeyPlace, "Header (optional)", &hint, "The request header with the key.");
        let hint = preset.scheme.unwrap_or_else(|| "Bearer".to_owned());
        let note = "The word before the key; none beside a header of its own.";
        text(ui, form, Field::KeyScheme, "Scheme (optional)", &hint, note);
        let hint = preset.query.unwrap_or_else(|| "api_key".to_owned());
        let note = "Only if the key goes into the URL and not into a header.";
        text(ui, form, Field::KeyQuery, "Query parameter (optional)", &hint, note);
    }
    let note = "The last day on which the key is valid. Keyfob reminds you 14 days ahead.";
    text(ui, form, Field::KeyExpires, "Key expires on (optional)", "2030-01-31", note);
    let note = "The day on which the key was made.";
    text(ui, form, Field::KeySince, "Key made on (optional)", "2029-01-31", note);
    let note = "Keyfob reminds you when it is due.";
    text(ui, form, Field::KeyRotation, "Rotate after days (optional)", "90", note);
}

fn text(ui: &mut Ui, form: &mut Form<'_>, field: Field, label: &str, hint: &str, note: &str) {
    let error = form.error(&field, true).map(str::to_owned);
    let options = FieldOptions { hint, error: error.as_deref(), note: Some(note), mono: true };
    let id = form::id_of(form.draft, &field);
    let draft = &mut form.draft.held_key;
    let value = match field {
        Field::KeyPlace => &mut draft.header,
        Field::KeyScheme => &mut draft.scheme,
        Field::KeyQuery => &mut draft.query,
        Field::KeyExpires => &mut draft.expires,
        Field::KeySince => &mut draft.since,
        Field::KeyRotation => &mut draft.rotate_after,
        _ => &mut draft.base_url,
    };
    let response = fields::text(ui, id, label, value, options);
    form.left(field, &response);
}
