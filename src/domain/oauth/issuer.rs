//! Issuer identifiers (RFC 8414, section 2).
//!
//! Knows where an issuer publishes its metadata, and which issuers are equal. Invariant: issuers are compared
//! as exact text, except for the parts that a provider's template leaves open.

use thiserror::Error;
use url::Url;

use crate::domain::secure_url::is_secure;

/// The metadata path of `OpenID` Connect Discovery; the next constant is RFC 8414's.
const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// Why a text is not an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IssuerError {
    #[error("issuer is not a URL without a query")]
    Invalid,
    #[error("issuer is not https")]
    Insecure,
}

/// An issuer identifier as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Reads an issuer. Its metadata URL is accepted too, since people copy that.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let text = text.trim().replacen(OPENID, "", 1).replacen(OAUTH, "", 1);
        let url = Url::parse(&text).map_err(|_| IssuerError::Invalid)?;
        let is_plain = url.query().is_none() && url.fragment().is_none();
        if !url.has_host() || !is_plain || !url.username().is_empty() || url.password().is_some() {
            return Err(IssuerError::Invalid);
        }
        if is_secure(&url) { Ok(Self { text, url }) } else { Err(IssuerError::Insecure) }
    }

    /// The identifier as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URLs where its metadata may be, the likeliest first: `OpenID`'s path appended, RFC 8414's inserted
    /// before the issuer's path (section 3.1), then each the other way round, since servers mix them up.
    pub fn documents(&self) -> Vec<Url> {
        let path = self.url.path().trim_end_matches('/').to_owned();
        let at = |path: String| {
            let mut url = self.url.clone();
            url.set_path(&path);
            url
        };
        let mut found = vec![at(format!("{path}{OPENID}")), at(format!("{OAUTH}{path}"))];
        if !path.is_empty() {
            found.extend([at(format!("{OPENID}{path}")), at(format!("{path}{OAUTH}"))]);
        }
        found
    }
}

/// Returns true if a URL is one of an issuer's metadata.
pub fn is_document(url: &Url) -> bool {
    [OPENID, OAUTH].iter().any(|known| url.path().contains(known))
}

/// Returns true if `said` is the issuer `known`. If `known` is a template, a `{name}` matches one path
/// segment of letters, digits, `-`, `.` and `_`.
pub fn is_same(known: &str, said: &str) -> bool {
    if known == said {
        return true;
    }
    let (known, said): (Vec<&str>, Vec<&str>) = (known.split('/').collect(), said.split('/').collect());
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    // Scheme and host, the first three parts, are never open.
    known.len() == said.len()
        && known.iter().zip(&said).enumerate().all(|(place, (known, said))| {
            known == said || (place > 2 && is_open(known) && is_name(said) && !matches!(*said, "." | ".."))
        })
}

/// Narrows a template by the requested issuer: an ID in the position of a `{name}` replaces it, in lower case
/// as servers write it. Other text there, such as `common` or a domain, may be an alias, so the position
/// stays open.
pub fn narrowed(template: &str, named: &str) -> String {
    let (parts, segments): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), named.split('/').collect());
    if parts.len() != segments.len() {
        return template.to_owned();
    }
    let narrow = |(part, name): (&&str, &&str)| {
        if is_open(part) && is_id(name) { name.to_ascii_lowercase() } else { (*part).to_owned() }
    };
    parts.iter().zip(&segments).map(narrow).collect::<Vec<_>>().join("/")
}

/// Returns true if a part of a template matches any name.
fn is_open(part: &str) -> bool {
    part.len() > 2 && part.starts_with('{') && part.ends_with('}')
}

/// Returns true for a UUID (RFC 9562, section 4), which is never an alias.
fn is_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str) -> Vec<String> {
        Issuer::parse(text).unwrap().documents().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn metadata_is_looked_for_in_every_form_of_the_path() {
        assert_eq!(
            documents("https://a.example"),
            [
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server"
            ]
        );
        assert_eq!(documents("https://a.example/"), documents("https://a.example"));
        let in_path = [
            "https://a.example:8/t/one/.well-known/openid-configuration",
            "https://a.example:8/.well-known/oauth-authorization-server/t/one",
            "https://a.example:8/.well-known/openid-configuration/t/one",
            "https://a.example:8/t/one/.well-known/oauth-authorization-server",
        ];
        assert_eq!(documents("https://a.example:8/t/one"), in_path);
        assert_eq!(documents("https://a.example:8/t/one/"), in_path);
        for pasted in in_path {
            assert_eq!(Issuer::parse(pasted).unwrap().as_str(), "https://a.example:8/t/one");
        }
    }

    #[test]
    fn s2_an_issuer_is_https_or_this_machine() {
        for (text, error) in [
            ("a.example", IssuerError::Invalid),
            ("https://a.example/?tenant=1", IssuerError::Invalid),
            ("https://a.example/#x", IssuerError::Invalid),
            ("https://user@a.example", IssuerError::Invalid),
            ("", IssuerError::Invalid),
            ("http://a.example", IssuerError::Insecure),
            ("http://127.0.0.1.evil.test", IssuerError::Insecure),
            ("ftp://a.example", IssuerError::Insecure),
        ] {
            assert_eq!(Issuer::parse(text).unwrap_err(), error, "{text}");
        }
        assert!(Issuer::parse("http://127.0.0.1:9/").is_ok());
    }

    #[test]
    fn a3_issuers_are_compared_to_the_letter_but_for_a_templates_open_parts() {
        let entra = "https://login.example/{tenantid}/v2.0";
        for said in
            [entra, "https://login.example/72f988bf-86f1/v2.0", "https://login.example/contoso.com/v2.0"]
        {
            assert!(is_same(entra, said), "{said}");
        }
        for said in [
            "https://login.example//v2.0",
            "https://login.example/../v2.0",
            "https://login.example/a/b/v2.0",
            "https://login.example/a%2fb/v2.0",
            "https://evil.example/a/v2.0",
            "https://login.example/a/v2.0/",
        ] {
            assert!(!is_same(entra, said), "{said}");
        }
        let one = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let of = |tenant: &str| narrowed(entra, &format!("https://login.example/{tenant}/v2.0"));
        assert_eq!(of(&one.to_uppercase()), format!("https://login.example/{one}/v2.0"));
        assert!(is_same(&of(one), &entra.replace("{tenantid}", one)));
        assert!(!is_same(&of(one), &entra.replace("{tenantid}", "9188040d-6c67-4c5b-b112-36a304b66dad")));
        for other in ["common", "organizations", "consumers", "contoso.com", &one[1..], "a/b"] {
            assert_eq!(of(other), entra, "{other}");
        }
        assert!(!is_same("https://{any}/x", "https://evil.example/x"));
        assert!(!is_same("https://a.example", "https://a.example/"));
        assert!(!is_same("https://a.example", "https://A.example"));
    }
}
