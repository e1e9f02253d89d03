//! Preferences: how they are stored, which of them the vault confirms, and the part that owns them.

pub(crate) mod confirmed;
pub(crate) mod encoding;
pub(crate) mod settings_store;
