//! The strict vendor servers themselves: each accepts its document's request and refuses a near miss.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::raw::{self, Answer};
use crate::support::vendors::Vendor;

const FORM: &str = "application/x-www-form-urlencoded";
const BACK: &str = "http://localhost:8910/callback";
const STATE: &str = "0123456789012345678901234567890123456789012";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn post(vendor: &Vendor, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = url::Url::parse(&vendor.token_url()).unwrap();
    let port = url.port().unwrap();
    let mut head = format!("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n", url.path());
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    raw::exchange(raw::v4(port), request.as_bytes()).unwrap()
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn basic(vendor: &Vendor) -> String {
    let pair = format!("{}:{}", vendor.known.client_id, vendor.known.client_secret);
    format!("Basic {}", STANDARD.encode(pair))
}

fn code(vendor: &Vendor) -> String {
    let mut address = url::Url::parse(&vendor.authorize_url()).unwrap();
    address.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &vendor.known.client_id),
        ("redirect_uri", BACK),
        ("state", STATE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let back = url::Url::parse(&vendor.browse(address.as_str())).unwrap();
    back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

fn field(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    value[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn smartconnect_takes_a_form_with_five_fields() {
    let vendor = Vendor::smartconnect();
    let known = vendor.known.clone();
    let good = [
        ("grant_type", "password"),
        ("username", &known.username),
        ("password", &known.password),
        ("client_id", &known.client_id),
        ("client_secret", &known.client_secret),
    ];
    let granted = post(&vendor, &[("Content-Type", FORM)], &form(&good));
    assert_eq!(vec![field(&granted, "access_token")], vendor.issued());
    assert!(vendor.deviations().is_empty());
    vendor.next_access_token("CANARY-a.b.c");
    assert_eq!(
        field(&post(&vendor, &[("Content-Type", FORM)], &form(&good)), "access_token"),
        "CANARY-a.b.c"
    );
    for (headers, fields) in [
        (vec![("Content-Type", "application/json")], good.to_vec()),
        (vec![("Content-Type", FORM), ("Authorization", "Basic eDp5")], good.to_vec()),
        (vec![("Content-Type", FORM)], [&good[..], &[("scope", "x")]].concat()),
        (vec![("Content-Type", FORM)], good[..4].to_vec()),
    ] {
        assert_eq!(post(&vendor, &headers, &form(&fields)).status, 400);
    }
    assert_eq!((vendor.issued().len(), vendor.token_requests().len()), (2, 6));
    assert!(vendor.deviations().len() >= 4);
}

#[test]
fn smartdocumentor_takes_the_scope_and_smartsense_the_header() {
    let vendor = Vendor::smartdocumentor();
    let known = vendor.known.clone();
    let good = [
        ("grant_type", "client_credentials"),
        ("scope", "WebAPI"),
        ("client_id", &known.client_id),
        ("client_secret", &known.client_secret),
    ];
    let granted = post(&vendor, &[("Content-Type", FORM)], &form(&good));
    assert_eq!(field(&granted, "scope"), "WebAPI");
    let wrong = [good[0], good[1], good[2], ("client_secret", "x")];
    let refused = post(&vendor, &[("Content-Type", FORM)], &form(&wrong));
    assert_eq!((refused.status, refused.body.as_str()), (400, "{\"error\":\"invalid_client\"}"));
    let refused = post(&vendor, &[("Content-Type", FORM)], &form(&wrong));
    assert_eq!((refused.status, refused.body.as_str()), (400, "{\"erro\":\"invalid_client\"}"));
    let other = [good[0], ("scope", "openid"), good[2], good[3]];
    assert_eq!(post(&vendor, &[("Content-Type", FORM)], &form(&other)).status, 400);

    let vendor = Vendor::smartsense();
    let basic = basic(&vendor);
    let good = [("Content-Type", FORM), ("Accept", "application/json"), ("Authorization", &basic)];
    let granted = post(&vendor, &good, "grant_type=client_credentials");
    assert_eq!(vec![field(&granted, "access_token")], vendor.issued());
    vendor.next_answer("{\"access_token\":\"CANARY-t\",\"expires_in\":\"60\"}");
    assert_eq!(field(&post(&vendor, &good, "grant_type=client_credentials"), "expires_in"), "60");
    assert_eq!(post(&vendor, &good[..2], "grant_type=client_credentials").status, 401);
    assert_eq!(post(&vendor, &[good[0], good[2]], "grant_type=client_credentials").status, 400);
    assert_eq!(post(&vendor, &good, "grant_type=client_credentials&client_id=x").status, 400);
}

#[test]
fn connect_takes_json_with_credentials_in_one_place() {
    let vendor = Vendor::connect(Some("CANARY-key"));
    let basic = basic(&vendor);
    let json = ("Content-Type", "application/json");
    let headers =
        [json, ("Accept", "application/json"), ("ACCESSTOKEN", "CANARY-key"), ("Authorization", &basic)];
    let body = |code: &str| {
        serde_json::json!({
            "grant_type": "authorization_code", "redirect_uri": BACK, "code": code, "code_verifier": VERIFIER
        })
    };
    let first = code(&vendor);
    let granted = post(&vendor, &headers, &body(&first).to_string());
    assert_eq!(field(&granted, "type"), "bearer");
    assert_eq!(post(&vendor, &headers, &body(&first).to_string()).status, 400, "a code works once");

    let mut both = body(&code(&vendor));
    both["client_id"] = vendor.known.client_id.clone().into();
    both["client_secret"] = vendor.known.client_secret.clone().into();
    assert_eq!(post(&vendor, &headers, &both.to_string()).status, 400, "credentials in two places");
    assert_eq!(post(&vendor, &headers[..3], &both.to_string()).status, 200, "in the body alone");
    let bare = [headers[0], headers[1], headers[3]];
    assert_eq!(post(&vendor, &bare, &body(&code(&vendor)).to_string()).status, 400, "without its header");
    let html = [headers[0], ("Accept", "text/html"), headers[2], headers[3]];
    assert_eq!(post(&vendor, &html, &body(&code(&vendor)).to_string()).status, 406);

    let renewal = serde_json::json!({
        "grant_type": "refresh_token", "refresh_token": field(&granted, "refresh_token"), "redirect_uri": BACK
    });
    let bare = serde_json::json!({"grant_type": "refresh_token", "refresh_token": renewal["refresh_token"]});
    assert_eq!(post(&vendor, &headers, &bare.to_string()).status, 400, "without redirect_uri");
    assert_eq!(post(&vendor, &headers, &renewal.to_string()).status, 200);
    assert_eq!(post(&vendor, &headers, &renewal.to_string()).status, 400, "it was replaced");
}

#[test]
fn smartcar_takes_raw_basic_and_an_exact_redirect() {
    let vendor = Vendor::smartcar(BACK);
    let basic = basic(&vendor);
    let headers = [("Content-Type", FORM), ("User-Agent", "test"), ("Authorization", basic.as_str())];
    let body = |code: &str, back: &str, verifier: &str| {
        form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
        ])
    };
    let granted = post(&vendor, &headers, &body(&code(&vendor), BACK, VERIFIER));
    let renewal =
        form(&[("grant_type", "refresh_token"), ("refresh_token", &field(&granted, "refresh_token"))]);
    assert_eq!(post(&vendor, &headers, &renewal).status, 200);
    assert!(vendor.deviations().is_empty(), "{:?}", vendor.deviations());
    assert_eq!(post(&vendor, &headers, &renewal).status, 400);

    let elsewhere = "http://localhost:8911/callback";
    assert_eq!(post(&vendor, &headers, &body(&code(&vendor), elsewhere, VERIFIER)).status, 400);
    assert_eq!(post(&vendor, &headers, &body(&code(&vendor), BACK, "another")).status, 400);
    let nameless = [headers[0], headers[2]];
    assert_eq!(post(&vendor, &nameless, &body(&code(&vendor), BACK, VERIFIER)).status, 400);
    let known = &vendor.known;
    let encoded: String = url::form_urlencoded::byte_serialize(known.client_secret.as_bytes()).collect();
    let encoded = format!("Basic {}", STANDARD.encode(format!("{}:{encoded}", known.client_id)));
    let headers = [headers[0], headers[1], ("Authorization", encoded.as_str())];
    assert_eq!(
        post(&vendor, &headers, &body(&code(&vendor), BACK, VERIFIER)).status,
        401,
        "raw, not encoded"
    );
}
