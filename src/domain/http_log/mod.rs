//! The HTTP log: records of requests and responses, their text output, and redaction.

pub mod record;
pub mod redaction;
pub(crate) mod secret_scrub;
pub mod text;
