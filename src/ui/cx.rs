//! What every view is given.
//!
//! Owns nothing but the list of commands of this frame. Invariant: a view reads one snapshot at one
//! instant, and asks for changes only through [`Cx::send`].

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Snapshot};

use super::theme::Tokens;

/// One frame's surroundings.
pub(super) struct Cx<'a> {
    /// What is drawn.
    pub(super) snapshot: &'a Snapshot,
    /// The instant at which it is drawn.
    pub(super) now: DateTime<Utc>,
    /// The colours.
    pub(super) tokens: &'static Tokens,
    /// Whether the window has one pane.
    pub(super) narrow: bool,
    commands: &'a mut Vec<Command>,
}

impl<'a> Cx<'a> {
    /// The surroundings of one frame.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        now: DateTime<Utc>,
        tokens: &'static Tokens,
        narrow: bool,
        commands: &'a mut Vec<Command>,
    ) -> Self {
        Self { snapshot, now, tokens, narrow, commands }
    }

    /// Asks the engine for something.
    pub(super) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// An account by its ID.
    pub(super) fn account(&self, id: &AccountId) -> Option<&'a AccountView> {
        self.snapshot.accounts.find(id).map(AsRef::as_ref)
    }
}
