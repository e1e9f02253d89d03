//! From the address of an API to its authorization server, by what both publish.
//!
//! [`search::Search`] decides which URL is read next and what an answer means; it sends nothing itself.
//! Invariants: only https URLs are read, or plain http on this computer; an address leads no further inside
//! than [`reach::Reach`] allows; metadata of another resource or issuer is never used.

pub mod challenge;
pub mod client_document;
pub mod plan;
pub mod reach;
pub mod resource;
pub mod search;

use thiserror::Error;
use url::Url;

use crate::domain::secure_url::is_secure;

const TEXT_MAX_BYTES: usize = 2048;

/// Why a text is not an address to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("it is not a URL")]
    Invalid,
    #[error("it is not https")]
    Insecure,
    /// A user name or a password stands in it.
    #[error("it contains a user name or a password")]
    Credentials,
}

/// The address that the user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAddress {
    text: String,
    url: Url,
}

impl ApiAddress {
    /// Reads an address; one without a scheme is https. A fragment is dropped, since no server sees it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim().split('#').next().unwrap_or_default();
        if text.is_empty() || text.len() > TEXT_MAX_BYTES {
            return Err(AddressError::Invalid);
        }
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&text).map_err(|_| AddressError::Invalid)?;
        if !url.has_host() {
            return Err(AddressError::Invalid);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if is_secure(&url) { Ok(Self { text, url }) } else { Err(AddressError::Insecure) }
    }

    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns true if a text in a search field is rather an address than a provider's name.
    pub fn is_likely(text: &str) -> bool {
        let text = text.trim();
        let is_named = text.contains("://") || (text.contains('.') && !text.contains(' '));
        is_named && Self::parse(text).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_an_address_is_https_or_this_computer_and_holds_no_password() {
        for (text, read) in [
            ("https://api.example.com/mcp", Ok("https://api.example.com/mcp")),
            (" api.example.com/v1#part ", Ok("https://api.example.com/v1")),
            ("http://127.0.0.1:8080/mcp", Ok("http://127.0.0.1:8080/mcp")),
            ("http://api.example.com/", Err(AddressError::Insecure)),
            ("http://10.0.0.1/", Err(AddressError::Insecure)),
            ("ftp://api.example.com/", Err(AddressError::Insecure)),
            ("https://user:CANARY@api.example.com/", Err(AddressError::Credentials)),
            ("https://", Err(AddressError::Invalid)),
            ("", Err(AddressError::Invalid)),
        ] {
            let parsed = ApiAddress::parse(text);
            assert_eq!(parsed.as_ref().map(ApiAddress::as_str).map_err(|error| *error), read, "{text}");
        }
        assert!(ApiAddress::parse(&format!("https://a.example/{}", "x".repeat(3000))).is_err());
    }

    #[test]
    fn an_address_in_a_search_field_is_told_from_a_name() {
        for text in ["https://x", "api.example.com", "http://localhost:1/mcp"] {
            assert!(ApiAddress::is_likely(text), "{text}");
        }
        for text in ["", "google", "Acme v2.0 API", "http://api.example.com"] {
            assert!(!ApiAddress::is_likely(text), "{text}");
        }
    }
}
