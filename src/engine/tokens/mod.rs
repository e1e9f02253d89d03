//! Tokens: obtaining, refreshing, checking and revoking them.

pub(crate) mod grant_request;
pub(crate) mod id_tokens;
pub(crate) mod introspection;
pub(crate) mod offer;
pub(crate) mod refusal_context;
pub(crate) mod renewal;
pub(crate) mod request_journal;
pub(crate) mod revocation;
pub(crate) mod team_journal;
mod team_renewal;
