//! The banner that stands while the vault can't be used.
//!
//! Owns no state. Invariant: it never waits without a way out, and never offers to keep a secret in
//! a file.

use egui::{Rect, Ui, vec2};

use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultHealth, VaultKind};
use crate::messages::words::explain;

use super::button::{Button, Weight};
use super::cx::Cx;
use super::icons::Icon;
use super::widgets;
use super::words;

/// Whether there is something to say.
pub(super) fn is_needed(cx: &Cx<'_>) -> bool {
    matches!(cx.snapshot.vault.health, VaultHealth::Failing(_) | VaultHealth::Waiting)
}

/// Shows the banner, as a card.
pub(super) fn contents(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tokens = cx.tokens;
    let (what, next, failing) = match &cx.snapshot.vault.health {
        VaultHealth::Failing(problem) => {
            let words = explain(&Problem::Vault(problem.clone()), None, None);
            (words.what, words.next, true)
        }
        VaultHealth::Waiting => (
            "Waiting for the keychain.".to_owned(),
            "It may be asking for its password, perhaps behind another window.".to_owned(),
            false,
        ),
        VaultHealth::Ready | VaultHealth::Untried | VaultHealth::Locked { .. } => return,
    };
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect): (_, Rect) = ui.allocate_space(vec2(18.0, 18.0));
            let icon = if failing { Icon::Warning } else { Icon::Clock };
            icon.paint(ui.painter(), rect.center(), 18.0, tokens.warn);
            ui.vertical(|ui| {
                widgets::text_strong(ui, &what);
                widgets::text(ui, &next);
                ui.add_space(4.0);
                ui.horizontal_wrapped(|ui| {
                    if failing && Button::new(Weight::Quiet, words::TRY_AGAIN).show(ui) {
                        cx.send(Command::TryVault);
                    }
                    let weight = if failing { Weight::Bare } else { Weight::Quiet };
                    let keychain = cx.snapshot.vault.kind == VaultKind::Keychain;
                    if keychain && Button::new(weight, words::USE_MEMORY).show(ui) {
                        cx.send(Command::UseMemoryVault);
                    }
                });
            });
        });
    });
}
