//! Servers that no one here wrote, each started by one command: every grant and every client
//! authentication that they offer, asked for by the engine as a person's account would.
//!
//! Each leaves its part of a table in `tests/output/servers`; `tests/run.sh` prints it whole.

mod authlib;
mod django;
mod glewlwyd;
mod harness;
mod ledger;
mod oidc_provider;
