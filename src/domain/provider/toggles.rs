//! Toggles: options of a provider that the user turns on or off, such as requesting a refresh token.
//!
//! Invariant: a toggle adds to a request and never replaces what the preset or the account sets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::spec::ProviderSpec;

/// An option that can be turned on or off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toggle {
    /// Its name in files.
    pub id: String,
    /// The label in the form.
    pub label: String,
    /// A hint for the user.
    #[serde(default)]
    pub note: Option<String>,
    /// The state if the account doesn't set it.
    pub on: bool,
    /// The scopes that it adds.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Parameters that it adds to the authorization request.
    #[serde(default)]
    pub authorize_params: BTreeMap<String, String>,
    /// Parameters that it adds to the token request.
    #[serde(default)]
    pub token_params: BTreeMap<String, String>,
}

impl Toggle {
    /// Its state under the account's choices.
    pub fn is_on(&self, chosen: &BTreeMap<String, bool>) -> bool {
        chosen.get(&self.id).copied().unwrap_or(self.on)
    }

    /// Adds its scopes and parameters to a spec.
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
