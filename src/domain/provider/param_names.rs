//! The names of parameters, where a provider calls a standard one differently.
//!
//! Invariant: no two standard parameters get the same name, so none replaces another.

use std::collections::BTreeMap;

use crate::domain::oauth::token_syntax::is_header_name;

/// The parameters of requests that a provider may call otherwise.
const REQUEST: [&str; 21] = [
    "assertion",
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "nonce",
    "password",
    "redirect_uri",
    "refresh_token",
    "resource",
    "response_type",
    "scope",
    "state",
    "username",
];

/// The parameters of an authorization response that a provider may call otherwise.
const CALLBACK: [&str; 5] = ["code", "error", "error_description", "iss", "state"];

/// The name that a provider uses for a standard parameter.
pub(in crate::domain) fn of<'a>(names: &'a BTreeMap<String, String>, standard: &'a str) -> &'a str {
    names.get(standard).map_or(standard, String::as_str)
}

/// Renames the parameters of a request.
pub(in crate::domain) fn rename<'a, V>(names: &'a BTreeMap<String, String>, pairs: &mut [(&'a str, V)]) {
    if !names.is_empty() {
        for (name, _) in pairs {
            *name = of(names, name);
        }
    }
}

/// A mistake in one of the two tables: its dotted key, what is wrong, and the known keys if it is unknown.
pub(in crate::domain) struct Mistake {
    pub(in crate::domain) key: String,
    pub(in crate::domain) what: &'static str,
    pub(in crate::domain) known: Option<&'static [&'static str]>,
}

/// Checks the tables `names` and `callback`.
pub(in crate::domain) fn check(
    names: &BTreeMap<String, String>,
    callback: &BTreeMap<String, String>,
) -> Result<(), Mistake> {
    let tables: [(&str, &BTreeMap<String, String>, &'static [&'static str]); 2] =
        [("names", names, &REQUEST), ("callback", callback, &CALLBACK)];
    for (table, entries, known) in tables {
        for (name, other) in entries {
            let key = format!("{table}.{name}");
            if !known.contains(&name.as_str()) {
                return Err(Mistake { key, what: "is not a parameter's name", known: Some(known) });
            }
            if !is_header_name(other) {
                return Err(Mistake { key, what: "is not a name that a parameter can have", known: None });
            }
            let clashes = known.iter().any(|standard| *standard != name && of(entries, standard) == other);
            if clashes {
                return Err(Mistake { key, what: "is the name of another parameter", known: None });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_mistake_in_a_name_names_its_key() {
        let none = table(&[]);
        for (names, key) in [
            (&[("client_id", "client_key")][..], None),
            (&[("username", "email"), ("password", "pass")], None),
            (&[("client_id", "code"), ("code", "client_id")], None),
            (&[("clientid", "x")], Some("names.clientid")),
            (&[("client_id", "a b")], Some("names.client_id")),
            (&[("client_id", "state")], Some("names.client_id")),
            (&[("client_id", "")], Some("names.client_id")),
        ] {
            let found = check(&table(names), &none).err().map(|mistake| mistake.key);
            assert_eq!(found.as_deref(), key, "{names:?}");
        }
        let found = check(&none, &table(&[("cod", "auth_code")])).err().map(|mistake| mistake.key);
        assert_eq!(found.as_deref(), Some("callback.cod"));
        assert!(check(&none, &table(&[("code", "auth_code")])).is_ok());
    }
}
