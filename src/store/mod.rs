//! What is kept: secrets in a vault, everything else in a database.
//!
//! Owns all reading and writing of what outlives a run. Invariant: a secret reaches a vault and
//! nothing else.

pub mod accounts;
pub mod archive;
pub mod client_record;
pub mod files;
pub mod home;
pub mod keychain;
pub mod memory;
pub mod own_presets;
pub mod passphrase;
pub mod records;
pub mod recover;
mod sealed;
pub mod split;
mod step;
pub mod transfer;
pub mod vault;
pub mod vault_records;
