//! Storage: secrets in a vault, everything else in a database.
//!
//! Invariant: a secret is stored only in a vault.

pub mod account_export;
pub mod database;
pub(crate) mod encryption;
pub mod home;
pub mod private_files;
mod step;
pub mod user_presets;
pub mod vault;
