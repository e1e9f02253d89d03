//! Challenges in `WWW-Authenticate` (RFC 9110, section 11.6.1; RFC 6750, section 3; RFC 9728, section 5.1).
//!
//! Reads tolerantly, since a challenge decides nothing by itself. Invariant: the work is bounded by
//! `VALUE_MAX_BYTES`.

use crate::domain::oauth::scopes;

const VALUE_MAX_BYTES: usize = 8 * 1024;

/// What a protected resource says in a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceChallenge {
    /// It wants a bearer token, or one that is bound by `DPoP`.
    pub wants_token: bool,
    /// The URL of its metadata, as written.
    pub resource_metadata: Option<String>,
    pub scopes: Vec<String>,
}

impl ResourceChallenge {
    /// Reads all values of the header. The first challenge that names metadata counts, else the first that
    /// wants a token.
    pub fn read(values: &[&str]) -> Self {
        let all: Vec<Challenge> = values.iter().flat_map(|value| challenges(value)).collect();
        let wants_token =
            |it: &&Challenge| ["bearer", "dpop"].iter().any(|scheme| it.scheme.eq_ignore_ascii_case(scheme));
        let named = all.iter().find(|it| it.param("resource_metadata").is_some());
        let Some(chosen) = named.or_else(|| all.iter().find(wants_token)) else { return Self::default() };
        Self {
            wants_token: true,
            resource_metadata: chosen.param("resource_metadata").map(str::to_owned),
            scopes: chosen.param("scope").map(scopes::read).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter that occurs once.
    fn param(&self, name: &str) -> Option<&str> {
        let mut values = self.params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value.as_str())
    }
}

/// The schemes of a `WWW-Authenticate` header (RFC 9110, section 11.6.1), which may have several challenges.
pub fn schemes(value: &str) -> impl Iterator<Item = String> {
    challenges(value).into_iter().map(|challenge| challenge.scheme)
}

fn challenges(value: &str) -> Vec<Challenge> {
    let mut rest = value.get(..VALUE_MAX_BYTES).unwrap_or(value);
    if value.len() > VALUE_MAX_BYTES && value.get(..VALUE_MAX_BYTES).is_none() {
        return Vec::new();
    }
    let mut found: Vec<Challenge> = Vec::new();
    // Only a scheme may be followed by a token68 without a comma.
    let mut after_scheme = false;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let is_new = trimmed.starts_with(',');
        rest = trimmed.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(|c: char| !is_token68(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            match rest.char_indices().nth(1) {
                // A character that belongs to nothing.
                Some((next, _)) => rest = &rest[next..],
                None => return found,
            }
            continue;
        }
        let after = after.trim_start_matches([' ', '\t']);
        match after.strip_prefix('=') {
            Some(value) if !value.is_empty() && !value.starts_with(['=', ',']) => {
                let (value, left) = param_value(value.trim_start_matches([' ', '\t']));
                if let Some(challenge) = found.last_mut() {
                    challenge.params.push((name.to_owned(), value));
                }
                (rest, after_scheme) = (left, false);
            }
            Some(padding) => (rest, after_scheme) = (padding.trim_start_matches('='), false),
            None if after_scheme && !is_new => (rest, after_scheme) = (after, false),
            None => {
                found.push(Challenge { scheme: name.to_owned(), params: Vec::new() });
                (rest, after_scheme) = (after, true);
            }
        }
    }
}

/// A token or a quoted string, and what follows it.
fn param_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            _ if is_escaped => {
                value.push(c);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            c => value.push(c),
        }
    }
    (value, "")
}

fn is_token68(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> (Option<String>, Vec<String>) {
        let challenge = ResourceChallenge::read(values);
        (challenge.resource_metadata, challenge.scopes)
    }

    #[test]
    fn the_metadata_and_the_scopes_of_a_challenge_are_read() {
        let metadata = "https://api.example/.well-known/oauth-protected-resource";
        for (values, url, scopes) in [
            (vec![format!("Bearer resource_metadata=\"{metadata}\"")], Some(metadata), vec![]),
            (
                vec![format!(
                    "bearer realm=\"a, b\", scope=\"read  write\" , resource_metadata = \"{metadata}\""
                )],
                Some(metadata),
                vec!["read", "write"],
            ),
            (
                vec![format!("Basic realm=\"x\", Bearer scope=read, resource_metadata={metadata}")],
                Some(metadata),
                vec!["read"],
            ),
            (
                vec![
                    "Negotiate abc/d==, NTLM".to_owned(),
                    format!("DPoP algs=\"ES256\", resource_metadata=\"{metadata}\""),
                ],
                Some(metadata),
                vec![],
            ),
            (vec!["Bearer realm=\"say \\\"hi\\\"\", scope=\"a\"".to_owned()], None, vec!["a"]),
            (vec!["Bearer".to_owned()], None, vec![]),
            (vec!["Basic realm=\"scope\"".to_owned()], None, vec![]),
            // A name twice says nothing.
            (vec!["Bearer resource_metadata=\"a\", resource_metadata=\"b\"".to_owned()], None, vec![]),
        ] {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            assert_eq!(read(&values), (url.map(str::to_owned), scopes), "{values:?}");
        }
        assert!(ResourceChallenge::read(&["Bearer"]).wants_token);
        assert!(!ResourceChallenge::read(&["Basic realm=\"x\""]).wants_token);
        assert!(!ResourceChallenge::read(&[]).wants_token);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "\\PC{0,80}", tail in "[a-z=\", \\\\]{0,60}") {
            ResourceChallenge::read(&[&value, &tail]);
        }
    }
}
