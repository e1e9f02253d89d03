//! The grants an account can hold, in the standards' words.

use serde::{Deserialize, Serialize};

/// How an account gets its first token (RFC 6749, section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// Through the browser (section 4.1), with PKCE (RFC 7636).
    AuthorizationCode,
    /// With the client's own credentials (section 4.4).
    ClientCredentials,
    /// With a user name and a password (section 4.3).
    Password,
    /// By a code that a person enters on any device's browser (RFC 8628).
    DeviceCode,
    /// With an assertion that the client's key signs (RFC 7523, section 2.1).
    JwtBearer,
}

impl GrantType {
    /// The name as it stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::DeviceCode => "device_code",
            Self::JwtBearer => "jwt_bearer",
        }
    }

    /// Whether a new token can be had by repeating the grant, without a person.
    pub fn is_repeatable(self) -> bool {
        !matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    /// Whether the browser comes back to a redirect URI.
    pub fn has_redirect(self) -> bool {
        matches!(self, Self::AuthorizationCode)
    }
}
