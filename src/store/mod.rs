//! What is kept: secrets in a vault, everything else in a database.
//!
//! Owns all reading and writing of what outlives a run. Invariant: a secret reaches a vault and
//! nothing else.

pub mod account_export;
pub mod database;
pub(crate) mod encryption;
pub mod home;
pub mod private_files;
mod step;
pub mod user_presets;
pub mod vault;
