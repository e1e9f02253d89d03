//! The Windows program under Wine: run by tests/windows.sh, which builds it.

mod command_line;
mod credential_manager;
#[cfg(feature = "failpoints")]
mod rotation;
mod vendors;
mod window;
