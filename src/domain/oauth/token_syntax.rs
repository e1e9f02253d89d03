//! The characters of tokens, token types, scopes (RFC 6749, appendix A) and header names.
//!
//! Token responses, import files and pasted tokens pass the same checks. Invariant: a text that passes is
//! safe in a request header and in a terminal.

const TYPE_MAX_BYTES: usize = 64;

/// Returns true for a valid token: printable ASCII without spaces (RFC 6750, section 2.1, and RFC 6749,
/// appendices A.12 and A.17).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns true for a valid header name (RFC 9110, section 5.6.2).
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Reads a token type that is safe in a header; bearer gets the standard's spelling (RFC 6750).
pub(in crate::domain) fn token_type(text: &str) -> Option<String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("bearer") {
        return Some("Bearer".to_owned());
    }
    let fits = text.len() <= TYPE_MAX_BYTES && is_header_name(text);
    fits.then(|| text.to_owned())
}

/// Returns true for a valid scope. Some servers go beyond the ASCII of RFC 6749, section 3.3, so only control
/// characters are refused.
pub(in crate::domain) fn is_scope(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}
