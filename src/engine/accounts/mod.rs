//! The accounts: their state, saving, deleting, importing, exporting and recovering them.

pub(crate) mod account_change;
pub(crate) mod account_move;
pub(crate) mod account_save;
pub(crate) mod account_state;
pub(crate) mod account_table;
pub(crate) mod crash_recovery;
pub(crate) mod database_recovery;
pub(crate) mod deletion;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod secret_params_migration;
pub(crate) mod unmapped_response;
