//! What the page, the list's menu and the shortcuts do with an account's token.

use crate::messages::command::Command;
use crate::messages::snapshot::AccountView;

/// Whether there is a token to copy, or one is obtained without the user.
pub(in crate::ui) fn can_copy(account: &AccountView) -> bool {
    account.token.is_some() || account.grant.is_repeatable()
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
