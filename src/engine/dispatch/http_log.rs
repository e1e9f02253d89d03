//! The accounts' HTTP logs.

use std::sync::Arc;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::AccountId;
use crate::domain::http_log::record::HttpLogEntry;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::messages::event::Reply;
use crate::messages::problem::Problem;

impl Engine {
    /// Stores the entries recorded since the last call, and adds them to the logs that are shown. Entries of
    /// an ephemeral account never reach the disk.
    pub(super) fn store_http_log(&mut self) {
        for (id, log_entry) in self.http.take_log() {
            let Some(entry) = self.accounts.get(&id) else { continue };
            let is_ephemeral = !entry.is_in_database();
            self.accounts.update(&id, |entry| entry.add_to_http_log(log_entry.clone()));
            if is_ephemeral {
                continue;
            }
            let stored = self.database.run(move |accounts| accounts.put_log_entry(&id, &log_entry));
            self.spawn(async move {
                if stored.await.is_err() {
                    log::warn!("an HTTP log entry could not be stored");
                }
                JobDone::Nothing
            });
        }
    }

    /// Reads an account's log, which is shown from now on.
    pub(super) fn read_http_log(&mut self, id: &AccountId, replies: Replies) {
        let entry = match self.accounts.require(id) {
            Ok(entry) => entry,
            Err(problem) => return self.fail(None, problem, replies),
        };
        if let Some(in_memory) = entry.http_log().filter(|_| !entry.is_in_database()) {
            return answer(replies, Ok(Reply::HttpLog(Arc::clone(in_memory))));
        }
        let account = id.clone();
        let read = self.database.run(move |accounts| accounts.log_entries(&account));
        let id = id.clone();
        self.spawn(async move { JobDone::HttpLogRead { id, read: read.await, replies } });
    }

    pub(super) fn http_log_read(
        &mut self,
        id: &AccountId,
        read: Result<Vec<HttpLogEntry>, Problem>,
        replies: Replies,
    ) {
        match read {
            Ok(entries) => {
                let entries = Arc::new(entries);
                self.accounts.update(id, |entry| entry.set_http_log(Arc::clone(&entries)));
                answer(replies, Ok(Reply::HttpLog(entries)));
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    /// Rereads the logs that are shown, since another process may have added entries.
    pub(super) fn read_shown_http_logs(&mut self) {
        for id in self.accounts.ids(|entry| entry.http_log().is_some() && entry.is_in_database()) {
            self.read_http_log(&id, None);
        }
    }
}
