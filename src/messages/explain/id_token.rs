//! Texts about the verification of ID tokens.

use crate::domain::oauth::id_token::{Doubt, IdTokenStatus};

use super::{Action, UserMessage, words};

/// A refresh returned tokens of another subject.
pub(in crate::messages::explain) fn other_subject(provider: &str, here: &str) -> UserMessage {
    words(
        format!("{provider} answered the refresh of {here} with tokens of another user, so none was kept."),
        "Sign in again; your settings are kept.",
    )
    .offering(Action::SignIn)
}

/// A short label and an explanation.
pub fn id_token(verdict: IdTokenStatus) -> (String, &'static str) {
    let doubt = match verdict {
        IdTokenStatus::Verified => {
            let meaning = "When it came, its signature was the issuer's, and it was made for this client.";
            return ("verified".to_owned(), meaning);
        }
        IdTokenStatus::Unchecked => {
            return ("not verified: not checked yet".to_owned(), "It is checked when the next one comes.");
        }
        IdTokenStatus::Doubted(doubt) => doubt,
    };
    let (why, meaning) = match doubt {
        Doubt::Unreadable => ("it is no signed token", "It may be encrypted, which Keyfob doesn't read."),
        Doubt::Unsigned => ("it is not signed", "Anybody could have written it."),
        Doubt::UnknownAlg => (
            "it is signed in a way Keyfob doesn't know",
            "RS, PS and HS are known, and ES256, ES384 and EdDSA.",
        ),
        Doubt::NoSecret => {
            ("it is signed under a client secret", "This account has none, so that nobody here can check it.")
        }
        Doubt::NoKeys => {
            ("the issuer's keys are not known", "Enter the address of the issuer's keys in the account.")
        }
        Doubt::KeysUnreachable => {
            ("the issuer's keys could not be fetched", "It is checked again when the next one comes.")
        }
        Doubt::UnknownKey => ("the issuer has no such key", "Check the address of the issuer's keys."),
        Doubt::WrongSignature => ("its signature is wrong", "Don't trust what it says."),
        Doubt::NoIssuer => {
            ("the issuer is not known", "Its signature is right; enter the issuer in the account.")
        }
        Doubt::WrongIssuer => {
            ("it is from another issuer", "Its signature is right; check the account's issuer.")
        }
        Doubt::WrongAudience => ("it was made for another client", "Don't take it for this account's."),
        Doubt::OtherToken => ("it goes with another access token", "Don't take it for this account's."),
        Doubt::Expired => ("it had expired when it came", "Check this computer's clock."),
    };
    (format!("not verified: {why}"), meaning)
}
