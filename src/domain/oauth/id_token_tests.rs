//! ID tokens that are valid for the issuer and the client, and many that are not.

use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::base::secret::PrivateKey;
use crate::domain::import;
use crate::domain::oauth::jose::SigningKey;
use crate::domain::provider::Provider;
use crate::domain::provider::presets;
use crate::domain::test_support::{EC_JWK, ED_JWK};

const ISSUER: &str = "https://issuer.example";
const NOW: i64 = 1_893_459_600;

/// `OpenID` Connect Core, appendix A.3.
static ACCESS: LazyLock<AccessToken> =
    LazyLock::new(|| AccessToken::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned()));

/// The public keys, with one of an unknown type and one for encryption.
fn keys() -> Keys {
    let public = |text: &str, id: &str| {
        let mut key: Value = serde_json::from_str(text).unwrap();
        let members = key.as_object_mut().unwrap();
        members.remove("d");
        members.insert("kid".to_owned(), id.into());
        key
    };
    let mut to_encrypt = public(EC_JWK, "enc");
    to_encrypt["use"] = "enc".into();
    let set = json!({"keys": [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}, 7, to_encrypt, public(EC_JWK, "ec"), public(ED_JWK, "ed"),
    ]});
    Keys::read(set.to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "client", "sub": "me", "exp": NOW + 60, "iat": NOW})
}

fn signed(key: &str, id: Option<&str>, claims: &Value) -> IdToken {
    let key = SigningKey::read(&PrivateKey::new(key.to_owned()), None).unwrap();
    IdToken::new(key.sign(claims, id).unwrap().expose().to_owned())
}

fn shared(secret: &str, claims: &Value) -> IdToken {
    let key = SigningKey::shared(&ClientSecret::new(secret.to_owned()));
    IdToken::new(key.sign(claims, Some("ec")).unwrap().expose().to_owned())
}

fn held(secret: Option<&ClientSecret>) -> Held<'_> {
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    Held { issuer: Some(ISSUER), client_id: "client", secret, access_token: &ACCESS, now }
}

fn verdict(token: &IdToken) -> Result<(), IdTokenFlaw> {
    verify(token, &keys(), &held(None))
}

#[test]
fn a_token_that_the_issuer_signed_for_this_client_is_verified() {
    assert_eq!(verdict(&signed(EC_JWK, Some("ec"), &claims())), Ok(()));
    assert_eq!(verdict(&signed(ED_JWK, Some("ed"), &claims())), Ok(()));
    // Without a key ID, the keys of the right type are tried.
    assert_eq!(verdict(&signed(ED_JWK, None, &claims())), Ok(()));
    let several = json!({"iss": ISSUER, "aud": ["other", "client"], "azp": "client", "exp": NOW + 60});
    assert_eq!(verdict(&signed(EC_JWK, Some("ec"), &several)), Ok(()));
}

#[test]
fn an_id_token_ends_by_this_computers_clock() {
    let token = signed(EC_JWK, Some("ec"), &claims());
    let end = |skew| expires_at(&token, skew).unwrap().timestamp();
    assert_eq!((end(None), end(Some(600)), end(Some(-600))), (NOW + 60, NOW - 540, NOW + 660));
    assert_eq!(expires_at(&IdToken::new("a.b.c.d.e".to_owned()), None), None, "encrypted");
}

#[test]
fn an_id_token_goes_with_the_access_token_it_names() {
    let mut claims = claims();
    claims["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ".into();
    assert_eq!(verdict(&signed(EC_JWK, Some("ec"), &claims)), Ok(()));
    // EdDSA defines no hash for `at_hash`.
    claims["at_hash"] = "other".into();
    assert_eq!(verdict(&signed(ED_JWK, Some("ed"), &claims)), Ok(()));
    for (token, unreadable) in [("a.b.c.d.e", true), ("opaque", true), ("e30.e30.c2ln", false)] {
        assert_eq!(is_unreadable(&IdToken::new(token.to_owned())), unreadable, "{token}");
    }
}

#[test]
fn rfc_7515_appendix_a_verified_with_the_public_keys() {
    let rsa = r#"{"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}"#;
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let keys = Keys::read(rsa.as_bytes()).unwrap();
    assert_eq!(jose::verified(&token, &keys, None).unwrap()["iss"], "joe");
    let torn = token.replacen("cC4h", "cC4i", 1);
    assert_eq!(jose::verified(&torn, &keys, None), Err(IdTokenFlaw::WrongSignature));
    let ec = format!(
        "eyJhbGciOiJFUzI1NiJ9.{payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    assert_eq!(jose::verified(&ec, &self::keys(), None).unwrap()["iss"], "joe");
}

#[test]
fn a_claim_that_is_not_right_is_named() {
    for (name, value, doubt) in [
        ("iss", json!("https://issuer.example/"), IdTokenFlaw::WrongIssuer),
        ("iss", json!(null), IdTokenFlaw::WrongIssuer),
        ("aud", json!("another"), IdTokenFlaw::WrongAudience),
        ("aud", json!(["another"]), IdTokenFlaw::WrongAudience),
        ("aud", json!(["client", "another"]), IdTokenFlaw::WrongAudience),
        ("aud", json!(null), IdTokenFlaw::WrongAudience),
        ("azp", json!("another"), IdTokenFlaw::WrongAudience),
        ("at_hash", json!("77QmUPtjPfzWtF2AnpK9RA"), IdTokenFlaw::OtherToken),
        ("at_hash", json!(7), IdTokenFlaw::OtherToken),
        ("exp", json!(NOW - 60), IdTokenFlaw::Expired),
        ("exp", json!("soon"), IdTokenFlaw::Expired),
        ("exp", json!(null), IdTokenFlaw::Expired),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert_eq!(verdict(&signed(EC_JWK, Some("ec"), &claims)), Err(doubt), "{name}: {value}");
    }
    let token = signed(EC_JWK, Some("ec"), &claims());
    let no_issuer = Held { issuer: None, ..held(None) };
    assert_eq!(verify(&token, &keys(), &no_issuer), Err(IdTokenFlaw::NoIssuer));
}

#[test]
fn a3_of_a_preset_with_a_template_a_token_of_any_of_its_tenants_is_verified_and_no_other() {
    let presets = presets::built_in();
    let account = "[[account]]\nname = \"a\"\nprovider = \"entra\"\nclient_id = \"client\"\n\
                   grant = \"authorization_code\"\nassertion_audience = \"issuer\"\n";
    let account = import::read(account, &presets).unwrap().remove(0);
    let entra = Provider::resolve(&presets, &account.settings).unwrap();
    assert_eq!(entra.assertion_audience, "https://login.microsoftonline.com/common/v2.0");
    let held = Held { issuer: entra.issuer.as_deref(), ..held(None) };
    for (said, verdict) in [
        ("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", Ok(())),
        ("https://login.microsoftonline.com/contoso.example/v2.0", Ok(())),
        ("https://login.microsoftonline.com/9188040d/v1.0", Err(IdTokenFlaw::WrongIssuer)),
        ("https://login.microsoftonline.com//v2.0", Err(IdTokenFlaw::WrongIssuer)),
        ("https://login.microsoftonline.com/../v2.0", Err(IdTokenFlaw::WrongIssuer)),
        ("https://login.microsoftonline.com.evil.example/9188040d/v2.0", Err(IdTokenFlaw::WrongIssuer)),
        ("https://sts.windows.net/9188040d/", Err(IdTokenFlaw::WrongIssuer)),
    ] {
        let mut claims = claims();
        claims["iss"] = said.into();
        assert_eq!(verify(&signed(EC_JWK, Some("ec"), &claims), &keys(), &held), verdict, "{said}");
    }
    // An account of one tenant, by its ID, accepts only that tenant's tokens.
    let [one, other] = ["72f988bf-86f1-41af-91ab-2d7cd011db47", "9188040d-6c67-4c5b-b112-36a304b66dad"];
    let mut settings = account.settings;
    settings.variables = [("tenant".to_owned(), one.to_uppercase())].into();
    let entra = Provider::resolve(&presets, &settings).unwrap();
    let held = Held { issuer: entra.issuer.as_deref(), ..held };
    for (tenant, verdict) in [(one, Ok(())), (other, Err(IdTokenFlaw::WrongIssuer))] {
        let mut claims = claims();
        claims["iss"] = format!("https://login.microsoftonline.com/{tenant}/v2.0").into();
        assert_eq!(verify(&signed(EC_JWK, Some("ec"), &claims), &keys(), &held), verdict, "{tenant}");
    }
}

#[test]
fn a_signature_that_is_not_the_issuers_is_never_taken_for_it() {
    let good = signed(EC_JWK, Some("ec"), &claims());
    let (head, signature) = good.expose().rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = part(&json!({"alg": "none"}));
    let critical = part(&json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false}));
    let mut evil = claims();
    evil["sub"] = "admin".into();
    let token = |text: String| IdToken::new(text);
    for (doubted, doubt) in [
        (token(format!("{none}.{payload}.")), IdTokenFlaw::Unsigned),
        (token(format!("{none}.{payload}.{signature}")), IdTokenFlaw::Unsigned),
        (token(format!("{}.{payload}.", part(&json!({"alg": "NoNe"})))), IdTokenFlaw::Unsigned),
        (token(format!("{}.{payload}.x", part(&json!({"alg": "ES256K"})))), IdTokenFlaw::UnknownAlg),
        (token(format!("{critical}.{payload}.{signature}")), IdTokenFlaw::UnknownAlg),
        (token(format!("{header}.{}.{signature}", part(&evil))), IdTokenFlaw::WrongSignature),
        (token(format!("{header}.{payload}.")), IdTokenFlaw::WrongSignature),
        (token(format!("{header}.{payload}.!")), IdTokenFlaw::WrongSignature),
        (
            token(format!("{}.{payload}.{signature}", part(&json!({"alg": "EdDSA", "kid": "ec"})))),
            IdTokenFlaw::UnknownKey,
        ),
        (token(format!("{head}.a.b.c")), IdTokenFlaw::Unreadable),
        (token("opaque".to_owned()), IdTokenFlaw::Unreadable),
        (token(format!("{}.{payload}.x", part(&json!({"kid": "ec"})))), IdTokenFlaw::Unreadable),
        (signed(EC_JWK, Some("unknown"), &claims()), IdTokenFlaw::UnknownKey),
        (signed(EC_JWK, Some("enc"), &claims()), IdTokenFlaw::UnknownKey),
        (signed(ED_JWK, Some("ec"), &claims()), IdTokenFlaw::UnknownKey),
    ] {
        assert_eq!(verdict(&doubted), Err(doubt), "{}", doubted.expose());
    }
}

#[test]
fn hs256_under_the_public_key_is_not_a_signature() {
    // A public key is public: a verifier that uses it as a shared secret accepts anything.
    for public in ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", EC_JWK] {
        let token = shared(public, &claims());
        assert_eq!(verdict(&token), Err(IdTokenFlaw::NoSecret));
        let secret = ClientSecret::new("the client's own".to_owned());
        assert_eq!(verify(&token, &keys(), &held(Some(&secret))), Err(IdTokenFlaw::WrongSignature));
    }
    let secret = ClientSecret::new("the client's own".to_owned());
    assert_eq!(verify(&shared(secret.expose(), &claims()), &keys(), &held(Some(&secret))), Ok(()));
    let empty = ClientSecret::new(String::new());
    assert_eq!(verify(&shared("", &claims()), &keys(), &held(Some(&empty))), Err(IdTokenFlaw::NoSecret));
}

#[test]
fn a_set_of_keys_is_bounded_and_whatever_it_holds_is_read_or_left_out() {
    for no_set in ["", "[]", "{}", r#"{"keys": {}}"#, "<html>"] {
        assert!(Keys::read(no_set.as_bytes()).is_none(), "{no_set}");
    }
    let key: Value = serde_json::from_str(EC_JWK).unwrap();
    let mut many = vec![json!({"kty": "EC"}); 99];
    many.extend([key.clone(), key]);
    let set = Keys::read(json!({"keys": many}).to_string().as_bytes()).unwrap();
    assert_eq!(verify(&signed(EC_JWK, Some("one"), &claims()), &set, &held(None)), Ok(()));
    let mut many = vec![json!({"kty": "EC"}); 100];
    many.push(serde_json::from_str(EC_JWK).unwrap());
    let set = Keys::read(json!({"keys": many}).to_string().as_bytes()).unwrap();
    let doubt = verify(&signed(EC_JWK, Some("one"), &claims()), &set, &held(None));
    assert_eq!(doubt, Err(IdTokenFlaw::UnknownKey));
}

#[test]
fn a_nonce_is_repeated_to_the_letter() {
    let token = |claims: &Value| signed(EC_JWK, None, claims);
    assert!(repeats(&token(&json!({"nonce": "n"})), "n"));
    for other in [json!({}), json!({"nonce": "N"}), json!({"nonce": ["n"]}), json!({"nonce": ""})] {
        assert!(!repeats(&token(&other), "n"), "{other}");
    }
    assert!(!repeats(&IdToken::new("opaque".to_owned()), "n"));
}
