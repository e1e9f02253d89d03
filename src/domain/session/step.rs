//! The transitions of a session.
//!
//! Invariant: every waiting request gets exactly one outcome.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Attempt, Effect, Failure, Input, Outcome, Phase, Renewal, RenewalPolicy, RequestId, SIGN_IN_WAIT,
    SOONEST, Session,
};
use crate::domain::oauth::callback::Returned;
use crate::domain::oauth::device::{Due, NotYet, Polling};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::token::expiry::Status;
use crate::domain::token::grant::TokenFacts;

impl Session {
    /// Restores a session from cached token facts.
    pub fn of(facts: Option<TokenFacts>) -> Self {
        let mut session = Self::default();
        session.found(facts);
        session
    }

    pub fn facts(&self) -> Option<&TokenFacts> {
        self.facts.as_ref()
    }

    /// The highest generation of the account's tokens so far.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn attempt(&self) -> Attempt {
        self.attempt
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn refresh_refused(&self) -> bool {
        self.refresh_refused
    }

    /// The start and end of the server's `Retry-After`, if there is one.
    pub fn retry_after_span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.retry_after_span
    }

    /// When a transiently failed refresh is retried in the background.
    pub fn retrying_at(&self, policy: &RenewalPolicy) -> Option<DateTime<Utc>> {
        let waits = policy.background && self.failures > 0 && self.can_refresh();
        self.not_before.filter(|_| waits && self.phase == Phase::Idle)
    }

    /// When the token is refreshed in the background.
    pub fn next_refresh(&self, policy: &RenewalPolicy) -> Option<DateTime<Utc>> {
        self.background_at(policy).filter(|_| self.phase == Phase::Idle)
    }

    /// The next time at which [`Input::Tick`] has an effect.
    pub fn next_wake(&self, policy: &RenewalPolicy) -> Option<DateTime<Utc>> {
        match self.phase {
            Phase::AwaitingBrowser { deadline } => Some(deadline),
            Phase::AwaitingDevice(polling) => polling.wakes_at(),
            Phase::Idle => self.next_refresh(policy),
            Phase::Starting | Phase::Exchanging | Phase::Refreshing => None,
        }
    }

    /// Handles one input: changes the session and returns the engine's actions.
    pub fn step(&mut self, policy: &RenewalPolicy, input: Input, now: DateTime<Utc>) -> Vec<Effect> {
        match input {
            Input::Want(request, min_valid) => self.want(policy, request, min_valid, now),
            Input::Renew(request) => self.renew(policy, request, now),
            Input::SignIn(request) => self.sign_in(policy, request),
            Input::Waiting(attempt) => self.at(attempt, Phase::Starting, |session| {
                session.phase = Phase::AwaitingBrowser { deadline: now + SIGN_IN_WAIT };
                Vec::new()
            }),
            Input::CodeGiven(attempt, polling) => self.at(attempt, Phase::Starting, |session| {
                session.phase = Phase::AwaitingDevice(polling);
                Vec::new()
            }),
            Input::NotStarted(attempt) | Input::Aborted(attempt) if attempt == self.attempt => {
                self.end(Outcome::Failed, true)
            }
            Input::NotStarted(_) | Input::Aborted(_) => Vec::new(),
            Input::Returned(attempt, returned) => self.returned(attempt, returned),
            Input::Cancel => self.cancel(),
            Input::Extend => {
                if let Phase::AwaitingBrowser { deadline } = &mut self.phase {
                    *deadline = (*deadline).max(now) + SIGN_IN_WAIT;
                }
                Vec::new()
            }
            Input::Renewed(attempt, result) => self.renewed(policy, attempt, result, now),
            Input::Found(facts) => {
                self.found(facts);
                Vec::new()
            }
            Input::RetryAfter(since, until) => {
                self.retry_after_span = Some((since, until));
                self.not_before = self.not_before.max(Some(until));
                Vec::new()
            }
            Input::Tick => self.tick(policy, now),
            Input::Forget => {
                let effects = self.end(Outcome::Failed, true);
                *self = Self { attempt: self.attempt, generation: self.generation, ..Self::default() };
                effects
            }
        }
    }

    fn want(
        &mut self,
        policy: &RenewalPolicy,
        request: RequestId,
        min_valid: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        let lasts = self.facts.as_ref().is_some_and(|facts| {
            // No server gives another key, so the user gets this one even after its end.
            policy.grant.is_key()
                || Status::lasts(facts, now, min_valid.unwrap_or_else(|| policy.margin.for_token(facts)))
        });
        // A clock that was set back must not extend the wait.
        let waits = self.retry_after_span.is_some_and(|(since, until)| now >= since && now < until);
        if lasts {
            vec![Effect::Answer(request, Outcome::Token)]
        } else if waits && self.phase == Phase::Idle {
            vec![Effect::Answer(request, Outcome::RetryAfter)]
        } else {
            self.renew(policy, request, now)
        }
    }

    fn renew(&mut self, policy: &RenewalPolicy, request: RequestId, now: DateTime<Utc>) -> Vec<Effect> {
        match self.phase {
            Phase::Exchanging | Phase::Refreshing => {
                self.waiting.push(request);
                Vec::new()
            }
            Phase::Starting | Phase::AwaitingBrowser { .. } | Phase::AwaitingDevice(_) => {
                vec![Effect::Answer(request, Outcome::NeedsSignIn)]
            }
            Phase::Idle => match self.renewal(policy, now) {
                Some(renewal) => {
                    self.waiting.push(request);
                    vec![self.start(renewal)]
                }
                None => vec![Effect::Answer(request, Outcome::NeedsSignIn)],
            },
        }
    }

    fn renewal(&self, policy: &RenewalPolicy, now: DateTime<Utc>) -> Option<Renewal> {
        let is_alive = self.facts.as_ref().is_some_and(|facts| facts.can_refresh(now));
        if self.can_refresh() && is_alive {
            Some(Renewal::Refresh)
        } else {
            policy.grant.is_repeatable().then_some(Renewal::Repeat)
        }
    }

    fn can_refresh(&self) -> bool {
        !self.refresh_refused && self.facts.as_ref().is_some_and(|facts| facts.has_refresh_token)
    }

    fn start(&mut self, renewal: Renewal) -> Effect {
        self.attempt.0 += 1;
        self.phase = match renewal {
            Renewal::Refresh => Phase::Refreshing,
            Renewal::Repeat => Phase::Exchanging,
        };
        Effect::Renew(self.attempt, renewal)
    }

    fn sign_in(&mut self, policy: &RenewalPolicy, request: RequestId) -> Vec<Effect> {
        if matches!(self.phase, Phase::Exchanging | Phase::Refreshing) {
            self.waiting.push(request);
            return Vec::new();
        }
        let mut effects = self.end(Outcome::Cancelled, true);
        self.waiting.push(request);
        if policy.grant.is_repeatable() {
            effects.push(self.start(Renewal::Repeat));
        } else {
            self.attempt.0 += 1;
            self.phase = Phase::Starting;
            effects.push(match policy.grant {
                GrantType::DeviceCode => Effect::AskForCode(self.attempt),
                _ => Effect::Listen(self.attempt),
            });
        }
        effects
    }

    fn returned(&mut self, attempt: Attempt, returned: Returned) -> Vec<Effect> {
        let awaiting = matches!(self.phase, Phase::AwaitingBrowser { .. } | Phase::Starting);
        if attempt != self.attempt || !awaiting {
            return Vec::new();
        }
        let mut effects = vec![Effect::BrowserReturned];
        match returned {
            Returned::Code(code, facts) => {
                self.phase = Phase::Exchanging;
                effects.push(Effect::ExchangeCode(attempt, code, facts));
            }
            Returned::Denied { code, description } => {
                effects.push(Effect::Denied(code, description));
                // The listener ends by itself after delivering its page.
                effects.extend(self.end(Outcome::Failed, false));
            }
        }
        effects
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match self.phase {
            Phase::Starting | Phase::AwaitingBrowser { .. } | Phase::AwaitingDevice(_) => {
                self.end(Outcome::Cancelled, true)
            }
            // Let the request finish: its token is stored and accepted.
            Phase::Exchanging | Phase::Refreshing | Phase::Idle => self.end(Outcome::Cancelled, false),
        }
    }

    fn renewed(
        &mut self,
        policy: &RenewalPolicy,
        attempt: Attempt,
        result: Result<TokenFacts, Failure>,
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        let is_under_way =
            matches!(self.phase, Phase::Exchanging | Phase::Refreshing | Phase::AwaitingDevice(_));
        let current = attempt == self.attempt && is_under_way;
        match result {
            Ok(facts) => {
                let known = self.facts.as_ref().map_or(0, |known| known.generation);
                if facts.generation >= known {
                    self.found(Some(facts));
                }
                if current { self.end(Outcome::Token, true) } else { Vec::new() }
            }
            Err(_) if !current => Vec::new(),
            Err(failure) => match self.phase {
                Phase::AwaitingDevice(polling) => self.not_yet(polling, failure, now),
                _ => self.failed(policy, failure, now),
            },
        }
    }

    fn not_yet(&mut self, mut polling: Polling, failure: Failure, now: DateTime<Utc>) -> Vec<Effect> {
        let why = match failure {
            Failure::NotYet { slow_down: false } => NotYet::Pending,
            Failure::NotYet { slow_down: true } => NotYet::SlowDown,
            Failure::Transient { retry_at } => NotYet::Unanswered(retry_at),
            // A background refresh of an older token may still succeed, so don't give up.
            Failure::Permanent | Failure::RefreshRefused => return self.end(Outcome::Failed, true),
        };
        polling.not_yet(why, now);
        self.phase = Phase::AwaitingDevice(polling);
        Vec::new()
    }

    fn failed(&mut self, policy: &RenewalPolicy, failure: Failure, now: DateTime<Utc>) -> Vec<Effect> {
        match failure {
            Failure::RefreshRefused => {
                self.refresh_refused = true;
                if policy.grant.is_repeatable() && !self.waiting.is_empty() {
                    return vec![self.start(Renewal::Repeat)];
                }
            }
            Failure::Permanent | Failure::NotYet { .. } => self.gave_up = true,
            Failure::Transient { retry_at } => {
                self.failures += 1;
                self.retry_after_span = retry_at.map(|until| (now, until));
                let pause = TimeDelta::seconds(15 << self.failures.min(6));
                // A server that always allows an immediate retry must not get constant requests.
                let is_first = self.failures == 1;
                let least = if is_first && retry_at.is_some() { TimeDelta::seconds(1) } else { pause };
                self.not_before = Some(retry_at.unwrap_or(now).max(now + least));
            }
        }
        self.end(Outcome::Failed, false)
    }

    fn found(&mut self, mut facts: Option<TokenFacts>) {
        let generation = |facts: &Option<TokenFacts>| facts.as_ref().map(|facts| facts.generation);
        if generation(&facts) != generation(&self.facts) {
            self.refresh_refused = false;
            self.gave_up = false;
            self.failures = 0;
            self.not_before = None;
            self.retry_after_span = None;
        }
        if let (Some(new), Some(old)) = (&mut facts, &self.facts)
            && new.generation == old.generation
            && new.id_token.is_none_or(|verdict| verdict == IdTokenStatus::Unchecked)
        {
            // The vault's record is written before the ID token is verified.
            new.id_token = old.id_token;
        }
        self.generation = self.generation.max(facts.as_ref().map_or(0, |facts| facts.generation));
        self.facts = facts;
    }

    fn tick(&mut self, policy: &RenewalPolicy, now: DateTime<Utc>) -> Vec<Effect> {
        match self.phase {
            Phase::AwaitingBrowser { deadline } if now >= deadline => self.end(Outcome::TimedOut, true),
            Phase::AwaitingDevice(mut polling) => match polling.due(now) {
                Due::Nothing => Vec::new(),
                Due::Ask => {
                    self.phase = Phase::AwaitingDevice(polling);
                    vec![Effect::Poll(self.attempt)]
                }
                Due::Expired => self.end(Outcome::TimedOut, true),
            },
            Phase::Idle if self.background_at(policy).is_some_and(|at| now >= at) => {
                if self.renewal(policy, now) == Some(Renewal::Refresh) {
                    return vec![self.start(Renewal::Refresh)];
                }
                // The refresh token has expired meanwhile, so no wake-up is needed.
                self.gave_up = true;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn background_at(&self, policy: &RenewalPolicy) -> Option<DateTime<Utc>> {
        if !policy.background || self.gave_up || !self.can_refresh() {
            return None;
        }
        let facts = self.facts.as_ref()?;
        let end = facts.expires_at?;
        let outlives_refresh = facts.refresh_expires_at.is_some_and(|last| last <= end);
        if outlives_refresh || Status::expired_on_arrival(facts) {
            return None;
        }
        let margin = policy.margin.for_token(facts);
        let due = end - margin + margin * policy.jitter_thousandths / 1000;
        let due = due.max(facts.received_at + SOONEST);
        Some(self.not_before.map_or(due, |not_before| due.max(not_before)))
    }

    fn at(
        &mut self,
        attempt: Attempt,
        phase: Phase,
        then: impl FnOnce(&mut Self) -> Vec<Effect>,
    ) -> Vec<Effect> {
        if attempt == self.attempt && self.phase == phase { then(self) } else { Vec::new() }
    }

    fn end(&mut self, outcome: Outcome, stop_waiting: bool) -> Vec<Effect> {
        let waiting =
            matches!(self.phase, Phase::Starting | Phase::AwaitingBrowser { .. } | Phase::AwaitingDevice(_));
        self.phase = Phase::Idle;
        let stop = (stop_waiting && waiting).then_some(Effect::StopWaiting);
        let answers = self.waiting.drain(..).map(|request| Effect::Answer(request, outcome));
        stop.into_iter().chain(answers).collect()
    }
}
