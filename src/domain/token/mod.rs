//! Tokens: what was granted, when it expires, what it says, and in which forms it is handed out.

pub mod claims;
pub mod expiry;
pub mod grant;
pub mod jwt;
pub mod pasted_tokens;
pub mod token_format;
