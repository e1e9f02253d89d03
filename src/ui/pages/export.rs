//! The export page.
//!
//! Secrets are only written encrypted. The passphrase is wiped from its fields when it is sent.

use std::collections::BTreeSet;
use std::path::Path;

use egui::{Context, Id, Ui};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{AccountView, VaultKind};

use super::FirstField;
use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::dialogs::modal;
use crate::ui::dialogs::new_passphrase::{self, NewPassphrase};
use crate::ui::settings::section::Section;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::checkbox;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;
use crate::ui::widgets::file_field::{FileAnswer, FileField};
use crate::ui::{labels, widgets};

const ENDINGS: [&str; 2] = [".age", ".toml"];

const TITLE: &str = "Export accounts";

pub(in crate::ui) struct ExportPageState {
    encrypted: bool,
    with_tokens: bool,
    passphrase: NewPassphrase,
    excluded: BTreeSet<AccountId>,
    file: FileField,
    error: Option<String>,
    is_sent: bool,
    first_field: FirstField,
    /// Where *Cancel* leads, if not to the account.
    back_to: Option<Section>,
}

fn is_of_team(account: &AccountView) -> bool {
    account.vault == VaultKind::Team
}

fn file_id() -> Id {
    Id::unique("keyfob-export-file")
}

impl ExportPageState {
    /// Accounts of the team are left out at first, unless there are no others.
    pub(in crate::ui) fn new(folder: &Path, cx: &Cx<'_>, back_to: Option<Section>) -> Self {
        let name = format!("keyfob-{}{}", cx.now.format("%Y-%m-%d"), ENDINGS[0]);
        let (team, own): (Vec<_>, Vec<_>) = cx.snapshot.accounts.iter().partition(|it| is_of_team(it));
        let excluded = team.iter().filter(|_| !own.is_empty()).map(|it| it.id.clone()).collect();
        Self {
            encrypted: true,
            with_tokens: false,
            passphrase: NewPassphrase::default(),
            excluded,
            file: FileField::at(&folder.join(name)),
            error: None,
            is_sent: false,
            first_field: FirstField::default(),
            back_to,
        }
    }

    fn blocked(&self, cx: &Cx<'_>) -> Option<Reason<'static>> {
        if self.is_sent {
            return Some(Reason::new("One moment.", None));
        }
        let none = self.chosen(cx).next().is_none();
        let none = none.then_some("Select an account first.").or_else(|| modal::vault_blocked(cx));
        let passphrase = || {
            let text = self.passphrase.blocked().filter(|_| self.encrypted)?;
            Some(Reason::new(text, Some(self.passphrase.field_to_fill())))
        };
        let file = || self.file.path().err().map(|text| Reason::new(text, Some(file_id())));
        none.map(|text| Reason::new(text, None)).or_else(passphrase).or_else(file)
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
            checkbox::list(ui, accounts.len(), |ui, number| {
                let account = &accounts[number];
                let mut selected = !self.excluded.contains(&account.id);
                let mut note = format!("{} · {}", account.provider_name, labels::grant(account.grant));
                if is_of_team(account) {
                    note = format!("{note} · {}", labels::TEAM_VAULT);
                }
                let row = checkbox::row(ui, &mut selected, account.name.as_str(), &note);
                if row.changed() && selected {
                    self.excluded.remove(&account.id);
                } else if row.changed() {
                    self.excluded.insert(account.id.clone());
                }
            });
        });
    }
}

impl ExportPageState {
    pub(in crate::ui) fn forget(ctx: &Context) {
        new_passphrase::forget(ctx);
    }

    pub(in crate::ui) fn take_file(&mut self, answer: FileAnswer) {
        self.file.take(answer);
    }

    /// Takes a problem; returns false if no export was sent.
    pub(in crate::ui) fn take_problem(&mut self, problem: &Problem) -> bool {
        let waits = std::mem::take(&mut self.is_sent);
        if waits {
            self.error = Some(modal::problem_text(problem));
            self.first_field = FirstField::default();
        }
        waits
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ExportPageState) {
    widgets::heading(ui, TITLE);
    modal::offer_passphrase(ui, cx);
    ui.add_enabled_ui(!state.is_sent, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        let mut entered = state.what(ui);
        let note = "A new file that only you can read.";
        let (browse, enter) = state.file.show(ui, file_id(), "File", state.error.as_deref(), note);
        entered |= enter;
        if state.encrypted {
            state.tokens(ui);
        }
        state.which(ui, cx);
        if browse {
            cx.push(UiAction::AskFile(state.file.question(TITLE, true)));
        }
        if entered && state.blocked(cx).is_none() {
            state.send(ui.ctx(), cx);
        }
    });
    let first = if state.encrypted { new_passphrase::first_id() } else { file_id() };
    state.first_field.focus(cx, (!state.is_sent).then_some(first));
}

/// The buttons, which stay visible.
pub(in crate::ui) fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ExportPageState) {
    let reason = state.blocked(cx);
    let export = Button::new(Weight::Primary, labels::EXPORT).blocked(reason.map(|reason| reason.text));
    let cancel = Button::new(Weight::Secondary, labels::CANCEL);
    let ([cancel, export], field) = actions::show_with_reason(ui, reason, [cancel, export]);
    if let Some(field) = field {
        cx.push(UiAction::Focus(field));
    }
    if export.clicked() {
        state.send(ui.ctx(), cx);
    } else if cancel.clicked() {
        cx.push(UiAction::Leave(state.back_to.map_or(Target::Back, Target::Settings)));
    }
}
