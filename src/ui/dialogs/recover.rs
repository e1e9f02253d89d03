//! The outcome of a search for accounts that only the vault knows, if there is anything to decide.
//!
//! The search deletes nothing. Orphaned records are deleted by a button.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use super::modal::{self, Modal};
use crate::ui::cx::Cx;
use crate::ui::widgets::actions;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

const MAX_NAMES: usize = 12;

enum RecoverStep {
    Searching,
    Found { added: Vec<String>, unreadable: usize, orphans: usize },
    Deleting,
    Failed(String),
}

pub(in crate::ui) struct RecoverDialog(RecoverStep);

impl RecoverDialog {
    pub(in crate::ui) fn failed(problem: &Problem) -> Self {
        Self(RecoverStep::Failed(modal::problem_text(problem)))
    }

    pub(in crate::ui) fn found(added: Vec<String>, unreadable: usize, orphans: usize) -> Self {
        Self(RecoverStep::Found { added, unreadable, orphans })
    }
}

impl Modal for RecoverDialog {
    fn title(&self) -> &'static str {
        labels::RECOVER
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        match &self.0 {
            RecoverStep::Searching => {
                widgets::text(ui, "Looking for accounts in the vault…");
            }
            RecoverStep::Deleting => {
                widgets::text(ui, "One moment.");
            }
            RecoverStep::Failed(text) => {
                widgets::text(ui, text);
                modal::offer_passphrase(ui, cx);
            }
            RecoverStep::Found { added, unreadable, orphans } => found(ui, added, *unreadable, *orphans),
        }
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let (close, action) = match &self.0 {
            RecoverStep::Searching | RecoverStep::Deleting | RecoverStep::Found { orphans: 0, .. } => {
                (labels::CLOSE, None)
            }
            RecoverStep::Failed(_) => {
                let again = Button::new(Weight::Primary, labels::TRY_AGAIN);
                (labels::CANCEL, Some((again.blocked(modal::vault_blocked(cx)), Command::RecoverAccounts)))
            }
            RecoverStep::Found { .. } => {
                let delete = Button::new(Weight::Danger, labels::REMOVE_ORPHANS);
                (labels::KEEP_ORPHANS, Some((delete, Command::RemoveOrphans)))
            }
        };
        let close = Button::new(Weight::Secondary, close);
        let Some((action, command)) = action else {
            let [close] = actions::show(ui, [close]);
            return close.clicked();
        };
        let [close, action] = actions::show(ui, [close, action]);
        if action.clicked() {
            let removes = matches!(command, Command::RemoveOrphans);
            self.0 = if removes { RecoverStep::Deleting } else { RecoverStep::Searching };
            cx.send(command);
        }
        close.clicked()
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = matches!(self.0, RecoverStep::Searching | RecoverStep::Deleting);
        if waits {
            self.0 = RecoverStep::Failed(modal::problem_text(problem));
        }
        waits
    }
}

fn found(ui: &mut Ui, added: &[String], unreadable: usize, orphans: usize) {
    if !added.is_empty() {
        let text = format!("{} listed again:", labels::counted_were(added.len(), "account"));
        widgets::text(ui, &text);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for name in added.iter().take(MAX_NAMES) {
                widgets::text_strong(ui, &sanitized(name, 60));
            }
        });
        if added.len() > MAX_NAMES {
            widgets::weak(ui, &format!("and {} more", added.len() - MAX_NAMES));
        }
    }
    if unreadable > 0 {
        let accounts = labels::counted(unreadable, "account");
        widgets::text(ui, &format!("The secrets of {accounts} can't be read. They were left as they are."));
    }
    if orphans > 0 {
        let records = labels::counted(orphans, "record");
        widgets::text(
            ui,
            &format!(
                "There {} {records} of secrets that no account uses. An interrupted deletion leaves them, or entering \
                 secrets again in another vault.",
                if orphans == 1 { "is" } else { "are" }
            ),
        );
    }
}
