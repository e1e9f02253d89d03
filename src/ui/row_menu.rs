//! The menu of a row of the list, for the pointer's other button.
//!
//! Owns its items and their order. Invariant: it offers nothing that a button of the account's page and a
//! key don't do as well.

use egui::os::OperatingSystem;
use egui::{Response, Ui, vec2};

use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::AccountView;

use super::cx::Cx;
use super::leaving::{self, To};
use super::view_state::ViewState;
use super::{detail, keys, keys_page, theme, widgets, words};

/// Width of the menu.
const WIDTH: f32 = 240.0;

/// Opens the menu where the row was pressed with the other button, and shows it while it is open.
pub(super) fn show(
    ui: &Ui,
    cx: &mut Cx<'_>,
    state: &mut ViewState,
    account: &AccountView,
    response: &Response,
) {
    let mac = ui.ctx().os() == OperatingSystem::Mac;
    response.context_menu(|ui| {
        ui.set_min_width(WIDTH);
        widgets::menu_items(ui);
        let id = || account.id.clone();
        let pressed = |ui: &mut Ui, label, keys| item(ui, label, &keys_page::written(keys, mac));
        if keys::can_copy(account) {
            if pressed(ui, words::COPY_TOKEN, "⌘C") {
                cx.send(Command::Copy { account: id(), form: CopyForm::Plain });
            }
            if pressed(ui, words::COPY_HEADER, "⌘⇧C") {
                cx.send(Command::Copy { account: id(), form: CopyForm::Header });
            }
        }
        let renew = match (account.token.is_some(), account.grant.is_repeatable()) {
            (true, _) => words::REFRESH,
            (false, true) => words::GET_TOKEN,
            (false, false) => words::SIGN_IN,
        };
        if pressed(ui, renew, "⌘R") {
            cx.send(detail::renewal(account));
        }
        ui.separator();
        if pressed(ui, words::EDIT, "⌘E") {
            leaving::go(ui.ctx(), cx, state, To::Form(id()));
        }
        if pressed(ui, words::DUPLICATE, "⌘D") {
            cx.send(Command::Duplicate(id()));
        }
        if pressed(ui, words::DELETE, "Del") {
            state.deleting = Some(id());
        }
    });
}

/// An item with its key; true where it was pressed, which closes the menu.
fn item(ui: &mut Ui, label: &str, keys: &str) -> bool {
    let item = egui::Button::new(label).shortcut_text(keys).frame_when_inactive(false);
    let response = ui.add(item.min_size(vec2(WIDTH, theme::CONTROL_HEIGHT)));
    // The key is read aloud with the list of keys.
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(label));
    if response.clicked() {
        ui.close();
    }
    response.clicked()
}
