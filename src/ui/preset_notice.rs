//! The notice on the user's own presets that couldn't be read.
//!
//! It names each file with its error, here and in the picker, and blocks nothing.

use egui::Ui;

use crate::base::sanitize::sanitized;

use super::cx::Cx;
use super::view_state::ViewState;
use super::widgets::button::{Button, Weight};
use super::{labels, widgets};

/// The most errors above a page; the picker has all.
const ABOVE_MAX: usize = 3;

/// Whether it is above every page, until it is dismissed.
pub(super) fn is_above(cx: &Cx<'_>, state: &ViewState) -> bool {
    !cx.snapshot.preset_mistakes.is_empty() && !state.errands.presets_seen
}

/// Shows the notice above a page, if there is one.
pub(super) fn above(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    if !is_above(cx, state) {
        return;
    }
    contents(ui, cx, ABOVE_MAX, |ui| {
        if Button::new(Weight::Bare, labels::DISMISS).named("Dismiss the note on presets").show(ui) {
            state.errands.presets_seen = true;
        }
    });
    ui.add_space(8.0);
}

pub(super) fn all(ui: &mut Ui, cx: &Cx<'_>) {
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
