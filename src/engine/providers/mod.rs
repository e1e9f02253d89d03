//! Presets and the providers resolved from them.

mod provider_cache;
pub(crate) mod provider_list;

pub(crate) use provider_cache::{ProviderCache, Resolved};
