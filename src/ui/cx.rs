//! The context of every view: one snapshot, one instant, and the commands of this frame.

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Snapshot};

use super::theme::Tokens;

pub(super) struct Cx<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) now: DateTime<Utc>,
    pub(super) tokens: &'static Tokens,
    /// Whether the window has one pane.
    pub(super) narrow: bool,
    commands: &'a mut Vec<Command>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        now: DateTime<Utc>,
        tokens: &'static Tokens,
        narrow: bool,
        commands: &'a mut Vec<Command>,
    ) -> Self {
        Self { snapshot, now, tokens, narrow, commands }
    }

    /// Queues a command for the engine.
    pub(super) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    pub(super) fn account(&self, id: &AccountId) -> Option<&'a AccountView> {
        self.snapshot.accounts.find(id).map(AsRef::as_ref)
    }
}
