//! What was checked, and what was found.
//!
//! Owns the list of checks. Invariant: a finding holds no secret, and its verdict follows from its cause.

use crate::domain::provider::ProviderError;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::refusal::connectivity::{CheckOutcome, OnTheWay};

use super::problem::{SignInProblem, VaultProblem};
use super::snapshot::VaultKind;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Where secrets are kept.
    Vault,
    /// The browser of this system.
    Browser,
    /// The port that the browser returns to.
    Port,
    /// A server's name.
    Dns,
    /// A server's certificate and encryption.
    Tls,
    /// One of the provider's endpoints.
    Endpoint(EndpointKind),
    /// This computer's clock against the server's.
    Clock,
}

impl Check {
    /// The word in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Browser => "browser",
            Self::Port => "port",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Endpoint(kind) => kind.key(),
            Self::Clock => "clock",
        }
    }
}

/// Why a verdict is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The vault answers.
    VaultAnswers(VaultKind),
    /// The vault does not.
    Vault(VaultProblem),
    /// A browser's launcher was found, or none.
    Browser {
        /// Whether; `None` where only opening a page would tell.
        is_there: Option<bool>,
    },
    /// The port can be had.
    PortFree,
    /// The port can't be had.
    Port(SignInProblem),
    /// The browser comes back elsewhere, or not at all.
    NoPortNeeded,
    /// Something on the way to a server.
    OnTheWay(OnTheWay),
    /// The account's settings make no usable provider.
    Settings(ProviderError),
    /// No account was named.
    NoAccount,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// Of what: a host, an address, a port; empty where there is only one.
    pub about: String,
    /// What was found.
    pub cause: Cause,
}

impl Finding {
    /// What it is worth.
    pub fn verdict(&self) -> CheckOutcome {
        match &self.cause {
            Cause::VaultAnswers(VaultKind::Memory) | Cause::Vault(VaultProblem::PassphraseNeeded) => {
                CheckOutcome::Warning
            }
            Cause::VaultAnswers(_) | Cause::PortFree | Cause::Browser { is_there: Some(true) } => {
                CheckOutcome::Ok
            }
            Cause::Vault(_)
            | Cause::Port(_)
            | Cause::Settings(_)
            | Cause::Browser { is_there: Some(false) } => CheckOutcome::Failed,
            Cause::Browser { is_there: None } | Cause::NoPortNeeded | Cause::NoAccount => {
                CheckOutcome::NotTried
            }
            Cause::OnTheWay(found) => found.verdict(),
        }
    }
}
