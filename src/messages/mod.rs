//! What passes between the engine and whoever drives it: commands in, snapshots and events out.
//!
//! Owns no behaviour. Invariant: no secret is in a snapshot or a problem; a command or an event
//! that carries one carries it as a [`crate::base::secret::Secret`].

pub mod command;
pub mod diagnosis;
pub mod event;
pub mod explain;
pub mod preferences;
pub mod problem;
pub mod remembered;
pub mod snapshot;
