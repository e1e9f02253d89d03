//! What the dialogs and pages about all accounts have in common.

use egui::{Context, Id, Ui};

use crate::messages::explain::explain;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultHealth, VaultView};

use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::file_field::FileAnswer;
use crate::ui::{labels, widgets};

pub(in crate::ui) trait Modal {
    fn title(&self) -> &'static str;

    /// Draws everything but the buttons.
    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>);

    /// Draws the buttons; returns true if the dialog must close.
    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool;

    /// The field with the initial focus.
    fn first_field(&self, _vault: &VaultView) -> Option<Id> {
        None
    }

    fn forget(&self, _ctx: &Context) {}

    /// Takes the answer of the system's file dialog.
    fn take_file(&mut self, _answer: FileAnswer) {}

    /// Takes a problem; returns false if the dialog waits for nothing.
    fn take_problem(&mut self, problem: &Problem) -> bool;
}

pub(in crate::ui) fn problem_text(problem: &Problem) -> String {
    explain(problem, None, None).paragraph()
}

/// Offers to enter the passphrase if the vault needs it.
pub(in crate::ui) fn offer_passphrase(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(label) = labels::passphrase_action(&cx.snapshot.vault) else { return };
    widgets::text(ui, labels::vault(&cx.snapshot.vault, !cx.snapshot.accounts.is_empty()));
    if Button::new(Weight::Secondary, label).show(ui) {
        cx.open(DialogKind::EnterPassphrase);
    }
}

pub(in crate::ui) fn vault_blocked(cx: &Cx<'_>) -> Option<&'static str> {
    let locked = matches!(cx.snapshot.vault.health, VaultHealth::Locked { .. });
    locked.then_some("Enter the passphrase of your secrets first.")
}
