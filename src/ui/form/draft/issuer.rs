//! The issuer of the account form, and the results of discovery.
//!
//! Endpoints of one issuer are never saved with another. All of them are in the form before they are saved.

use crate::domain::oauth::discovery;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::spec::{Endpoints, ProviderSpec};
use crate::domain::provider::{EndpointKind, Preset, ProviderError};
use crate::messages::command::Command;
use crate::messages::problem::Problem;

use super::AccountFormState;
use crate::ui::labels;

#[derive(Default)]
pub(in crate::ui) struct IssuerDraft {
    /// As typed, if discovery sets up the account; a preset knows its own.
    pub(in crate::ui) typed: Option<String>,
    pub(in crate::ui) found_for: Option<String>,
    pub(in crate::ui) pending: Option<String>,
    pub(in crate::ui) result: Option<Result<DiscoveredServer, Problem>>,
}

impl AccountFormState {
    /// A new account that discovery sets up.
    pub(in crate::ui) fn by_issuer() -> Self {
        let mut draft = Self::new(&Preset::custom());
        draft.issuer.typed = Some(String::new());
        draft
    }

    pub(in crate::ui) fn discovers(&self) -> bool {
        self.issuer.typed.is_some() || discovery::is_wanted(&self.preset, &ProviderSpec::default())
    }

    /// Records that a saved account's endpoints are from its issuer.
    pub(in crate::ui) fn sync_issuer(&mut self) {
        if self.discovers() && self.endpoints.contains_key(&EndpointKind::Token) {
            self.issuer.found_for = self.wanted_issuer();
        }
    }

    pub(in crate::ui) fn wanted_issuer(&self) -> Option<String> {
        let wanted = Wanted::of(std::slice::from_ref(&self.preset), &self.settings()).ok()?;
        Some(wanted.issuer.as_str().to_owned())
    }

    pub(in crate::ui) fn issuer_problem(&self) -> Option<Result<String, ProviderError>> {
        if !self.discovers() {
            return None;
        }
        if self.issuer.typed.as_ref().is_some_and(|typed| typed.trim().is_empty()) {
            return Some(Ok("Enter the issuer URL.".to_owned()));
        }
        match Wanted::of(std::slice::from_ref(&self.preset), &self.settings()) {
            Err(error) => Some(Err(error)),
            Ok(wanted) if self.issuer.found_for.as_deref() != Some(wanted.issuer.as_str()) => {
                Some(Ok(format!("Choose {} to find the endpoints.", labels::DISCOVER)))
            }
            Ok(_) => None,
        }
    }

    /// Takes the result of a discovery, if the form still waits for it.
    pub(in crate::ui) fn take_discovered(&mut self, issuer: &str, result: Result<DiscoveredServer, Problem>) {
        if self.issuer.pending.as_deref() != Some(issuer) {
            return;
        }
        self.issuer.pending = None;
        if let Ok(found) = &result {
            self.take_found(found);
            self.issuer.found_for = Some(issuer.to_owned());
        }
        self.issuer.result = Some(result);
    }

    /// The command to query the issuer; drops the results of an earlier discovery.
    pub(in crate::ui) fn discover(&mut self) -> Command {
        let mut settings = self.settings();
        settings.overrides_mut().endpoints = Endpoints::default();
        self.issuer.pending = self.wanted_issuer();
        self.issuer.result = None;
        Command::Discover(Box::new(settings))
    }
}
