//! Tokens: grants, expiry, claims, and output formats.

pub mod claims;
pub mod expiry;
pub mod grant;
pub mod held_key;
pub mod jwt;
pub mod pasted_tokens;
pub mod token_format;
