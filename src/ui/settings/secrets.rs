//! The settings' part about secrets and about all accounts. Its buttons act immediately.

use egui::Ui;

use crate::messages::command::Command;
use crate::messages::snapshot::{VaultHealth, VaultKind};

use super::draft::SettingsDraft;
use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

/// Shows both parts; returns true if the settings must close.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut SettingsDraft) -> bool {
    secrets(ui, cx, draft);
    accounts(ui, cx)
}

fn secrets(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut SettingsDraft) {
    let vault = &cx.snapshot.vault;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let caption = widgets::subheading(ui, "Secrets");
        widgets::text(ui, labels::vault(vault, !cx.snapshot.accounts.is_empty()));
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            if let Some(label) = labels::passphrase_action(vault) {
                open_button(ui, cx, label, DialogKind::EnterPassphrase);
            } else if vault.kind == VaultKind::File {
                open_button(ui, cx, labels::CHANGE_PASSPHRASE, DialogKind::ChangePassphrase);
            }
            if quiet_button(ui, labels::LOCK) {
                cx.push(UiAction::Lock);
            }
        });
        if let Some(to) = vault.unfinished_move {
            widgets::text(ui, "Moving your secrets was interrupted. Nothing is lost: finish the move.");
            open_button(ui, cx, labels::FINISH_MOVE, DialogKind::MoveVault(to));
        } else {
            other_vaults(ui, cx);
        }
        if std::mem::take(&mut draft.to_secrets) {
            caption.scroll_to_me(Some(egui::Align::TOP));
        }
    });
}

/// Offers the other vaults, as a move if there is something to move.
fn other_vaults(ui: &mut Ui, cx: &mut Cx<'_>) {
    let vault = &cx.snapshot.vault;
    let moves = !cx.snapshot.accounts.is_empty() && !matches!(vault.health, VaultHealth::Failing(_));
    if vault.kind != VaultKind::Keychain {
        if moves {
            open_button(ui, cx, labels::MOVE_TO_KEYCHAIN, DialogKind::MoveVault(VaultKind::Keychain));
        } else if quiet_button(ui, labels::USE_KEYCHAIN) {
            cx.send(Command::ChooseVault(VaultKind::Keychain));
        }
    }
    if vault.kind != VaultKind::File {
        if moves {
            open_button(ui, cx, labels::MOVE_TO_FILE, DialogKind::MoveVault(VaultKind::File));
        } else {
            open_button(ui, cx, labels::USE_FILE, DialogKind::UseFileVault);
        }
    }
    if vault.kind != VaultKind::Memory && quiet_button(ui, labels::USE_MEMORY) {
        cx.send(Command::UseMemoryVault);
    }
}

fn accounts(ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
    let mut closes = false;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add_space(8.0);
        widgets::subheading(ui, "All accounts");
        let nothing = cx.snapshot.accounts.is_empty().then_some("There is no account to export yet.");
        ui.horizontal_wrapped(|ui| {
            open_button(ui, cx, labels::IMPORT, DialogKind::Import);
            if Button::new(Weight::Secondary, labels::EXPORT).blocked(nothing).show(ui) {
                cx.open(DialogKind::Export);
            }
            open_button(ui, cx, labels::RECOVER, DialogKind::Recover);
            if quiet_button(ui, labels::CHECK_EVERYTHING) {
                cx.push(UiAction::Go(Target::Diagnostics(cx.selected.clone())));
                closes = true;
            }
        });
        widgets::weak(
            ui,
            "Recovery restores accounts that have stored secrets but are missing from the list.",
        );
    });
    closes
}

fn quiet_button(ui: &mut Ui, label: &str) -> bool {
    Button::new(Weight::Secondary, label).show(ui)
}

fn open_button(ui: &mut Ui, cx: &mut Cx<'_>, label: &str, dialog: DialogKind) {
    if quiet_button(ui, label) {
        cx.open(dialog);
    }
}
