//! Large vendors' meanings of error codes: TOML files, each with its public source page.
//!
//! Invariant: a code of the standards (RFC 6749, RFC 8628) is read as a vendor's only if the vendor's own
//! host sent it; a vendor's own code is recognised from any host.

use std::sync::LazyLock;

use serde::Deserialize;

const FILES: [&str; 3] = [
    include_str!("../../../assets/errors/entra.toml"),
    include_str!("../../../assets/errors/google.toml"),
    include_str!("../../../assets/errors/github.toml"),
];

/// Codes that any server may send (RFC 6749, sections 4.1.2.1 and 5.2).
const STANDARD: [&str; 10] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "invalid_scope",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
];

static VENDORS: LazyLock<Vec<Vendor>> = LazyLock::new(|| {
    // They are part of the program, and a test reads each.
    FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect()
});

/// The action offered for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Change the account.
    Edit,
    /// Sign in again.
    SignIn,
    /// Try again later.
    Again,
    /// None: someone else must act.
    None,
}

/// A vendor's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    pub name: String,
    pub hosts: Vec<String>,
    /// The public documentation page.
    pub page: String,
    /// The date on which the page was read.
    pub checked: String,
    #[serde(rename = "error")]
    errors: Vec<VendorError>,
}

/// One of its errors.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorError {
    /// The `error` value, or the number in the description.
    pub code: String,
    /// A text that the description must also contain, in lower case.
    #[serde(default)]
    says: String,
    /// What happened, as the end of "says that …".
    pub meaning: String,
    /// What to do, as a sentence without its full stop.
    pub cure: String,
    pub offer: Offer,
}

/// The vendor and the first of its entries that matches an error.
pub fn find(host: &str, code: &str, description: &str) -> Option<(&'static Vendor, &'static VendorError)> {
    let said = description.to_lowercase();
    VENDORS.iter().find_map(|vendor| {
        let is_its_host = vendor.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
        let fits = |error: &&VendorError| {
            let is_own = !STANDARD.contains(&error.code.as_str());
            (error.code == code || contains_code(&error.code, description))
                && (is_own || is_its_host)
                && (error.says.is_empty() || said.contains(&error.says))
        };
        vendor.errors.iter().find(fits).map(|error| (vendor, error))
    })
}

/// Returns true if a text has this number, not only as the start of a longer one.
fn contains_code(code: &str, text: &str) -> bool {
    code.ends_with(|c: char| c.is_ascii_digit())
        && text
            .match_indices(code)
            .any(|(at, _)| !text[at + code.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_says_where_it_is_from() {
        assert_eq!(VENDORS.len(), FILES.len(), "a file has a mistake");
        for vendor in VENDORS.iter() {
            assert!(vendor.page.starts_with("https://") && !vendor.hosts.is_empty(), "{}", vendor.name);
            let day = crate::domain::account::secret_expiry::day(&vendor.checked);
            assert!(day.is_some(), "{}", vendor.name);
            for (place, error) in vendor.errors.iter().enumerate() {
                let twice = vendor.errors[..place].iter();
                let mut twice = twice.filter(|other| other.code == error.code && other.says == error.says);
                assert!(twice.next().is_none(), "{} is there twice", error.code);
                for text in [&error.meaning, &error.cure] {
                    assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", error.code);
                }
                assert_eq!(error.says, error.says.to_lowercase());
            }
        }
    }

    #[test]
    fn a_numbered_code_is_found_in_the_description_and_never_within_a_longer_number() {
        let text = "AADSTS700082: The refresh token has expired due to inactivity.\r\nTrace ID: 70008";
        let found = |text| find("127.0.0.1", "invalid_grant", text).map(|(_, error)| error.code.as_str());
        assert_eq!(found(text), Some("AADSTS700082"));
        assert_eq!(found("AADSTS70008: expired"), Some("AADSTS70008"));
        assert_eq!(found("AADSTS7000899: nobody knows"), None);
        assert_eq!(
            found("AADSTS7000222: The provided client secret keys are expired."),
            Some("AADSTS7000222")
        );
    }

    #[test]
    fn a_standard_code_is_a_vendors_at_its_own_host_only() {
        let said = "Token has been expired or revoked.";
        let google = find("oauth2.googleapis.com", "invalid_grant", said).unwrap();
        assert_eq!((google.0.name.as_str(), google.1.offer), ("Google", Offer::SignIn));
        assert_eq!(find("server.example.com", "invalid_grant", said).map(|found| &found.1.code), None);
        assert!(find("server.example.com", "bad_verification_code", "").is_some());
        assert!(find("", "org_internal", "").is_some());
        assert!(find("oauth2.googleapis.com", "invalid_grant", "something new").is_none());
        for (said, meant) in [
            ("Invalid JWT: Failed audience check.", "has another audience"),
            ("Invalid grant: account not found", "no service account"),
            ("Invalid email or User ID", "doesn't exist"),
            ("Invalid JWT Signature.", "doesn't fit the account's key"),
        ] {
            let (_, error) = find("oauth2.googleapis.com", "invalid_grant", said).unwrap();
            assert!(error.meaning.contains(meant) && error.offer == Offer::Edit, "{said}: {error:?}");
        }
    }
}
