//! A server's `Retry-After`, kept for the next process.
//!
//! No process sends an automatic request before that time, and each shows the same message.

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Then};
use crate::messages::problem::{Problem, Refusal};
use crate::store::database::ToldToWait;

pub(crate) fn is_wait(problem: &Problem) -> bool {
    matches!(problem, Problem::Refused(refusal) if refusal.retry_at.is_some())
}

impl Engine {
    /// Stores a new wait time of an account's session.
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

    /// Takes over wait times that other processes stored.
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

    /// The message for an account's wait time, as first shown.
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
