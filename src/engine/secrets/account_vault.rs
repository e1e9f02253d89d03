//! Which vault the database names for an account.

use crate::messages::snapshot::VaultKind;
use crate::store::database::StoredAccount;

/// The word of a vault that outlives the process. A record in memory leaves another vault's records as they
/// are.
pub(crate) fn lasting_word(kind: VaultKind) -> Option<&'static str> {
    (kind != VaultKind::Memory).then(|| kind.as_str())
}

/// Whether another lasting vault has an account's secrets, so that any copy in `here` is older.
pub(crate) fn is_elsewhere(row: &StoredAccount, here: VaultKind) -> bool {
    row.kept_in.as_deref().and_then(VaultKind::lasting).is_some_and(|kept_in| kept_in != here)
}
