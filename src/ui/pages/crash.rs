//! The page after a crash. It shows no account, since one may have caused the crash.

use egui::Ui;

use crate::ui::action::UiAction;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum CrashPageState {
    /// No crash, or an account was selected since.
    #[default]
    NoCrash,
    NothingShown,
    ListShown,
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut CrashPageState) {
    widgets::heading(ui, "Keyfob crashed");
    widgets::text(
        ui,
        "Keyfob had to close when it was last open. Your accounts and their tokens are kept. No account is shown \
         by itself, because showing one may have caused the crash.",
    );
    if *state == CrashPageState::ListShown {
        widgets::text(ui, "Choose an account in the list.");
        widgets::weak(
            ui,
            "If Keyfob crashes at the same account again, use the command line for that one: keyfob token NAME, \
             or keyfob remove NAME.",
        );
        return;
    }
    if Button::new(Weight::Primary, labels::SHOW_ACCOUNTS).show(ui) {
        let is_empty = cx.snapshot.accounts.is_empty();
        *state = if is_empty { CrashPageState::NoCrash } else { CrashPageState::ListShown };
        cx.push(UiAction::ShowList);
    }
}
