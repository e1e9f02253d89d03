//! The export dialog.
//!
//! Secrets are only written encrypted. The passphrase is wiped from its fields when it is sent.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, Utc};
use egui::{Context, Id, Ui};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultView;

use super::modal::{self, Modal, ModalRequest};
use super::new_passphrase::{self, NewPassphrase};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::checkbox;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;
use crate::ui::widgets::file_field::{FileAnswer, FileField};
use crate::ui::{labels, widgets};

const ROWS: u8 = 4;

const ENDINGS: [&str; 2] = [".age", ".toml"];

pub(in crate::ui) struct ExportDialog {
    encrypted: bool,
    with_tokens: bool,
    passphrase: NewPassphrase,
    excluded: BTreeSet<AccountId>,
    file: FileField,
    error: Option<String>,
    is_sent: bool,
}

fn file_id() -> Id {
    Id::unique("keyfob-export-file")
}

impl ExportDialog {
    pub(in crate::ui) fn new(folder: &Path, now: DateTime<Utc>) -> Self {
        let name = format!("keyfob-{}{}", now.format("%Y-%m-%d"), ENDINGS[0]);
        Self {
            encrypted: true,
            with_tokens: false,
            passphrase: NewPassphrase::default(),
            excluded: BTreeSet::new(),
            file: FileField::at(&folder.join(name)),
            error: None,
            is_sent: false,
        }
    }

    fn blocked(&self, cx: &Cx<'_>) -> Option<&'static str> {
        if self.is_sent {
            return Some("One moment.");
        }
        let none = self.chosen(cx).next().is_none();
        none.then_some("Select an account first.")
            .or_else(|| modal::vault_blocked(cx))
            .or_else(|| self.passphrase.blocked().filter(|_| self.encrypted))
            .or_else(|| self.file.path().err())
    }

    fn chosen<'a>(&'a self, cx: &'a Cx<'_>) -> impl Iterator<Item = &'a AccountId> {
        let ids = cx.snapshot.accounts.iter().map(|account| &account.id);
        ids.filter(|id| !self.excluded.contains(*id))
    }

    fn send(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let Ok(path) = self.file.path() else { return };
        let accounts = self.chosen(cx).cloned().collect();
        let passphrase = self.encrypted.then(|| self.passphrase.take(ctx));
        self.is_sent = true;
        self.error = None;
        let with_tokens = self.encrypted && self.with_tokens;
        cx.send(Command::Export { accounts, path, passphrase, with_tokens });
    }

    fn what(&mut self, ui: &mut Ui) -> bool {
        let choices = [
            (true, "Settings and secrets, encrypted".to_owned()),
            (false, "Settings without secrets, as plain text".to_owned()),
        ];
        let note = if self.encrypted {
            "For another computer or a colleague. The standard age tool opens it too."
        } else {
            "For a repository or a ticket: no client secret, no password, no token."
        };
        let options = FieldOptions { note: Some(note), ..FieldOptions::default() };
        let id = Id::unique("keyfob-export-what");
        if fields::choice(ui, id, "What goes into the file", &mut self.encrypted, &choices, options) {
            let [encrypted, plain] = ENDINGS;
            let (from, to) = if self.encrypted { (plain, encrypted) } else { (encrypted, plain) };
            self.file.change_ending(from, to);
        }
        if !self.encrypted {
            return false;
        }
        self.passphrase.show(ui, None)
    }

    fn tokens(&mut self, ui: &mut Ui) {
        let note = "Only when moving for good: servers may reject a refresh token used on two computers.";
        checkbox::show(ui, &mut self.with_tokens, "Include tokens", note);
    }

    fn which(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let accounts = &cx.snapshot.accounts;
        if accounts.len() < 2 {
            return;
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            widgets::caption(ui, "Accounts");
            let known = accounts.iter().filter(|account| self.excluded.contains(&account.id)).count();
            let mut all = known == 0;
            let label = format!("All {}", labels::counted(accounts.len(), "account"));
            if checkbox::show(ui, &mut all, &label, "").changed() {
                self.excluded.clear();
                if !all {
                    self.excluded.extend(accounts.iter().map(|account| account.id.clone()));
                }
            }
            checkbox::list(ui, "keyfob-export-rows", accounts.len(), ROWS, |ui, number| {
                let account = &accounts[number];
                let mut selected = !self.excluded.contains(&account.id);
                let note = format!("{} · {}", account.provider_name, labels::grant(account.grant));
                let row = checkbox::show(ui, &mut selected, account.name.as_str(), &note);
                if row.changed() && selected {
                    self.excluded.remove(&account.id);
                } else if row.changed() {
                    self.excluded.insert(account.id.clone());
                }
                row
            });
        });
    }
}

impl Modal for ExportDialog {
    fn title(&self) -> &'static str {
        "Export accounts"
    }

    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        modal::offer_passphrase(ui, cx);
        let mut request = None;
        let is_typing = !self.is_sent;
        ui.add_enabled_ui(is_typing, |ui| {
            ui.spacing_mut().item_spacing.y = 12.0;
            let mut entered = self.what(ui);
            let note = "A new file that only you can read.";
            let (browse, enter) = self.file.show(ui, file_id(), "File", self.error.as_deref(), note);
            entered |= enter;
            if self.encrypted {
                self.tokens(ui);
            }
            self.which(ui, cx);
            if browse {
                request = Some(ModalRequest::File(self.file.question(self.title(), true)));
            }
            if entered && self.blocked(cx).is_none() {
                self.send(ui.ctx(), cx);
            }
        });
        request
    }

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<ModalRequest> {
        if Button::new(Weight::Primary, labels::EXPORT).blocked(self.blocked(cx)).show(ui) {
            self.send(ui.ctx(), cx);
        }
        Button::new(Weight::Text, labels::CANCEL).show(ui).then_some(ModalRequest::Close)
    }

    fn first_field(&self, _: &VaultView) -> Option<Id> {
        (!self.is_sent).then(|| if self.encrypted { new_passphrase::first_id() } else { file_id() })
    }

    fn forget(&self, ctx: &Context) {
        new_passphrase::forget(ctx);
    }

    fn take_file(&mut self, answer: FileAnswer, _: &mut Cx<'_>) {
        self.file.take(answer);
    }

    fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = std::mem::take(&mut self.is_sent);
        if waits {
            self.error = Some(modal::problem_text(problem));
        }
        waits
    }
}
