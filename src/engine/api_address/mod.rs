//! Accounts by an address: the search for its server, and the client that is registered there.

pub(crate) mod client;
pub(crate) mod client_document;
pub(crate) mod client_removal;
pub(crate) mod client_update;
pub(crate) mod pending_clients;
pub(crate) mod search;
