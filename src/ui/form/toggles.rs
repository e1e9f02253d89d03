//! A provider's toggles as check boxes.
//!
//! Only a toggle that differs from the preset is saved, so an updated preset reaches the account.

use egui::Ui;

use super::Form;
use crate::ui::widgets;

pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if form.draft.grant.is_repeatable() {
        return;
    }
    for toggle in form.draft.preset.toggles.clone() {
        let mut on = toggle.is_on(&form.draft.toggles);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let response = ui.checkbox(&mut on, &toggle.label);
            widgets::focus_ring(ui, &response, response.rect);
            if response.gained_focus() {
                response.scroll_to_me(None);
            }
            if let Some(note) = &toggle.note {
                widgets::describe(ui, &response, note);
                widgets::weak(ui, note);
            }
        });
        if on == toggle.on {
            form.draft.toggles.remove(&toggle.id);
        } else {
            form.draft.toggles.insert(toggle.id, on);
        }
    }
}
