//! The notice on the user's own presets that couldn't be read.

use egui::Ui;

use crate::base::sanitize::sanitized;

use super::NoticesState;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

/// The picker shows the others.
const MAX_SHOWN: usize = 3;

pub(super) fn is_shown(cx: &Cx<'_>, state: &NoticesState) -> bool {
    !cx.snapshot.preset_mistakes.is_empty() && !state.presets_dismissed
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut NoticesState) {
    if !is_shown(cx, state) {
        return;
    }
    contents(ui, cx, MAX_SHOWN, |ui| {
        if Button::new(Weight::Text, labels::DISMISS).accessible_name("Dismiss the note on presets").show(ui)
        {
            state.presets_dismissed = true;
        }
    });
    ui.add_space(8.0);
}

pub(in crate::ui) fn show_all(ui: &mut Ui, cx: &Cx<'_>) {
    if !cx.snapshot.preset_mistakes.is_empty() {
        contents(ui, cx, usize::MAX, |_| {});
    }
}

fn contents(ui: &mut Ui, cx: &Cx<'_>, most: usize, more: impl FnOnce(&mut Ui)) {
    let tokens = cx.tokens;
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        widgets::text_strong(ui, labels::PRESET_MISTAKES);
        for mistake in cx.snapshot.preset_mistakes.iter().take(most) {
            widgets::text(ui, &sanitized(mistake, 300));
        }
        widgets::weak(ui, labels::PRESETS_ARE_READ_AT_START);
        more(ui);
    });
}
