//! Reads a client's key: PEM (PKCS#1, PKCS#8, SEC1), JWK, or a Google service account's file.
//!
//! Invariant: every intermediate form of a key is wiped.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::{EncodePrivateKey as _, ObjectIdentifier, PrivateKeyInfo};
use pkcs1::der::{Encode as _, asn1::UintRef};
use ring::signature::{Ed25519KeyPair, RsaKeyPair};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{KeyAlg, KeyError, backend};
use crate::base::secret::{ClientSecret, PrivateKey, SecretText};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The OID of an RSA key for PSS only (RFC 4055, section 1.2).
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The prefix of a 32-byte `Ed25519` key in PKCS#8 (RFC 8410, section 7).
const ED25519_HEAD: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

pub struct SigningKey {
    key: EncodingKey,
    alg: KeyAlg,
    /// The key ID, if its text has one.
    id: Option<String>,
    /// SHA-256 of the accompanying certificate (`x5t#S256`, RFC 7515, section 4.1.8).
    thumbprint: Option<String>,
}

impl SigningKey {
    /// Reads a private key. `alg` overrides the default of the key type (RS256, ES256 or `EdDSA`). A key
    /// marked for PS256 (RFC 7517, section 4.4; RFC 4055) is used for nothing else.
    pub fn read(text: &PrivateKey, alg: Option<KeyAlg>) -> Result<Self, KeyError> {
        let text = text.expose().trim();
        let mut read = if text.starts_with('{') { from_json(text) } else { from_pem(text) }?;
        let fits = |wanted: &KeyAlg| match read.alg {
            KeyAlg::RS256 => matches!(wanted, KeyAlg::RS256 | KeyAlg::PS256),
            usual => *wanted == usual,
        };
        match alg {
            Some(wanted) if !fits(&wanted) => Err(KeyError::WrongAlg),
            Some(wanted) => {
                read.alg = wanted;
                Ok(read)
            }
            None => Ok(read),
        }
    }

    /// The client secret as a key (`OpenID` Connect Core, section 9).
    pub fn shared(secret: &ClientSecret) -> Self {
        Self::new(EncodingKey::from_secret(secret.expose().as_bytes()), KeyAlg::HS256)
    }

    /// Signs claims. The header has `id` as key ID, or the key's own if `None`.
    pub fn sign(&self, claims: &impl Serialize, id: Option<&str>) -> Result<SecretText, KeyError> {
        backend::install();
        let mut header = Header::new(match self.alg {
            KeyAlg::RS256 => Algorithm::RS256,
            KeyAlg::PS256 => Algorithm::PS256,
            KeyAlg::ES256 => Algorithm::ES256,
            KeyAlg::EdDSA => Algorithm::EdDSA,
            KeyAlg::HS256 => Algorithm::HS256,
        });
        header.kid = id.or(self.id.as_deref()).map(str::to_owned);
        header.x5t_s256.clone_from(&self.thumbprint);
        let signed = jsonwebtoken::encode(&header, claims, &self.key);
        signed.map(SecretText::new).map_err(|_| KeyError::Unsupported)
    }

    fn new(key: EncodingKey, alg: KeyAlg) -> Self {
        Self { key, alg, id: None, thumbprint: None }
    }

    /// Reads an RSA key in PKCS#1.
    fn rsa(der: &[u8]) -> Result<Self, KeyError> {
        RsaKeyPair::from_der(der).map_err(|error| match error.to_string().as_str() {
            "TooSmall" | "TooLarge" => KeyError::Size,
            _ => KeyError::Unreadable,
        })?;
        Ok(Self::new(EncodingKey::from_rsa_der(der), KeyAlg::RS256))
    }

    fn p256(key: &p256::SecretKey) -> Result<Self, KeyError> {
        let der = key.to_pkcs8_der().map_err(|_| KeyError::Unreadable)?;
        Ok(Self::new(EncodingKey::from_ec_der(der.as_bytes()), KeyAlg::ES256))
    }

    /// Reads an `Ed25519` key in PKCS#8.
    fn ed25519(der: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError::Unreadable)?;
        Ok(Self::new(EncodingKey::from_ed_der(der), KeyAlg::EdDSA))
    }

    fn pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfo::try_from(der).map_err(|_| KeyError::Unreadable)?;
        match info.algorithm.oid {
            RSA => Self::rsa(info.private_key),
            RSA_PSS => Ok(Self { alg: KeyAlg::PS256, ..Self::rsa(info.private_key)? }),
            ELLIPTIC_CURVE => {
                let key = p256::SecretKey::try_from(info).map_err(|_| KeyError::Unsupported)?;
                Self::p256(&key)
            }
            ED25519 => Self::ed25519(der),
            _ => Err(KeyError::Unsupported),
        }
    }
}

/// Reads the blocks of a PEM text (RFC 7468) with their labels. Line breaks are ignored, also those written
/// as `\n`: people paste keys from JSON and into single-line fields.
fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
    let mut rest = text;
    let mut key = None;
    let mut thumbprint = None;
    let mut public = false;
    while let Some((_, from)) = rest.split_once("-----BEGIN ") {
        let (label, from) = from.split_once("-----").ok_or(KeyError::Unreadable)?;
        let (body, after) = from.split_once("-----END ").ok_or(KeyError::Unreadable)?;
        rest = after;
        let read = match label {
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
            // The older form marks encryption in a header of the block.
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if body.contains("ENCRYPTED") => Err(KeyError::Encrypted),
            "PRIVATE KEY" => SigningKey::pkcs8(&block(body)?),
            "RSA PRIVATE KEY" => SigningKey::rsa(&block(body)?),
            "EC PRIVATE KEY" => {
                let key = p256::SecretKey::from_sec1_der(&block(body)?);
                key.map_err(|_| KeyError::Unsupported).and_then(|key| SigningKey::p256(&key))
            }
            "CERTIFICATE" => {
                public = true;
                let digest = Sha256::digest(&*block(body)?);
                thumbprint.get_or_insert_with(|| URL_SAFE_NO_PAD.encode(digest));
                continue;
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => {
                public = true;
                continue;
            }
            "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Unsupported),
            _ => continue,
        };
        if key.is_none() {
            key = Some(read?);
        }
    }
    match key {
        Some(key) => Ok(SigningKey { thumbprint, ..key }),
        None if public => Err(KeyError::Public),
        None => Err(KeyError::Unreadable),
    }
}

fn block(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    for line in body.split("\\n") {
        base64.extend(line.chars().filter(|c| !c.is_whitespace()));
    }
    STANDARD.decode(base64.as_bytes()).map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
}

/// A part of a JWK; wiped even if reading the rest fails.
struct Part(Zeroizing<String>);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Part {
    fn decoded(part: Option<&Self>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = part.ok_or(KeyError::Incomplete)?.0.trim_end_matches('=');
        URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
    }
}

/// A private JWK (RFC 7517; RFC 7518, section 6; RFC 8037, section 2), a set of them, or the file of a
/// Google service account.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Json {
    keys: Vec<Json>,
    private_key: Option<Part>,
    private_key_id: Option<String>,
    kty: String,
    crv: String,
    kid: Option<String>,
    alg: Option<String>,
    n: Option<Part>,
    e: Option<Part>,
    d: Option<Part>,
    p: Option<Part>,
    q: Option<Part>,
    dp: Option<Part>,
    dq: Option<Part>,
    qi: Option<Part>,
}

fn from_json(text: &str) -> Result<SigningKey, KeyError> {
    let mut json: Json = serde_json::from_str(text).map_err(|_| KeyError::Unreadable)?;
    if !json.keys.is_empty() {
        json = json.keys.swap_remove(0);
    }
    if let Some(pem) = &json.private_key {
        return Ok(SigningKey { id: json.private_key_id, ..from_pem(&pem.0)? });
    }
    if json.d.is_none() {
        return Err(if json.kty.is_empty() { KeyError::Unreadable } else { KeyError::Public });
    }
    let d = Part::decoded(json.d.as_ref())?;
    let read = match (json.kty.as_str(), json.crv.as_str()) {
        ("RSA", _) => SigningKey::rsa(&pkcs1_of(&json, &d)?).map(|read| match json.alg.as_deref() {
            Some("PS256") => SigningKey { alg: KeyAlg::PS256, ..read },
            _ => read,
        }),
        ("EC", "P-256") => {
            let key = p256::SecretKey::from_slice(&d).map_err(|_| KeyError::Unreadable)?;
            SigningKey::p256(&key)
        }
        ("OKP", "Ed25519") if d.len() == 32 => {
            let mut der = Zeroizing::new(Vec::with_capacity(48));
            der.extend_from_slice(&ED25519_HEAD);
            der.extend_from_slice(&d);
            SigningKey::ed25519(&der)
        }
        _ => Err(KeyError::Unsupported),
    }?;
    Ok(SigningKey { id: json.kid, ..read })
}

/// Encodes an RSA key as PKCS#1 (RFC 8017, appendix A.1.2).
fn pkcs1_of(json: &Json, exponent: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let parts = [&json.n, &json.e, &json.p, &json.q, &json.dp, &json.dq, &json.qi];
    let mut read = Vec::with_capacity(parts.len());
    for part in parts {
        read.push(Part::decoded(part.as_ref())?);
    }
    let number = |bytes| UintRef::new(bytes).map_err(|_| KeyError::Unreadable);
    let key = pkcs1::RsaPrivateKey {
        modulus: number(&read[0])?,
        public_exponent: number(&read[1])?,
        private_exponent: number(exponent)?,
        prime1: number(&read[2])?,
        prime2: number(&read[3])?,
        exponent1: number(&read[4])?,
        exponent2: number(&read[5])?,
        coefficient: number(&read[6])?,
        other_prime_infos: None,
    };
    key.to_der().map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
}

#[cfg(test)]
#[path = "signing_key_tests.rs"]
mod tests;
