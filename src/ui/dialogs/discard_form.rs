//! The question before the user leaves an edited form.
//!
//! Input is discarded only by the form's *Cancel*, by a confirmation here, or by locking.

use egui::{Id, Ui};

use crate::base::sanitize::sanitized;

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::{actions, dialog};
use crate::ui::{labels, widgets};

/// Where to go once the input is discarded; `None` while the dialog is closed.
#[derive(Default)]
pub(in crate::ui) struct DiscardFormDialog {
    target: Option<Target>,
}

impl DiscardFormDialog {
    pub(in crate::ui) fn open(&mut self, target: Target) {
        self.target = Some(target);
    }

    pub(in crate::ui) fn is_open(&self) -> bool {
        self.target.is_some()
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut DiscardFormDialog,
    name: &str,
    is_edit: bool,
) {
    let Some(target) = state.target.take() else { return };
    let name = sanitized(name.trim(), 60).into_owned();
    let text = match (is_edit, name.is_empty()) {
        (true, _) => "What you changed is not saved.".to_owned(),
        (false, true) => "The new account is not saved.".to_owned(),
        (false, false) => format!("The new account “{name}” is not saved."),
    };
    let quits = matches!(target, Target::Quit);
    let heading = if quits { "Quit and discard what you typed?" } else { "Discard what you typed?" };
    let (mut discard, mut stay) = (false, false);
    let ((), dismissed) = dialog::show(ui, Id::unique("keyfob-leaving"), 400.0, |ui| {
        widgets::heading(ui, heading);
        dialog::body(ui, |ui| widgets::text(ui, &text));
        let keep = Button::new(Weight::Secondary, labels::KEEP_EDITING);
        let [keep, leave] = actions::show(ui, [keep, Button::new(Weight::Danger, labels::DISCARD)]);
        dialog::focus_first(ui, &keep);
        (stay, discard) = (keep.clicked(), leave.clicked());
    });
    if discard {
        cx.push(UiAction::Leave(target));
    } else if !(dismissed || stay) {
        state.target = Some(target);
    }
}
