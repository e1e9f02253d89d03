//! The window's own state: the selection, drafts, open dialogs.
//!
//! It is never authoritative; the snapshot has the facts about accounts.

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::secret::AccessToken;
use crate::domain::account::AccountId;
use crate::messages::snapshot::{Preferences, Snapshot};

use super::account::http_log::ExchangesTab;
use super::account::response_mapper::MapperDraft;
use super::account::tabs::Tab;
use super::dialogs::Errands;
use super::dialogs::passphrase::PassphraseDraft;
use super::dialogs::quit::Closing;
use super::dialogs::unsaved_tokens::Quit;
use super::doctor::Checks;
use super::form::draft::FormDraft;
use super::lock_screen::Curtain;
use super::navigation::To;
use super::shortcuts_page::KeysPage;
use super::sidebar::account_list::AccountList;
use super::sidebar::list_order::Order;
use super::widgets::fields::SecretText;
use super::widgets::toast::Toasts;

/// How long a revealed token is visible.
pub(super) const REVEAL: TimeDelta = TimeDelta::seconds(30);

#[derive(Default)]
pub(super) struct ViewState {
    pub(super) selected: Option<AccountId>,
    /// With one pane: whether the account is shown instead of the list.
    pub(super) detail_open: bool,
    pub(super) search: String,
    pub(super) order: Order,
    pub(super) list: AccountList,
    pub(super) page: Page,
    /// Whether the last window crashed, and nothing was selected since.
    pub(super) after_crash: AfterCrash,
    /// The account whose deletion the user must confirm.
    pub(super) deleting: Option<AccountId>,
    /// The target, while the user is asked whether to leave a form.
    pub(super) leaving: Option<To>,
    pub(super) settings: Option<SettingsDraft>,
    pub(super) passphrase: Option<PassphraseDraft>,
    /// Whether the passphrase dialog has opened by itself, which happens once.
    pub(super) passphrase_asked: bool,
    pub(super) quit: Quit,
    pub(super) errands: Errands,
    /// The time of the last input, and whether the window is covered.
    pub(super) curtain: Curtain,
    pub(super) revealed: Option<Revealed>,
    pub(super) paste: SecretText,
    pub(super) toasts: Toasts,
    pub(super) tab: Tab,
    /// The state of the HTTP log tab.
    pub(super) exchanges: ExchangesTab,
    pub(super) mapper: Option<MapperDraft>,
    /// The account whose revocation the user must confirm.
    pub(super) revoking: Option<AccountId>,
    pub(super) show_details: bool,
    /// The token whose mask was requested, so that it is requested once.
    pub(super) mask_asked: Option<(AccountId, u64)>,
    pub(super) keys_page: KeysPage,
    pub(super) closing: Closing,
    /// The widget to focus in the next frame.
    pub(super) focus: Option<egui::Id>,
}

#[derive(Default)]
pub(super) enum Page {
    /// The account, or the first page without one.
    #[default]
    Account,
    /// The choice of a provider for a new account.
    Picker {
        /// The text of its search field.
        search: String,
    },
    Form(Box<FormDraft>),
    Doctor(Checks),
}

/// What is shown after a crash, since displayed content may have caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AfterCrash {
    /// No crash, or an account was selected since.
    #[default]
    No,
    Nothing,
    /// The list; no account is selected automatically.
    List,
}

/// The settings as they are edited.
pub(super) struct SettingsDraft {
    pub(super) preferences: Preferences,
    /// The clipboard timeout in seconds, as typed.
    pub(super) clear_clipboard: String,
    /// The refresh margin, as typed.
    pub(super) refresh_ahead: String,
    pub(super) redirect_port: String,
    pub(super) browser: String,
    pub(super) proxy_kind: ProxyKind,
    pub(super) proxy: String,
    /// Path of the extra root certificate, as typed.
    pub(super) root_certificate: String,
    /// Whether to scroll to the part about secrets.
    pub(super) to_secrets: bool,
}

/// How other hosts are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// The system's proxy.
    System,
    Direct,
    /// The proxy at the typed URL.
    At,
}

pub(super) struct Revealed {
    pub(super) account: AccountId,
    pub(super) token: AccessToken,
    /// Until when; set by the first frame that shows it.
    pub(super) until: Option<DateTime<Utc>>,
}

impl ViewState {
    pub(super) fn select(&mut self, id: AccountId) {
        if self.selected.as_ref() != Some(&id) {
            self.revealed = None;
            self.paste = SecretText::default();
            self.show_details = false;
            self.revoking = None;
        }
        self.after_crash = AfterCrash::No;
        self.list.bring(id.clone());
        self.selected = Some(id);
        self.detail_open = true;
    }

    pub(super) fn has_dialog(&self) -> bool {
        self.deleting.is_some()
            || self.leaving.is_some()
            || self.settings.is_some()
            || self.passphrase.is_some()
            || self.errands.is_open()
            || self.quit == Quit::Asked
            || self.keys_page == KeysPage::Open
            || self.closing == Closing::Asked
    }

    /// Drops state that the snapshot no longer supports: a deleted account's selection, an ended reveal.
    pub(super) fn settle(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) {
        let known = |id: &AccountId| snapshot.accounts.place(id).is_some();
        let mut was_at = None;
        if snapshot.loaded
            && let Some(gone) = self.selected.take_if(|id| !known(id))
        {
            was_at = self.list.row(&gone);
            self.detail_open = false;
        }
        self.list.settle(&snapshot.accounts, &self.search, self.order, now);
        if self.selected.is_none() && self.after_crash == AfterCrash::No {
            // The row that moved up to its position, or the last one.
            let next = was_at.and_then(|row| self.list.get(row.min(self.list.len().saturating_sub(1))));
            self.selected = next.or(snapshot.accounts.first()).map(|account| account.id.clone());
        }
        if self.deleting.as_ref().is_some_and(|id| !known(id)) {
            self.deleting = None;
        }
        if let Some(revealed) = &mut self.revealed {
            let until = *revealed.until.get_or_insert(now + REVEAL);
            let gone = self.selected.as_ref() != Some(&revealed.account) || !known(&revealed.account);
            // A clock that was set back must not extend the reveal.
            if gone || now >= until || until - now > REVEAL {
                self.revealed = None;
            }
        }
    }

    /// Drops toasts whose time has passed or that the page already shows.
    pub(super) fn settle_toasts(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) {
        let selected = self.selected.as_ref().filter(|_| matches!(self.page, Page::Account));
        self.toasts.settle(now, |account, problem| {
            let account = account.filter(|id| Some(*id) == selected);
            let found = account.and_then(|id| snapshot.accounts.find(id));
            found.is_some_and(|view| view.problem.as_ref() == Some(problem))
        });
    }
}
