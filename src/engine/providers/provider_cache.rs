//! Resolves a provider once for all accounts with the same settings.
//!
//! Used while many accounts are loaded. Sharing only affects time and memory.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::account::Settings;
use crate::domain::provider::spec::ProviderSpec;
use crate::domain::provider::{Preset, Provider, ProviderError};

/// A resolved provider, or the error in the settings.
pub(crate) type Resolved = Result<Rc<Provider>, ProviderError>;

pub(crate) struct ProviderCache {
    presets: Arc<Vec<Preset>>,
    /// Keyed by the address of the overrides, which accounts with equal settings share after a read.
    known: HashMap<*const ProviderSpec, (Settings, Resolved)>,
}

impl ProviderCache {
    pub(crate) fn new(presets: &Arc<Vec<Preset>>) -> Self {
        Self { presets: Arc::clone(presets), known: HashMap::new() }
    }

    pub(crate) fn resolve(&mut self, settings: &Settings) -> Resolved {
        let place = Arc::as_ptr(&settings.overrides);
        if let Some((_, resolved)) = self.known.get(&place).filter(|(known, _)| known == settings) {
            return resolved.clone();
        }
        let resolved = Provider::resolve(&self.presets, settings).map(Rc::new);
        self.known.insert(place, (settings.clone(), resolved.clone()));
        resolved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets;
    use crate::domain::test_support::settings;

    #[test]
    fn equal_settings_share_a_provider_and_others_have_their_own() {
        let mut providers = ProviderCache::new(&Arc::new(presets::built_in()));
        let settings = settings("https://one.example/authorize");
        let first = providers.resolve(&settings).unwrap();
        assert!(Rc::ptr_eq(&first, &providers.resolve(&settings.clone()).unwrap()));
        // Only the overrides are known to be equal.
        let mut other = settings.clone();
        other.provider = "nobody".to_owned();
        assert!(Arc::ptr_eq(&settings.overrides, &other.overrides));
        assert!(providers.resolve(&other).is_err());
        assert_eq!(providers.resolve(&settings).unwrap(), first);
        other.provider.clone_from(&settings.provider);
        other.overrides_mut().scopes = Some(vec!["more".to_owned()]);
        assert_eq!(providers.resolve(&other).unwrap().scopes, ["more"]);
    }
}
