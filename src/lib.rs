//! Keyfob gets, keeps and refreshes API tokens.
//!
//! A pure core makes every decision, an engine carries out its effects, and the window draws one
//! snapshot at one instant.

pub mod clock;
pub mod demo;
pub mod domain;
pub mod messages;
pub mod net;
pub mod secret;
pub mod store;
