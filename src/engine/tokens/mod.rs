//! Tokens: obtaining, refreshing, checking, revoking and copying them.

pub(crate) mod copying;
pub(crate) mod grant_request;
pub(crate) mod id_tokens;
pub(crate) mod introspection;
pub(crate) mod refusal_context;
pub(crate) mod renewal;
pub(crate) mod request_journal;
pub(crate) mod response_mapping;
pub(crate) mod retry_after;
pub(crate) mod revocation;
pub(crate) mod token_lookup;
