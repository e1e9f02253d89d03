//! Authorization responses of every kind.

use proptest::prelude::*;

use super::*;

const STATE: &str = "st4te-_w9";

fn expected() -> Expected {
    Expected {
        state: STATE.to_owned(),
        issuer: None,
        iss_promised: false,
        pkce: true,
        names: [].into(),
        facts: [].into(),
    }
}

/// A response in short: the code, the error with its description, or the reason for rejection.
fn short(result: Result<Returned, CallbackError>) -> Result<String, CallbackError> {
    result.map(|returned| match returned {
        Returned::Code(code, _) => code.expose().to_owned(),
        Returned::Denied { code, description } => format!("{code}: {}", description.unwrap_or_default()),
    })
}

fn query(text: &str) -> Result<String, CallbackError> {
    short(read_query(&expected(), text))
}

fn pasted(text: &str) -> Result<String, CallbackError> {
    short(read_pasted(&expected(), text))
}

#[test]
fn rfc_6749_section_4_1_2() {
    assert_eq!(query("code=SplxlOBeZQQYbYS6WxSbIA&state=st4te-_w9").unwrap(), "SplxlOBeZQQYbYS6WxSbIA");
    let denied = "error=access_denied&error_description=No%2C+thanks&state=st4te-_w9&error_uri=x";
    assert_eq!(query(denied).unwrap(), "access_denied: No, thanks");
    assert_eq!(query("state=st4te-_w9&code=4%2F0A%2B+%C3%A9&scope=a&scope=b").unwrap(), "4/0A+ é");
    assert_eq!(query("state=st4te-_w9"), Err(CallbackError::NoReply));
    assert_eq!(query("state=st4te-_w9&code="), Err(CallbackError::NoReply));
}

#[test]
fn a1_a_wrong_missing_or_doubled_state_is_a_mismatch_whatever_else_is_there() {
    for state in [
        "",
        "state=&",
        "state=st4te-_w",
        "state=st4te-_w9x&",
        "State=st4te-_w9&",
        "state=%00&",
        "state=st4te-_w9&state=st4te-_w9&",
        "state=st4te-_w9&state=evil&",
        "state=evil&state=st4te-_w9&",
    ] {
        for rest in ["code=a", "code=a&code=b", "code=a&error=b", "iss=evil", "", "%", "&&=&"] {
            let text = format!("{state}&{rest}");
            assert_eq!(query(&text), Err(CallbackError::StateMismatch), "{text}");
        }
    }
}

#[test]
fn a2_a_forged_denial_is_a_mismatch() {
    for forged in ["error=access_denied", "error=access_denied&state=evil", "error=a&error=b&state=evil"] {
        assert_eq!(query(forged), Err(CallbackError::StateMismatch), "{forged}");
        assert_eq!(pasted(&format!("?{forged}")), Err(CallbackError::StateMismatch), "{forged}");
    }
}

#[test]
fn a3_the_issuer_must_be_the_one_that_was_asked() {
    let known =
        |iss_promised| Expected { issuer: Some("https://a.example".to_owned()), iss_promised, ..expected() };
    let good = "code=c&state=st4te-_w9&iss=https%3A%2F%2Fa.example";
    assert_eq!(short(read_query(&known(true), good)).unwrap(), "c");
    assert_eq!(short(read_query(&expected(), good)).unwrap(), "c", "an unknown issuer can't be compared");
    for wrong in ["https://a.example/", "HTTPS://a.example", "https://b.example", ""] {
        for kind in ["code=c", "error=access_denied"] {
            let text = format!("{kind}&state=st4te-_w9&iss={wrong}");
            assert_eq!(short(read_query(&known(false), &text)), Err(CallbackError::WrongIssuer), "{text}");
        }
    }
    let none = "code=c&state=st4te-_w9";
    assert_eq!(short(read_query(&known(false), none)).unwrap(), "c");
    assert_eq!(short(read_query(&known(true), none)), Err(CallbackError::WrongIssuer));
    let promised = Expected { iss_promised: true, ..expected() };
    assert_eq!(short(read_query(&promised, none)), Err(CallbackError::WrongIssuer));
}

#[test]
fn a_pasted_text_may_be_an_address_a_query_or_a_code() {
    for text in [
        "http://localhost:8910/callback?code=a%2Fb&state=st4te-_w9",
        "https://example.com/elsewhere/?code=a%2Fb&state=st4te-_w9#_=_",
        "localhost:8910/callback?state=st4te-_w9&code=a%2Fb",
        "http://localhost:8910/callback#code=a%2Fb&state=st4te-_w9",
        "https://example.com/?tab=1#code=a%2Fb&state=st4te-_w9",
        "?code=a%2Fb&state=st4te-_w9",
        "code=a%2Fb&state=st4te-_w9",
        "  \"code=a%2Fb&state=st4te-_w9\"\n",
        "<http://localhost/callback?code=a%2Fb\r\n&state=st4te-_w9>",
        "a/b",
        " 'a%2Fb' ",
    ] {
        assert_eq!(pasted(text).unwrap(), "a/b", "{text}");
    }
    assert_eq!(pasted("ab+c==&d").unwrap(), "ab+c==&d", "a bare code may look like a query");
    let without_pkce = Expected { pkce: false, ..expected() };
    for expected in [&expected(), &without_pkce] {
        assert_eq!(short(read_pasted(expected, "a%2Fb#st4te-_w9")).unwrap(), "a/b", "a code with its state");
    }
    assert_eq!(short(read_pasted(&without_pkce, "a#evil")), Err(CallbackError::BareCode));
    assert_eq!(pasted("a#evil").unwrap(), "a#evil");
}

#[test]
fn a_pasted_text_without_a_reply_is_told_apart_from_a_wrong_one() {
    for text in
        ["", " \n", "\"\"", "hello world", "http://localhost:8910/callback", "https://e.com/?a=b", "é"]
    {
        assert_eq!(pasted(text), Err(CallbackError::NoReply), "{text}");
    }
    assert_eq!(pasted(&"a".repeat(PASTED_MAX_BYTES + 1)), Err(CallbackError::NoReply));
    assert_eq!(pasted("http://localhost/?code=a&state=b"), Err(CallbackError::StateMismatch));
    assert_eq!(pasted("http://localhost/?code=a"), Err(CallbackError::StateMismatch));
    for expected in [Expected { pkce: false, ..expected() }, Expected { iss_promised: true, ..expected() }] {
        assert_eq!(short(read_pasted(&expected, "a")), Err(CallbackError::BareCode));
    }
}

proptest! {
    #[test]
    fn a4_duplicates_and_code_with_error_are_refused(
        which in 0..ONCE.len(),
        values in prop::collection::vec("[a-z0-9 %&+é]{0,8}", 2..4),
        at in any::<prop::sample::Index>(),
        others in prop::collection::vec(("[a-z]{1,6}", "[a-z0-9]{0,6}"), 0..4),
        both in any::<bool>(),
    ) {
        let mut pairs: Vec<(String, String)> = others.into_iter().filter(|(name, _)| name != "state").collect();
        if both {
            pairs.push(("code".to_owned(), values[0].clone()));
            pairs.push(("error".to_owned(), values[1].clone()));
        } else {
            pairs.extend(values.into_iter().map(|value| (ONCE[which].to_owned(), value)));
        }
        pairs.insert(at.index(pairs.len() + 1), ("state".to_owned(), STATE.to_owned()));
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        prop_assert_eq!(query(&text), Err(CallbackError::Contradictory), "{}", &text);
        let address = format!("http://localhost:8910/callback?{text}");
        prop_assert_eq!(pasted(&address), Err(CallbackError::Contradictory));
        // The same response with a wrong state is forged and reveals nothing.
        let forged = text.replace(STATE, "evil");
        prop_assert_eq!(query(&forged), Err(CallbackError::StateMismatch));
    }

    #[test]
    fn a4_no_text_panics_and_none_without_the_state_is_taken(text in ".{0,60}") {
        prop_assert_eq!(query(&text), Err(CallbackError::StateMismatch));
        let result = read_pasted(&Expected { pkce: false, ..expected() }, &text);
        prop_assert!(result.is_err());
    }
}
