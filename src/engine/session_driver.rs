//! Carries out a session's effects.
//!
//! Each caller gets exactly one reply, and never a token that the session didn't approve.

use super::event_loop::{Engine, Waiter, answer};
use crate::domain::account::AccountId;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::session::{Effect, Input, Outcome, RequestId};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem};

impl Engine {
    pub(crate) fn step(&mut self, id: &AccountId, input: Input) {
        let now = self.deps.clock.now();
        let (ahead_secs, lasting) = (self.preferences.refresh_ahead_secs, self.renews());
        let Some(entry) = self.entries.get_mut(id) else { return };
        let policy = entry.renewal_policy(ahead_secs, lasting);
        let effects = entry.session.step(&policy, input, now);
        self.dirty = true;
        for effect in effects {
            self.carry_out(id, effect);
        }
    }

    fn carry_out(&mut self, id: &AccountId, effect: Effect) {
        match effect {
            Effect::Listen(attempt) => self.listen(id, attempt),
            Effect::AskForCode(attempt) => self.ask_for_code(id, attempt),
            Effect::Poll(attempt) => self.poll(id, attempt),
            Effect::StopWaiting => self.stop_waiting(id),
            Effect::ExchangeCode(attempt, code) => self.exchange(id, attempt, code),
            Effect::Renew(attempt, renewal) => self.renew(id, attempt, renewal),
            Effect::Answer(request, outcome) => self.answer_request(id, request, outcome),
            Effect::BrowserReturned => self.tell(Event::BrowserReturned(id.clone())),
            Effect::Denied(code, description) => {
                self.let_listener_finish(id);
                self.denied(id, &code, description.as_deref());
            }
        }
    }

    /// Keeps a problem with the account until the next success.
    pub(crate) fn note(&mut self, id: &AccountId, problem: Problem) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.problem = Some(problem);
            self.dirty = true;
        }
    }

    fn answer_request(&mut self, id: &AccountId, request: RequestId, outcome: Outcome) {
        let Some((_, asker)) = self.askers.remove(&request.0) else { return };
        let Some(problem) = self.problem_of(id, outcome) else {
            return self.grant_request(id, asker);
        };
        self.end_trial(id, request);
        if matches!(outcome, Outcome::TimedOut | Outcome::ToldToWait) {
            self.note(id, problem.clone());
        }
        match asker {
            Waiter::Caller { replies, .. } => answer(Some(replies), Err(problem)),
            Waiter::Window { .. } | Waiter::Clipboard(..) if outcome == Outcome::Cancelled => {}
            Waiter::Window { .. } | Waiter::Clipboard(..) => {
                self.tell(Event::Problem { account: Some(id.clone()), problem });
            }
        }
    }

    fn problem_of(&self, id: &AccountId, outcome: Outcome) -> Option<Problem> {
        let noted = || self.entries.get(id).and_then(|entry| entry.problem.clone());
        match outcome {
            Outcome::Token => None,
            Outcome::NeedsSignIn => {
                let is_refusal =
                    |problem: &Problem| matches!(problem, Problem::RefreshRefused(_) | Problem::OtherSubject);
                let refused = noted().filter(is_refusal);
                Some(refused.unwrap_or(Problem::NeedsSignIn))
            }
            Outcome::Failed => Some(noted().unwrap_or(Problem::NeedsSignIn)),
            Outcome::ToldToWait => Some(self.wait_of(id).unwrap_or(Problem::NeedsSignIn)),
            Outcome::Cancelled => Some(Problem::SignIn(SignInProblem::Cancelled)),
            Outcome::TimedOut => Some(Problem::SignIn(self.time_out_of(id))),
        }
    }

    fn time_out_of(&self, id: &AccountId) -> SignInProblem {
        let grant = self.entries.get(id).map(|entry| entry.account.settings.grant);
        if grant == Some(GrantType::DeviceCode) {
            SignInProblem::CodeExpired
        } else {
            SignInProblem::TimedOut
        }
    }

    fn grant_request(&mut self, id: &AccountId, asker: Waiter) {
        match asker {
            Waiter::Window { signing_in: true } => self.tell(Event::SignedIn(id.clone())),
            Waiter::Window { signing_in: false } => self.tell(Event::Refreshed(id.clone())),
            Waiter::Clipboard(form, turn) => self.copy_token(id, form, turn),
            Waiter::Caller { replies, wants_token: None } => answer(Some(replies), Ok(Reply::Done)),
            Waiter::Caller { replies, wants_token: Some(turn) } => self.hand_out(id, replies, turn),
        }
    }
}
