//! Scope tokens (RFC 6749, section 3.3).

const SCOPES_MAX: usize = 200;

/// The scopes of a text that separates them by spaces; what is not a scope token is left out, and each is
/// listed once.
pub fn read(text: &str) -> Vec<String> {
    unique(text.split([' ', '\t', '\n', '\r']))
}

/// The scope tokens of a list, each once, in their order.
pub fn unique<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for scope in scopes {
        if is_scope(scope) && found.len() < SCOPES_MAX && !found.iter().any(|known| known == scope) {
            found.push(scope.to_owned());
        }
    }
    found
}

fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_separated_by_spaces_and_listed_once() {
        assert_eq!(read(" read  write read\t*:x "), ["read", "write", "*:x"]);
        assert_eq!(read("a\"b c\\d é"), Vec::<String>::new());
        assert_eq!(read(""), Vec::<String>::new());
    }
}
