//! Secrets: the vaults, the choice between them, and the accounts' locks.

pub(crate) mod account_lock;
pub(crate) mod account_store;
pub(crate) mod account_vault;
pub(crate) mod held_locks;
pub(crate) mod secret_reader;
pub(crate) mod team;
pub(crate) mod vault_handle;
pub(crate) mod vault_migration;
pub(crate) mod vault_selection;
