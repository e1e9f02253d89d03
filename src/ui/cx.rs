//! The context of every screen: what it may read, and where its requests go.

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Snapshot};

use super::action::{DialogKind, UiAction};
use super::theme::Tokens;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    /// The selected account, or the first page without one.
    Account,
    ProviderPicker,
    ByAddress,
    Form,
    Diagnostics,
    UseFrom,
    Settings,
    Import,
    Export,
}

pub(super) struct Cx<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) now: DateTime<Utc>,
    pub(super) tokens: &'static Tokens,
    /// Whether the window has one pane.
    pub(super) narrow: bool,
    pub(super) selected: Option<AccountId>,
    pub(super) page: PageKind,
    /// Whether a button shows that a token was copied, so that no toast has to.
    pub(super) copied_is_shown: bool,
    commands: &'a mut Vec<Command>,
    actions: Vec<UiAction>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        now: DateTime<Utc>,
        tokens: &'static Tokens,
        narrow: bool,
        commands: &'a mut Vec<Command>,
    ) -> Self {
        let (selected, page, actions) = (None, PageKind::Account, Vec::new());
        let copied_is_shown = false;
        Self { snapshot, now, tokens, narrow, selected, page, copied_is_shown, commands, actions }
    }

    pub(super) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    pub(super) fn push(&mut self, action: UiAction) {
        self.actions.push(action);
    }

    /// Selects an account, also for what is drawn later in this frame.
    pub(super) fn select(&mut self, id: AccountId) {
        (self.selected, self.page) = (Some(id.clone()), PageKind::Account);
        self.push(UiAction::Select(id));
    }

    pub(super) fn open(&mut self, dialog: DialogKind) {
        self.push(UiAction::OpenDialog(dialog));
    }

    pub(super) fn take_actions(&mut self) -> Vec<UiAction> {
        std::mem::take(&mut self.actions)
    }

    pub(super) fn account(&self, id: &AccountId) -> Option<&'a AccountView> {
        self.snapshot.accounts.find(id).map(AsRef::as_ref)
    }

    pub(super) fn selected_account(&self) -> Option<&'a AccountView> {
        self.account(self.selected.as_ref()?)
    }
}
