//! What the page, the list's menu and the shortcuts do with an account's token.

use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::AccountView;

/// Whether there is a token to copy, or one is obtained without the user.
pub(in crate::ui) fn can_copy(account: &AccountView) -> bool {
    account.token.is_some() || account.grant.is_repeatable()
}

/// Whether the account can be copied in this form: not every token response has an ID token.
pub(in crate::ui) fn offers(account: &AccountView, form: CopyForm) -> bool {
    let has_id_token = || account.token.as_ref().is_some_and(|token| token.facts.id_token.is_some());
    form != CopyForm::IdToken || has_id_token()
}

/// The command that gets a new token, without the user if possible.
pub(in crate::ui) fn renewal(account: &AccountView) -> Command {
    let refreshable = account.token.as_ref().is_some_and(|token| token.facts.has_refresh_token);
    if refreshable || account.grant.is_repeatable() {
        Command::Refresh(account.id.clone())
    } else {
        Command::SignIn { account: account.id.clone(), open_browser: true }
    }
}
