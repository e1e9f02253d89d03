//! Listing accounts again that only the vault knows.
//!
//! Owns what was found. Invariant: what belongs to no account is deleted by a press of its own, and
//! never by the search.

use egui::Ui;

use crate::domain::unseen::neutralised;
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use super::button::{Button, Weight};
use super::cx::Cx;
use super::errand::{self, Ask, Errand};
use super::view_state::ViewState;
use super::{widgets, words};

/// How many names are listed.
const NAMES: usize = 12;

/// How far it is.
enum Stage {
    Searching,
    Found { added: Vec<String>, unreadable: usize, orphans: usize },
    Deleting,
    Failed(String),
}

/// The dialog.
pub(super) struct RecoverDialog(Stage);

impl RecoverDialog {
    /// What came of a search.
    pub(super) fn found(added: Vec<String>, unreadable: usize, orphans: usize) -> Self {
        Self(Stage::Found { added, unreadable, orphans })
    }
}

/// Searches.
pub(super) fn start(cx: &mut Cx<'_>, state: &mut ViewState) {
    cx.send(Command::RecoverAccounts);
    errand::open(state, RecoverDialog(Stage::Searching));
}

impl Errand for RecoverDialog {
    fn title(&self) -> &'static str {
        words::RECOVER
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask> {
        match &self.0 {
            Stage::Searching => {
                widgets::text(ui, "Looking for accounts in the place where your secrets are …");
            }
            Stage::Deleting => {
                widgets::text(ui, "One moment.");
            }
            Stage::Failed(said) => {
                widgets::text(ui, said);
                return errand::needs_passphrase(ui, cx);
            }
            Stage::Found { added, unreadable, orphans } => found(ui, added, *unreadable, *orphans),
        }
        None
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask> {
        let (weight, label) = match &self.0 {
            Stage::Searching | Stage::Deleting => (Weight::Bare, words::CLOSE),
            Stage::Failed(_) => {
                let reason = errand::vault_blocked(cx);
                if Button::new(Weight::Primary, words::TRY_AGAIN).blocked(reason).show(ui) {
                    cx.send(Command::RecoverAccounts);
                    self.0 = Stage::Searching;
                    return None;
                }
                (Weight::Bare, words::CANCEL)
            }
            Stage::Found { orphans: 0, .. } => (Weight::Primary, words::CLOSE),
            Stage::Found { .. } => {
                let close = Button::new(Weight::Primary, words::KEEP_ORPHANS).show(ui);
                if Button::new(Weight::Danger, words::REMOVE_ORPHANS).show(ui) {
                    cx.send(Command::RemoveOrphans);
                    self.0 = Stage::Deleting;
                }
                return close.then_some(Ask::Close);
            }
        };
        Button::new(weight, label).show(ui).then_some(Ask::Close)
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = matches!(self.0, Stage::Searching | Stage::Deleting);
        if waits {
            self.0 = Stage::Failed(errand::in_words(problem));
        }
        waits
    }
}

fn found(ui: &mut Ui, added: &[String], unreadable: usize, orphans: usize) {
    if added.is_empty() {
        widgets::text(ui, "No account is missing: all that have secrets here are in the list.");
    } else {
        let said = format!("{} listed again:", words::counted_were(added.len(), "account"));
        widgets::text(ui, &said);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for name in added.iter().take(NAMES) {
                widgets::text_strong(ui, &neutralised(name, 60));
            }
        });
        if added.len() > NAMES {
            widgets::weak(ui, &format!("and {} more", added.len() - NAMES));
        }
    }
    if unreadable > 0 {
        let accounts = words::counted(unreadable, "account");
        widgets::text(ui, &format!("The secrets of {accounts} can't be read. They were left as they are."));
    }
    if orphans > 0 {
        let records = words::counted(orphans, "record");
        widgets::text(
            ui,
            &format!(
                "There {} {records} of secrets that no account needs: a deletion that was cut short leaves them, \
                 or secrets that were entered again in another place.",
                if orphans == 1 { "is" } else { "are" }
            ),
        );
    }
}
