//! Signed tokens in the compact form (JSON Web Signature, RFC 7515; JSON Web Token, RFC 7519).
//!
//! Owns the client's own assertions, the keys they are signed with, and the question whether a
//! signature is an issuer's. Invariants: a private key is
//! wiped with what was made of it, and no error repeats a part of it; the moment and the random bytes
//! of an assertion come from the caller. Only the cryptography's own randomness (RFC 8017, section
//! 8.1; ECDSA's nonce) is drawn where it is needed, since nothing else may ever choose it.

pub mod assertion;
mod backend;
mod signing_key;
mod verify;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use assertion::AssertionSeed;
pub use signing_key::SigningKey;
pub use verify::{Keys, needs_keys, verified};

/// How a token is signed (RFC 7518, section 3.1; RFC 8037, section 3.1).
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
    /// HMAC with SHA-256, under the client secret.
    HS256,
}

/// Why a private key can't be used; none says anything of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is neither PEM nor JWK, or it is damaged.
    #[error("is neither PEM nor JWK, or is damaged")]
    Unreadable,
    /// It is protected by a passphrase.
    #[error("is protected by a passphrase; give it without one")]
    Encrypted,
    /// It is the public half, or a certificate.
    #[error("is a public key or a certificate; the private key is needed")]
    Public,
    /// It is of a kind that none of the algorithms goes with.
    #[error("must be an RSA key, a P-256 key or an Ed25519 key")]
    Unsupported,
    /// It is in the form of OpenSSH.
    #[error("is in the form of OpenSSH; give it as PKCS#8, PKCS#1, SEC1 or JWK")]
    OpenSsh,
    /// A part of it is missing: with RSA, all of RFC 7518, section 6.3.2, are needed but `oth`.
    #[error("lacks a part: an RSA key needs n, e, d, p, q, dp, dq and qi")]
    Incomplete,
    /// An RSA key of fewer than 2048 or more than 4096 bits.
    #[error("must have 2048 to 4096 bits")]
    Size,
    /// `key_alg` names an algorithm that doesn't go with it.
    #[error("doesn't go with \"key_alg\"")]
    WrongAlg,
}
