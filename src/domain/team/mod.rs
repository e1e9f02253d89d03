//! A team vault: a KV version 2 secrets engine of `OpenBao` or `HashiCorp` Vault that several machines share.
//!
//! Pure: where it is, what it may be asked, and what its responses mean. Invariant: nothing here holds a secret.

pub mod kv;
pub mod policy;

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use super::refusal::transport::{Unreachable, UnreachableKind};
use super::secure_url::is_secure;

pub const DEFAULT_MOUNT: &str = "secret";
pub const DEFAULT_PREFIX: &str = "keyfob";

/// Where the team's secrets are, and as which machine this one changes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    #[serde(with = "address")]
    pub address: Url,
    pub mount: String,
    pub prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// A PEM file with root certificates to trust beside the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    pub auth: AuthMethod,
    /// The name that others see beside this machine's changes.
    pub machine: String,
}

mod address {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use url::Url;

    pub(super) fn serialize<S: Serializer>(address: &Url, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(address.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        let text = String::deserialize(deserializer)?;
        Url::parse(&text).map_err(|_| D::Error::custom("not a URL"))
    }
}

/// Why a connection's values can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConnectionError {
    #[error("the address is not a URL such as https://vault.example:8200")]
    Address,
    #[error("the address must begin with https://; http:// is for this computer only")]
    Insecure,
    #[error("the mount has letters, digits and - _ . / only")]
    Mount,
    #[error("the path prefix has letters, digits and - _ . / only")]
    Prefix,
    #[error("the namespace has letters, digits and - _ . / only")]
    Namespace,
    #[error("the machine's name is empty, too long or has invisible characters")]
    Machine,
}

impl Connection {
    /// Checks the values and removes slashes at their ends.
    pub fn checked(mut self) -> Result<Self, ConnectionError> {
        if self.address.host().is_none() || !self.address.username().is_empty() {
            return Err(ConnectionError::Address);
        }
        if !is_secure(&self.address) {
            return Err(ConnectionError::Insecure);
        }
        self.address.set_query(None);
        self.address.set_fragment(None);
        for (part, error) in [
            (Some(&mut self.mount), ConnectionError::Mount),
            (Some(&mut self.prefix), ConnectionError::Prefix),
            (self.namespace.as_mut(), ConnectionError::Namespace),
        ] {
            let Some(part) = part else { continue };
            *part = part.trim_matches('/').to_owned();
            let is_plain = |segment: &str| {
                let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(known)
            };
            if !part.split('/').all(is_plain) {
                return Err(error);
            }
        }
        let chars = self.machine.chars().count();
        if !(1..=100).contains(&chars) || self.machine.chars().any(crate::base::sanitize::is_deceptive) {
            return Err(ConnectionError::Machine);
        }
        Ok(self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMethod {
    Token,
    Userpass,
    Approle,
    Oidc,
}

impl AuthMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Userpass => "userpass",
            Self::Approle => "approle",
            Self::Oidc => "oidc",
        }
    }
}

/// What a member may do, by the permissions of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Lists accounts and uses their access tokens.
    Use,
    /// Also refreshes tokens and signs in.
    Renew,
    /// Also adds, changes and removes accounts.
    Manage,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Use, Self::Renew, Self::Manage];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Renew => "renew",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who wrote something, and when by the server's clock. The name comes from outside and is shown sanitized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// A setting that two edits changed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub key: &'static str,
    pub theirs: String,
    pub yours: String,
}

/// Why the team vault can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TeamError {
    #[error("not connected")]
    NotConnected,
    #[error("sealed")]
    Sealed,
    #[error("{0}")]
    Unreachable(Unreachable),
    /// It responds, but too slowly for a claim to be safe.
    #[error("too slow")]
    Slow,
    #[error("the vault's token has expired")]
    TokenExpired,
    #[error("permission denied")]
    Denied,
    /// The token may use nothing at this mount, or there is no such mount: the server answers alike.
    #[error("permission denied at {0}")]
    MountDenied(String),
    /// The member's role doesn't allow it, so nothing was sent.
    #[error("the role is {has}, and {needs} is needed")]
    RoleTooLow { has: Role, needs: Role },
    #[error("no secrets engine at {0}")]
    WrongMount(String),
    #[error("version 1 at {0}")]
    KvVersion1(String),
    /// The server refused the credentials.
    #[error("sign-in refused")]
    SignInRefused,
    #[error("a file with credentials can't be read: {0}")]
    CredentialsFile(String),
    /// A record was changed meanwhile: check-and-set refused the write.
    #[error("changed meanwhile")]
    Conflict,
    /// Someone else saved the account while it was edited.
    #[error("edited meanwhile")]
    EditedByOther(Box<(Change, Vec<Difference>)>),
    /// Another machine is refreshing the token.
    #[error("claimed")]
    Claimed(Change),
    /// A machine began to refresh and never wrote an answer: the refresh token may be used up.
    #[error("claimed and lost")]
    ClaimLost(Change),
    #[error("an unexpected response with status {0}")]
    BadAnswer(u16),
}

impl TeamError {
    /// Whether the vault as a whole doesn't respond now.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Sealed | Self::Slow | Self::Unreachable(_) | Self::BadAnswer(307 | 429 | 472 | 473 | 500..)
        )
    }

    /// Whether the same request may succeed within seconds, as when a cluster elects another leader.
    pub fn is_brief(&self) -> bool {
        match self {
            Self::Unreachable(unreachable) => matches!(
                unreachable.kind,
                UnreachableKind::Connect | UnreachableKind::Broken | UnreachableKind::TimedOut
            ),
            // A standby that has lost its leader redirects (307), which is never followed.
            Self::BadAnswer(status) => matches!(status, 307 | 429 | 472 | 473 | 500..),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(address: &str, prefix: &str) -> Connection {
        Connection {
            address: Url::parse(address).unwrap(),
            mount: "/secret/".to_owned(),
            prefix: prefix.to_owned(),
            namespace: None,
            ca: None,
            auth: AuthMethod::Token,
            machine: "ci".to_owned(),
        }
    }

    #[test]
    fn s2_a_team_vault_is_reached_over_https_or_on_this_machine() {
        assert_eq!(connection("https://v.example:8200", "a/b").checked().unwrap().mount, "secret");
        connection("http://127.0.0.1:8200", "keyfob").checked().unwrap();
        let refused = connection("http://v.example:8200", "keyfob").checked();
        assert_eq!(refused, Err(ConnectionError::Insecure));
    }

    #[test]
    fn a_path_names_nothing_outside_its_mount() {
        for prefix in ["", "a//b", "../sys", "a/../b", "a b", "a?b", "a#b", "a%2fb", "é"] {
            let checked = connection("https://v.example", prefix).checked();
            assert_eq!(checked, Err(ConnectionError::Prefix), "{prefix}");
        }
    }
}
