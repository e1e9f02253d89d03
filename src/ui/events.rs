//! Applies the engine's events to the window's state.
//!
//! An event never takes away what the user types or views about something else.

use egui::{Context, UserAttentionType, ViewportCommand};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::event::{ClientDeletion, Event, Reply, Revocation};
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
                self.close_page(ctx);
                self.open_form(AccountFormState::edit(*draft, kept, &self.presets));
                self.detail_open = true;
            }
            Event::RedirectChecked { redirect_uri, problem } => {
                if let Page::Form(form) = &mut self.page {
                    form.take_redirect_check(&redirect_uri, problem);
                }
            }
            Event::Discovered { issuer, found } => match &mut self.page {
                Page::Form(form) => form.take_discovered(&issuer, *found),
                Page::Import(state) => state.take_discovered(&issuer, *found),
                _ => {}
            },
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
            Event::ImportRead(read) => {
                if let Page::Import(state) = &mut self.page {
                    state.take_import(read);
                }
            }
            Event::Done(reply) => self.take_reply(reply, ctx),
            Event::SignedIn(_) => self.toasts.say("Signed in."),
            Event::Copied { clears_at, .. } => self.take_copied(clears_at.is_none(), ctx),
            Event::ClipboardCleared => self.toasts.say("Clipboard cleared."),
            Event::ServerFound { address, found } => {
                if let Page::ByAddress(state) = &mut self.page {
                    state.take_found(&address, *found);
                }
            }
            Event::Deleted { name, revocation, client } => {
                self.toasts.say(deleted(&name, &revocation, &client));
            }
            Event::Problem { account, problem } => self.take_problem(account, problem, ctx),
        }
    }

    fn take_copied(&mut self, stays: bool, ctx: &Context) {
        // Else the snapshot's clipboard shows it, with the time left.
        if stays {
            self.toasts.say("Copied.");
        }
        self.note_copied(ctx);
    }

    fn take_saved(&mut self, id: AccountId, ctx: &Context) {
        // A page opened since then isn't this account's.
        let is_elsewhere = match &self.page {
            Page::Form(form) => !form.saving,
            Page::ByAddress(state) => !state.is_saving(),
            Page::Import(state) => {
                if state.is_saving() {
                    self.toasts.say(state.saved());
                }
                !state.is_saving()
            }
            Page::Export(_) | Page::Settings(_) => true,
            Page::Account | Page::ProviderPicker(_) | Page::Diagnostics(_) | Page::UseFrom(_) => false,
        };
        if !is_elsewhere {
            self.close_page(ctx);
            self.select(id);
        }
    }

    fn take_reply(&mut self, reply: Reply, ctx: &Context) {
        match reply {
            Reply::ApiAnswered { account, answer } => self.account.take_api_answer(&account, *answer),
            Reply::Revoked => self.toasts.say(labels::REVOKED),
            Reply::Forgotten => self.toasts.say(labels::FORGOTTEN),
            Reply::Diagnosed(findings) => {
                if let Page::Diagnostics(state) = &mut self.page {
                    state.take(findings);
                }
            }
            Reply::Recovered { added, unreadable, orphans } => {
                self.notices.dismiss_startup_notice();
                let is_found = self.dialogs.take_recovered(ctx, added, unreadable, orphans);
                match &mut self.page {
                    Page::Settings(state) => state.recovery = (!is_found).then_some(NOTHING_TO_RECOVER),
                    _ if !is_found => self.toasts.say(NOTHING_TO_RECOVER),
                    _ => {}
                }
            }
            Reply::Exported(count) => {
                if matches!(self.page, Page::Export(_)) {
                    self.close_page(ctx);
                }
                self.toasts.say(format!("{} exported.", labels::counted_were(count, "account")));
            }
            reply => self.dialogs.take_reply(ctx, reply, &mut self.toasts),
        }
    }

    fn take_recovery_problem(&mut self, problem: &Problem) -> bool {
        let taken = self.dialogs.take_problem(problem);
        if let (true, Page::Settings(state)) = (taken, &mut self.page) {
            state.recovery = None;
        }
        taken
    }

    fn take_problem(&mut self, account: Option<AccountId>, problem: Problem, ctx: &Context) {
        self.note_problem(ctx, account.as_ref());
        if account.is_none()
            && (self.passphrase.take_problem(&problem)
                || self.take_recovery_problem(&problem)
                || match &mut self.page {
                    Page::Import(state) => state.take_problem(&problem),
                    Page::ByAddress(state) => state.take_problem(&problem),
                    Page::Export(state) => state.take_problem(&problem),
                    _ => false,
                })
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

fn deleted(name: &str, revocation: &Revocation, client: &ClientDeletion) -> String {
    let said = [explain::revocation(revocation), explain::client_deletion(client)];
    let deleted = format!("“{}” was deleted.", sanitized(name, 40));
    said.into_iter().flatten().fold(deleted, |all, said| all + " " + &said)
}

const NOTHING_TO_RECOVER: &str = "Nothing to recover. All accounts with secrets here are in the list.";

/// Raises the window, or requests attention if the desktop prevents that.
pub(super) fn come_forward(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
    ctx.send_viewport_cmd(ViewportCommand::Focus);
    if !ctx.input(|input| input.viewport().focused.unwrap_or(true)) {
        let kind = UserAttentionType::Informational;
        ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(kind));
    }
}
