//! The characters of tokens, token types and scopes (RFC 6749, appendix A), whoever hands them over.
//!
//! A token endpoint's answer, an import file and a pasted token pass the same checks. Invariant: what
//! passes can stand in a header of a request and in a terminal.

/// The longest token type, in bytes.
const TYPE_MAX_BYTES: usize = 64;

/// Whether a text may be a token: printable ASCII without a blank (RFC 6750, section 2.1, and RFC
/// 6749, appendices A.12 and A.17).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A token type that can stand in a header; bearer in the standard's spelling (RFC 6750).
pub(in crate::domain) fn token_type(text: &str) -> Option<String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("bearer") {
        return Some("Bearer".to_owned());
    }
    let fits = !text.is_empty()
        && text.len() <= TYPE_MAX_BYTES
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    fits.then(|| text.to_owned())
}

/// Whether a text may be a scope. Some servers go beyond the ASCII of RFC 6749, section 3.3, so only
/// control characters are refused.
pub(in crate::domain) fn is_scope(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}
