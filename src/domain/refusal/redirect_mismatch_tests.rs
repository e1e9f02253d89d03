//! Mismatch errors in their many spellings, and the marks.

use proptest::prelude::*;

use super::*;

const SENT: Redirects<'_> =
    Redirects { sent: "http://127.0.0.1:5000/callback", preset: None, any_port: false };

#[test]
fn the_complaint_is_known_in_its_many_spellings() {
    for (code, description) in [
        ("redirect_uri_mismatch", ""),
        (
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL for this application.",
        ),
        ("invalid_request", "AADSTS50011: The redirect URI 'x' specified in the request does not match"),
        ("invalid_client", "AADSTS500113: No reply address is registered for the application."),
        ("invalid_request", "AADSTS50011: Die Antwortadresse ist falsch."),
        ("invalid_request", "Invalid parameter: redirect_uri"),
        ("invalid_request", "Mismatching redirect URI."),
        (
            "invalid_request",
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings",
        ),
        (
            "unauthorized_client",
            "Callback URL mismatch. http://x/ is not in the list of allowed callback URLs",
        ),
        ("invalid_grant", "Invalid \"redirect_uri\" in request."),
        ("invalid_redirect_uri", "redirect_uri did not match any of the client's registered redirect_uris"),
        ("bad_redirect_uri", ""),
        ("MISMATCH_REDIRECT_URI_AUTH_CODE", ""),
        ("invalid_request", "redirect_uri is not registered for client: abc"),
        ("invalid_grant", "redirect URI is not identical to the one of the authorization request"),
        ("", "INVALID_CLIENT: Illegal redirect_uri"),
    ] {
        assert!(mismatch(code, description, &SENT).is_some(), "{code}: {description}");
    }
    for (code, description) in [
        ("invalid_grant", "Token has been expired or revoked."),
        ("invalid_request", "redirect_uri is missing"),
        ("access_denied", "The user said no; see https://example.com/match"),
        ("invalid_scope", "The scope is invalid."),
        ("", ""),
    ] {
        assert_eq!(mismatch(code, description, &SENT), None, "{code}: {description}");
    }
}

#[test]
fn the_address_that_the_message_names_is_set_beside_the_one_sent() {
    let shown = |description: &str, redirects: &Redirects<'_>| {
        let found = mismatch("redirect_uri_mismatch", description, redirects).unwrap();
        let wanted = found.wanted.map(|(wanted, by)| (wanted.bracketed(), by));
        (found.sent.bracketed(), wanted)
    };
    let (sent, wanted) = shown("Expected \"http://127.0.0.1:8910/callback\".", &SENT);
    assert_eq!(sent, "http://127.0.0.1:‹500›0/callback");
    assert_eq!(wanted, Some(("http://127.0.0.1:‹891›0/callback".to_owned(), WantedBy::Message)));
    let both = "Got http://127.0.0.1:5000/callback, registered is http://127.0.0.1:5000/callback/.";
    let (sent, wanted) = shown(both, &SENT);
    assert_eq!(sent, "http://127.0.0.1:5000/callback");
    assert_eq!(wanted, Some(("http://127.0.0.1:5000/callback‹/›".to_owned(), WantedBy::Message)));
    let entra = "AADSTS50011: The redirect URI 'http://127.0.0.1:5000/callback' specified does not match. \
                 Learn more at https://aka.ms/redirectUriMismatchError.";
    let preset = Redirects { preset: Some("http://localhost:8910/callback"), ..SENT };
    let (_, wanted) = shown(entra, &preset);
    assert_eq!(wanted.unwrap().1, WantedBy::Preset);
    let console = "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings: \
                   https://acme-admin.okta.example/admin/app/oidc_client/instance/0oa1#tab-general";
    assert_eq!(shown(console, &SENT).1, None, "a place in a console");
    let same = Redirects { preset: Some(SENT.sent), ..SENT };
    assert_eq!(shown(entra, &same).1, None);
    let six = Redirects { sent: "http://[::1]:1/cb", ..SENT };
    let (_, wanted) = shown("mismatch: <http://[::1]:2/cb>", &six);
    assert_eq!(wanted.unwrap().0, "http://[::1]:‹2›/cb");
}

#[test]
fn d1_an_address_from_outside_is_neutralised_and_bounded() {
    let long = format!("mismatch: http://a\u{202e}b/{}", "x".repeat(100_000));
    let (wanted, _) = mismatch("redirect_uri_mismatch", &long, &SENT).unwrap().wanted.unwrap();
    assert!(wanted.text().chars().count() <= MAX_CHARS + 1);
    assert!(!wanted.text().contains('\u{202e}'));
}

#[test]
fn a_wide_character_before_an_address_is_no_part_of_it() {
    let wide = mismatch("", "redirect_uri mismatch: use：https://app.example/cb", &SENT).unwrap();
    assert_eq!(wide.wanted.unwrap().0.text(), "https://app.example/cb");
}

proptest! {
    #[test]
    fn what_is_marked_is_what_differs(one in ".{0,40}", other in ".{0,40}") {
        let (a, b) = compare(&one, &other);
        prop_assert_eq!(a.text(), one);
        prop_assert_eq!(b.text(), other);
        let common = |marked: &Marked| -> String {
            marked.0.iter().filter(|(_, differs)| !differs).map(|(piece, _)| piece.as_str()).collect()
        };
        prop_assert_eq!(common(&a), common(&b));
    }

    #[test]
    fn no_message_whatever_panics(code in ".{0,40}", description in ".{0,200}") {
        let _ = mismatch(&code, &format!("redirect_uri mismatch {description}"), &SENT);
    }
}
