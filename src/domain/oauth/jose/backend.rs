//! The cryptography for [`jsonwebtoken`]: ring, which TLS already uses.
//!
//! Maps algorithm names to ring's algorithms. Invariant: a key of one family is never used for an algorithm
//! of another, so a public key can't serve as a shared secret.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Unsigned, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::{hmac, signature};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |alg, key| signer(*alg, key),
    verifier_factory: |alg, key| verifier(*alg, key),
    // For thumbprints and for making JWKs, which are not used here.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes [`jsonwebtoken`] use ring. Call before each use; only the first call has an effect.
pub(in crate::domain::oauth::jose) fn install() {
    static ONCE: Once = Once::new();
    // Nothing else in this program installs one.
    ONCE.call_once(|| {
        let _ = RING.install_default();
    });
}

fn refused(kind: ErrorKind) -> Error {
    kind.into()
}

enum SigningWith {
    Shared(hmac::Key),
    Rsa(Box<signature::RsaKeyPair>, &'static dyn signature::RsaEncoding),
    P256(Box<signature::EcdsaKeyPair>),
    Ed25519(Box<signature::Ed25519KeyPair>),
}

struct RingSigner {
    alg: Algorithm,
    with: SigningWith,
}

fn signer(alg: Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if key.family() != alg.family() {
        return Err(refused(ErrorKind::InvalidAlgorithm));
    }
    let bytes = key.as_bytes();
    let rsa = |padding| {
        let pair = signature::RsaKeyPair::from_der(bytes);
        pair.map(|pair| SigningWith::Rsa(Box::new(pair), padding))
    };
    let with = match alg {
        Algorithm::HS256 => Ok(SigningWith::Shared(hmac::Key::new(hmac::HMAC_SHA256, bytes))),
        Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
        Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
        Algorithm::ES256 => {
            let with = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            signature::EcdsaKeyPair::from_pkcs8(with, bytes, &SystemRandom::new())
                .map(|pair| SigningWith::P256(Box::new(pair)))
        }
        Algorithm::EdDSA => signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
            .map(|pair| SigningWith::Ed25519(Box::new(pair))),
        _ => return Err(refused(ErrorKind::UnsupportedAlgorithm)),
    };
    let with = with.map_err(|_| refused(ErrorKind::InvalidKeyFormat))?;
    Ok(Box::new(RingSigner { alg, with }))
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Unsigned> {
        let random = SystemRandom::new();
        match &self.with {
            SigningWith::Shared(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            SigningWith::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*padding, &random, message, &mut signature).map_err(|_| Unsigned::new())?;
                Ok(signature)
            }
            SigningWith::P256(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| Unsigned::new())?;
                Ok(signature.as_ref().to_vec())
            }
            SigningWith::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.alg
    }
}

struct RingVerifier {
    alg: Algorithm,
    key: DecodingKey,
}

fn verifier(alg: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if key.family() != alg.family() {
        return Err(refused(ErrorKind::InvalidAlgorithm));
    }
    Ok(Box::new(RingVerifier { alg, key: key.clone() }))
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Unsigned> {
        use signature::{UnparsedPublicKey, VerificationAlgorithm};

        let bytes = || self.key.try_get_as_bytes().map_err(|_| Unsigned::new());
        let by = |with: &'static dyn VerificationAlgorithm| {
            UnparsedPublicKey::new(with, bytes()?).verify(message, signature).map_err(|_| Unsigned::new())
        };
        let rsa = |with: &'static signature::RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => signature::RsaPublicKeyComponents { n, e }
                .verify(with, message, signature)
                .map_err(|_| Unsigned::new()),
            DecodingKeyKind::SecretOrDer(_) => Err(Unsigned::new()),
        };
        let shared = |with| {
            let key = hmac::Key::new(with, bytes()?);
            hmac::verify(&key, message, signature).map_err(|_| Unsigned::new())
        };
        match self.alg {
            Algorithm::HS256 => shared(hmac::HMAC_SHA256),
            Algorithm::HS384 => shared(hmac::HMAC_SHA384),
            Algorithm::HS512 => shared(hmac::HMAC_SHA512),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => by(&signature::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => by(&signature::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => by(&signature::ED25519),
            _ => Err(Unsigned::new()),
        }
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.alg
    }
}
