//! What the palette offers: accounts, actions of the app, and actions of one account.

use crate::domain::account::AccountId;
use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::{AccountView, Snapshot};

use crate::ui::account::token::token_commands::{can_copy, offers, renewal};
use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::labels;

pub(super) enum Entry<'a> {
    Account(&'a AccountView),
    App(AppAction),
    OfAccount(&'a AccountView, AccountAction),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppAction {
    AddAccount,
    Import,
    Export,
    Settings,
    Diagnostics,
    Shortcuts,
    Lock,
    Quit,
}

impl AppAction {
    const ALL: [Self; 8] = [
        Self::AddAccount,
        Self::Import,
        Self::Export,
        Self::Settings,
        Self::Diagnostics,
        Self::Shortcuts,
        Self::Lock,
        Self::Quit,
    ];

    /// The label and the shortcut.
    fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::AddAccount => (labels::ADD_ACCOUNT, "⌘N"),
            Self::Import => ("Import accounts", ""),
            Self::Export => ("Export accounts", ""),
            Self::Settings => (labels::SETTINGS, "⌘,"),
            Self::Diagnostics => ("Run diagnostics", ""),
            Self::Shortcuts => (labels::KEYS, "F1"),
            Self::Lock => ("Lock Keyfob", "⌘L"),
            Self::Quit => ("Quit", "⌘Q"),
        }
    }

    fn action(self) -> UiAction {
        match self {
            Self::AddAccount => UiAction::Go(Target::ProviderPicker),
            Self::Import => UiAction::Go(Target::Import(None)),
            Self::Export => UiAction::Go(Target::Export),
            Self::Settings => UiAction::OpenDialog(DialogKind::Settings),
            Self::Diagnostics => UiAction::Go(Target::Diagnostics(None)),
            Self::Shortcuts => UiAction::OpenDialog(DialogKind::Shortcuts),
            Self::Lock => UiAction::Lock,
            Self::Quit => UiAction::Go(Target::Quit),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountAction {
    Copy(CopyForm),
    Renew,
    UseFrom,
    Open,
    Edit,
    Duplicate,
    Diagnose,
    Delete,
}

impl AccountAction {
    const ALL: [Self; 13] = [
        Self::Copy(CopyForm::Plain),
        Self::Copy(CopyForm::Header),
        Self::Copy(CopyForm::Curl),
        Self::Copy(CopyForm::Env),
        Self::Copy(CopyForm::PowerShell),
        Self::Copy(CopyForm::IdToken),
        Self::Renew,
        Self::UseFrom,
        Self::Open,
        Self::Edit,
        Self::Duplicate,
        Self::Diagnose,
        Self::Delete,
    ];

    /// The label and the shortcut.
    fn label(self, account: &AccountView) -> (&'static str, &'static str) {
        match self {
            Self::Copy(CopyForm::Plain) => (labels::COPY_TOKEN, "⌘C"),
            Self::Copy(CopyForm::Header) => (labels::COPY_HEADER, "⌘⇧C"),
            Self::Copy(CopyForm::Curl) => (labels::COPY_CURL, ""),
            Self::Copy(CopyForm::Env) => (labels::COPY_ENV, ""),
            Self::Copy(CopyForm::PowerShell) => (labels::COPY_POWER_SHELL, ""),
            Self::Copy(CopyForm::IdToken) => (labels::COPY_ID_TOKEN, ""),
            Self::Renew => match renewal(account) {
                Command::SignIn { .. } => (labels::SIGN_IN, "⌘R"),
                _ if account.token.is_some() => (labels::REFRESH, "⌘R"),
                _ => (labels::GET_TOKEN, "⌘R"),
            },
            Self::UseFrom => (labels::USE_FROM, ""),
            Self::Open => ("Open", "Enter"),
            Self::Edit => (labels::EDIT, "⌘E"),
            Self::Duplicate => (labels::DUPLICATE, "⌘D"),
            Self::Diagnose => ("Run diagnostics", ""),
            Self::Delete => (labels::DELETE, "Del"),
        }
    }

    fn run(self, cx: &mut Cx<'_>, id: AccountId, account: &AccountView) {
        match self {
            Self::Copy(form) => cx.send(Command::Copy { account: id, form }),
            Self::Renew => cx.send(renewal(account)),
            Self::UseFrom => cx.push(UiAction::Go(Target::UseFrom(id))),
            Self::Open => cx.push(UiAction::Go(Target::Account(id))),
            Self::Edit => cx.push(UiAction::Go(Target::Form(id))),
            Self::Duplicate => cx.send(Command::Duplicate(id)),
            Self::Diagnose => cx.push(UiAction::Go(Target::Diagnostics(Some(id)))),
            Self::Delete => cx.open(DialogKind::Delete(id)),
        }
    }
}

impl Entry<'_> {
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Account(account) => account.name.as_str(),
            Self::App(action) => action.label().0,
            Self::OfAccount(account, action) => action.label(account).0,
        }
    }

    /// The shortcut, as on a Mac.
    pub(super) fn keys(&self) -> &'static str {
        match self {
            Self::Account(_) => "",
            Self::App(action) => action.label().1,
            Self::OfAccount(account, action) => action.label(account).1,
        }
    }

    /// Whether it copies a token.
    pub(super) fn copies(&self) -> bool {
        match self {
            Self::Account(account) => can_copy(account),
            Self::App(_) => false,
            Self::OfAccount(_, action) => matches!(action, AccountAction::Copy(_)),
        }
    }

    /// Carries out the entry. `form` is how an account's token is copied; an account without one is opened.
    pub(super) fn run(&self, cx: &mut Cx<'_>, form: CopyForm) {
        match self {
            Self::Account(account) if can_copy(account) => {
                cx.send(Command::Copy { account: account.id.clone(), form });
            }
            Self::Account(account) => cx.push(UiAction::Go(Target::Account(account.id.clone()))),
            Self::App(action) => cx.push(action.action()),
            Self::OfAccount(account, action) => action.run(cx, account.id.clone(), account),
        }
    }
}

/// The entries that match a search, the best first; equal ones in their order, accounts before actions.
/// `account` limits them to that account's actions; `recent_first` orders accounts by their last use.
pub(super) fn find<'a>(
    snapshot: &'a Snapshot,
    account: Option<&'a AccountView>,
    search: &str,
    recent_first: bool,
) -> Vec<Entry<'a>> {
    let all: Vec<Entry<'a>> = if let Some(account) = account {
        let is_offered = |action: &AccountAction| match action {
            AccountAction::Copy(form) => can_copy(account) && offers(account, *form),
            _ => true,
        };
        let actions = AccountAction::ALL.into_iter().filter(is_offered);
        actions.map(|action| Entry::OfAccount(account, action)).collect()
    } else {
        let mut accounts: Vec<&AccountView> = snapshot.accounts.iter().map(|account| &**account).collect();
        if recent_first {
            accounts.sort_by_key(|account| std::cmp::Reverse(account.last_used_at));
        }
        accounts.into_iter().map(Entry::Account).chain(AppAction::ALL.into_iter().map(Entry::App)).collect()
    };
    let wanted = search.trim().to_lowercase();
    let ranked = all.into_iter().filter_map(|entry| Some((rank(&wanted, entry.label())?, entry)));
    let mut ranked: Vec<(u8, Entry<'a>)> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

/// How well a text matches what is typed, 0 being the best: it begins with it, a word does, it occurs, or
/// its letters do in this order. `None` if it doesn't match.
fn rank(wanted: &str, text: &str) -> Option<u8> {
    let text = text.to_lowercase();
    if text.starts_with(wanted) {
        return Some(0);
    }
    let is_separator = |c: char| !c.is_alphanumeric();
    if text.split(is_separator).any(|word| word.starts_with(wanted)) {
        return Some(1);
    }
    if text.contains(wanted) {
        return Some(2);
    }
    let mut letters = text.chars();
    let mut typed = wanted.chars().filter(|c| !c.is_whitespace());
    typed.all(|wanted| letters.any(|letter| letter == wanted)).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn a_few_letters_in_order_match_and_the_beginning_is_best() {
        let ranks = |wanted| {
            ["Smartcar dev", "dev portal", "acme-dev", "Kadevo", "Date review"].map(|text| rank(wanted, text))
        };
        assert_eq!(ranks("dev"), [Some(1), Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(rank("", "anything"), Some(0));
        assert_eq!(rank("ved", "dev"), None);
    }
}
