//! The page after a crash. It shows no account, since one may have caused the crash.

use egui::Ui;

use super::cx::Cx;
use super::view_state::{AfterCrash, ViewState};
use super::widgets::button::{Button, Weight};
use super::{labels, widgets};

pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, state: &mut ViewState) {
    widgets::heading(ui, "Keyfob crashed");
    widgets::text(
        ui,
        "Keyfob had to close when it was last open. Your accounts and their tokens are kept. No account is shown \
         by itself, because showing one may have caused the crash.",
    );
    if state.after_crash == AfterCrash::List {
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
        state.after_crash = if is_empty { AfterCrash::No } else { AfterCrash::List };
        state.detail_open = false;
    }
}
