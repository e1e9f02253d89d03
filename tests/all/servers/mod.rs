//! Third-party servers, each started by one command: the engine exercises every grant and client
//! authentication that they offer, as a user's account would.
//!
//! Each writes its part of a table to `tests/output/servers`; `tests/run.sh` prints the whole.

mod authlib;
mod django;
mod glewlwyd;
pub(crate) mod harness;
mod ledger;
mod oidc_provider;
