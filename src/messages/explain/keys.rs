//! Texts about problems with a client's key.

use super::{Action, UserMessage, words};
use crate::domain::oauth::jose::KeyError;

pub(in crate::messages::explain) fn bad_key(here: &str, error: KeyError) -> UserMessage {
    let (what, next) = match error {
        KeyError::Unreadable => (
            format!("The private key of {here} can't be read: it is neither PEM nor JWK, or it is damaged."),
            "Copy the whole key again, from -----BEGIN to the last dash, or the JWK with its braces.",
        ),
        KeyError::Encrypted => (
            format!("The private key of {here} is protected by a passphrase."),
            "Enter it without one; Keyfob keeps it in the vault. To remove the passphrase: openssl pkey -in key.pem.",
        ),
        KeyError::Public => (
            format!("The private key of {here} is a public key or a certificate."),
            "Enter the private key; the public key belongs to the provider.",
        ),
        KeyError::Unsupported => (
            format!("The private key of {here} is of a type that Keyfob can't sign with."),
            "Use an RSA, a P-256 or an Ed25519 key.",
        ),
        KeyError::OpenSsh => (
            format!("The private key of {here} is in OpenSSH format, which Keyfob can't read."),
            "Enter it as PKCS#8, PKCS#1, SEC1 or JWK.",
        ),
        KeyError::Incomplete => (
            format!("The private key of {here} is incomplete."),
            "Copy the whole JWK: with RSA it has n, e, d, p, q, dp, dq and qi.",
        ),
        KeyError::Size => (
            format!("The RSA key of {here} must have 2048 to 4096 bits."),
            "Make a key of 2048 bits or more, and register its public key with the provider.",
        ),
        KeyError::WrongAlg => (
            format!("The private key of {here} doesn't match the chosen algorithm."),
            "RS256 and PS256 need an RSA key, ES256 a P-256 key, EdDSA an Ed25519 key.",
        ),
    };
    words(what, next).offering(Action::EditAccount)
}
