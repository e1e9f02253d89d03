//! Moves all secrets to another vault.
//!
//! The passphrase is wiped from its fields when it is sent. A failed move can be repeated from here.

use egui::{Context, Id, Ui};

use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};

use super::modal::{self, Modal};
use super::new_passphrase::{self, NewPassphrase};
use crate::ui::cx::Cx;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::{labels, widgets};

pub(in crate::ui) struct MoveDialog {
    to: VaultKind,
    finishes: bool,
    current: SecretInput,
    new: NewPassphrase,
    error: Option<String>,
    is_sent: bool,
}

fn current_id() -> Id {
    Id::unique("keyfob-move-passphrase")
}

impl MoveDialog {
    /// `to` is the keychain or the file.
    pub(in crate::ui) fn new(vault: &VaultView, to: VaultKind) -> Self {
        Self {
            to,
            finishes: vault.unfinished_move.is_some(),
            current: SecretInput::default(),
            new: NewPassphrase::default(),
            error: None,
            is_sent: false,
        }
    }

    fn asks_current(&self, vault: &VaultView) -> bool {
        let is_open = vault.kind == VaultKind::File && vault.health == VaultHealth::Ready;
        let uses_file = self.to == VaultKind::File || vault.kind == VaultKind::File || self.finishes;
        uses_file && vault.file_exists && !is_open
    }

    fn asks_new(&self, vault: &VaultView) -> bool {
        self.to == VaultKind::File && !vault.file_exists
    }

    fn blocked(&self, vault: &VaultView) -> Option<&'static str> {
        if self.is_sent {
            Some("One moment.")
        } else if self.asks_new(vault) {
            self.new.blocked()
        } else if self.asks_current(vault) && self.current.is_empty() {
            Some("Enter the passphrase first.")
        } else {
            None
        }
    }

    fn send(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let vault = &cx.snapshot.vault;
        let create = self.asks_new(vault);
        let passphrase = if create {
            Some(self.new.take(ctx))
        } else if self.asks_current(vault) {
            Some(self.current.take_passphrase())
        } else {
            None
        };
        self.forget(ctx);
        self.is_sent = true;
        self.error = None;
        cx.send(Command::MoveVault { to: self.to, passphrase, create });
    }
}

impl Modal for MoveDialog {
    fn title(&self) -> &'static str {
        match (self.finishes, self.to) {
            (true, _) => labels::FINISH_MOVE,
            (false, VaultKind::File) => "Move secrets to a file",
            (false, _) => labels::MOVE_TO_KEYCHAIN,
        }
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let vault = &cx.snapshot.vault;
        let place = match self.to {
            VaultKind::File => "a file protected by a passphrase",
            _ => "this computer's keychain",
        };
        widgets::text(
            ui,
            &format!(
                "Each secret is copied to {place}, verified, then deleted from the old vault. If \
                 interrupted, run the move again or reverse it."
            ),
        );
        if self.is_sent {
            widgets::text(ui, "Moving…");
            return;
        }
        let mut entered = false;
        let mut error_text = self.error.as_deref();
        if self.asks_new(vault) {
            widgets::text(ui, "Keyfob can't recover this passphrase. Store it somewhere safe.");
            entered = self.new.show(ui, error_text.take());
        } else if self.asks_current(vault) {
            let options = FieldOptions { error: error_text.take(), ..FieldOptions::default() };
            let label = "Passphrase of the file";
            let field = fields::secret(ui, current_id(), label, &mut self.current, options);
            entered = fields::is_entered(ui, &field);
        }
        if let Some(error) = error_text {
            widgets::problem(ui, error);
        }
        if entered && self.blocked(vault).is_none() {
            self.send(ui.ctx(), cx);
        }
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let label = if self.finishes { labels::FINISH_MOVE } else { labels::MOVE };
        let cancel = if self.is_sent { labels::CLOSE } else { labels::CANCEL };
        let cancel = Button::new(Weight::Secondary, cancel);
        let blocked = self.blocked(&cx.snapshot.vault);
        let action = Button::new(Weight::Primary, label).blocked(blocked);
        let reason = blocked.map(|text| Reason::new(text, None));
        let ([cancel, action], _) = actions::show_with_reason(ui, reason, [cancel, action]);
        if action.clicked() {
            self.send(ui.ctx(), cx);
        }
        cancel.clicked()
    }

    fn first_field(&self, vault: &VaultView) -> Option<Id> {
        if self.is_sent {
            None
        } else if self.asks_new(vault) {
            Some(new_passphrase::first_id())
        } else {
            self.asks_current(vault).then(current_id)
        }
    }

    fn forget(&self, ctx: &Context) {
        fields::forget(ctx, current_id());
        new_passphrase::forget(ctx);
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = std::mem::take(&mut self.is_sent);
        if waits {
            self.error = Some(modal::problem_text(problem));
        }
        waits
    }
}
