//! The notice while the vault can't be used.
//!
//! It always offers an action, and never an unencrypted file.

use egui::{Rect, Ui, vec2};

use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};

use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn is_needed(cx: &Cx<'_>) -> bool {
    matches!(
        cx.snapshot.vault.health,
        VaultHealth::Failing(_) | VaultHealth::Waiting | VaultHealth::Locked { .. }
    )
}

fn message(vault: &VaultView) -> Option<(String, String, Icon)> {
    let message = |what: &str, next: &str, icon| Some((what.to_owned(), next.to_owned(), icon));
    match (&vault.health, vault.kind) {
        (VaultHealth::Failing(problem), _) => {
            let words = explain(&Problem::Vault(problem.clone()), None, None);
            Some((words.what, words.next, Icon::Warning))
        }
        (VaultHealth::Locked { exists: true }, _) => {
            let words = explain(&Problem::Vault(VaultProblem::PassphraseNeeded), None, None);
            Some((words.what, words.next, Icon::Locked))
        }
        (VaultHealth::Locked { exists: false }, _) => message(
            "Secrets will be kept in a file protected by a passphrase.",
            "Choose a passphrase before you save anything.",
            Icon::Locked,
        ),
        (VaultHealth::Waiting, VaultKind::File) => message(
            "Opening the file with your secrets.",
            "It takes about a second, which keeps guessing slow.",
            Icon::Clock,
        ),
        (VaultHealth::Waiting, _) => message(
            "Waiting for the keychain.",
            "It may be asking for its password, perhaps behind another window.",
            Icon::Clock,
        ),
        (VaultHealth::Ready | VaultHealth::Untried, _) => None,
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tokens = cx.tokens;
    let Some((what, next, icon)) = message(&cx.snapshot.vault) else { return };
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect): (_, Rect) = ui.allocate_space(vec2(18.0, 18.0));
            icon.paint(ui.painter(), rect.center(), 18.0, tokens.warn);
            ui.vertical(|ui| {
                widgets::text_strong(ui, &what);
                widgets::text(ui, &next);
                ui.add_space(4.0);
                ui.horizontal_wrapped(|ui| buttons(ui, cx));
            });
        });
    });
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    let vault = &cx.snapshot.vault;
    let failing = matches!(vault.health, VaultHealth::Failing(_));
    if failing && Button::new(Weight::Secondary, labels::TRY_AGAIN).show(ui) {
        cx.send(Command::TryVault);
    }
    if let Some(label) = labels::passphrase_action(vault)
        && Button::new(Weight::Secondary, label).show(ui)
    {
        cx.open(DialogKind::EnterPassphrase);
    }
    if vault.kind != VaultKind::Keychain {
        return;
    }
    if Button::new(Weight::Secondary, labels::USE_FILE).show(ui) {
        cx.open(DialogKind::UseFileVault);
    }
    if Button::new(Weight::Secondary, labels::USE_MEMORY).show(ui) {
        cx.send(Command::UseMemoryVault);
    }
}
