//! The settings' sections about secrets and about all accounts.

use egui::Ui;

use crate::messages::command::Command;
use crate::messages::snapshot::{VaultHealth, VaultKind};

use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let vault = &cx.snapshot.vault;
    widgets::text(ui, labels::vault(vault, !cx.snapshot.accounts.is_empty()));
    ui.horizontal_wrapped(|ui| {
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
        ui.spacing_mut().item_spacing.y = 8.0;
        other_vaults(ui, cx);
    }
    super::team::show(ui, cx);
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

/// `recovery` is what became of a search for accounts.
pub(in crate::ui) fn accounts(ui: &mut Ui, cx: &mut Cx<'_>, recovery: Option<&str>) {
    let nothing = cx.snapshot.accounts.is_empty().then_some("There is no account to export yet.");
    let part = |ui: &mut Ui, text: &str, button: Button<'_>| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let pressed = button.show(ui);
            widgets::weak(ui, text);
            pressed
        })
        .inner
    };
    let button = |label| Button::new(Weight::Secondary, label);
    if part(ui, "From a file of Keyfob or of another tool.", button(labels::IMPORT)) {
        cx.push(UiAction::Go(Target::Import(None)));
    }
    let text = nothing.unwrap_or("To a file, with or without secrets.");
    if part(ui, text, button(labels::EXPORT).blocked(nothing)) {
        cx.push(UiAction::Go(Target::Export));
    }
    let text = "Restores accounts that have stored secrets but are missing from the list.";
    if part(ui, recovery.unwrap_or(text), button(labels::RECOVER)) {
        cx.open(DialogKind::Recover);
    }
    let text = "Checks everything needed to get a token. Sends no secrets.";
    if part(ui, text, button(labels::CHECK_EVERYTHING)) {
        cx.push(UiAction::Go(Target::Diagnostics(cx.selected.clone())));
    }
}

fn quiet_button(ui: &mut Ui, label: &str) -> bool {
    Button::new(Weight::Secondary, label).show(ui)
}

fn open_button(ui: &mut Ui, cx: &mut Cx<'_>, label: &str, dialog: DialogKind) {
    if quiet_button(ui, label) {
        cx.open(dialog);
    }
}
