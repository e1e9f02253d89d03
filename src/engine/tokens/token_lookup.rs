//! Tokens of which the database knows nothing.
//!
//! Owns the look into the vault before a person is asked to sign in. Invariant: the database's copy of a
//! token's times may be lost, on a full disk, say; the token is not, and a vault that can't be read is
//! never taken for one that has none.

use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Replies, Then};
use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::vault::account_records::Records;

impl Engine {
    /// The account whose token is asked for and which would have to sign in, for all that is known.
    pub(crate) fn needs_vault_lookup(&self, command: &Command) -> Option<AccountId> {
        let (Command::Token { account, .. } | Command::Copy { account, .. } | Command::Refresh(account)) =
            command
        else {
            return None;
        };
        let entry = self.entries.get(account)?;
        let is_unknown = entry.session.facts().is_none()
            && !entry.account.settings.grant.is_repeatable()
            && !entry.looked_for
            && !entry.ephemeral
            && entry.door.kind() != VaultKind::Memory;
        is_unknown.then(|| account.clone())
    }

    /// Looks into the vault, once, and then does what is asked.
    pub(crate) fn look_for_token(&mut self, id: AccountId, command: Command, replies: Replies) {
        let door = self.entries.get(&id).map_or_else(|| self.door.clone(), |entry| entry.door.clone());
        self.spawn(async move {
            let account = id.clone();
            let read = door.call(move |vault| Records::new(vault).read_facts(&account)).await;
            let then: Then = Box::new(move |engine| {
                let facts = match read {
                    Ok(facts) => facts,
                    Err(problem) => return engine.fail(Some(&id), Problem::Vault(problem), replies),
                };
                if let Some(entry) = engine.entries.get_mut(&id) {
                    entry.looked_for = true;
                    if let Some(facts) = facts.filter(|_| entry.session.facts().is_none()) {
                        engine.cache_facts(&id, facts.clone());
                        engine.step(&id, Input::Found(Some(facts)));
                    }
                }
                engine.dispatch(command, replies);
            });
            then
        });
    }
}
