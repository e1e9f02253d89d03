//! Texts about the verification of ID tokens.

use chrono::{DateTime, Local, Utc};

use crate::domain::oauth::id_token::{IdTokenFlaw, IdTokenStatus};

use super::{Action, UserMessage, words};

pub(in crate::messages::explain) fn other_subject(provider: &str, here: &str) -> UserMessage {
    words(
        format!("{provider} returned another user's tokens when it refreshed {here}, so none were kept."),
        "Sign in again; your settings are kept.",
    )
    .offering(Action::SignIn)
}

pub(in crate::messages::explain) fn missing(opening: &str) -> UserMessage {
    words(
        format!("{opening} has no ID token."),
        "A server issues one only for the openid scope: add it to the account's scopes, then sign in again.",
    )
}

pub(in crate::messages::explain) fn expired(here: &str, at: DateTime<Utc>) -> UserMessage {
    let at = at.with_timezone(&Local).format("%H:%M:%S on %Y-%m-%d");
    words(format!("The ID token of {here} expired at {at}."), "Sign in again to get a new one.")
}

pub fn id_token(verdict: IdTokenStatus) -> (String, &'static str) {
    let doubt = match verdict {
        IdTokenStatus::Verified => {
            let meaning =
                "On arrival, its signature matched the issuer's keys and it was issued to this client.";
            return ("verified".to_owned(), meaning);
        }
        IdTokenStatus::Unchecked => {
            return ("not verified: not checked yet".to_owned(), "Keyfob checks the next one that arrives.");
        }
        IdTokenStatus::Doubted(doubt) => doubt,
    };
    let (why, meaning) = match doubt {
        IdTokenFlaw::Unreadable => {
            ("it is not a signed token", "It may be encrypted, which Keyfob can't read.")
        }
        IdTokenFlaw::Unsigned => ("it is not signed", "Anyone could have written it."),
        IdTokenFlaw::UnknownAlg => {
            ("its algorithm is not supported", "Keyfob supports RS, PS, HS, ES256, ES384 and EdDSA.")
        }
        IdTokenFlaw::NoSecret => (
            "it is signed with a client secret",
            "This account has no client secret, so Keyfob can't check it.",
        ),
        IdTokenFlaw::NoKeys => {
            ("the issuer's keys are not known", "Enter the issuer's JWKS URL in the account.")
        }
        IdTokenFlaw::KeysUnreachable => {
            ("the issuer's keys could not be fetched", "Keyfob tries again when the next one arrives.")
        }
        IdTokenFlaw::UnknownKey => ("the issuer has no such key", "Check the issuer's JWKS URL."),
        IdTokenFlaw::WrongSignature => ("its signature is wrong", "Don't trust what it says."),
        IdTokenFlaw::NoIssuer => {
            ("the issuer is not known", "Its signature is valid. Enter the issuer in the account.")
        }
        IdTokenFlaw::WrongIssuer => {
            ("it is from another issuer", "Its signature is valid. Check the account's issuer.")
        }
        IdTokenFlaw::WrongAudience => ("it was issued to another client", "Don't use it for this account."),
        IdTokenFlaw::OtherToken => ("it belongs to another access token", "Don't use it for this account."),
        IdTokenFlaw::Expired => ("it had expired when it arrived", "Check this computer's clock."),
    };
    (format!("not verified: {why}"), meaning)
}
