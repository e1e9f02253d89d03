//! The event loop: one command, callback, finished job or timer at a time, then a snapshot.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::Engine;
use crate::base::failpoint;
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::Envelope;
use crate::messages::problem::Problem;
use crate::messages::snapshot::Snapshot;

/// How long quitting waits for jobs.
const LAST_CALL: Duration = Duration::from_secs(3);
/// How long quitting waits for a token response: the server may have invalidated the old token.
const LAST_ANSWER: Duration = Duration::from_secs(35);

impl Engine {
    /// Runs until all command senders are gone, or `ending` is notified.
    pub(in crate::engine) async fn run(mut self, mut commands: mpsc::Receiver<Envelope>, ending: &Notify) {
        let vault_changed = Rc::clone(&self.vault_changed);
        self.load();
        loop {
            self.publish();
            let pause = self.pause();
            tokio::select! {
                envelope = commands.recv() => match envelope {
                    Some(Envelope { command, replies }) => {
                        failpoint::panic_at("engine");
                        let replies = replies.map(|sender| self.outbox.reply_to(sender));
                        self.dispatch(command, replies);
                    }
                    None => break,
                },
                () = ending.notified() => break,
                Some(done) = self.jobs.join_next() => {
                    if let Ok(done) = done {
                        self.job_done(done);
                    }
                }
                Some(callback) = self.sign_ins.next_callback() => self.called_back(callback),
                () = vault_changed.notified() => self.move_secret_params(),
                () = tokio::time::sleep(pause) => self.tick(),
            }
        }
        self.wind_up().await;
        self.publish();
    }

    /// Publishes the snapshot if a part has changed, then replies and events.
    fn publish(&mut self) {
        self.store_http_log();
        self.accounts.sync(self.rules());
        self.publisher.publish(self.snapshot(), &self.outbox);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            loaded: self.loading.is_loaded(),
            accounts: self.accounts.views().clone(),
            unfinished_accounts: self.recovery.count(),
            presets: self.providers.presets(),
            preset_mistakes: self.providers.mistakes(),
            vault: self.secrets.view(),
            team_kept_in: self.team.kept_in(),
            team: self.team.view().cloned(),
            clipboard: self.clipboard.view().cloned(),
            undo: self.accounts.undo_views(),
            demo: self.demo.view(),
            preferences: self.settings.preferences().clone(),
            remembered: self.settings.remembered().clone(),
            window: self.settings.window(),
            problem: self.loading.problem().cloned(),
            notice: self.database.set_aside().map(Problem::SetAside),
            unconfirmed: self.settings.trust().unconfirmed(),
            locked: self.is_locked,
        }
    }

    /// The end: clears the clipboard, finishes deletions, waits for open requests, and offers refused tokens
    /// to the vault once more.
    async fn wind_up(&mut self) {
        let has_tokens_to_revoke = self.has_tokens_to_revoke();
        let ids: Vec<AccountId> = self.accounts.ids(|_| true);
        for id in ids {
            self.step(&id, Input::Cancel);
            if self.accounts.get(&id).is_some_and(|entry| entry.deleting_until().is_some()) {
                self.finish_deletion(&id, None);
            }
        }
        if self.is_lasting {
            // A command line has already reported its token.
            self.offer_unsaved();
        }
        let cleared = self.clipboard.clear();
        let waits_for_response = self.tokens.has_request_in_flight() || has_tokens_to_revoke;
        let rest = async {
            cleared.await;
            loop {
                self.store_http_log();
                match self.jobs.join_next().await {
                    Some(Ok(done)) => self.job_done(done),
                    Some(Err(_)) => {}
                    None => break,
                }
            }
            // The remaining listeners still deliver their last page.
            self.sign_ins.listeners_ended().await;
        };
        let patience = if waits_for_response { LAST_ANSWER } else { LAST_CALL };
        if tokio::time::timeout(patience, rest).await.is_err() {
            log::warn!("the vault or the network did not answer before the end");
        }
    }
}
