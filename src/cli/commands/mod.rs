//! One file per command.

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod helper;
pub(crate) mod import;
pub(crate) mod import_document;
pub(crate) mod import_names;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod move_accounts;
pub(crate) mod move_vault;
pub(crate) mod passphrase;
pub(crate) mod proxy;
pub(crate) mod recover;
pub(crate) mod remove;
pub(crate) mod request;
pub(crate) mod revoke;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod team;
pub(crate) mod token;
pub(crate) mod window;
