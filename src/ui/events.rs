//! Applies the engine's events to the window's state.
//!
//! An event never takes away what the user types or views about something else.

use egui::{Context, UserAttentionType, ViewportCommand};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::event::{Event, Reply};
use crate::messages::explain;
use crate::messages::problem::Problem;

use super::form::draft::AccountFormState;
use super::{Page, Ui, labels};

impl Ui {
    /// Applies an event.
    pub fn take_event(&mut self, event: Event, ctx: &Context) {
        match event {
            Event::Saved(id) | Event::DemoReady(id) => self.take_saved(id, ctx),
            Event::DraftReady { draft, kept } => {
                self.close_form(ctx);
                self.open_form(AccountFormState::edit(*draft, kept, &self.presets));
                self.detail_open = true;
            }
            Event::RedirectChecked { redirect_uri, problem } => {
                if let Page::Form(form) = &mut self.page {
                    form.take_redirect_check(&redirect_uri, problem);
                }
            }
            Event::Discovered { issuer, found } => {
                if let Some(found) = self.dialogs.take_discovered(&issuer, *found)
                    && let Page::Form(form) = &mut self.page
                {
                    form.take_discovered(&issuer, found);
                }
            }
            Event::SignInStarted(_) => self.account.empty_pasted(),
            Event::BrowserReturned(id) => {
                come_forward(ctx);
                if !matches!(self.page, Page::Form(_)) {
                    self.select(id);
                }
            }
            Event::Restored(id) => {
                if matches!(self.page, Page::Account) {
                    self.select(id);
                }
            }
            Event::Refreshed(id) => {
                if self.selected.as_ref() == Some(&id) {
                    self.account.hide_token();
                }
            }
            Event::Revealed { account, token } => {
                if self.selected.as_ref() == Some(&account) {
                    self.account.reveal(account, token);
                }
            }
            Event::ImportRead(read) => self.dialogs.take_import(read),
            Event::Done(reply) => self.take_reply(reply, ctx),
            Event::SignedIn(_) => self.toasts.say("Signed in."),
            Event::Copied { clears_at: None, .. } => self.toasts.say("Copied."),
            // The snapshot's clipboard shows it, with the time left.
            Event::Copied { .. } => {}
            Event::ClipboardCleared => self.toasts.say("Clipboard cleared."),
            Event::Deleted { name, revocation } => {
                let name = sanitized(&name, 40);
                let tokens = explain::revocation(&revocation).unwrap_or_default();
                self.toasts.say(format!("“{name}” was deleted. {tokens}").trim_end());
            }
            Event::Problem { account, problem } => self.take_problem(account, problem),
        }
    }

    fn take_saved(&mut self, id: AccountId, ctx: &Context) {
        if let Some(text) = self.dialogs.take_saved(ctx) {
            self.toasts.say(text);
        }
        // A form opened since then isn't this account's.
        if !matches!(&self.page, Page::Form(form) if !form.saving) {
            self.close_form(ctx);
            self.page = Page::Account;
            self.select(id);
        }
    }

    fn take_reply(&mut self, reply: Reply, ctx: &Context) {
        match reply {
            Reply::Revoked => self.toasts.say(labels::REVOKED),
            Reply::Forgotten => self.toasts.say(labels::FORGOTTEN),
            Reply::Diagnosed(findings) => {
                if let Page::Diagnostics(state) = &mut self.page {
                    state.take(findings);
                }
            }
            Reply::Recovered { added, unreadable, orphans } => {
                self.notices.dismiss_startup_notice();
                self.dialogs.open_recovered(added, unreadable, orphans);
            }
            reply => self.dialogs.take_reply(ctx, reply, &mut self.toasts),
        }
    }

    fn take_problem(&mut self, account: Option<AccountId>, problem: Problem) {
        if account.is_none()
            && (self.passphrase.take_problem(&problem) || self.dialogs.take_problem(&problem))
        {
            return;
        }
        if let Page::Form(form) = &mut self.page
            && form.saving
        {
            let mine = form.editing.as_ref().map(|(id, _)| id);
            if account.is_none() || account.as_ref() == mine {
                form.saving = false;
                form.problem = Some(problem);
                return;
            }
        }
        self.toasts.problem(account, problem);
    }
}

/// Raises the window, or requests attention if the desktop prevents that.
pub(super) fn come_forward(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
    ctx.send_viewport_cmd(ViewportCommand::Focus);
    if !ctx.input(|input| input.viewport().focused.unwrap_or(true)) {
        let kind = UserAttentionType::Informational;
        ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(kind));
    }
}
