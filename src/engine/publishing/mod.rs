//! What leaves the engine: snapshots, then replies and events.

pub(crate) mod outbox;
pub(crate) mod publisher;
