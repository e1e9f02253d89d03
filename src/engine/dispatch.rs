//! Routes commands to their handlers.
//!
//! The handler replies to each command once.

use super::event_loop::{Engine, LookupAttempt, Replies, Waiter, answer};
use super::secrets::lock;
use crate::domain::account::AccountId;
use crate::domain::session::{Input, RequestId};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;

impl Engine {
    /// Routes a command to its handler.
    pub(crate) fn dispatch(&mut self, command: Command, replies: Replies) {
        if self.locked && !lock::is_allowed(&command) {
            return self.fail(None, Problem::Locked, replies);
        }
        if self.is_deferred(&command) {
            return self.deferred.push((command, replies));
        }
        if let Some(account) = self.needs_vault_lookup(&command) {
            return self.look_for_token(account, command, replies);
        }
        match command {
            Command::Save { draft, sign_in } => self.save(*draft, sign_in, replies),
            Command::Discover(settings) => self.discover(&settings, replies),
            Command::Import(drafts) => self.import(drafts, replies),
            Command::ReadImport { path, passphrase, mapping } => {
                self.read_import(path, passphrase, mapping, replies);
            }
            Command::Export { accounts, path, passphrase, with_tokens } => {
                self.export(&accounts, path, passphrase, with_tokens, replies);
            }
            Command::Edit(account) => self.edit(&account, replies),
            Command::Duplicate(account) => self.duplicate(&account, replies),
            Command::Delete(account) => self.delete(&account, replies),
            Command::UndoDelete(account) => self.undo_delete(&account, replies),
            Command::Remove(account) => self.remove(&account, replies),
            Command::SignIn { account, open_browser } => {
                self.open_browser_for(&account, open_browser);
                let signing_in = Waiter::Window { signing_in: true };
                self.ask(&account, replies, signing_in, false, Input::SignIn);
            }
            Command::TryClientAuth { account, auth, open_browser } => {
                self.try_client_auth(&account, auth, open_browser, replies);
            }
            Command::Diagnose(account) => self.diagnose(account, replies),
            Command::CheckRedirect(redirect_uri) => self.check_redirect(redirect_uri, replies),
            Command::TakePort { account, port } => self.take_port(&account, port, replies),
            Command::CancelSignIn(account) => {
                self.step(&account, Input::Cancel);
                answer(replies, Ok(Reply::Done));
            }
            Command::ExtendSignIn(account) => {
                self.step(&account, Input::Extend);
                answer(replies, Ok(Reply::Done));
            }
            Command::OpenBrowserAgain(account) => {
                self.open_browser(&account);
                answer(replies, Ok(Reply::Done));
            }
            Command::PasteReturn { account, text } => self.pasted(&account, &text, replies),
            Command::Refresh(account) => {
                self.ask(&account, replies, Waiter::Window { signing_in: false }, false, Input::Renew);
            }
            Command::Token { account, min_valid } => {
                let asker = Waiter::Window { signing_in: false };
                self.ask(&account, replies, asker, true, |request| Input::Want(request, min_valid));
            }
            Command::Copy { account, form } => {
                let asker = Waiter::Clipboard(form, LookupAttempt::First);
                self.ask(&account, replies, asker, false, |id| Input::Want(id, None));
            }
            Command::CopyText(text) => self.copy_text(text, replies),
            Command::OpenPage(page) => self.open_page(&page, replies),
            Command::ClearClipboard => self.clear_clipboard(replies),
            Command::Reveal(account) => self.reveal(&account, replies),
            Command::ReadMask(account) => self.read_mask(&account, replies),
            Command::MapAnswer { account, choices } => self.map_answer(&account, &choices, replies),
            Command::Check(account) => self.check_token(&account, replies),
            Command::Revoke(account) => self.revoke(&account, replies),
            Command::Forget(account) => self.forget_tokens(&account, replies),
            Command::ReadExchanges(account) => self.read_exchanges(&account, replies),
            Command::ReadAccounts => {
                self.load_at_last();
                answer(replies, Ok(Reply::Done));
            }
            Command::Settle => answer(replies, Ok(Reply::Done)),
            Command::TryVault => self.try_vault(replies),
            Command::UseMemoryVault => self.use_memory_vault(replies),
            Command::ChooseVault(kind) => self.choose_vault(kind, replies),
            Command::MoveVault { to, passphrase, create } => {
                self.move_vault(to, passphrase, create, replies);
            }
            Command::RecoverAccounts => self.recover_accounts(replies),
            Command::RemoveOrphans => self.remove_orphans(replies),
            Command::UnlockVault { passphrase, create } => self.unlock_vault(passphrase, create, replies),
            Command::LockVault => self.lock_vault(replies),
            Command::ChangePassphrase { old, new } => self.change_passphrase(old, new, replies),
            Command::Lock | Command::SystemSleeps => self.lock(replies),
            Command::Unlock => self.unlock(replies),
            Command::StartDemo => self.start_demo(replies),
            Command::SetPreferences(preferences) => self.set_preferences(&preferences, replies),
            Command::ConfirmPreferences(shown) => self.confirm_preferences(shown, replies),
            Command::RememberWindow(place) => self.remember_window(place, replies),
            Command::Remember(remembered) => self.remember(remembered, replies),
        }
    }

    pub(crate) fn ask(
        &mut self,
        account: &AccountId,
        replies: Replies,
        window: Waiter,
        wants_token: bool,
        input: impl FnOnce(RequestId) -> Input,
    ) {
        if !self.entries.contains_key(account) {
            return answer(replies, Err(Problem::UnknownAccount(account.to_string())));
        }
        self.last_request += 1;
        let asker = match replies {
            Some(replies) => {
                Waiter::Caller { replies, wants_token: wants_token.then_some(LookupAttempt::First) }
            }
            None => window,
        };
        self.askers.insert(self.last_request, (account.clone(), asker));
        self.step(account, input(RequestId(self.last_request)));
    }
}
