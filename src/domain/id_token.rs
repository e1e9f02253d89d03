//! ID tokens (`OpenID` Connect Core, section 2): whether one is the issuer's, and this client's.
//!
//! Owns that verdict. Invariant: nothing is taken for verified that was not, and why not is kept.

use subtle::ConstantTimeEq as _;

use super::jwt;
use crate::secret::IdToken;

/// Whether an ID token repeats the nonce of a sign-in (section 3.1.3.7, point 11).
pub fn repeats(token: &IdToken, nonce: &str) -> bool {
    let claims = jwt::claims(token.expose());
    let repeated = claims.as_ref().and_then(|claims| claims.get("nonce")?.as_str());
    repeated.is_some_and(|repeated| bool::from(repeated.as_bytes().ct_eq(nonce.as_bytes())))
}
