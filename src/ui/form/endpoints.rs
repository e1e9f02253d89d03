//! The endpoint fields of the form.

use egui::Ui;

use crate::domain::provider::EndpointKind;
use crate::messages::explain::{label_of, sample_of};

use super::draft::Field;
use super::{Form, field_id};
use crate::ui::labels;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) fn needed(ui: &mut Ui, form: &mut Form<'_>) {
    for kind in EndpointKind::ALL {
        if form.draft.must_type(kind) {
            field(ui, form, kind);
        }
    }
}

pub(in crate::ui) fn others(ui: &mut Ui, form: &mut Form<'_>) {
    for kind in EndpointKind::ALL {
        let useless = kind == EndpointKind::Authorize && !form.draft.grant.has_redirect();
        if !useless && !form.draft.must_type(kind) {
            field(ui, form, kind);
        }
    }
}

/// Offers a URL that another page than the provider's documentation names.
fn suggestion(ui: &mut Ui, form: &mut Form<'_>, kind: EndpointKind) {
    let suggestions = &form.draft.preset.suggestions;
    let Some(suggestion) = suggestions.iter().find(|it| it.key == kind.key()).cloned() else { return };
    let address = form.draft.endpoints.entry(kind).or_default();
    if !address.trim().is_empty() {
        return;
    }
    widgets::weak(ui, &format!("{} names {}.", suggestion.source, suggestion.value));
    let name = format!("Use {} as the {}", suggestion.value, label_of(kind.key()));
    if Button::new(Weight::Secondary, "Use it").accessible_name(&name).show(ui) {
        *address = suggestion.value;
        form.draft.typed = true;
    }
}

fn field(ui: &mut Ui, form: &mut Form<'_>, kind: EndpointKind) {
    let field = Field::Endpoint(kind);
    let hint = form.draft.preset.spec.endpoints.get(kind).unwrap_or(sample_of(kind)).to_owned();
    let filled = form.draft.endpoints.get(&kind).is_some_and(|address| !address.trim().is_empty());
    let error = form.error(&field, filled).map(str::to_owned);
    let options =
        FieldOptions { hint: &hint, error: error.as_deref(), mono: true, ..FieldOptions::default() };
    let address = form.draft.endpoints.entry(kind).or_default();
    let response = fields::text(ui, field_id(kind.key()), &labels::endpoint(kind), address, options);
    form.left(field, &response);
    suggestion(ui, form, kind);
}
