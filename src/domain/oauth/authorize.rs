//! Authorization requests (RFC 6749, section 4.1.1; RFC 7636, section 4.3; RFC 8707, section 2.1; RFC 9126).
//!
//! Builds the authorization URL that the browser opens. Invariant: the parameters that tie the response to
//! this sign-in (state, PKCE, client, redirect URI, response type) occur once, with the values given here.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::extra_params::{self, SecretParams};
use super::pkce;
use crate::domain::provider::Provider;
use crate::domain::provider::param_names;

/// Parameters that a preset, an account and the endpoint's own query can't set. `request` and `request_uri`
/// are included because a request object replaces all other parameters (RFC 9101, section 6.3). Client
/// authentication doesn't belong in a browser URL; a pushed request gets it once, from the account (RFC 9126,
/// section 2.1).
const RESERVED: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// Encodes 32 random bytes as a `state` value (RFC 6749, section 10.12).
pub fn state_from_random(bytes: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The values of one authorization request.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    /// The `state` that ties the response to this sign-in.
    pub state: &'a str,
    /// The PKCE S256 challenge; `None` sends none.
    pub challenge: Option<&'a str>,
    /// The nonce that ties an ID token to this sign-in (`OpenID` Connect Core, section 3.1.2.1); `None` if no
    /// ID token is requested.
    pub nonce: Option<&'a str>,
    /// The account's secret extra parameters. The provider's are added automatically.
    pub secret_params: &'a SecretParams,
}

/// Returns true if the scopes request an ID token.
pub fn asks_for_id_token(provider: &Provider) -> bool {
    provider.scopes.iter().any(|scope| scope == "openid")
}

/// Builds the authorization URL.
///
/// Returns `None` if the provider has no authorization endpoint; resolve it for the authorization code grant
/// first.
pub fn authorization_address(provider: &Provider, request: &AuthorizationRequest<'_>) -> Option<Url> {
    let parameters = parameters(provider, request);
    let is_set = |name: &str| parameters.iter().any(|(over, _)| over.eq_ignore_ascii_case(name));
    // The provider's own parameter name may replace the standard `scope`.
    let is_scope = |name: &str| !provider.scopes.is_empty() && name.eq_ignore_ascii_case("scope");
    let mut url = endpoint(provider, |name| !is_set(name) && !is_scope(name))?;
    url.query_pairs_mut().extend_pairs(&parameters);
    Some(url)
}

/// Builds the authorization URL after a pushed request (RFC 9126, section 4). It holds only the client ID and
/// the `request_uri`.
pub fn pushed_address(provider: &Provider, client_id: &str, request_uri: &str) -> Option<Url> {
    let mut url = endpoint(provider, |_| true)?;
    url.query_pairs_mut()
        .append_pair(provider.param_name("client_id"), client_id)
        .append_pair("request_uri", request_uri);
    Some(url)
}

/// The endpoint with the permitted part of its own query.
fn endpoint(provider: &Provider, stays: impl Fn(&str) -> bool) -> Option<Url> {
    let mut url = provider.authorize.clone()?;
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_reserved(provider, name) && stays(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(&kept);
    }
    Some(url)
}

/// The parameters of the request, for the URL or for a pushed request.
pub fn parameters<'a>(
    provider: &'a Provider,
    request: &AuthorizationRequest<'a>,
) -> Vec<(&'a str, Cow<'a, str>)> {
    let mut pairs: Vec<(&str, Cow<'_, str>)> = vec![
        ("response_type", "code".into()),
        ("client_id", request.client_id.into()),
        ("redirect_uri", request.redirect_uri.into()),
    ];
    let scope = provider.scopes.join(&provider.scope_separator);
    let has_scope = !scope.is_empty();
    pairs.push(("state", request.state.into()));
    pairs.extend(request.nonce.map(|nonce| ("nonce", nonce.into())));
    if let Some(challenge) = request.challenge {
        pairs.push(("code_challenge", challenge.into()));
        pairs.push(("code_challenge_method", pkce::METHOD.into()));
    }
    pairs.extend(provider.resource.iter().map(|resource| ("resource", resource.into())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.into())));
    param_names::rename(&provider.names, &mut pairs);
    if has_scope {
        let is_usual = provider.scope_param == "scope";
        let name = if is_usual { provider.param_name("scope") } else { &provider.scope_param };
        // After the redirect URI, as the standard's examples have it.
        pairs.insert(3, (name, scope.into()));
    }
    add_extra(provider, request.secret_params, &mut pairs, |name| {
        is_reserved(provider, name) || (has_scope && is_same_name(name, "scope"))
    });
    pairs
}

/// Adds the provider's and the account's extra parameters, except reserved ones and those already present.
pub(in crate::domain) fn add_extra<'a>(
    provider: &'a Provider,
    secret: &'a SecretParams,
    pairs: &mut Vec<(&'a str, Cow<'a, str>)>,
    is_reserved: impl Fn(&str) -> bool,
) {
    let is_ours = |name: &str| is_reserved(name) || pairs.iter().any(|(ours, _)| is_same_name(name, ours));
    let extra: Vec<(&str, Cow<'_, str>)> = extra_params::merged(&provider.authorize_params, secret)
        .filter(|(name, _)| !is_ours(name))
        .map(|(name, value)| (name, value.into()))
        .collect();
    pairs.extend(extra);
}

fn is_reserved(provider: &Provider, name: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| is_same_name(name, reserved) || is_same_name(name, provider.param_name(reserved)))
}

/// Returns true if a server may treat the two names as the same. Some servers ignore case. PHP reads a space
/// and a full stop as `_`, and the text from the first `[` on as an index into the parameter.
pub(in crate::domain) fn is_same_name(name: &str, ours: &str) -> bool {
    let name = name.trim().split('[').next().unwrap_or_default();
    let as_php = |b: u8| if matches!(b, b' ' | b'.') { b'_' } else { b.to_ascii_lowercase() };
    name.bytes().map(as_php).eq(ours.bytes().map(as_php))
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
