//! Which requests a proxy passes on: `GET /v1/*`.

/// A method and a path, of which `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRule {
    /// `None` means any method.
    method: Option<String>,
    path: String,
}

impl ProxyRule {
    /// Parses `METHOD PATH`; `*` as the method means any.
    ///
    /// # Errors
    /// What is wrong, as part of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a rule is a method and a path, such as 'GET /v1/*'".to_owned();
        let (method, path) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let path = path.trim();
        let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        if !(path.starts_with('/') || path.starts_with('*')) || path.contains(' ') {
            return Err("the path of a rule begins with / and has no spaces, such as 'GET /v1/*'".to_owned());
        }
        match method {
            "*" => Ok(Self { method: None, path: path.to_owned() }),
            _ if is_method => Ok(Self { method: Some(method.to_ascii_uppercase()), path: path.to_owned() }),
            _ => Err(wrong()),
        }
    }

    /// Returns true if a request may pass. `path` is as it is sent, without its query.
    pub fn allows(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|allowed| allowed == method) && is_match(&self.path, path)
    }
}

/// Matches a pattern in which `*` stands for any text, slashes included, in time linear in both for one star.
fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u4_a_star_matches_any_text_and_slashes() {
        for (rule, method, path, allowed) in [
            ("GET /v1/*", "GET", "/v1/a/b", true),
            ("GET /v1/*", "GET", "/v1/", true),
            ("GET /v1/*", "GET", "/v1", false),
            ("GET /v1/*", "POST", "/v1/a", false),
            ("get /v1", "GET", "/v1", true),
            ("GET /v1", "GET", "/v1/", false),
            ("GET /v1", "get", "/v1", false),
            ("* /v1/*/c", "DELETE", "/v1/a/b/c", true),
            ("* /v1/*/c", "DELETE", "/v1/c", false),
            ("* /a*b*c", "PUT", "/a-b-b-c", true),
            ("* /a*b*c", "PUT", "/a-c-b", false),
            ("* /ab*ba", "PUT", "/aba", false),
            ("* *", "M-SEARCH", "/", true),
            ("GET /V1/*", "GET", "/v1/a", false),
        ] {
            assert_eq!(
                ProxyRule::parse(rule).unwrap().allows(method, path),
                allowed,
                "{rule} {method} {path}"
            );
        }
    }

    #[test]
    fn a_rule_has_a_method_and_a_path() {
        for wrong in ["", "GET", "/v1/*", "GET v1", "GET /a b", "G=T /v1", " /v1"] {
            assert!(ProxyRule::parse(wrong).is_err(), "{wrong}");
        }
    }
}
