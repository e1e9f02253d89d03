//! The protocol, pure: every decision, no effect.
//!
//! Owns OAuth 2.0 as this app speaks it. Invariant: no clock, file, socket, thread or window is
//! touched here; the same input gives the same answer.

pub mod account;
pub mod address;
pub mod answer_map;
pub mod authorize;
pub mod binding;
pub mod callback;
pub mod claims;
pub mod client_auth;
pub mod destinations;
pub mod device;
pub mod diagnosis;
pub mod discovery;
pub mod endpoints;
pub mod exchange;
pub mod exchange_text;
pub mod expiry;
pub mod extra_params;
pub mod file;
pub mod forms;
pub mod grant_type;
pub mod hints;
pub mod http_request;
pub mod id_token;
pub mod import;
pub mod issuer;
pub mod jose;
pub mod jwt;
pub mod moment;
mod node;
mod node_de;
mod node_yaml;
mod one_or_more;
pub mod par;
pub mod pasted_tokens;
pub mod pkce;
mod preset_check;
pub mod presets;
pub mod provider;
pub mod provider_name;
pub mod redact;
pub mod redirect;
pub mod redirect_mismatch;
pub mod redirect_rule;
pub mod revocation;
pub mod secret_expiry;
pub mod session;
pub mod spec;
mod spelled;
pub mod strength;
pub mod tags;
pub mod toggle;
pub mod token_check;
mod token_refusal;
pub mod token_request;
pub mod token_response;
pub mod token_syntax;
pub mod tokens;
pub mod transport;
pub mod unseen;
pub mod vendor_errors;

#[cfg(test)]
pub(crate) mod test_support;
