//! Token requests compared with the RFC's examples and the `oauth2` crate, and what must never happen.

use std::cell::RefCell;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthorizationCode, ClientId, HttpRequest as OracleRequest, HttpResponse, PkceCodeVerifier,
    RedirectUrl, ResourceOwnerPassword, ResourceOwnerUsername, Scope, TokenUrl,
};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::*;
use crate::base::secret::{ClientSecret, HeaderValue, ParamValue, Password};
use crate::domain::test_support::{FRESH, provider as of_address};

const TOKEN: &str = "https://server.example.com/token";

fn provider(grant: GrantType, client_auth: ClientAuth) -> Provider {
    Provider { grant, client_auth, ..of_address("https://server.example.com/authorize") }
}

fn client(id: &str, secret: Option<&str>) -> Client {
    Client {
        client_id: id.to_owned(),
        client_secret: secret.map(|secret| ClientSecret::new(secret.to_owned())),
        username: Some("johndoe".to_owned()),
        password: Some(Password::new("A3ddj3w".to_owned())),
        ..Client::default()
    }
}

fn build(
    provider: &Provider,
    client: &Client,
    grant_request: &GrantRequest<'_>,
) -> Result<HttpRequest, RequestError> {
    super::build(provider, client, grant_request, &FRESH)
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let mut found = request.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let value = found.next().map(|(_, value)| value.expose());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

fn pairs(body: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

#[test]
fn rfc_6749_examples() {
    let code = AuthCode::new("SplxlOBeZQQYbYS6WxSbIA".to_owned());
    let refresh = RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA".to_owned());
    let grant_request = [
        (
            GrantType::AuthorizationCode,
            GrantRequest::Code { code: &code, redirect_uri: "https://client.example.com/cb", verifier: None },
            "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb",
        ),
        (
            GrantType::Password,
            GrantRequest::Password,
            "grant_type=password&username=johndoe&password=A3ddj3w",
        ),
        (GrantType::ClientCredentials, GrantRequest::ClientCredentials, "grant_type=client_credentials"),
        (
            GrantType::AuthorizationCode,
            GrantRequest::Refresh { token: &refresh },
            "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA",
        ),
    ];
    let client = client("s6BhdRkqt3", Some("gX1fBat3bV"));
    for (grant, grant_request, body) in grant_request {
        for auth in [ClientAuth::Basic, ClientAuth::BasicRaw] {
            let request = build(&provider(grant, auth), &client, &grant_request).unwrap();
            assert_eq!(request.url.as_str(), TOKEN);
            assert_eq!(request.body.expose(), body);
            assert_eq!(header(&request, "authorization"), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
            assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
            assert_eq!(header(&request, "accept"), Some("application/json"));
        }
        let request = build(&provider(grant, ClientAuth::Body), &client, &grant_request).unwrap();
        assert_eq!(request.body.expose(), format!("{body}&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV"));
        assert_eq!(header(&request, "authorization"), None);
    }
}

#[test]
fn t4_basic_credentials_are_form_encoded_first_unless_raw_is_asked_for() {
    let secret = "a:b%/+é";
    let value = |auth, id: &str, secret: &str| {
        let provider = provider(GrantType::ClientCredentials, auth);
        let request = build(&provider, &client(id, Some(secret)), &GrantRequest::ClientCredentials).unwrap();
        let value = header(&request, "Authorization").unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
    };
    assert_eq!(value(ClientAuth::Basic, "i:d", secret), "i%3Ad:a%3Ab%25%2F%2B%C3%A9");
    assert_eq!(value(ClientAuth::Basic, "i d", "a b"), "i%20d:a%20b");
    assert_eq!(value(ClientAuth::BasicRaw, "i d", secret), "i d:a:b%/+é");
    let plain = value(ClientAuth::Basic, "id", secret);
    let (_, encoded) = plain.split_once(':').unwrap();
    assert_eq!(pairs(&format!("s={encoded}")), [("s".to_owned(), secret.to_owned())]);
    let body = provider(GrantType::ClientCredentials, ClientAuth::Body);
    let request = build(&body, &client("id", Some(secret)), &GrantRequest::ClientCredentials).unwrap();
    assert!(pairs(request.body.expose()).contains(&("client_secret".to_owned(), secret.to_owned())));
}

fn caught(
    send: impl FnOnce(&dyn Fn(OracleRequest) -> Result<HttpResponse, std::io::Error>),
) -> OracleRequest {
    let cell = RefCell::new(None);
    send(&|request| {
        cell.replace(Some(request));
        Err(std::io::Error::other("caught"))
    });
    cell.into_inner().unwrap()
}

fn assert_same(ours: &HttpRequest, theirs: &OracleRequest) {
    assert_eq!(pairs(ours.body.expose()), pairs(std::str::from_utf8(theirs.body()).unwrap()));
    // The crate encodes a space as a plus sign, Keyfob as %20.
    let decoded = |value: &str| {
        let value = STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(value).unwrap().replace('+', "%20")
    };
    let theirs = theirs.headers().get("authorization").map(|value| decoded(value.to_str().unwrap()));
    assert_eq!(header(ours, "Authorization").map(decoded), theirs);
}

#[test]
fn the_same_as_the_oauth2_crate() {
    let (id, secret, redirect) = ("c/l:i+é", "s%c r&t=", "http://localhost:8910/callback");
    for (auth, auth_type) in
        [(ClientAuth::Basic, AuthType::BasicAuth), (ClientAuth::Body, AuthType::RequestBody)]
    {
        let oracle = BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(oauth2::ClientSecret::new(secret.to_owned()))
            .set_token_uri(TokenUrl::new(TOKEN.to_owned()).unwrap())
            .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).unwrap())
            .set_auth_type(auth_type);
        let (code, verifier) = (AuthCode::new("c o+d&e".to_owned()), CodeVerifier::new("v".repeat(43)));
        let token = RefreshToken::new("r/t==".to_owned());
        let scope = || Scope::new("r:odo w".to_owned());
        let all = [
            (
                GrantType::AuthorizationCode,
                GrantRequest::Code { code: &code, redirect_uri: redirect, verifier: Some(&verifier) },
                caught(|http| {
                    let request = oracle.exchange_code(AuthorizationCode::new("c o+d&e".to_owned()));
                    let verifier = PkceCodeVerifier::new("v".repeat(43));
                    let _ = request.set_pkce_verifier(verifier).request(&http);
                }),
            ),
            (
                GrantType::ClientCredentials,
                GrantRequest::ClientCredentials,
                caught(|http| {
                    let _ = oracle.exchange_client_credentials().add_scope(scope()).request(&http);
                }),
            ),
            (
                GrantType::Password,
                GrantRequest::Password,
                caught(|http| {
                    let (name, password) = ("johndoe".to_owned(), "A3ddj3w".to_owned());
                    let _ = oracle
                        .exchange_password(
                            &ResourceOwnerUsername::new(name),
                            &ResourceOwnerPassword::new(password),
                        )
                        .add_scope(scope())
                        .request(&http);
                }),
            ),
            (
                GrantType::AuthorizationCode,
                GrantRequest::Refresh { token: &token },
                caught(|http| {
                    let token = oauth2::RefreshToken::new("r/t==".to_owned());
                    let _ = oracle.exchange_refresh_token(&token).request(&http);
                }),
            ),
        ];
        for (grant, grant_request, theirs) in all {
            let provider = Provider { scopes: vec!["r:odo w".to_owned()], ..provider(grant, auth) };
            let ours = build(&provider, &client(id, Some(secret)), &grant_request).unwrap();
            assert_same(&ours, &theirs);
        }
    }
}

#[test]
fn json_bodies_hold_the_same_values_as_form_bodies() {
    let mut provider = provider(GrantType::AuthorizationCode, ClientAuth::Body);
    provider.body_format = BodyFormat::Json;
    let code = AuthCode::new("a\"b\\c\n\u{1}é/".to_owned());
    let grant_request =
        GrantRequest::Code { code: &code, redirect_uri: "http://localhost/cb", verifier: None };
    let request = build(&provider, &client("id", Some("CANARY-5e")), &grant_request).unwrap();
    assert_eq!(header(&request, "Content-Type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(request.body.expose()).unwrap();
    let expected = serde_json::json!({
        "grant_type": "authorization_code", "code": code.expose(), "redirect_uri": "http://localhost/cb",
        "client_id": "id", "client_secret": "CANARY-5e",
    });
    assert_eq!(body, expected);
    assert_eq!(format!("{:?}", request.body), "[SecretText]");
}

#[test]
fn b2_extra_parameters_and_headers_cannot_override_the_requests_own() {
    let mut provider = provider(GrantType::ClientCredentials, ClientAuth::Basic);
    provider.scopes = vec!["good".to_owned()];
    for name in RESERVED.into_iter().chain(["scope", "Grant_Type", " client_id", "grant.type", "scope[]"]) {
        provider.token_params.insert(name.to_owned(), "evil".to_owned());
    }
    provider.token_params.insert("audience".to_owned(), "api".to_owned());
    provider.request_headers.insert("authorization".to_owned(), "evil".to_owned());
    provider.request_headers.insert("ACCEPT".to_owned(), "text/json".to_owned());
    let mut client = client("id", Some("secret"));
    client.headers.insert("AUTHORIZATION".to_owned(), HeaderValue::new("evil".to_owned()));
    client.headers.insert("ACCESSTOKEN".to_owned(), HeaderValue::new(" CANARY-a7 \n".to_owned()));
    client.headers.insert("X-Empty".to_owned(), HeaderValue::new(" ".to_owned()));
    let request = build(&provider, &client, &GrantRequest::ClientCredentials).unwrap();
    assert_eq!(request.body.expose(), "grant_type=client_credentials&scope=good&audience=api");
    assert_eq!(header(&request, "Authorization"), Some("Basic aWQ6c2VjcmV0"));
    assert_eq!(header(&request, "Accept"), Some("text/json"));
    assert_eq!(header(&request, "ACCESSTOKEN"), Some("CANARY-a7"));
    assert_eq!(header(&request, "X-Empty"), None);
    // A provider may require a scope with a refresh; it is then an extra parameter.
    let token = RefreshToken::new("r".to_owned());
    provider.token_params = [("scope".to_owned(), "demanded".to_owned())].into();
    let request = build(&provider, &client, &GrantRequest::Refresh { token: &token }).unwrap();
    assert_eq!(request.body.expose(), "grant_type=refresh_token&refresh_token=r&scope=demanded");
}

#[test]
fn a_public_client_sends_its_id_in_the_body_and_no_authorization() {
    let code = AuthCode::new("c".to_owned());
    let grant_request =
        GrantRequest::Code { code: &code, redirect_uri: "http://localhost/cb", verifier: None };
    for auth in [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::Body, ClientAuth::None] {
        for secret in [None, Some("")] {
            let provider = provider(GrantType::AuthorizationCode, auth);
            let request = build(&provider, &client("id", secret), &grant_request).unwrap();
            assert!(request.body.expose().ends_with("&client_id=id"), "{auth:?}");
            assert_eq!(header(&request, "Authorization"), None);
        }
    }
    let none = provider(GrantType::AuthorizationCode, ClientAuth::None);
    let request = build(&none, &client("id", Some("CANARY-5e")), &grant_request).unwrap();
    assert!(!request.body.expose().contains("CANARY"));
}

#[test]
fn what_is_missing_or_unusable_is_named() {
    let build = |provider: &Provider, client: &Client, grant_request| {
        build(provider, client, &grant_request).unwrap_err()
    };
    let password = provider(GrantType::Password, ClientAuth::Body);
    let lacking = |change: fn(&mut Client)| {
        let mut client = client("id", Some("secret"));
        change(&mut client);
        build(&password, &client, GrantRequest::Password)
    };
    assert_eq!(lacking(|client| client.client_id.clear()), RequestError::Missing("client_id"));
    assert_eq!(lacking(|client| client.client_secret = None), RequestError::Missing("client_secret"));
    assert_eq!(lacking(|client| client.username = None), RequestError::Missing("username"));
    assert_eq!(lacking(|client| client.password = None), RequestError::Missing("password"));
    for (name, value) in [
        ("X-Key", "a\r\nEvil: 1"),
        ("X-Key", "a\nb"),
        ("X-Key", "a\0b"),
        ("X-Key", "\u{7f}"),
        ("X-Key", "é"),
        ("X Key", "a"),
        ("X-Key:", "a"),
        ("", "a"),
        ("Host", "evil.example"),
        ("content-length", "0"),
    ] {
        let mut client = client("id", Some("secret"));
        client.headers.insert(name.to_owned(), HeaderValue::new(value.to_owned()));
        let error = build(&password, &client, GrantRequest::Password);
        assert_eq!(error, RequestError::Unusable("headers"), "{name:?}: {value:?}");
        let mut provider = provider(GrantType::Password, ClientAuth::Body);
        provider.request_headers.insert(name.to_owned(), value.to_owned());
        let error = build(&provider, &self::client("id", Some("secret")), GrantRequest::Password);
        assert_eq!(error, RequestError::Unusable("request_headers"), "{name:?}: {value:?}");
    }
    let raw = provider(GrantType::ClientCredentials, ClientAuth::BasicRaw);
    let error = build(&raw, &client("i:d", Some("secret")), GrantRequest::ClientCredentials);
    assert_eq!(error, RequestError::Unusable("client_id"));
    let error = build(&raw, &client("id", Some("a\nb")), GrantRequest::ClientCredentials);
    assert_eq!(error, RequestError::Unusable("client_secret"));
}

#[test]
fn another_endpoint_is_asked_as_the_token_endpoint_is() {
    let endpoint = Url::parse("https://server.example.com/revoke").unwrap();
    let asked = [("token", "45ghiukldjahdnhzdauz"), ("token_type_hint", "refresh_token")];
    let build = |auth, secret| {
        let provider = Provider {
            request_headers: [("X-Api".to_owned(), "1".to_owned())].into(),
            token_params: [("audience".to_owned(), "a".to_owned())].into(),
            body_format: BodyFormat::Json,
            ..provider(GrantType::AuthorizationCode, auth)
        };
        build_for(&endpoint, &provider, &client("s6BhdRkqt3", secret), &asked, &FRESH)
    };
    // RFC 7009, section 2.1.
    let request = build(ClientAuth::Basic, Some("gX1fBat3bV")).unwrap();
    assert_eq!((request.method, &request.url), (Method::Post, &endpoint));
    assert_eq!(request.body.expose(), "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token");
    assert_eq!(header(&request, "authorization"), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&request, "x-api"), Some("1"));
    // A public client sends only its ID.
    let request = build(ClientAuth::Basic, None).unwrap();
    assert!(request.body.expose().ends_with("&client_id=s6BhdRkqt3"));
    assert_eq!(header(&request, "authorization"), None);
    let unnamed = build_for(&endpoint, &of_address("https://a.example/"), &Client::default(), &asked, &FRESH);
    assert_eq!(unnamed.unwrap_err(), RequestError::Missing("client_id"));
}

#[test]
fn b2_a_secret_parameter_overrides_nothing_that_is_reserved() {
    let provider = provider(GrantType::ClientCredentials, ClientAuth::Body);
    let mut client = client("good", Some("good"));
    for name in RESERVED.into_iter().chain(["Grant_Type", "client.secret", "client_id[x]"]) {
        client.token_params.insert(name.to_owned(), ParamValue::new("CANARY-evil".to_owned()));
    }
    client.token_params.insert("api_key".to_owned(), ParamValue::new("CANARY-good".to_owned()));
    client.token_params.insert("empty".to_owned(), ParamValue::new(String::new()));
    let request = build(&provider, &client, &GrantRequest::ClientCredentials).unwrap();
    let body = request.body.expose();
    assert!(!body.contains("evil") && !body.contains("empty"), "{body}");
    assert!(body.ends_with("&api_key=CANARY-good"), "{body}");
}
