//! The use of a token with its API: which host it may go to, which requests pass, and how a token is named.

pub mod api_host;
pub mod api_request;
pub mod environment_file;
pub mod proxy_rule;
pub mod proxy_target;
pub mod token_reference;
pub mod usage_lines;
