//! Signed tokens in compact form (JSON Web Signature, RFC 7515; JSON Web Token, RFC 7519).
//!
//! Client assertions, their signing keys, and the verification of an issuer's signatures. Invariants: a
//! private key and everything derived from it is wiped, and no error repeats a part of it. The caller
//! supplies an assertion's time and random bytes. Only the cryptography's own randomness (RFC 8017, section
//! 8.1; ECDSA's nonce) is generated internally, since nothing else may choose it.

pub mod assertion;
mod backend;
mod signing_key;
mod verify;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use assertion::AssertionSeed;
pub use signing_key::SigningKey;
pub use verify::{IdTokenFlaw, Keys, needs_keys, verified};

/// A signature algorithm (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlg {
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// `Ed25519`.
    EdDSA,
    /// HMAC with SHA-256, keyed with the client secret.
    HS256,
}

/// Why a private key can't be used. No variant reveals the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("is neither PEM nor JWK, or is damaged")]
    Unreadable,
    #[error("is protected by a passphrase; remove the passphrase")]
    Encrypted,
    #[error("is a public key or a certificate; the private key is needed")]
    Public,
    #[error("must be an RSA key, a P-256 key or an Ed25519 key")]
    Unsupported,
    #[error("is in OpenSSH format; convert it to PKCS#8, PKCS#1, SEC1 or JWK")]
    OpenSsh,
    /// A part is missing. RSA needs all of RFC 7518, section 6.3.2, except `oth`.
    #[error("is incomplete: an RSA key needs n, e, d, p, q, dp, dq and qi")]
    Incomplete,
    /// An RSA key of fewer than 2048 or more than 4096 bits.
    #[error("must have 2048 to 4096 bits")]
    Size,
    /// `key_alg` doesn't match the key type.
    #[error("doesn't match \"key_alg\"")]
    WrongAlg,
}
