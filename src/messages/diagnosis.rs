//! Diagnostic checks and their findings.
//!
//! Invariant: a finding holds no secret, and its outcome follows from its cause.

use crate::domain::provider::ProviderError;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::refusal::connectivity::{CheckOutcome, OnTheWay};

use super::problem::{SignInProblem, VaultProblem};
use super::snapshot::VaultKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Vault,
    Browser,
    Port,
    /// A server's host name.
    Dns,
    Tls,
    /// One of the provider's endpoints.
    Endpoint(EndpointKind),
    /// This computer's clock compared with the server's.
    Clock,
}

impl Check {
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

/// The reason for an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    VaultAnswers(VaultKind),
    Vault(VaultProblem),
    /// A browser's launcher was found or not.
    Browser {
        /// `None` if it can't be determined without opening a page.
        is_there: Option<bool>,
    },
    PortFree,
    Port(SignInProblem),
    /// The redirect URI needs no port here, or there is none.
    NoPortNeeded,
    /// A finding about the connection to a server.
    OnTheWay(OnTheWay),
    /// The account's settings don't make a usable provider.
    Settings(ProviderError),
    NoAccount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    /// Its subject: a host, a URL, a port; empty if there is only one.
    pub about: String,
    /// What was found.
    pub cause: Cause,
}

impl Finding {
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
