//! The settings' part about secrets and about all accounts. Its buttons act immediately.

use egui::Ui;

use crate::messages::command::Command;
use crate::messages::snapshot::{VaultHealth, VaultKind};

use crate::ui::cx::Cx;
use crate::ui::dialogs::{export, import, passphrase, recover, vault_migration};
use crate::ui::navigation;
use crate::ui::navigation::To;
use crate::ui::view_state::{SettingsDraft, ViewState};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, lock_screen, widgets};

#[derive(Clone, Copy)]
pub(in crate::ui) enum Asked {
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

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, draft: &mut SettingsDraft) -> Option<Asked> {
    let secrets = secrets(ui, cx, draft);
    secrets.or(accounts(ui, cx))
}

fn secrets(ui: &mut Ui, cx: &Cx<'_>, draft: &mut SettingsDraft) -> Option<Asked> {
    let vault = &cx.snapshot.vault;
    let mut asked = None;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let caption = widgets::subheading(ui, "Secrets");
        widgets::text(ui, labels::vault(vault, !cx.snapshot.accounts.is_empty()));
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
                offer(ui, labels::CHANGE_PASSPHRASE, Asked::Change);
            }
            offer(ui, labels::LOCK, Asked::Lock);
        });
        if let Some(to) = vault.unfinished_move {
            widgets::text(ui, "Moving your secrets was interrupted. Nothing is lost: finish the move.");
            offer(ui, labels::FINISH_MOVE, Asked::Move(to));
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

/// The other vaults, as a move if there is something to move.
fn places(cx: &Cx<'_>) -> Vec<(&'static str, Asked)> {
    let vault = &cx.snapshot.vault;
    let moves = !cx.snapshot.accounts.is_empty() && !matches!(vault.health, VaultHealth::Failing(_));
    let places = [
        (VaultKind::Keychain, labels::USE_KEYCHAIN, labels::MOVE_TO_KEYCHAIN, Asked::Keychain),
        (VaultKind::File, labels::USE_FILE, labels::MOVE_TO_FILE, Asked::File),
    ];
    let others = places.into_iter().filter(|(kind, ..)| *kind != vault.kind);
    let lasting = others.map(
        |(kind, keep, move_there, choose)| {
            if moves { (move_there, Asked::Move(kind)) } else { (keep, choose) }
        },
    );
    let memory = (vault.kind != VaultKind::Memory).then_some((labels::USE_MEMORY, Asked::Memory));
    lasting.chain(memory).collect()
}

fn accounts(ui: &mut Ui, cx: &Cx<'_>) -> Option<Asked> {
    let mut asked = None;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add_space(8.0);
        widgets::subheading(ui, "All accounts");
        let nothing = cx.snapshot.accounts.is_empty().then_some("There is no account to export yet.");
        let offers = [
            (labels::IMPORT, Asked::Import, None),
            (labels::EXPORT, Asked::Export, nothing),
            (labels::RECOVER, Asked::Recover, None),
            (labels::CHECK_EVERYTHING, Asked::Check, None),
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
            "Recovery restores accounts that have stored secrets but are missing from the list.",
        );
    });
    asked
}

pub(in crate::ui) fn act(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState, asked: Asked) {
    match asked {
        Asked::Passphrase => passphrase::open(state),
        Asked::Change => passphrase::change(state),
        Asked::Lock => lock_screen::lock(ui, cx, state),
        Asked::Keychain => cx.send(Command::ChooseVault(VaultKind::Keychain)),
        Asked::File => passphrase::choose_file(cx, state),
        Asked::Memory => cx.send(Command::UseMemoryVault),
        Asked::Move(to) => vault_migration::open(cx, state, to),
        Asked::Import => import::open(state),
        Asked::Export => export::open(cx, state),
        Asked::Recover => recover::start(cx, state),
        Asked::Check => {
            state.settings = None;
            let selected = state.selected.clone();
            navigation::go(ui.ctx(), cx, state, To::Checks(selected));
        }
    }
}
