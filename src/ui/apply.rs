//! Carries out what the screens ask the window to do.

use egui::Context;

use crate::messages::command::Command;

use super::action::{DialogKind, Target, UiAction};
use super::cx::Cx;
use super::dialogs::shortcuts::ShortcutsDialog;
use super::pages::by_address::{self, AddressPageState};
use super::pages::export::ExportPageState;
use super::pages::import::ImportPageState;
use super::settings::SettingsState;
use super::settings::section::Section;
use super::{Page, Ui};

impl Ui {
    /// Applies the actions pushed since the last call. Screens drawn later in this frame see their effect.
    pub(super) fn apply_actions(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        // Opening a page is an action of its own, which may ask before input is lost.
        let mut actions = cx.take_actions();
        while !actions.is_empty() {
            for action in actions {
                self.apply_action(ctx, cx, action);
            }
            ctx.request_repaint();
            actions = cx.take_actions();
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
                self.close_page(ctx);
                self.select(id);
                self.detail_open = detail_open;
            }
            UiAction::ShowPage => self.detail_open = true,
            UiAction::ShowList => self.detail_open = false,
            UiAction::OpenForm(from) => self.open_new_form(&from),
            UiAction::OpenByAddress(address) => {
                let state = AddressPageState::start(cx, &address);
                self.open_page(Page::ByAddress(Box::new(state)));
                self.focus = Some(by_address::address_id());
            }
            UiAction::OpenDialog(dialog) => self.open_dialog(cx, dialog),
            UiAction::OpenPalette => self.palette.open(),
            UiAction::Focus(id) => self.focus = Some(id),
            UiAction::AskFile(question) => self.file_question = Some(question),
            UiAction::Toast(text) => self.toasts.say(text),
            UiAction::Lock => {
                self.passphrase.give_up(ctx, cx);
                cx.send(Command::Lock);
                self.lock_screen.cover_from(cx.now);
            }
        }
    }

    fn leave(&mut self, ctx: &Context, cx: &mut Cx<'_>, target: Target) {
        let back_to = matches!(self.page, Page::Settings(_)).then_some(Section::Accounts);
        self.close_page(ctx);
        match target {
            Target::Account(id) => self.select(id),
            Target::Form(id) => cx.send(Command::Edit(id)),
            Target::ProviderPicker => self.open_provider_picker(),
            Target::Diagnostics(account) => self.open_diagnostics(cx, account),
            Target::UseFrom(account) => self.open_page(Page::UseFrom(account)),
            Target::Settings(section) => {
                self.open_page(Page::Settings(Box::new(SettingsState::new(
                    &cx.snapshot.preferences,
                    section,
                ))));
            }
            Target::Import(None) => {
                let state = ImportPageState::within(&self.folder, back_to);
                self.open_page(Page::Import(Box::new(state)));
            }
            Target::Import(Some(path)) => {
                let state = ImportPageState::of_file(cx, path);
                self.open_page(Page::Import(Box::new(state)));
            }
            Target::Export => {
                let state = ExportPageState::new(&self.folder, cx, back_to);
                self.open_page(Page::Export(Box::new(state)));
            }
            Target::Back => {}
            Target::List => self.detail_open = false,
            Target::Quit => self.quit.ask(ctx, cx.snapshot),
        }
    }

    fn open_page(&mut self, page: Page) {
        self.page = page;
        self.detail_open = true;
    }

    fn open_dialog(&mut self, cx: &mut Cx<'_>, dialog: DialogKind) {
        match dialog {
            DialogKind::Delete(id) => self.delete.open(id),
            DialogKind::Settings => cx.push(UiAction::Go(Target::Settings(Section::default()))),
            DialogKind::SettingsOfSecrets => cx.push(UiAction::Go(Target::Settings(Section::Secrets))),
            DialogKind::Shortcuts => self.shortcuts = ShortcutsDialog::Open,
            DialogKind::EnterPassphrase => self.passphrase.open(),
            DialogKind::ChangePassphrase => self.passphrase.open_change(),
            DialogKind::UseFileVault => self.passphrase.open_file_vault(cx),
            DialogKind::MoveVault(to) => self.dialogs.open_move(&cx.snapshot.vault, to),
            DialogKind::ConnectTeam => {
                let connection = cx.snapshot.team.as_ref().map(|team| &team.connection);
                self.dialogs.open_team(&self.folder, connection);
            }
            DialogKind::Recover => self.recover(cx),
        }
    }
}
