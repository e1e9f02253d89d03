//! Carries out what the screens ask the window to do.

use egui::Context;

use crate::messages::command::Command;

use super::action::{DialogKind, Target, UiAction};
use super::cx::Cx;
use super::dialogs::shortcuts::ShortcutsDialog;
use super::{Page, Ui};

impl Ui {
    /// Applies the actions pushed since the last call. Screens drawn later in this frame see their effect.
    pub(super) fn apply_actions(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        for action in cx.take_actions() {
            self.apply_action(ctx, cx, action);
            ctx.request_repaint();
        }
        self.update_cx(cx);
    }

    fn apply_action(&mut self, ctx: &Context, cx: &mut Cx<'_>, action: UiAction) {
        match action {
            UiAction::Go(target) if self.has_unsaved_input() => self.discard_form.open(target),
            // A page without unsaved input stays behind the question whether to quit.
            UiAction::Go(Target::Quit) => self.quit.ask(ctx, cx.snapshot),
            UiAction::Go(target) | UiAction::Leave(target) => self.leave(ctx, cx, target),
            UiAction::Select(id) => {
                let detail_open = self.detail_open;
                self.page = Page::Account;
                self.select(id);
                self.detail_open = detail_open;
            }
            UiAction::ShowPage => self.detail_open = true,
            UiAction::ShowList => self.detail_open = false,
            UiAction::OpenForm(from) => self.open_new_form(&from),
            UiAction::OpenDialog(dialog) => self.open_dialog(ctx, cx, dialog),
            UiAction::OpenPalette => self.palette.open(),
            UiAction::Focus(id) => self.focus = Some(id),
            UiAction::Toast(text) => self.toasts.say(text),
            UiAction::Lock => {
                self.passphrase.give_up(ctx, cx);
                cx.send(Command::Lock);
                self.lock_screen.cover_from(cx.now);
            }
        }
    }

    fn leave(&mut self, ctx: &Context, cx: &mut Cx<'_>, target: Target) {
        self.close_form(ctx);
        match target {
            Target::Account(id) => {
                self.page = Page::Account;
                self.select(id);
            }
            Target::Form(id) => cx.send(Command::Edit(id)),
            Target::ProviderPicker => self.open_provider_picker(),
            Target::Diagnostics(account) => self.open_diagnostics(cx, account),
            Target::Back => self.page = Page::Account,
            Target::List => {
                self.page = Page::Account;
                self.detail_open = false;
            }
            Target::Quit => {
                self.page = Page::Account;
                self.quit.ask(ctx, cx.snapshot);
            }
        }
    }

    fn open_dialog(&mut self, ctx: &Context, cx: &mut Cx<'_>, dialog: DialogKind) {
        match dialog {
            DialogKind::Delete(id) => self.delete.open(id),
            DialogKind::Settings => self.settings.open(&cx.snapshot.preferences),
            DialogKind::SettingsOfSecrets => self.settings.open_at_secrets(&cx.snapshot.preferences),
            DialogKind::Shortcuts => self.shortcuts = ShortcutsDialog::Open,
            DialogKind::EnterPassphrase => self.passphrase.open(),
            DialogKind::ChangePassphrase => self.passphrase.open_change(),
            DialogKind::UseFileVault => self.passphrase.open_file_vault(cx),
            DialogKind::MoveVault(to) => self.dialogs.open_move(&cx.snapshot.vault, to),
            DialogKind::Import => self.dialogs.open_import(),
            DialogKind::ImportFile(path) => self.dialogs.open_import_of(ctx, cx, path),
            DialogKind::Export => self.dialogs.open_export(cx.now),
            DialogKind::Recover => self.dialogs.open_recover(cx),
        }
    }
}
