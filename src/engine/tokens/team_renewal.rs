//! Obtains a token of a team account: at most one machine spends its refresh token.
//!
//! A claim is written with check-and-set before the refresh token is sent, the answer goes to this machine's
//! journal before it goes to the team vault, and another machine's claim is waited for. A claim ends with the
//! token, or after a minute; then another machine may send the refresh token again only within the provider's
//! grace, counted by the server's clock from when the claim was written.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::grant_request::GrantInput;
use super::renewal::Work;
use super::request_journal::Counted;
use super::team_journal::{Finished, TeamJournal};
use crate::base::failpoint::{patience, reach};
use crate::domain::account::Client;
use crate::domain::session::Failure;
use crate::domain::team::{Change, Role, TeamError};
use crate::domain::token::grant::Grant;
use crate::engine::accounts::account_state::NewToken;
use crate::engine::error_mapping::NotObtained;
use crate::engine::random;
use crate::engine::secrets::held_locks::Guard;
use crate::engine::secrets::team::OpenTeam;
use crate::messages::problem::{Problem, VaultProblem};
use crate::store::vault::team::journal::{Entry, Phase};
use crate::store::vault::team::{Claim, ClaimOutcome, GrantState};

/// How long another machine's claim is waited for.
const WAIT: Duration = Duration::from_secs(30);
/// The age, in waits, at which no request of a claim can be on its way any more: it is sent within
/// [`SEND_WITHIN`] and ends within the HTTP client's 30 s.
const AGED_WAITS: u32 = 2;
const SEND_WITHIN: Duration = Duration::from_secs(20);
/// How long the winner may take between `grant` and `access`.
const WRITING: TimeDelta = TimeDelta::seconds(5);
const PAUSE: Duration = Duration::from_millis(300);
/// How often a token is written again after another machine's write.
const ATTEMPTS: u32 = 4;

/// Whether the refresh token is this machine's to send.
enum Turn {
    /// Another machine has obtained a token.
    Theirs,
    Ours(Box<OwnTurn>),
}

/// What this machine sends.
struct OwnTurn {
    nonce: String,
    began: Instant,
    /// The client and the tokens, read before the claim was written: the claim replaces that very version.
    client: Client,
    stored: Option<Grant>,
}

impl Work {
    pub(super) async fn obtain_for_team(
        &self,
        input: GrantInput,
        team: OpenTeam,
        lock: Guard,
    ) -> Result<NewToken, NotObtained> {
        let vault = |problem| NotObtained::from(Problem::Vault(problem));
        team.call(|team| team.need(Role::Renew)).await.map_err(vault)?;
        let journal =
            TeamJournal { id: self.job.id.clone(), team: team.clone(), database: self.job.database.clone() };
        let unsure = match journal.finish().await? {
            Finished::Done => None,
            Finished::Unsure(state, nonce) => Some((state, nonce)),
        };
        let turn = match input {
            GrantInput::Refresh => self.take_turn(&journal, unsure).await?,
            GrantInput::Repeat if self.is_newer(&team).await.map_err(vault)? => Turn::Theirs,
            GrantInput::Code { .. } | GrantInput::Device(_) | GrantInput::Repeat => {
                let read = self.job.secrets.read().await;
                let (client, stored) = read.map_err(|problem| self.unread(&input, problem))?;
                Turn::Ours(Box::new(OwnTurn { nonce: nonce()?, began: Instant::now(), client, stored }))
            }
        };
        let Turn::Ours(turn) = turn else {
            let (client, stored) = self.job.secrets.read().await?;
            let adopted = self.adopt(stored).await?;
            lock.keep(false);
            return Ok(self.check_id_token(adopted, &client).await);
        };
        match self.send_for_team(&input, &journal, &turn).await {
            Ok(token) => {
                lock.keep(token.unsaved.is_some());
                Ok(self.check_id_token(token, &turn.client).await)
            }
            Err(not_obtained) => {
                let is_unsure = matches!(
                    &not_obtained.problem,
                    Problem::Unreachable(unreachable) if unreachable.may_have_been_sent
                );
                // Whoever reads a claim whose answer is lost must not send the refresh token again.
                if !is_unsure {
                    self.give_up_turn(&journal, &turn.nonce).await;
                }
                Err(not_obtained)
            }
        }
    }

    async fn state(&self, team: &OpenTeam) -> Result<Option<GrantState>, VaultProblem> {
        let id = self.job.id.clone();
        team.call(move |team| team.grant_state(&id)).await
    }

    /// Before an account is given up: a standby may have answered from an older state.
    async fn catch_up(&self, team: &OpenTeam) -> Result<(), Problem> {
        let id = self.job.id.clone();
        let caught_up = team.call(move |team| {
            team.catch_up(&id);
            Ok(())
        });
        caught_up.await.map_err(Problem::Vault)
    }

    async fn is_newer(&self, team: &OpenTeam) -> Result<bool, VaultProblem> {
        Ok(self.state(team).await?.is_some_and(|state| state.access_generation > self.job.seen))
    }

    /// Claims the refresh token, or waits for the machine that has claimed it.
    async fn take_turn(
        &self,
        journal: &TeamJournal,
        mut unsure: Option<(GrantState, String)>,
    ) -> Result<Turn, NotObtained> {
        let started = Instant::now();
        let grace = i64::from(self.job.provider.refresh.retry_grace_secs.unwrap_or(0));
        let mut is_current = false;
        loop {
            let state = self.state(&journal.team).await.map_err(Problem::Vault)?;
            let state = state.ok_or_else(NotObtained::needs_sign_in)?;
            if state.access_generation > self.job.seen {
                return Ok(Turn::Theirs);
            }
            let is_being_written = state.generation > state.access_generation && state.age < WRITING;
            let is_own = unsure.as_ref().is_some_and(|(_, nonce)| is_claim(&state, nonce));
            let is_aged =
                !is_being_written && state.age.to_std().is_ok_and(|age| age >= AGED_WAITS * patience(WAIT));
            if (is_own || state.claim.is_some() && is_aged) && state.age >= TimeDelta::seconds(grace) {
                if is_current {
                    return Err(lost(&state));
                }
                self.catch_up(&journal.team).await?;
                is_current = true;
                continue;
            }
            if let Some((_, nonce)) = unsure.take().filter(|_| is_own) {
                // This machine's own request; no process of it is at work any more.
                let (client, stored) = self.job.secrets.read().await?;
                let began = Instant::now();
                return Ok(Turn::Ours(Box::new(OwnTurn { nonce, began, client, stored })));
            }
            if (state.claim.is_some() || is_being_written) && !is_aged {
                if started.elapsed() >= patience(WAIT) {
                    return Err(NotObtained::from(team_problem(TeamError::Claimed(claimant(&state)))));
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if let Some(turn) = self.claim(journal, &state).await? {
                return Ok(turn);
            }
        }
    }

    /// Writes a claim; `None` if another machine was faster.
    async fn claim(&self, journal: &TeamJournal, state: &GrantState) -> Result<Option<Turn>, NotObtained> {
        let (client, stored) = self.job.secrets.read().await?;
        let (nonce, began) = (nonce()?, Instant::now());
        journal.write(entry(&nonce, Phase::Claiming)).await.map_err(Problem::Vault)?;
        reach("team: journal begun");
        let by = journal.team.connection.machine.clone();
        let claim = Claim { by, nonce: nonce.clone(), at: self.job.clock.now() };
        let (id, state) = (self.job.id.clone(), state.clone());
        let claimed = journal.team.call(move |team| team.claim(&id, &state, Some(claim))).await;
        match claimed.map_err(Problem::Vault)? {
            ClaimOutcome::Won => {
                reach("team: claimed");
                Ok(Some(Turn::Ours(Box::new(OwnTurn { nonce, began, client, stored }))))
            }
            ClaimOutcome::Lost => {
                journal.clear().await;
                Ok(None)
            }
        }
    }

    /// Sends the request and stores its answer.
    async fn send_for_team(
        &self,
        input: &GrantInput,
        journal: &TeamJournal,
        turn: &OwnTurn,
    ) -> Result<NewToken, NotObtained> {
        let OwnTurn { nonce, began, client, stored } = turn;
        let before = match (&self.job.unsaved, stored) {
            (Some(unsaved), _) => Some(unsaved.as_ref()),
            (None, stored) => stored.as_ref(),
        };
        let request = self.request(input, client, before)?;
        if matches!(input, GrantInput::Refresh) {
            journal.write(entry(nonce, Phase::Sending)).await.map_err(Problem::Vault)?;
            reach("team: about to send");
            if began.elapsed() > SEND_WITHIN {
                // Another machine may soon take the claim for aged.
                return Err(NotObtained::from(team_problem(TeamError::Slow)));
            }
        }
        let counted = Counted::one(&self.in_flight);
        let grant = self.request_token(input, client, before, &request).await?;
        journal.answered(nonce, &grant).await;
        reach("team: answer in the journal");
        let stored = self.store_in_team(grant, journal, nonce).await;
        drop(counted);
        Ok(stored)
    }

    /// Stores the answer before it is shown. After another machine's write, the newer token stays.
    async fn store_in_team(&self, mut grant: Grant, journal: &TeamJournal, nonce: &str) -> NewToken {
        let mut unsaved = None;
        for _ in 0..ATTEMPTS {
            let state = self.state(&journal.team).await;
            if let Ok(Some(state)) = &state
                && !is_claim(state, nonce)
                && state.generation >= grant.facts.generation
            {
                grant.facts.generation = state.generation + 1;
            }
            unsaved = match state {
                Ok(_) => self.job.store.write_tokens(&self.job.id, &grant).await.err(),
                Err(problem) => Some(problem),
            };
            if unsaved != Some(VaultProblem::Team(TeamError::Conflict)) {
                break;
            }
        }
        if unsaved.is_none() {
            reach("team: token stored");
            journal.clear().await;
        }
        NewToken { facts: grant.facts.clone(), grant: grant.into(), unsaved, adopted: false }
    }

    /// Takes the claim off after a request that brought no token and spent none.
    async fn give_up_turn(&self, journal: &TeamJournal, nonce: &str) {
        if let Ok(Some(state)) = self.state(&journal.team).await
            && is_claim(&state, nonce)
            && journal.release(&state).await.is_err()
        {
            return log::warn!("account {}: a claim could not be taken off yet", self.job.id);
        }
        journal.clear().await;
    }
}

fn entry(nonce: &str, phase: Phase) -> Entry {
    Entry { nonce: nonce.to_owned(), phase, tokens: None }
}

fn nonce() -> Result<String, Problem> {
    Ok(hex::encode(random::bytes::<16>()?))
}

fn is_claim(state: &GrantState, nonce: &str) -> bool {
    state.claim.as_ref().is_some_and(|claim| claim.nonce == nonce)
}

fn claimant(state: &GrantState) -> Change {
    let by = state.claim.as_ref().map_or_else(|| "another machine".to_owned(), |claim| claim.by.clone());
    Change { by, at: state.written_at }
}

fn team_problem(error: TeamError) -> Problem {
    Problem::Vault(VaultProblem::Team(error))
}

/// The answer of a claim is lost, and its refresh token may be used up: only the user can go on.
fn lost(state: &GrantState) -> NotObtained {
    NotObtained { failure: Failure::Permanent, problem: team_problem(TeamError::ClaimLost(claimant(state))) }
}
