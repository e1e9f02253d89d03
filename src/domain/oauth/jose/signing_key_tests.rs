//! Keys in the forms people have, and their signatures, compared with the RFCs' examples and openssl.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::*;
use crate::domain::test_support::{EC_JWK, ED_JWK};

/// RFC 7515, appendix A.2.1.
const RSA_JWK: &str = r#"{"kty":"RSA",
 "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
 "e":"AQAB",
 "d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
 "p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
 "q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
 "dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
 "dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
 "qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// RFC 7515, appendix A.1: the exact bytes of the claims.
const CLAIMS: &str = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

fn key(text: &str) -> PrivateKey {
    PrivateKey::new(text.to_owned())
}

fn openssl(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The public key of a private key's text, in PEM.
fn public_of(pem: &str) -> String {
    openssl(&["pkey", "-pubout"], pem)
}

/// Returns true if openssl verifies a token's signature with this public key.
fn verified(token: &str, public: &str, alg: KeyAlg, folder: &Path) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    if alg == KeyAlg::ES256 {
        signature = p256_der(&signature);
    }
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (message, signature) = (file("message", message.as_bytes()), file("signature", &signature));
    let public = file("public", public.as_bytes());
    let mut arguments = vec!["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-in", &message];
    arguments.extend(["-sigfile", &signature, "-rawin"]);
    if alg != KeyAlg::EdDSA {
        arguments.extend(["-digest", "sha256"]);
    }
    if alg == KeyAlg::PS256 {
        arguments.extend(["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]);
    }
    Command::new("openssl").args(arguments).output().unwrap().status.success()
}

/// JWS concatenates the two numbers; openssl expects DER.
fn p256_der(pair: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| UintRef::new(bytes).unwrap().to_der().unwrap();
    let (r, s) = pair.split_at(32);
    let both = [number(r), number(s)].concat();
    [vec![48, u8::try_from(both.len()).unwrap()], both].concat()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header_of(token: &SecretText) -> Value {
    decoded(token.expose().split('.').next().unwrap())
}

#[test]
fn rfc_7515_appendix_a_2_and_rfc_8037_appendix_a_4() {
    // Both algorithms are deterministic. The examples' headers differ from Keyfob's, so the key signs
    // directly.
    backend::install();
    let signature = |jwk: &str, alg, message: &str| {
        let read = SigningKey::read(&key(jwk), None).unwrap();
        jsonwebtoken::crypto::sign(message.as_bytes(), &read.key, alg).unwrap()
    };
    let message = ["eyJhbGciOiJSUzI1NiJ9", &URL_SAFE_NO_PAD.encode(CLAIMS)].join(".");
    let expected = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_eq!(signature(RSA_JWK, Algorithm::RS256, &message), expected);
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(signature(ED_JWK, Algorithm::EdDSA, message), expected);
}

#[test]
fn every_form_of_a_key_signs_what_openssl_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = openssl(&["genrsa", "2048"], "");
    let ec = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "");
    let ed = openssl(&["genpkey", "-algorithm", "ed25519"], "");
    let with_parameters = openssl(&["ecparam", "-name", "prime256v1", "-genkey"], "");
    let certificate = openssl(&["req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=a"], &rsa);
    let mut cases = vec![
        (rsa.clone(), KeyAlg::RS256),
        (rsa.clone(), KeyAlg::PS256),
        (openssl(&["rsa", "-traditional"], &rsa), KeyAlg::RS256),
        (openssl(&["genrsa", "4096"], ""), KeyAlg::PS256),
        (ec.clone(), KeyAlg::ES256),
        (openssl(&["ec"], &ec), KeyAlg::ES256),
        (openssl(&["ec", "-no_public"], &ec), KeyAlg::ES256),
        (with_parameters, KeyAlg::ES256),
        (ed.clone(), KeyAlg::EdDSA),
        ([certificate.as_str(), &rsa].concat(), KeyAlg::RS256),
        (openssl(&["genpkey", "-algorithm", "RSA-PSS"], ""), KeyAlg::PS256),
    ];
    // As a single-line field changes it, and as in JSON.
    cases.push((ec.replace('\n', " "), KeyAlg::ES256));
    cases.push((rsa.replace('\n', "\\n"), KeyAlg::RS256));
    for (text, alg) in cases {
        let read = SigningKey::read(&key(&text), Some(alg)).unwrap_or_else(|error| panic!("{alg:?} {error}"));
        let token = read.sign(&json!({"iss": "joe"}), Some("the-key")).unwrap();
        let public = public_of(&text.replace("\\n", "\n").replace("- ", "-\n").replace(" -", "\n-"));
        assert!(verified(token.expose(), &public, alg, folder.path()), "{alg:?}\n{text}");
        let other = public_of(&openssl(&["genpkey", "-algorithm", "ed25519"], ""));
        assert!(!verified(token.expose(), &other, KeyAlg::EdDSA, folder.path()));
        let header = header_of(&token);
        assert_eq!(header["alg"], json!(alg));
        assert_eq!((&header["typ"], &header["kid"]), (&json!("JWT"), &json!("the-key")));
        assert_eq!(header.get("x5t#S256").is_some(), text.contains("CERTIFICATE"));
    }
}

#[test]
fn a_jwk_signs_under_its_own_id_unless_another_is_given() {
    let read = SigningKey::read(&key(EC_JWK), None).unwrap();
    let claims = json!({"a": 1});
    assert_eq!(header_of(&read.sign(&claims, None).unwrap())["kid"], "one");
    assert_eq!(header_of(&read.sign(&claims, Some("two")).unwrap())["kid"], "two");
    let alg_of = |text: &str, alg| {
        let read = SigningKey::read(&key(text), alg).unwrap();
        header_of(&read.sign(&claims, None).unwrap())["alg"].as_str().unwrap().to_owned()
    };
    let of_pss = RSA_JWK.replacen('{', "{\"alg\":\"PS256\",", 1);
    assert_eq!([alg_of(RSA_JWK, None), alg_of(&of_pss, None)], ["RS256", "PS256"]);
    assert_eq!(alg_of(&of_pss, Some(KeyAlg::PS256)), "PS256");
    let set = format!("{{\"keys\":[{EC_JWK}]}}");
    let token = SigningKey::read(&key(&set), None).unwrap().sign(&claims, None).unwrap();
    assert_eq!(header_of(&token), json!({"typ": "JWT", "alg": "ES256", "kid": "one"}));
    let ed = openssl(&["genpkey", "-algorithm", "ed25519"], "");
    let file = json!({"type": "service_account", "private_key": ed, "private_key_id": "three"}).to_string();
    let token = SigningKey::read(&key(&file), None).unwrap().sign(&claims, None).unwrap();
    assert_eq!(header_of(&token), json!({"typ": "JWT", "alg": "EdDSA", "kid": "three"}));
}

#[test]
fn rfc_7515_appendix_a_1_an_hmac_is_under_the_secret() {
    backend::install();
    let secret = URL_SAFE_NO_PAD
        .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .unwrap();
    let message = ["eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", &URL_SAFE_NO_PAD.encode(CLAIMS)].join(".");
    let signed =
        jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256);
    assert_eq!(signed.unwrap(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let shared = SigningKey::shared(&ClientSecret::new("a secret".to_owned()));
    assert_eq!(header_of(&shared.sign(&json!({}), None).unwrap()), json!({"typ": "JWT", "alg": "HS256"}));
}

#[test]
fn a_key_that_can_t_sign_says_why_and_nothing_of_itself() {
    let rsa = openssl(&["genrsa", "2048"], "");
    let small = openssl(&["genrsa", "1024"], "");
    let p384 = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "");
    let locked = openssl(&["pkcs8", "-topk8", "-passout", "pass:x"], &rsa);
    let old_locked = openssl(&["rsa", "-traditional", "-aes128", "-passout", "pass:x"], &rsa);
    let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n-----END OPENSSH PRIVATE KEY-----";
    let public_jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let cut = &rsa[..rsa.len() / 2];
    let torn = rsa.replacen("MII", "CANARY", 1);
    let halved = RSA_JWK.replace("\"qi\"", "\"other\"");
    for (text, alg, expected) in [
        ("", None, KeyError::Unreadable),
        ("CANARY-5e", None, KeyError::Unreadable),
        ("{\"d\": 1}", None, KeyError::Unreadable),
        ("{}", None, KeyError::Unreadable),
        (cut, None, KeyError::Unreadable),
        (&torn, None, KeyError::Unreadable),
        (&public_of(&rsa), None, KeyError::Public),
        (public_jwk, None, KeyError::Public),
        (&locked, None, KeyError::Encrypted),
        (&old_locked, None, KeyError::Encrypted),
        (ssh, None, KeyError::OpenSsh),
        (&p384, None, KeyError::Unsupported),
        (&halved, None, KeyError::Incomplete),
        (&small, None, KeyError::Size),
        (&rsa, Some(KeyAlg::ES256), KeyError::WrongAlg),
        (&rsa, Some(KeyAlg::HS256), KeyError::WrongAlg),
        (ED_JWK, Some(KeyAlg::RS256), KeyError::WrongAlg),
        (EC_JWK, Some(KeyAlg::HS256), KeyError::WrongAlg),
        (&RSA_JWK.replacen('{', "{\"alg\":\"PS256\",", 1), Some(KeyAlg::RS256), KeyError::WrongAlg),
    ] {
        let error = SigningKey::read(&key(text), alg).err();
        assert_eq!(error, Some(expected), "{text}");
        assert!(!format!("{error:?} {expected}").contains("CANARY"));
    }
}
