//! Authorization URLs compared with the RFCs' examples and the `oauth2` crate, and values that must never
//! occur.

use std::collections::BTreeMap;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};

use super::*;
use crate::base::secret::ParamValue;
use crate::domain::test_support::{authorization, provider};

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
    let ours = authorization_address(
        &provider,
        &authorization("s6Bh dRkqt3+&é", REDIRECT, "xyz+/=", Some(CHALLENGE)),
    )
    .unwrap();
    let client = BasicClient::new(ClientId::new("s6Bh dRkqt3+&é".to_owned()))
        .set_auth_uri(AuthUrl::new("https://server.example.com/authorize?tenant=a%26b".to_owned()).unwrap())
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
    let address = authorization_address(
        &provider,
        &authorization("s6BhdRkqt3", "https://client.example.com/cb", "xyz", None),
    )
    .unwrap();
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
    let address = authorization_address(&provider, &authorization("id", REDIRECT, "s", None)).unwrap();
    assert!(address.as_str().contains("&scope=a%2Cb&"), "{address}");
}

#[test]
fn scopes_go_into_the_providers_parameter_alone() {
    let mut provider = provider("https://server.example.com/authorize?scope=a&user_scope=b");
    provider.scopes = vec!["c".to_owned()];
    provider.scope_param = "user_scope".to_owned();
    provider.authorize_params.insert("User_Scope".to_owned(), "evil".to_owned());
    let address = authorization_address(&provider, &authorization("id", REDIRECT, "s", None)).unwrap();
    let scopes: Vec<_> = address.query_pairs().filter(|(name, _)| name.contains("scope")).collect();
    assert_eq!(scopes, [("user_scope".into(), "c".into())]);
}

#[test]
fn b2_extra_parameters_cannot_override_what_ties_the_reply_to_the_sign_in() {
    let endpoint = "https://server.example.com/authorize?keep=1&STATE=evil&client_id=evil&prompt=none";
    let mut provider = provider(endpoint);
    provider.scopes = vec!["good".to_owned()];
    for name in RESERVED.into_iter().chain([
        "State",
        "Client_ID",
        " state",
        "scope",
        "Scope",
        "client.id",
        "redirect uri",
        "state[]",
        "CODE.challenge[x]",
    ]) {
        provider.authorize_params.insert(name.to_owned(), "evil".to_owned());
    }
    provider.authorize_params.insert("prompt".to_owned(), "consent".to_owned());
    for challenge in [Some(CHALLENGE), None] {
        let address =
            authorization_address(&provider, &authorization("good", REDIRECT, "good", challenge)).unwrap();
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

#[test]
fn rfc_8707_section_2_1_resources_stand_in_the_request_and_only_as_given() {
    let mut provider = provider("https://server.example.com/authorize?resource=evil");
    provider.resource = ["https://a.example/", "https://b.example/"].map(str::to_owned).into();
    provider.audience = Some("https://api.example".to_owned());
    for name in ["resource", "Audience", "nonce", "code_challenge"] {
        provider.authorize_params.insert(name.to_owned(), "evil".to_owned());
    }
    let nonced = AuthorizationRequest { nonce: Some("good"), ..authorization("id", REDIRECT, "s", None) };
    let address = authorization_address(&provider, &nonced).unwrap();
    assert!(!address.as_str().contains("evil"), "{address}");
    let of = |name: &str| -> Vec<String> {
        address
            .query_pairs()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    assert_eq!(of("resource"), ["https://a.example/", "https://b.example/"]);
    assert_eq!(of("audience"), ["https://api.example"]);
    assert_eq!(of("nonce"), ["good"]);
}

#[test]
fn rfc_9126_section_4_a_pushed_request_leaves_nothing_in_the_address() {
    let mut provider = provider("https://as.example.com/authorize?policy=p&state=evil&request_uri=evil");
    provider.scopes = vec!["read".to_owned()];
    provider.authorize_params.insert("prompt".to_owned(), "consent".to_owned());
    let address = pushed_address(&provider, "s6BhdRkqt3", "urn:example:bwc4JK-ESC0w8acc191e-Y1LTC2").unwrap();
    assert_eq!(
        address.as_str(),
        "https://as.example.com/authorize?policy=p&client_id=s6BhdRkqt3\
         &request_uri=urn%3Aexample%3Abwc4JK-ESC0w8acc191e-Y1LTC2"
    );
}

#[test]
fn b2_a_secret_parameter_overrides_nothing_that_is_reserved() {
    let mut provider = provider("https://server.example.com/authorize");
    provider.scopes = vec!["read".to_owned()];
    provider.audience = Some("api".to_owned());
    let spellings =
        ["State", "code_challenge[x]", "redirect.uri", "NONCE", "Scope", "audience", "resource[]"];
    let names = RESERVED.into_iter().chain(spellings).filter(|name| !name.starts_with("resource"));
    let evil = |name: &str| (name.to_owned(), ParamValue::new("CANARY-evil".to_owned()));
    let mut secret: SecretParams = names.map(evil).collect();
    secret.insert("api_key".to_owned(), ParamValue::new("CANARY-good".to_owned()));
    let request = AuthorizationRequest {
        nonce: Some("good"),
        secret_params: &secret,
        ..authorization("good", REDIRECT, "good", Some(CHALLENGE))
    };
    let address = authorization_address(&provider, &request).unwrap();
    assert!(!address.as_str().contains("evil"), "{address}");
    assert!(address.as_str().ends_with("&api_key=CANARY-good"), "{address}");
    for (name, value) in crate::domain::oauth::device::parameters(&provider, &secret) {
        let is_ours =
            ["client_id", "client_secret", "scope", "audience"].iter().any(|ours| is_same_name(name, ours));
        assert!(!is_ours || value != "CANARY-evil", "{name}");
    }
}
