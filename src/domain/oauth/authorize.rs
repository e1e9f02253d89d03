//! Authorization requests (RFC 6749, section 4.1.1; RFC 7636, section 4.3; RFC 8707, section 2.1; RFC 9126).
//!
//! Owns the address that the browser opens. Invariant: what ties the reply to this sign-in (state,
//! PKCE, client, redirect URI, response type) stands in it once, and only as given here.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::extra_params::{self, SecretParams};
use super::pkce;
use crate::domain::provider::Provider;

/// Parameters that neither a preset, nor an account, nor the endpoint's own query may set. `request`
/// and `request_uri` are among them since a request object replaces all the others (RFC 9101,
/// section 6.3); what proves the client has no place in a browser's address, and where the request is
/// pushed it is added once, from the account (RFC 9126, section 2.1).
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

/// A `state` value (RFC 6749, section 10.12) from 32 random bytes.
pub fn state_from_random(bytes: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a sign-in puts into its authorization request.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// The client ID.
    pub client_id: &'a str,
    /// Where the browser returns to.
    pub redirect_uri: &'a str,
    /// What ties the reply to this sign-in.
    pub state: &'a str,
    /// PKCE's S256 challenge, where one is sent.
    pub challenge: Option<&'a str>,
    /// What ties an ID token to this sign-in (`OpenID` Connect Core, section 3.1.2.1), where one is asked for.
    pub nonce: Option<&'a str>,
    /// The account's extra parameters that may be secrets; the provider's are added by themselves.
    pub secret_params: &'a SecretParams,
}

/// Whether an ID token is asked for.
pub fn asks_for_id_token(provider: &Provider) -> bool {
    provider.scopes.iter().any(|scope| scope == "openid")
}

/// The address that the browser opens.
///
/// The provider must be resolved for the authorization code grant, so that it has an authorization
/// endpoint; for another grant the token endpoint stands in.
pub fn authorization_address(provider: &Provider, request: &AuthorizationRequest<'_>) -> Url {
    let parameters = parameters(provider, request);
    let is_set = |name: &str| parameters.iter().any(|(over, _)| over.eq_ignore_ascii_case(name));
    // The provider's own parameter may have taken the place of the standard's.
    let is_scope = |name: &str| !provider.scopes.is_empty() && name.eq_ignore_ascii_case("scope");
    let mut url = endpoint(provider, |name| !is_set(name) && !is_scope(name));
    url.query_pairs_mut().extend_pairs(&parameters);
    url
}

/// The address that the browser opens after the parameters were pushed (RFC 9126, section 4): nothing of
/// the request stands in it.
pub fn pushed_address(provider: &Provider, client_id: &str, request_uri: &str) -> Url {
    let mut url = endpoint(provider, |_| true);
    url.query_pairs_mut().append_pair("client_id", client_id).append_pair("request_uri", request_uri);
    url
}

/// The endpoint with what may stay of its own query.
fn endpoint(provider: &Provider, stays: impl Fn(&str) -> bool) -> Url {
    let mut url = provider.authorize.as_ref().unwrap_or(&provider.token).clone();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_reserved(name) && stays(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(&kept);
    }
    url
}

/// The parameters of the request, in the browser's address or pushed.
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
    if has_scope {
        pairs.push((&provider.scope_param, scope.into()));
    }
    pairs.push(("state", request.state.into()));
    pairs.extend(request.nonce.map(|nonce| ("nonce", nonce.into())));
    if let Some(challenge) = request.challenge {
        pairs.push(("code_challenge", challenge.into()));
        pairs.push(("code_challenge_method", pkce::METHOD.into()));
    }
    pairs.extend(provider.resource.iter().map(|resource| ("resource", resource.into())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.into())));
    add_extra(provider, request.secret_params, &mut pairs, |name| {
        is_reserved(name) || (has_scope && is_same_name(name, "scope"))
    });
    pairs
}

/// Adds the provider's and the account's extra parameters, but none that is there already or is nobody's to set.
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

fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| is_same_name(name, reserved))
}

/// Whether a server may take one name for the other: some ignore the case; PHP takes a blank and a full stop
/// for `_`, and what stands from the first `[` on for a place within the parameter.
pub(in crate::domain) fn is_same_name(name: &str, ours: &str) -> bool {
    let name = name.trim().split('[').next().unwrap_or_default();
    let as_php = |b: u8| if matches!(b, b' ' | b'.') { b'_' } else { b.to_ascii_lowercase() };
    name.bytes().map(as_php).eq(ours.bytes().map(as_php))
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
