//! The part of the settings about secrets and about all accounts at once.
//!
//! Owns no state. Invariant: what is pressed here happens at once, and waits for no *Save*.

use egui::Ui;

use crate::messages::command::Command;
use crate::messages::snapshot::{VaultHealth, VaultKind};

use super::button::{Button, Weight};
use super::cx::Cx;
use super::leaving::{self, To};
use super::view_state::{SettingsDraft, ViewState};
use super::{curtain, export_dialog, import_dialog, move_dialog, passphrase, recover_dialog, widgets, words};

/// What was pressed.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Passphrase,
    Change,
    Lock,
    Keychain,
    File,
    Memory,
    Move(VaultKind),
    Import,
    Export,
    Recover,
    Check,
}

/// Shows the part.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, draft: &mut SettingsDraft) -> Option<Asked> {
    let secrets = secrets(ui, cx, draft);
    secrets.or(accounts(ui, cx))
}

/// Where secrets are kept.
fn secrets(ui: &mut Ui, cx: &Cx<'_>, draft: &mut SettingsDraft) -> Option<Asked> {
    let vault = &cx.snapshot.vault;
    let mut asked = None;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let caption = widgets::subheading(ui, "Secrets");
        widgets::text(ui, words::vault(vault, !cx.snapshot.accounts.is_empty()));
        let mut offer = |ui: &mut Ui, label, what| {
            if Button::new(Weight::Quiet, label).show(ui) {
                asked = Some(what);
            }
        };
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            if let Some(label) = passphrase::offer(vault) {
                offer(ui, label, Asked::Passphrase);
            } else if vault.kind == VaultKind::File {
                offer(ui, words::CHANGE_PASSPHRASE, Asked::Change);
            }
            offer(ui, words::LOCK, Asked::Lock);
        });
        if let Some(to) = vault.unfinished_move {
            widgets::text(ui, "A move of your secrets was cut short. Nothing is lost: finish it.");
            offer(ui, words::FINISH_MOVE, Asked::Move(to));
        } else {
            for (label, what) in places(cx) {
                offer(ui, label, what);
            }
        }
        if std::mem::take(&mut draft.to_secrets) {
            caption.scroll_to_me(Some(egui::Align::TOP));
        }
    });
    asked
}

/// The other places that are offered: for a move where there is something to move.
fn places(cx: &Cx<'_>) -> Vec<(&'static str, Asked)> {
    let vault = &cx.snapshot.vault;
    let moves = !cx.snapshot.accounts.is_empty() && !matches!(vault.health, VaultHealth::Failing(_));
    let places = [
        (VaultKind::Keychain, words::USE_KEYCHAIN, words::MOVE_TO_KEYCHAIN, Asked::Keychain),
        (VaultKind::File, words::USE_FILE, words::MOVE_TO_FILE, Asked::File),
    ];
    let others = places.into_iter().filter(|(kind, ..)| *kind != vault.kind);
    let lasting = others.map(
        |(kind, keep, move_there, choose)| {
            if moves { (move_there, Asked::Move(kind)) } else { (keep, choose) }
        },
    );
    let memory = (vault.kind != VaultKind::Memory).then_some((words::USE_MEMORY, Asked::Memory));
    lasting.chain(memory).collect()
}

/// What is done with all accounts at once.
fn accounts(ui: &mut Ui, cx: &Cx<'_>) -> Option<Asked> {
    let mut asked = None;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add_space(8.0);
        widgets::subheading(ui, "All accounts");
        let nothing = cx.snapshot.accounts.is_empty().then_some("There is no account to export yet.");
        let offers = [
            (words::IMPORT, Asked::Import, None),
            (words::EXPORT, Asked::Export, nothing),
            (words::RECOVER, Asked::Recover, None),
            (words::CHECK_EVERYTHING, Asked::Check, None),
        ];
        ui.horizontal_wrapped(|ui| {
            for (label, what, blocked) in offers {
                if Button::new(Weight::Quiet, label).blocked(blocked).show(ui) {
                    asked = Some(what);
                }
            }
        });
        widgets::weak(
            ui,
            "Recovering lists accounts again whose secrets are there and whose entry in the list was lost.",
        );
    });
    asked
}

/// Does what was pressed.
pub(super) fn act(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState, asked: Asked) {
    match asked {
        Asked::Passphrase => passphrase::open(state),
        Asked::Change => passphrase::change(state),
        Asked::Lock => curtain::lock(ui, cx, state),
        Asked::Keychain => cx.send(Command::ChooseVault(VaultKind::Keychain)),
        Asked::File => passphrase::choose_file(cx, state),
        Asked::Memory => cx.send(Command::UseMemoryVault),
        Asked::Move(to) => move_dialog::open(cx, state, to),
        Asked::Import => import_dialog::open(state),
        Asked::Export => export_dialog::open(cx, state),
        Asked::Recover => recover_dialog::start(cx, state),
        Asked::Check => {
            state.settings = None;
            let selected = state.selected.clone();
            leaving::go(ui.ctx(), cx, state, To::Checks(selected));
        }
    }
}
