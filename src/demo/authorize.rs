//! The demo's authorization endpoint (RFC 6749, section 3.1): a login page.
//!
//! Nothing is sent to a redirect URI that isn't on this machine. No text from a request reaches a page.

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use url::Url;

use super::store::AuthorizationRequest;
use super::{CLIENT_ID, Fields, Server, fields};
use crate::domain::secure_url::is_loopback;
use crate::net::http_server;
use crate::net::http_server::Answer;

const LOGIN: &str = include_str!("../../assets/demo/login.html");
const TICKET_MARK: &str = "{{ticket}}";

/// Why a request leads to no login page.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    /// The redirect URI can't be trusted, so the error stays here.
    Here(&'static str),
    /// The error goes back to the client.
    ToClient { redirect_uri: Box<Url>, state: Option<String>, error: &'static str, description: &'static str },
}

impl Server {
    pub(super) fn login_page(&self, query: &str) -> Answer {
        let checked = fields(query.as_bytes())
            .ok_or(Refused::Here("The sign-in address repeats a parameter.\n"))
            .and_then(|fields| check(&fields));
        match checked {
            Ok(request) => {
                let now = self.now();
                match self.with_store(|store| store.begin_login(request, now)) {
                    // The ticket is random text without HTML characters.
                    Some(ticket) => http_server::page(StatusCode::OK, LOGIN.replace(TICKET_MARK, &ticket)),
                    None => http_server::line(StatusCode::INTERNAL_SERVER_ERROR, "The demo failed.\n"),
                }
            }
            Err(Refused::Here(why)) => http_server::line(StatusCode::BAD_REQUEST, why),
            Err(Refused::ToClient { redirect_uri, state, error, description }) => {
                let pairs = [("error", error), ("error_description", description)];
                self.send_back(*redirect_uri, state.as_deref(), &pairs)
            }
        }
    }

    /// Handles the login form. Its ticket identifies the request, so no other site can submit it.
    pub(super) fn log_in(&self, fields: &Fields) -> Answer {
        let now = self.now();
        let ticket = fields.get("ticket").map_or("", String::as_str);
        let Some(request) = self.with_store(|store| store.end_login(ticket, now)) else {
            let why = "This login page was used before or is too old. Start the sign-in again.\n";
            return http_server::line(StatusCode::BAD_REQUEST, why);
        };
        let Ok(redirect_uri) = Url::parse(&request.redirect_uri) else {
            return http_server::line(StatusCode::BAD_REQUEST, "The redirect URI can't be used.\n");
        };
        let state = request.state.clone();
        if fields.get("decision").is_some_and(|decision| decision == "deny") {
            let pairs = [("error", "access_denied"), ("error_description", "You chose not to allow it.")];
            return self.send_back(redirect_uri, state.as_deref(), &pairs);
        }
        let value = |name| fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let (Some(owner), Some(_)) = (value("username"), value("password")) else {
            let pairs =
                [("error", "access_denied"), ("error_description", "No name or no password was given.")];
            return self.send_back(redirect_uri, state.as_deref(), &pairs);
        };
        let owner = owner.chars().take(100).collect();
        match self.with_store(|store| store.grant_code(request, owner, now)) {
            Some(code) => self.send_back(redirect_uri, state.as_deref(), &[("code", &code)]),
            None => self.send_back(redirect_uri, state.as_deref(), &[("error", "server_error")]),
        }
    }

    fn send_back(&self, mut to: Url, state: Option<&str>, pairs: &[(&str, &str)]) -> Answer {
        let pairs = pairs.iter().copied().chain(state.map(|state| ("state", state)));
        to.query_pairs_mut().extend_pairs(pairs).append_pair("iss", &self.issuer);
        let mut answer = http_server::line(StatusCode::FOUND, "");
        match HeaderValue::try_from(to.as_str()) {
            Ok(location) => {
                answer.headers_mut().insert(header::LOCATION, location);
                answer
            }
            Err(_) => http_server::line(StatusCode::BAD_REQUEST, "The redirect URI can't be used.\n"),
        }
    }
}

fn check(fields: &Fields) -> Result<AuthorizationRequest, Refused> {
    let value = |name| fields.get(name).map(String::as_str);
    if value("client_id") != Some(CLIENT_ID) {
        return Err(Refused::Here("The demo doesn't know this client.\n"));
    }
    let text = value("redirect_uri").unwrap_or_default();
    let redirect_uri = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "http" && is_loopback(url) && url.fragment().is_none())
        .ok_or(Refused::Here("The demo only sends back to this computer.\n"))?;
    let state = value("state").map(str::to_owned);
    let refused = |error, description| {
        Err(Refused::ToClient {
            redirect_uri: Box::new(redirect_uri),
            state: state.clone(),
            error,
            description,
        })
    };
    if value("response_type") != Some("code") {
        return refused("unsupported_response_type", "Only response_type=code is offered.");
    }
    let challenge = value("code_challenge").unwrap_or_default();
    if value("code_challenge_method") != Some("S256") || challenge.len() != 43 {
        return refused("invalid_request", "PKCE with S256 is required.");
    }
    Ok(AuthorizationRequest { redirect_uri: text.to_owned(), state, challenge: challenge.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn request(change: (&str, &str)) -> Fields {
        let mut all = Fields::new();
        for (name, value) in [
            ("client_id", CLIENT_ID),
            ("redirect_uri", "http://127.0.0.1:4000/callback"),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "s"),
            change,
        ] {
            all.insert(name.to_owned(), value.to_owned());
        }
        all
    }

    #[test]
    fn nothing_is_sent_to_another_machine() {
        for elsewhere in [
            "https://evil.test/",
            "http://evil.test/",
            "http://127.0.0.1.evil.test/",
            "javascript:alert(1)",
            "https://127.0.0.1/",
            "",
            "http://127.0.0.1/#x",
        ] {
            let refused = check(&request(("redirect_uri", elsewhere)));
            assert!(matches!(refused, Err(Refused::Here(_))), "{elsewhere}");
        }
        assert!(matches!(check(&request(("client_id", "someone"))), Err(Refused::Here(_))));
    }

    #[test]
    fn pkce_with_s256_is_required() {
        for change in [("code_challenge_method", "plain"), ("code_challenge", ""), ("response_type", "token")]
        {
            assert!(matches!(check(&request(change)), Err(Refused::ToClient { .. })), "{change:?}");
        }
        assert_eq!(check(&request(("scope", "x"))).unwrap().challenge, CHALLENGE);
    }
}
