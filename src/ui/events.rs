//! Applies the engine's events to the window's state.
//!
//! An event never takes away what the user types or views about something else.

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;

use super::dialogs::passphrase;
use super::form::draft::FormDraft;
use super::form::{issuer, redirect_check};
use super::view_state::{Page, Revealed};
use super::widgets::fields;
use super::{Ui, dialogs, doctor, form, labels};

impl Ui {
    /// Applies an event.
    pub fn take_event(&mut self, event: Event, ctx: &egui::Context) {
        let state = &mut self.state;
        match event {
            Event::Saved(id) | Event::DemoReady(id) => {
                dialogs::saved(ctx, state);
                // A form opened since then isn't this account's.
                if !matches!(&state.page, Page::Form(form) if !form.saving) {
                    form::close(ctx, state);
                    state.page = Page::Account;
                    state.select(id);
                }
            }
            Event::DraftReady { draft, kept } => {
                form::close(ctx, state);
                let form = FormDraft::edit(*draft, kept, &self.presets);
                state.page = Page::Form(Box::new(form));
                state.detail_open = true;
            }
            Event::RedirectChecked { redirect_uri, problem } => {
                redirect_check::take(state, &redirect_uri, problem);
            }
            Event::Discovered { issuer, found } => {
                if let Some(found) = dialogs::discovered(state, &issuer, *found) {
                    issuer::take(state, &issuer, found);
                }
            }
            Event::SignInStarted(_) => state.paste = fields::SecretText::default(),
            Event::BrowserReturned(id) => {
                come_forward(ctx);
                if !matches!(state.page, Page::Form(_)) {
                    state.select(id);
                }
            }
            Event::SignedIn(_) => state.toasts.say("Signed in."),
            Event::Refreshed(id) => {
                if state.selected.as_ref() == Some(&id) {
                    state.revealed = None;
                }
            }
            Event::Copied { clears_at: None, .. } => state.toasts.say("Copied."),
            // The snapshot's clipboard shows it, with the time left.
            Event::Copied { .. } => {}
            Event::ImportRead(read) => dialogs::read(state, read),
            Event::Done(Reply::Revoked) => state.toasts.say(labels::REVOKED),
            Event::Done(Reply::Forgotten) => state.toasts.say(labels::FORGOTTEN),
            Event::Done(Reply::Diagnosed(findings)) => doctor::take(state, findings),
            Event::Done(reply) => dialogs::done(ctx, state, reply),
            Event::Restored(id) => {
                if matches!(state.page, Page::Account) {
                    state.select(id);
                }
            }
            Event::ClipboardCleared => state.toasts.say("Clipboard cleared."),
            Event::Revealed { account, token } => {
                if state.selected.as_ref() == Some(&account) {
                    state.revealed = Some(Revealed { account, token, until: None });
                }
            }
            Event::Deleted { name, revocation } => {
                let name = sanitized(&name, 40);
                let tokens = messages::explain::revocation(&revocation).unwrap_or_default();
                state.toasts.say(format!("“{name}” was deleted. {tokens}").trim_end());
            }
            Event::Problem { account, problem } => self.take_problem(account, problem),
        }
    }

    fn take_problem(&mut self, account: Option<AccountId>, problem: Problem) {
        let state = &mut self.state;
        if account.is_none() && (passphrase::takes(state, &problem) || dialogs::takes(state, &problem)) {
            return;
        }
        if let Page::Form(form) = &mut state.page
            && form.saving
        {
            let mine = form.editing.as_ref().map(|(id, _)| id);
            if account.is_none() || account.as_ref() == mine {
                form.saving = false;
                form.problem = Some(problem);
                return;
            }
        }
        state.toasts.problem(account, problem);
    }
}

/// Raises the window, or requests attention if the desktop prevents that.
pub(super) fn come_forward(ctx: &egui::Context) {
    ctx.send_viewport_cmd(egui::ViewportCommand::Minimized(false));
    ctx.send_viewport_cmd(egui::ViewportCommand::Focus);
    if !ctx.input(|input| input.viewport().focused.unwrap_or(true)) {
        let kind = egui::UserAttentionType::Informational;
        ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(kind));
    }
}
