//! The scopes of the form: a chip for each, a field for others, and those that the provider names.

use egui::Ui;

use crate::base::sanitize::sanitized;

use super::draft::Field;
use super::{Form, field_id};
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

const OFFERED_MAX: usize = 12;

pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    let before = ui.cursor().top();
    chips(ui, form);
    let chips_height = ui.cursor().top() - before;
    let note = Some("What the token may be used for. Separate with spaces.");
    let options = FieldOptions { note, mono: true, ..FieldOptions::default() };
    let typed = &mut form.draft.scopes.typed;
    let response = fields::text(ui, field_id("scopes"), "Scopes", typed, options);
    if response.lost_focus() {
        form.draft.scopes.take_typed();
    } else if response.changed() {
        form.draft.scopes.take_words();
    }
    // A new chip moves the field, which the text cursor alone doesn't follow.
    let height_id = response.id.with("chips");
    let known = ui.data(|data| data.get_temp::<f32>(height_id));
    if known.is_some_and(|known| known < chips_height) && response.has_focus() {
        response.scroll_to_me(None);
    }
    ui.data_mut(|data| data.insert_temp(height_id, chips_height));
    form.left(Field::Scopes, &response);
    offered(ui, form);
}

fn chips(ui: &mut Ui, form: &mut Form<'_>) {
    let mut removed = None;
    if form.draft.scopes.chosen().is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for (index, scope) in form.draft.scopes.chosen().iter().enumerate() {
            let scope = sanitized(scope, 60);
            let name = format!("Remove the scope {scope}");
            let chip = Button::new(Weight::Secondary, &scope).with_icon(Icon::Cross).accessible_name(&name);
            if chip.show(ui) {
                removed = Some(index);
            }
        }
    });
    if let Some(index) = removed {
        form.draft.scopes.remove(index);
        form.draft.typed = true;
    }
}

/// Scopes of the preset and of the discovered server that are not chosen.
fn offered(ui: &mut Ui, form: &mut Form<'_>) {
    let found = form.draft.issuer.result.iter().flatten().flat_map(|found| &found.scopes);
    let preset = form.draft.preset.spec.scopes.iter().flatten();
    let suggestions = form.draft.preset.suggestions.iter().filter(|it| it.key == "scopes");
    let suggested = suggestions.map(|it| &it.value);
    let mut offered: Vec<&String> = preset.chain(suggested).chain(found).collect();
    let chosen = form.draft.scopes.all();
    offered.retain(|scope| !chosen.contains(scope));
    offered.dedup();
    let mut added = None;
    if offered.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for scope in offered.into_iter().take(OFFERED_MAX) {
            let shown = sanitized(scope, 60);
            let name = format!("Add the scope {shown}");
            if Button::new(Weight::Text, &shown).with_icon(Icon::Plus).accessible_name(&name).show(ui) {
                added = Some(scope.clone());
            }
        }
    });
    widgets::weak(ui, "Offered by the provider.");
    if let Some(scope) = added {
        form.draft.scopes.add(scope);
        form.draft.typed = true;
    }
}
