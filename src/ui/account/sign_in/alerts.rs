//! Finds accounts that newly need a sign-in. Each is reported once, and never if it needed one from the
//! start.

use std::sync::Arc;

use crate::base::sanitize::sanitized;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{AccountView, Snapshot};

/// The sanitized names of accounts that need a sign-in now and did not before.
pub fn newly_needing_sign_in(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let has_come_to = |account: &&Arc<AccountView>| {
        let earlier = before.accounts.find(&account.id);
        earlier.is_some_and(|earlier| !Arc::ptr_eq(earlier, account) && !needs(earlier)) && needs(account)
    };
    let found = now.accounts.iter().filter(has_come_to);
    found.map(|account| sanitized(account.name.as_str(), 60).into_owned()).collect()
}

fn needs(account: &AccountView) -> bool {
    matches!(account.problem, Some(Problem::NeedsSignIn | Problem::RefreshRefused(_) | Problem::OtherSubject))
        || account.token.as_ref().is_some_and(|token| token.refresh_refused)
}
