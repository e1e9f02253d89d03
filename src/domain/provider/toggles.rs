//! Toggles: options of a provider that the user turns on or off, such as requesting a refresh token.
//!
//! Invariant: a toggle adds to a request and never replaces what the preset or the account sets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::spec::ProviderSpec;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toggle {
    /// Its name in files.
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub note: Option<String>,
    /// The state if the account doesn't set it.
    pub on: bool,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub authorize_params: BTreeMap<String, String>,
    #[serde(default)]
    pub token_params: BTreeMap<String, String>,
}

impl Toggle {
    pub fn is_on(&self, chosen: &BTreeMap<String, bool>) -> bool {
        chosen.get(&self.id).copied().unwrap_or(self.on)
    }

    pub(in crate::domain) fn add_to(&self, spec: &mut ProviderSpec) {
        if !self.scopes.is_empty() {
            let scopes = spec.scopes.get_or_insert_default();
            for scope in &self.scopes {
                if !scopes.contains(scope) {
                    scopes.push(scope.clone());
                }
            }
        }
        let params = [
            (&mut spec.authorize_params, &self.authorize_params),
            (&mut spec.token_params, &self.token_params),
        ];
        for (to, from) in params {
            for (name, value) in from {
                to.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}
