//! Looks for tokens that the database doesn't know, before the user has to sign in.
//!
//! The database's copy of a token's times may be lost, on a full disk for example, while the token is in the
//! vault. An unreadable vault never counts as an empty one.

use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Replies, Then};
use crate::messages::command::Command;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::vault::account_records::Records;

impl Engine {
    /// The account that a command needs a token of, and that would have to sign in by what the database
    /// knows.
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

    /// Reads the vault, once, and then carries out the command.
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
