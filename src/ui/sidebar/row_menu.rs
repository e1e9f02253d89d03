//! The context menu of a row.

use egui::{Response, Ui, vec2};

use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::{AccountView, VaultKind};

use crate::ui::account::token::token_commands::{can_copy, renewal};
use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::{labels, theme, widgets};

const WIDTH: f32 = 240.0;

pub(in crate::ui) fn show(ui: &Ui, cx: &mut Cx<'_>, account: &AccountView, response: &Response) {
    let os = ui.ctx().os();
    response.context_menu(|ui| {
        ui.set_min_width(WIDTH);
        widgets::menu_items(ui);
        let id = || account.id.clone();
        let pressed = |ui: &mut Ui, label, keys| item(ui, label, &labels::shortcut(keys, os));
        if can_copy(account) {
            if pressed(ui, labels::COPY_TOKEN, "⌘C") {
                cx.send(Command::Copy { account: id(), form: CopyForm::Plain });
            }
            if pressed(ui, labels::COPY_HEADER, "⌘⇧C") {
                cx.send(Command::Copy { account: id(), form: CopyForm::Header });
            }
        }
        let renew = match (account.token.is_some(), account.grant.is_repeatable()) {
            (true, _) => labels::REFRESH,
            (false, true) => labels::GET_TOKEN,
            (false, false) => labels::SIGN_IN,
        };
        if pressed(ui, renew, "⌘R") {
            cx.send(renewal(account));
        }
        ui.separator();
        if pressed(ui, labels::EDIT, "⌘E") {
            cx.push(UiAction::Go(Target::Form(id())));
        }
        if pressed(ui, labels::DUPLICATE, "⌘D") {
            cx.send(Command::Duplicate(id()));
        }
        let own = cx.snapshot.vault.kind;
        if account.vault == VaultKind::Team && own.is_personal() {
            if pressed(ui, labels::MOVE_TO_OWN, "") {
                cx.send(Command::MoveAccounts { accounts: vec![id()], to: own });
            }
        } else if account.vault.is_personal()
            && cx.snapshot.team.is_some()
            && pressed(ui, labels::MOVE_TO_TEAM, "")
        {
            cx.send(Command::MoveAccounts { accounts: vec![id()], to: VaultKind::Team });
        }
        if pressed(ui, labels::DELETE, "Del") {
            cx.open(DialogKind::Delete(id()));
        }
    });
}

/// An item with its shortcut; returns true if it was pressed, which closes the menu.
fn item(ui: &mut Ui, label: &str, keys: &str) -> bool {
    let item = egui::Button::new(label).shortcut_text(keys).frame_when_inactive(false);
    let response = ui.add(item.min_size(vec2(WIDTH, theme::CONTROL_HEIGHT)));
    // The shortcuts page reads the keys aloud.
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(label));
    if response.clicked() {
        ui.close();
    }
    response.clicked()
}
