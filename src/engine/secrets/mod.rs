//! Secrets: the vault in use, moving between vaults, locking, and locks between processes.

pub(crate) mod account_lock;
pub(crate) mod held_locks;
pub(crate) mod lock;
pub(crate) mod secret_reader;
pub(crate) mod vault_handle;
pub(crate) mod vault_migration;
pub(crate) mod vault_selection;
