//! Toggles: ways of a provider that a person turns on or off, such as asking for a refresh token.
//!
//! Owns what a toggle adds to a request. Invariant: it adds and never replaces; what the preset or
//! the account says by itself stays.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::spec::ProviderSpec;

/// A way that can be turned on or off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toggle {
    /// Its name in files.
    pub id: String,
    /// What the form calls it.
    pub label: String,
    /// What is good to know about it.
    #[serde(default)]
    pub note: Option<String>,
    /// Whether it is on where the account says nothing.
    pub on: bool,
    /// Scopes that it adds.
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
    /// Whether it is on, by what the account chose.
    pub fn is_on(&self, chosen: &BTreeMap<String, bool>) -> bool {
        chosen.get(&self.id).copied().unwrap_or(self.on)
    }

    /// Adds to a spec what it stands for.
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
