//! Proof Key for Code Exchange (RFC 7636), method S256.
//!
//! Invariant: the challenge matches the verifier, which has 43 characters, since it encodes 32 random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::base::secret::CodeVerifier;

/// The method's name in requests (RFC 7636, section 4.3).
pub const METHOD: &str = "S256";

/// A code verifier and its challenge.
#[derive(Debug)]
pub struct Pkce {
    /// Sent with the code (section 4.5).
    pub verifier: CodeVerifier,
    /// Sent with the authorization request (section 4.3).
    pub challenge: String,
}

impl Pkce {
    /// Makes a pair from 32 random bytes, the entropy that section 7.1 recommends.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let verifier = CodeVerifier::new(URL_SAFE_NO_PAD.encode(bytes));
        let challenge = challenge(&verifier);
        Self { verifier, challenge }
    }
}

/// The S256 challenge of a verifier (section 4.2).
pub fn challenge(verifier: &CodeVerifier) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        let bytes = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let pkce = Pkce::from_random(bytes);
        assert_eq!(pkce.verifier.expose(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
