//! References to a part of an account's token: `car-dev:header`, `keyfob://car-dev/token`.
//!
//! Invariant: a reference holds no secret, so that a file with references can be committed.

use percent::decoded;

/// The scheme of a reference in an environment file.
pub const SCHEME: &str = "keyfob://";

/// What a reference stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPart {
    /// The access token.
    Token,
    /// The header line: `Authorization: Bearer …`.
    Header,
    ClientId,
    /// When the token expires: RFC 3339 in UTC.
    ExpiresAt,
    /// A claim of the token, or of the ID token.
    Claim(String),
}

impl TokenPart {
    pub const FORMS: &'static str = "token, header, client-id, expires-at, claim.NAME";

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "token" => Some(Self::Token),
            "header" => Some(Self::Header),
            "client-id" => Some(Self::ClientId),
            "expires-at" => Some(Self::ExpiresAt),
            other => match other.strip_prefix("claim.") {
                Some(name) if !name.is_empty() => Some(Self::Claim(name.to_owned())),
                _ => None,
            },
        }
    }
}

/// A part of one account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenReference {
    pub account: String,
    pub part: TokenPart,
}

impl TokenReference {
    /// Parses `NAME` or `NAME:FORM`. A name may have colons itself.
    pub fn parse(text: &str) -> Self {
        let formed = text.rsplit_once(':').and_then(|(name, form)| Some((name, TokenPart::parse(form)?)));
        let (account, part) = formed.unwrap_or((text, TokenPart::Token));
        Self { account: account.to_owned(), part }
    }

    /// Parses `keyfob://NAME/FORM`; the form may be missing. `None` if the text is no reference.
    ///
    /// # Errors
    /// The reference has no name or a form that isn't one, or is only a part of the text: a program would get the
    /// reference instead of a token.
    pub fn in_file(text: &str) -> Option<Result<Self, String>> {
        let Some(rest) = text.get(..SCHEME.len()).filter(|start| start.eq_ignore_ascii_case(SCHEME)) else {
            let is_within = text.to_ascii_lowercase().contains(SCHEME);
            let reason =
                "a reference must be the whole value, and keyfob://NAME/header is a whole header line";
            return is_within.then(|| Err(reason.to_owned()));
        };
        let rest = &text[rest.len()..];
        let (name, form) = rest.split_once('/').unwrap_or((rest, ""));
        let part = if form.is_empty() {
            Some(TokenPart::Token)
        } else {
            decoded(form).and_then(|form| TokenPart::parse(&form))
        };
        let account = decoded(name).filter(|name| !name.is_empty());
        Some(match (account, part) {
            (Some(account), Some(part)) => Ok(Self { account, part }),
            (None, _) => Err("it names no account".to_owned()),
            (_, None) => Err(format!("its form is none of {}", TokenPart::FORMS)),
        })
    }
}

mod percent {
    /// Decodes percent signs; `None` if the result isn't text.
    pub(super) fn decoded(text: &str) -> Option<String> {
        // A plus sign is no space here, as it is in a form.
        let text = text.replace('+', "%2B");
        let (decoded, _) = url::form_urlencoded::parse(text.as_bytes()).next().unwrap_or_default();
        (!text.contains(['&', '=']) && !decoded.contains('\u{fffd}')).then(|| decoded.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(account: &str, part: TokenPart) -> TokenReference {
        TokenReference { account: account.to_owned(), part }
    }

    #[test]
    fn the_form_is_after_the_last_colon() {
        for (text, expected) in [
            ("car-dev", reference("car-dev", TokenPart::Token)),
            ("car-dev:header", reference("car-dev", TokenPart::Header)),
            ("batch: a/b:client-id", reference("batch: a/b", TokenPart::ClientId)),
            ("batch: a/b", reference("batch: a/b", TokenPart::Token)),
            ("a:claim.sub", reference("a", TokenPart::Claim("sub".to_owned()))),
            ("a:expires-at", reference("a", TokenPart::ExpiresAt)),
            ("a:claim.", reference("a:claim.", TokenPart::Token)),
        ] {
            assert_eq!(TokenReference::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_reference_in_a_file_is_a_url() {
        for (text, expected) in [
            ("keyfob://car-dev/token", reference("car-dev", TokenPart::Token)),
            ("keyfob://car-dev", reference("car-dev", TokenPart::Token)),
            ("Keyfob://car-dev", reference("car-dev", TokenPart::Token)),
            ("keyfob://batch%3A%20a%2Fb/header", reference("batch: a/b", TokenPart::Header)),
            ("keyfob://a+b/claim.sub", reference("a+b", TokenPart::Claim("sub".to_owned()))),
            ("keyfob://東京/token", reference("東京", TokenPart::Token)),
        ] {
            assert_eq!(TokenReference::in_file(text), Some(Ok(expected)), "{text}");
        }
        for wrong in [
            "Bearer keyfob://car-dev/token",
            "https://a.example/?t=KEYFOB://car-dev",
            "keyfob:///token",
            "keyfob://car-dev/tokn",
            "keyfob://a/b/token",
            "keyfob://%ff/token",
        ] {
            assert!(TokenReference::in_file(wrong).is_some_and(|it| it.is_err()), "{wrong}");
        }
        assert_eq!(TokenReference::in_file("https://keyfob.example"), None);
    }
}
