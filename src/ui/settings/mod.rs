//! The settings dialog.
//!
//! *Save* sends all preferences at once. The vault, locking, and the use of preferences changed elsewhere
//! aren't preferences and take effect immediately.

pub(crate) mod draft;
pub(crate) mod fields;
pub(crate) mod secrets;

use egui::{Id, Ui};

use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::preferences::Preferences;
use crate::messages::problem::Problem;

use super::cx::Cx;
use super::widgets::button::{Button, Weight};
use super::widgets::dialog;
use super::{labels, widgets};
use draft::SettingsDraft;

#[derive(Default)]
pub(super) struct SettingsState {
    draft: Option<SettingsDraft>,
}

impl SettingsState {
    pub(super) fn is_open(&self) -> bool {
        self.draft.is_some()
    }

    pub(super) fn open(&mut self, preferences: &Preferences) {
        self.draft = Some(SettingsDraft::of(preferences));
    }

    pub(super) fn open_at_secrets(&mut self, preferences: &Preferences) {
        self.draft = Some(SettingsDraft::at_secrets(preferences));
    }
}

fn unconfirmed(ui: &mut Ui, cx: &mut Cx<'_>) {
    let changed = &cx.snapshot.unconfirmed;
    if changed.0.is_empty() {
        return;
    }
    let message = explain(&Problem::Unconfirmed(changed.clone()), None, None);
    let tokens = cx.tokens;
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, "Use them only if this was you. What you set below yourself is used in any case.");
        ui.add_space(4.0);
        if Button::new(Weight::Secondary, labels::USE_THESE_SETTINGS).show(ui) {
            cx.send(Command::ConfirmPreferences(changed.clone()));
        }
    });
    ui.add_space(8.0);
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SettingsState) {
    let Some(draft) = &mut state.draft else { return };
    let mut close = false;
    let ((), dismissed) = dialog::show(ui, Id::unique("keyfob-settings"), 440.0, |ui| {
        widgets::heading(ui, labels::SETTINGS);
        dialog::body(ui, |ui| {
            unconfirmed(ui, cx);
            fields::show(ui, draft);
            close |= secrets::show(ui, cx, draft);
        });
        ui.horizontal_wrapped(|ui| {
            let checked = draft.checked();
            let save = Button::new(Weight::Primary, labels::SAVE).blocked(checked.as_ref().err().copied());
            if save.show(ui)
                && let Ok(preferences) = checked
            {
                cx.send(Command::SetPreferences(preferences));
                close = true;
            }
            close |= Button::new(Weight::Text, labels::CANCEL).show(ui);
        });
    });
    if close || dismissed {
        state.draft = None;
    }
}
