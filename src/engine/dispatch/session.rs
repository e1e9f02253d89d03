//! Carries out a session's effects.
//!
//! Each caller gets exactly one reply, and never a token that the session didn't approve.

use std::rc::Rc;

use super::Engine;
use crate::domain::account::AccountId;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::session::{Effect, Input, Outcome, RequestId};
use crate::domain::token::expiry::Status;
use crate::domain::token::grant::Grant;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::engine::waiters::{LookupAttempt, Waiter};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, Refusal, SignInProblem, VaultProblem};

impl Engine {
    /// Asks an account's session for a token. `window` waits if there is no caller.
    pub(super) fn request(
        &mut self,
        account: &AccountId,
        replies: Replies,
        window: Waiter,
        wants_token: bool,
        input: impl FnOnce(RequestId) -> Input,
    ) {
        if let Err(problem) = self.accounts.require(account) {
            return answer(replies, Err(problem));
        }
        let waiter = match replies {
            Some(replies) => {
                Waiter::Caller { replies, wants_token: wants_token.then_some(LookupAttempt::First) }
            }
            None => window,
        };
        let request = self.waiters.register(account.clone(), waiter);
        self.step(account, input(request));
    }

    pub(super) fn step(&mut self, id: &AccountId, input: Input) {
        self.step_with(id, input, None);
    }

    /// Steps a session. `fresh` is the account's token if it was just stored and read back: it isn't read a
    /// second time.
    pub(super) fn step_with(&mut self, id: &AccountId, input: Input, fresh: Option<&Rc<Grant>>) {
        let (rules, now) = (self.rules(), self.clock.now());
        for effect in self.accounts.step(id, &rules, input, now) {
            self.carry_out(id, effect, fresh);
        }
    }

    fn carry_out(&mut self, id: &AccountId, effect: Effect, fresh: Option<&Rc<Grant>>) {
        match effect {
            Effect::Listen(attempt) => self.listen(id, attempt),
            Effect::AskForCode(attempt) => self.request_device_code(id, attempt),
            Effect::Poll(attempt) => self.poll(id, attempt),
            Effect::StopWaiting => self.stop_waiting(id),
            Effect::ExchangeCode(attempt, code, facts) => self.exchange_code(id, attempt, code, facts),
            Effect::Renew(attempt, renewal) => self.renew(id, attempt, renewal),
            Effect::Answer(request, outcome) => self.answer_request(id, request, outcome, fresh),
            Effect::BrowserReturned => self.emit(Event::BrowserReturned(id.clone())),
            Effect::Denied(code, description) => self.denied(id, &code, description.as_deref()),
        }
    }

    fn answer_request(
        &mut self,
        id: &AccountId,
        request: RequestId,
        outcome: Outcome,
        fresh: Option<&Rc<Grant>>,
    ) {
        let Some(waiter) = self.waiters.resolve(request) else { return };
        let Some(problem) = self.problem_of(id, outcome) else {
            return self.answer_with_token(id, waiter, fresh);
        };
        self.accounts.update(id, |entry| entry.end_trial(request));
        if self.still_serves(id, &waiter, &problem) {
            return self.answer_with_token(id, waiter, fresh);
        }
        if matches!(outcome, Outcome::TimedOut | Outcome::RetryAfter) {
            self.set_problem(id, problem.clone());
        }
        match waiter {
            Waiter::Caller { replies, .. } => answer(Some(replies), Err(problem)),
            Waiter::Window { .. } | Waiter::Clipboard(..) if outcome == Outcome::Cancelled => {}
            Waiter::Window { .. } | Waiter::Clipboard(..) => {
                self.emit(Event::Problem { account: Some(id.clone()), problem });
            }
        }
    }

    /// Whether the current token is handed out although no new one could be obtained: the team vault or another
    /// machine is in the way, and the token hasn't expired.
    fn still_serves(&self, id: &AccountId, waiter: &Waiter, problem: &Problem) -> bool {
        let wants_token =
            matches!(waiter, Waiter::Clipboard(..) | Waiter::Caller { wants_token: Some(_), .. });
        let facts = self.accounts.get(id).and_then(|entry| entry.session().facts());
        wants_token
            && matches!(problem, Problem::Vault(VaultProblem::Team(_)))
            && facts.is_some_and(|facts| Status::at(facts, self.clock.now()) != Status::Expired)
    }

    fn answer_with_token(&mut self, id: &AccountId, waiter: Waiter, fresh: Option<&Rc<Grant>>) {
        match waiter {
            Waiter::Window { signing_in: true } => self.emit(Event::SignedIn(id.clone())),
            Waiter::Window { signing_in: false } => self.emit(Event::Refreshed(id.clone())),
            Waiter::Clipboard(form, attempt) => self.copy_token(id, form, attempt, fresh),
            Waiter::Caller { replies, wants_token: None } => answer(Some(replies), Ok(Reply::Done)),
            Waiter::Caller { replies, wants_token: Some(attempt) } => {
                self.hand_out_token(id, replies, attempt, fresh);
            }
        }
    }

    /// The problem that an outcome means; `None` for a token.
    fn problem_of(&self, id: &AccountId, outcome: Outcome) -> Option<Problem> {
        let known = || self.accounts.get(id).and_then(|entry| entry.problem().cloned());
        match outcome {
            Outcome::Token => None,
            Outcome::NeedsSignIn => {
                let is_refusal =
                    |problem: &Problem| matches!(problem, Problem::RefreshRefused(_) | Problem::OtherSubject);
                Some(known().filter(is_refusal).unwrap_or(Problem::NeedsSignIn))
            }
            Outcome::Failed => Some(known().unwrap_or(Problem::NeedsSignIn)),
            Outcome::RetryAfter => Some(self.wait_problem(id).unwrap_or(Problem::NeedsSignIn)),
            Outcome::Cancelled => Some(Problem::SignIn(SignInProblem::Cancelled)),
            Outcome::TimedOut => Some(Problem::SignIn(self.time_out(id))),
        }
    }

    fn time_out(&self, id: &AccountId) -> SignInProblem {
        let grant = self.accounts.get(id).map(|entry| entry.account().settings.grant);
        if grant == Some(GrantType::DeviceCode) {
            SignInProblem::CodeExpired
        } else {
            SignInProblem::TimedOut
        }
    }

    /// The message for the wait that a server asked for, as first shown.
    fn wait_problem(&self, id: &AccountId) -> Option<Problem> {
        let entry = self.accounts.get(id)?;
        let (_, until) = entry.session().retry_after_span()?;
        Some(Problem::Refused(Refusal {
            provider: entry.resolved().as_ref().map(|it| it.name.clone()).unwrap_or_default(),
            status: entry.wait_status(),
            code: None,
            description: None,
            meaning: None,
            secrets_place: None,
            grant: Some(entry.account().settings.grant),
            retry_at: Some(until),
            hints: Box::default(),
        }))
    }
}
