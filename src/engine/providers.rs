//! The presets, and the providers resolved from them.

use std::rc::Rc;
use std::sync::Arc;

use crate::domain::account::Settings;
use crate::domain::provider::presets;
use crate::domain::provider::{Preset, Provider, ProviderError};
use crate::store::user_presets::OwnPresets;

/// A resolved provider, or the error in the settings.
pub(crate) type Resolved = Result<Rc<Provider>, ProviderError>;

pub(crate) struct ProviderList {
    presets: Arc<Vec<Preset>>,
    mistakes: Arc<Vec<String>>,
}

impl ProviderList {
    pub(crate) fn built_in() -> Self {
        Self { presets: Arc::new(presets::built_in()), mistakes: Arc::default() }
    }

    /// Adds the user's presets; one of the same ID wins over a built-in one.
    pub(crate) fn add_own(&mut self, own: OwnPresets) {
        let all = own.presets.into_iter().chain(self.presets.iter().cloned());
        self.presets = Arc::new(all.collect());
        self.mistakes = Arc::new(own.mistakes);
    }

    pub(crate) fn presets(&self) -> Arc<Vec<Preset>> {
        Arc::clone(&self.presets)
    }

    /// What is wrong with unreadable presets of the user's own, one sentence each.
    pub(crate) fn mistakes(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.mistakes)
    }

    pub(crate) fn resolve(&self, settings: &Settings) -> Resolved {
        Provider::resolve(&self.presets, settings).map(Rc::new)
    }
}
