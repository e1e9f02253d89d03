//! What is kept of a request and its response: the record, its text, and what is redacted.

pub mod record;
pub mod redaction;
pub(crate) mod secret_scrub;
pub mod text;
