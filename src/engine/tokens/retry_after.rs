//! A server's request to be left alone, kept for the next process.
//!
//! Owns its way to the disk and back. Invariant: what is asked for without a person's insisting is not sent
//! before the server's time, whichever process was told so; the words for it are the same in each.

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Then};
use crate::messages::problem::{Problem, Refusal};
use crate::store::database::ToldToWait;

/// Whether a problem is that the server wants to be left alone for a while.
pub(crate) fn is_wait(problem: &Problem) -> bool {
    matches!(problem, Problem::Refused(refusal) if refusal.retry_at.is_some())
}

impl Engine {
    /// Keeps what an account's session was told, where that is news.
    pub(crate) fn keep_wait(&mut self, id: &AccountId, before: Option<(DateTime<Utc>, DateTime<Utc>)>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let told = entry.session.told_to_wait();
        if told == before {
            return;
        }
        if let Some(Problem::Refused(refusal)) = &entry.problem {
            entry.wait_status = refusal.status;
        }
        if entry.ephemeral {
            return;
        }
        let wait = told.map(|(since, until)| ToldToWait { since, until, status: entry.wait_status });
        let account = id.clone();
        let kept = self.disk(move |accounts| accounts.put_wait(&account, wait));
        self.spawn(async move {
            if kept.await.is_err() {
                log::warn!("a server's request to wait could not be kept");
            }
            let then: Then = Box::new(|_| {});
            then
        });
    }

    /// Takes what other processes were told.
    pub(crate) fn take_waits(&mut self, waits: Vec<(AccountId, ToldToWait)>) {
        let now = self.deps.clock.now();
        for (id, ToldToWait { since, until, status }) in waits {
            let Some(entry) = self.entries.get(&id) else { continue };
            if until <= now || entry.session.told_to_wait().is_some_and(|(known, _)| known >= since) {
                continue;
            }
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.wait_status = status;
            }
            self.step(&id, Input::ToldToWait(since, until));
        }
    }

    /// What an account's server has asked for, as it was said when it did.
    pub(crate) fn wait_of(&self, id: &AccountId) -> Option<Problem> {
        let entry = self.entries.get(id)?;
        let (_, until) = entry.session.told_to_wait()?;
        Some(Problem::Refused(Refusal {
            provider: entry.provider.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
            status: entry.wait_status,
            code: None,
            description: None,
            meaning: None,
            secrets_place: None,
            grant: Some(entry.account.settings.grant),
            retry_at: Some(until),
            hints: Box::default(),
        }))
    }
}
