//! Authorization requests (RFC 6749, section 4.1.1; RFC 7636, section 4.3).
//!
//! Owns the address that the browser opens. Invariant: what ties the reply to this sign-in (state,
//! PKCE, client, redirect URI, response type) stands in it once, and only as given here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::pkce;
use super::provider::Provider;

/// Parameters that neither a preset, nor an account, nor the endpoint's own query may set. `request`
/// and `request_uri` are among them since a request object replaces all the others (RFC 9101,
/// section 6.3).
const RESERVED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

/// A `state` value (RFC 6749, section 10.12) from 32 random bytes.
pub fn state_from_random(bytes: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The address that the browser opens; with a `challenge` it asks for PKCE S256.
///
/// The provider must be resolved for the authorization code grant, so that it has an authorization
/// endpoint; for another grant the token endpoint stands in.
pub fn authorization_address(
    provider: &Provider,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    challenge: Option<&str>,
) -> Url {
    let mut url = provider.authorize.as_ref().unwrap_or(&provider.token).clone();
    let scope = provider.scopes.join(&provider.scope_separator);
    let is_scope = |name: &str| {
        let names = ["scope", &provider.scope_param];
        names.iter().any(|scope| scope.eq_ignore_ascii_case(name.trim()))
    };
    let may_set = |name: &str| !is_reserved(name) && (scope.is_empty() || !is_scope(name));
    let extra: Vec<(&str, &str)> = provider
        .authorize_params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| may_set(name))
        .collect();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| may_set(name))
        .filter(|(name, _)| !extra.iter().any(|(over, _)| over == name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    {
        let mut query = url.query_pairs_mut();
        query.clear();
        query.extend_pairs(&kept);
        query.append_pair("response_type", "code");
        query.append_pair("client_id", client_id);
        query.append_pair("redirect_uri", redirect_uri);
        if !scope.is_empty() {
            query.append_pair(&provider.scope_param, &scope);
        }
        query.append_pair("state", state);
        if let Some(challenge) = challenge {
            query.append_pair("code_challenge", challenge);
            query.append_pair("code_challenge_method", pkce::METHOD);
        }
        query.extend_pairs(&extra);
    }
    url
}

/// Some servers ignore the case of parameter names, so it is ignored here too.
fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name.trim()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use oauth2::basic::BasicClient;
    use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};

    use super::*;
    use crate::domain::test_support::provider;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const REDIRECT: &str = "http://localhost:8910/callback";

    fn sorted(url: &Url) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn the_same_as_the_oauth2_crate() {
        let mut provider = provider("https://server.example.com/authorize?tenant=a%26b");
        provider.scopes = vec!["read:odometer".to_owned(), "ünï code".to_owned()];
        let ours = authorization_address(&provider, "s6Bh dRkqt3+&é", REDIRECT, "xyz+/=", Some(CHALLENGE));
        let client = BasicClient::new(ClientId::new("s6Bh dRkqt3+&é".to_owned()))
            .set_auth_uri(
                AuthUrl::new("https://server.example.com/authorize?tenant=a%26b".to_owned()).unwrap(),
            )
            .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).unwrap());
        let verifier = PkceCodeVerifier::new(VERIFIER.to_owned());
        let (theirs, _) = client
            .authorize_url(|| CsrfToken::new("xyz+/=".to_owned()))
            .add_scope(Scope::new("read:odometer".to_owned()))
            .add_scope(Scope::new("ünï code".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        assert_eq!(sorted(&ours), sorted(&theirs));
        assert_eq!(ours[..url::Position::AfterPath], theirs[..url::Position::AfterPath]);
    }

    #[test]
    fn rfc_6749_section_4_1_1() {
        let provider = provider("https://server.example.com/authorize");
        let address =
            authorization_address(&provider, "s6BhdRkqt3", "https://client.example.com/cb", "xyz", None);
        assert_eq!(
            address.as_str(),
            "https://server.example.com/authorize?response_type=code&client_id=s6BhdRkqt3\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&state=xyz"
        );
    }

    #[test]
    fn scopes_are_joined_with_the_providers_separator() {
        let mut provider = provider("https://server.example.com/authorize");
        provider.scopes = vec!["a".to_owned(), "b".to_owned()];
        provider.scope_separator = ",".to_owned();
        let address = authorization_address(&provider, "id", REDIRECT, "s", None);
        assert!(address.as_str().contains("&scope=a%2Cb&"), "{address}");
    }

    #[test]
    fn scopes_go_into_the_providers_parameter_alone() {
        let mut provider = provider("https://server.example.com/authorize?scope=a&user_scope=b");
        provider.scopes = vec!["c".to_owned()];
        provider.scope_param = "user_scope".to_owned();
        provider.authorize_params.insert("User_Scope".to_owned(), "evil".to_owned());
        let address = authorization_address(&provider, "id", REDIRECT, "s", None);
        let scopes: Vec<_> = address.query_pairs().filter(|(name, _)| name.contains("scope")).collect();
        assert_eq!(scopes, [("user_scope".into(), "c".into())]);
    }

    #[test]
    fn b2_extra_parameters_cannot_override_what_ties_the_reply_to_the_sign_in() {
        let endpoint = "https://server.example.com/authorize?keep=1&STATE=evil&client_id=evil&prompt=none";
        let mut provider = provider(endpoint);
        provider.scopes = vec!["good".to_owned()];
        for name in RESERVED.into_iter().chain(["State", "Client_ID", " state", "scope", "Scope"]) {
            provider.authorize_params.insert(name.to_owned(), "evil".to_owned());
        }
        provider.authorize_params.insert("prompt".to_owned(), "consent".to_owned());
        for challenge in [Some(CHALLENGE), None] {
            let address = authorization_address(&provider, "good", REDIRECT, "good", challenge);
            let pairs: Vec<_> = address.query_pairs().into_owned().collect();
            let expected = [
                ("keep", "1"),
                ("response_type", "code"),
                ("client_id", "good"),
                ("redirect_uri", REDIRECT),
                ("scope", "good"),
                ("state", "good"),
                ("prompt", "consent"),
            ];
            let mut expected: BTreeMap<String, String> =
                expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            if challenge.is_some() {
                expected.insert("code_challenge".to_owned(), CHALLENGE.to_owned());
                expected.insert("code_challenge_method".to_owned(), "S256".to_owned());
            }
            assert_eq!(pairs.len(), expected.len(), "{address}");
            assert_eq!(pairs.into_iter().collect::<BTreeMap<_, _>>(), expected);
        }
    }

    #[test]
    fn state_is_made_of_all_32_bytes() {
        assert_eq!(state_from_random([0xff; 32]), "_".repeat(42) + "8");
    }
}
