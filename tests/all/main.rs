//! The tests of every promise, in one binary with a module per area.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod cli;
mod corpus;
mod desktop;
mod docs;
pub(crate) mod engine;
mod floors;
pub(crate) mod net;
mod servers;
mod support;
pub(crate) mod support_tests;
#[cfg(target_os = "linux")]
mod team;
mod threat_model;
pub(crate) mod ui;
mod uses;
mod vendors;
mod windows;
