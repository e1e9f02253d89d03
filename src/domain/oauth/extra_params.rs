//! Extra parameters and headers of requests: which of an account's own values are secrets.
//!
//! Holds the list of names whose values are not secret. All other values move from the settings, which are
//! stored and shown in the clear, to the client, which the vault keeps. Invariant: a value is open only if
//! its name is on the list. A preset is public, so its values are open whatever their names.

use std::collections::BTreeMap;

use crate::base::secret::{HeaderValue, ParamValue};
pub use crate::domain::account::SecretParams;
use crate::domain::account::{Client, Settings};

/// Parameters whose values are not secret: the standards' (RFC 6749; RFC 8707; `OpenID` Connect Core, section
/// 3.1.2.1) and well-known ones of single providers.
const OPEN_PARAMS: [&str; 24] = [
    "access_type",
    "acr_values",
    "approval_prompt",
    "audience",
    "claims_locales",
    "connection",
    "display",
    "domain_hint",
    "force_reapprove",
    "hd",
    "include_granted_scopes",
    "kc_idp_hint",
    "login_hint",
    "max_age",
    "mode",
    "organization",
    "prompt",
    "resource",
    "response_mode",
    "scope",
    "screen_hint",
    "show_dialog",
    "token_access_type",
    "ui_locales",
];

const OPEN_HEADERS: [&str; 6] =
    ["accept", "accept-charset", "accept-language", "cache-control", "content-type", "user-agent"];

/// Returns true if the value of this parameter is not secret.
pub fn is_open_param(name: &str) -> bool {
    OPEN_PARAMS.contains(&name)
}

/// Returns true if the value of this header is not secret.
pub fn is_open_header(name: &str) -> bool {
    OPEN_HEADERS.iter().any(|open| open.eq_ignore_ascii_case(name))
}

/// Moves an account's own values that may be secret from its settings to its client; returns whether there
/// were any. A value that the client already has stays, since that one is sent.
pub fn move_secrets(settings: &mut Settings, client: &mut Client) -> bool {
    let spec = &settings.overrides;
    let has_secret = |params: &BTreeMap<String, String>| params.keys().any(|name| !is_open_param(name));
    let is_clean = !has_secret(&spec.authorize_params)
        && !has_secret(&spec.token_params)
        && !has_secret(&spec.refresh_params)
        && spec.request_headers.keys().all(|name| is_open_header(name));
    // Equal settings are shared: copy them only if something changes.
    if is_clean {
        return false;
    }
    let spec = settings.overrides_mut();
    move_params(&mut spec.authorize_params, &mut client.authorize_params);
    move_params(&mut spec.token_params, &mut client.token_params);
    move_params(&mut spec.refresh_params, &mut client.refresh_params);
    for (name, value) in take_secret_values(&mut spec.request_headers, is_open_header) {
        let value = HeaderValue::new(value);
        if !client.headers.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
            client.headers.insert(name, value);
        }
    }
    true
}

fn move_params(from: &mut BTreeMap<String, String>, to: &mut SecretParams) {
    for (name, value) in take_secret_values(from, is_open_param) {
        let value = ParamValue::new(value);
        to.entry(name).or_insert(value);
    }
}

fn take_secret_values(
    map: &mut BTreeMap<String, String>,
    is_open: fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let (open, secret) = std::mem::take(map).into_iter().partition(|(name, _)| is_open(name));
    *map = open;
    secret
}

/// The provider's parameters merged with the account's secret ones, which replace those of the same name. An
/// empty secret is not sent.
pub(in crate::domain) fn merged<'a>(
    open: &'a BTreeMap<String, String>,
    secret: &'a SecretParams,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let open = open.iter().filter(|(name, _)| !secret.contains_key(*name));
    let secret = secret.iter().filter(|(_, value)| !value.is_empty());
    open.map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(secret.map(|(name, value)| (name.as_str(), value.expose())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::test_support::settings;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn x6_a_value_is_open_only_if_its_name_is_known() {
        let mut account = settings("https://a.example/authorize");
        let spec = account.overrides_mut();
        spec.authorize_params = pairs(&[("prompt", "consent"), ("Prompt", "CANARY-1"), ("key", "CANARY-2")]);
        spec.token_params = pairs(&[("audience", "api"), ("api_key", "CANARY-3"), ("given", "CANARY-4")]);
        spec.request_headers =
            pairs(&[("ACCEPT", "text/json"), ("X-Api-Key", "CANARY-5"), ("x-given", "CANARY-6")]);
        let mut client = Client::default();
        client.token_params.insert("given".to_owned(), ParamValue::new("kept".to_owned()));
        client.headers.insert("X-Given".to_owned(), HeaderValue::new("kept".to_owned()));
        assert!(move_secrets(&mut account, &mut client));

        let text = serde_json::to_string(&account).unwrap();
        assert!(!text.contains("CANARY"), "{text}");
        let spec = &account.overrides;
        assert_eq!(spec.authorize_params, pairs(&[("prompt", "consent")]));
        assert_eq!(spec.token_params, pairs(&[("audience", "api")]));
        assert_eq!(spec.request_headers, pairs(&[("ACCEPT", "text/json")]));
        assert_eq!(client.authorize_params["Prompt"].expose(), "CANARY-1");
        assert_eq!(client.authorize_params["key"].expose(), "CANARY-2");
        assert_eq!(client.token_params["api_key"].expose(), "CANARY-3");
        assert_eq!(client.token_params["given"].expose(), "kept");
        assert_eq!(client.headers["X-Api-Key"].expose(), "CANARY-5");
        assert_eq!((client.headers.len(), client.headers["X-Given"].expose()), (2, "kept"));
        assert!(!format!("{client:?}").contains("CANARY"), "{client:?}");

        // Settings without a secret stay shared.
        let shared = account.clone();
        assert!(!move_secrets(&mut account, &mut client));
        assert!(Arc::ptr_eq(&shared.overrides, &account.overrides));
    }

    #[test]
    fn a_secret_parameter_takes_the_place_of_the_providers() {
        let open = pairs(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let secret = [("b", "mine"), ("c", ""), ("d", "4")];
        let secret = secret.map(|(name, value)| (name.to_owned(), ParamValue::new(value.to_owned()))).into();
        let merged: Vec<_> = merged(&open, &secret).collect();
        assert_eq!(merged, [("a", "1"), ("b", "mine"), ("d", "4")]);
    }
}
