//! What the window remembers for itself: the selection, drafts, open dialogs.
//!
//! Owns them all. Invariant: never authoritative; whatever is true of accounts is in the snapshot.

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

/// How long a revealed token stands in the window.
pub(super) const REVEAL: TimeDelta = TimeDelta::seconds(30);

/// Everything the window remembers.
#[derive(Default)]
pub(super) struct ViewState {
    /// The chosen account.
    pub(super) selected: Option<AccountId>,
    /// With one pane: whether the account is shown rather than the list.
    pub(super) detail_open: bool,
    /// What is typed into the search field.
    pub(super) search: String,
    /// How the list is sorted, grouped and filtered.
    pub(super) order: Order,
    /// The accounts that all this leaves.
    pub(super) list: AccountList,
    /// What stands in the place of the account.
    pub(super) page: Page,
    /// Whether the last window crashed, and nothing was chosen since.
    pub(super) after_crash: AfterCrash,
    /// The account whose deletion is being confirmed.
    pub(super) deleting: Option<AccountId>,
    /// Where to, while it is asked whether a form may be left.
    pub(super) leaving: Option<To>,
    /// The settings, while they are open.
    pub(super) settings: Option<SettingsDraft>,
    /// The passphrase, while it is asked for.
    pub(super) passphrase: Option<PassphraseDraft>,
    /// Whether the passphrase was asked for without anybody wanting that; once is enough.
    pub(super) passphrase_asked: bool,
    /// Whether Keyfob is about to quit.
    pub(super) quit: Quit,
    /// What is done with all accounts at once.
    pub(super) errands: Errands,
    /// When somebody was last there, and whether the window is covered.
    pub(super) curtain: Curtain,
    /// The one token that is shown.
    pub(super) revealed: Option<Revealed>,
    /// What is pasted to finish a sign-in.
    pub(super) paste: SecretText,
    /// Short messages.
    pub(super) toasts: Toasts,
    /// The tab that is shown under the account.
    pub(super) tab: Tab,
    /// What the tab *Exchanges* remembers.
    pub(super) exchanges: ExchangesTab,
    /// How an answer is to be read, until it is saved.
    pub(super) mapper: Option<MapperDraft>,
    /// The account whose tokens are about to be revoked.
    pub(super) revoking: Option<AccountId>,
    /// Whether the details of a problem are shown.
    pub(super) show_details: bool,
    /// The token whose mask was asked for, so that it is asked for once.
    pub(super) mask_asked: Option<(AccountId, u64)>,
    /// Whether the list of keys is shown.
    pub(super) keys_page: KeysPage,
    /// How far the closing of the window has come.
    pub(super) closing: Closing,
    /// Something that gets the keyboard in the next frame.
    pub(super) focus: Option<egui::Id>,
}

/// What stands in the place of the account.
#[derive(Default)]
pub(super) enum Page {
    /// The account, or the page of the first run.
    #[default]
    Account,
    /// The choice of a provider for a new account.
    Picker {
        /// What is typed into its search field.
        search: String,
    },
    /// The form of an account.
    Form(Box<FormDraft>),
    /// The checks.
    Doctor(Checks),
}

/// How much is shown after a crash; whatever is may have been what caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AfterCrash {
    /// There was none, or an account was chosen since.
    #[default]
    No,
    /// Nothing of any account.
    Nothing,
    /// The list; no account is chosen by itself.
    List,
}

/// The settings as they are edited.
pub(super) struct SettingsDraft {
    /// The preferences that will be stored.
    pub(super) preferences: Preferences,
    /// Seconds until the clipboard is cleared, as typed.
    pub(super) clear_clipboard: String,
    /// Refresh ahead of expiry, as typed.
    pub(super) refresh_ahead: String,
    /// The redirect port, as typed.
    pub(super) redirect_port: String,
    /// The browser's program, as typed.
    pub(super) browser: String,
    /// Which proxy.
    pub(super) proxy_kind: ProxyKind,
    /// The proxy's address, as typed.
    pub(super) proxy: String,
    /// Path of the extra root certificate, as typed.
    pub(super) root_certificate: String,
    /// Whether the part about secrets is to be brought into view.
    pub(super) to_secrets: bool,
}

/// How servers elsewhere are reached, as it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// As the system says.
    System,
    /// Straight.
    Direct,
    /// Through the proxy whose address is typed.
    At,
}

/// The token that is shown.
pub(super) struct Revealed {
    /// Its account.
    pub(super) account: AccountId,
    /// The token.
    pub(super) token: AccessToken,
    /// Until when; set by the first frame that shows it.
    pub(super) until: Option<DateTime<Utc>>,
}

impl ViewState {
    /// Chooses an account and shows it.
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

    /// Whether a dialog is open over the page.
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

    /// Drops what the snapshot no longer has: a deleted account's selection, an ended reveal.
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
            // What has moved up into its place, or is now the last.
            let next = was_at.and_then(|row| self.list.get(row.min(self.list.len().saturating_sub(1))));
            self.selected = next.or(snapshot.accounts.first()).map(|account| account.id.clone());
        }
        if self.deleting.as_ref().is_some_and(|id| !known(id)) {
            self.deleting = None;
        }
        if let Some(revealed) = &mut self.revealed {
            let until = *revealed.until.get_or_insert(now + REVEAL);
            let gone = self.selected.as_ref() != Some(&revealed.account) || !known(&revealed.account);
            // A clock that was set back must not make the reveal longer.
            if gone || now >= until || until - now > REVEAL {
                self.revealed = None;
            }
        }
    }

    /// Drops short messages that have been there long enough, or that the page says already.
    pub(super) fn settle_toasts(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) {
        let selected = self.selected.as_ref().filter(|_| matches!(self.page, Page::Account));
        self.toasts.settle(now, |account, problem| {
            let account = account.filter(|id| Some(*id) == selected);
            let found = account.and_then(|id| snapshot.accounts.find(id));
            found.is_some_and(|view| view.problem.as_ref() == Some(problem))
        });
    }
}
