//! Timed work.
//!
//! The loop never sleeps longer than 30 s without reading the clock, so it notices a suspend or a changed
//! clock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::domain::account::AccountId;
use crate::domain::session::Input;

const LONGEST: Duration = Duration::from_secs(30);
/// How often a lasting run looks for changes by other processes.
const LOOK: Duration = Duration::from_millis(1500);

impl Engine {
    /// How long the loop may sleep.
    pub(super) fn pause(&self) -> Duration {
        let now = self.clock.now();
        let until = |at: DateTime<Utc>| (at - now).to_std().unwrap_or(Duration::ZERO);
        let longest = if self.is_lasting { LOOK } else { LONGEST };
        let times = self.accounts.first_wake().into_iter().chain(self.clipboard.clears_at());
        times.map(until).min().unwrap_or(longest).min(longest)
    }

    pub(super) fn tick(&mut self) {
        let now = self.clock.now();
        if self.clipboard.clears_at().is_some_and(|at| now >= at) {
            self.clear_clipboard(None);
        }
        for id in self.accounts.due(now) {
            self.tick_account(&id, now);
        }
        if self.is_lasting {
            self.look_for_changes();
            self.look_at_team();
        }
    }

    fn tick_account(&mut self, id: &AccountId, now: DateTime<Utc>) {
        let Some(entry) = self.accounts.get(id) else { return };
        if entry.deleting_until().is_some_and(|until| now >= until) {
            return self.finish_deletion(id, None);
        }
        let policy = entry.renewal_policy(&self.rules());
        let is_due = entry.session().next_wake(&policy).is_some_and(|at| now >= at);
        let is_offer_due = entry.is_offer_due(now);
        if is_due {
            self.step(id, Input::Tick);
        }
        if is_offer_due {
            self.offer_again(id);
        }
    }
}
