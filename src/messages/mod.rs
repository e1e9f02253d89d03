//! Messages between the engine and its users: commands in, snapshots and events out.
//!
//! Invariant: no secret is in a snapshot or a problem; a command or an event carries one only as a
//! [`crate::base::secret::Secret`].

pub mod command;
pub mod diagnosis;
pub mod event;
pub mod explain;
pub mod preferences;
pub mod problem;
pub mod remembered;
pub mod snapshot;
pub mod stored_json;
pub mod vault_kind;
