//! Why a server refused or was not reached, and what to try next.

pub mod connectivity;
pub mod hints;
pub mod redirect_mismatch;
pub(crate) mod token_refusal;
pub mod transport;
pub mod vendor_errors;
