//! The grants that an account can use, by the standards' names.

use serde::{Deserialize, Serialize};

/// How an account gets its first token (RFC 6749, section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// Authorization code through the browser (section 4.1), with PKCE (RFC 7636).
    AuthorizationCode,
    /// Client credentials (section 4.4).
    ClientCredentials,
    /// User name and password (section 4.3).
    Password,
    /// A code that the user enters in any device's browser (RFC 8628).
    DeviceCode,
    /// An assertion that the client's key signs (RFC 7523, section 2.1).
    JwtBearer,
    /// An API key that the account holds. No request gets it.
    ApiKey,
    /// A user name and a password for HTTP Basic (RFC 7617), which the account holds. No request gets them.
    Basic,
    /// A request with user name and password to an endpoint of the provider's own.
    Login,
}

impl GrantType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::DeviceCode => "device_code",
            Self::JwtBearer => "jwt_bearer",
            Self::ApiKey => "api_key",
            Self::Basic => "basic",
            Self::Login => "login",
        }
    }

    /// Returns true if the account holds its credential itself, so that no request gets one.
    pub fn is_key(self) -> bool {
        matches!(self, Self::ApiKey | Self::Basic)
    }

    /// Returns true if the grant's requests identify a client (RFC 6749, section 2.2).
    pub fn has_client(self) -> bool {
        !matches!(self, Self::ApiKey | Self::Basic | Self::Login)
    }

    /// Returns true if the account has a user name and a password.
    pub fn has_password(self) -> bool {
        matches!(self, Self::Password | Self::Basic | Self::Login)
    }

    /// Returns true if repeating the grant yields a new token without the user.
    pub fn is_repeatable(self) -> bool {
        !self.is_key() && !matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    /// Returns true if the grant uses a redirect URI.
    pub fn has_redirect(self) -> bool {
        matches!(self, Self::AuthorizationCode)
    }
}
