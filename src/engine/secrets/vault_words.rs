//! The database's words for vaults.

use crate::messages::snapshot::VaultKind;
use crate::store::database::StoredAccount;

pub(crate) const MEMORY: &str = "memory";

pub(crate) fn word(kind: VaultKind) -> &'static str {
    match kind {
        VaultKind::Keychain => "keychain",
        VaultKind::File => "file",
        VaultKind::Memory => MEMORY,
    }
}

/// The word of a vault that outlives the process. A record in memory leaves another vault's records as they
/// are.
pub(crate) fn lasting_word(kind: VaultKind) -> Option<&'static str> {
    (kind != VaultKind::Memory).then(|| word(kind))
}

/// The vault of this word, unless it ended with its process.
pub(crate) fn lasting(word: &str) -> Option<VaultKind> {
    [VaultKind::Keychain, VaultKind::File].into_iter().find(|kind| self::word(*kind) == word)
}

/// Whether another lasting vault has an account's secrets, so that any copy in this one is older.
pub(crate) fn is_elsewhere(row: &StoredAccount, here: &str) -> bool {
    row.kept_in.as_deref().filter(|kept_in| *kept_in != here).and_then(lasting).is_some()
}
