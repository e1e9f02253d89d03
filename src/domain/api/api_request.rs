//! A request of the user's own to an account's API.

use url::Url;

use super::api_host::ApiHost;
use crate::base::secret::{AccessToken, SecretText};
use crate::domain::oauth::http_request::{HttpRequest, Method};
use crate::domain::oauth::token_syntax::is_header_name;
use crate::domain::provider::spec::ApiUse;
use crate::domain::token::token_format;

/// Headers that frame a request or are about one connection (RFC 9110, section 7.6.1).
const OF_TRANSPORT: [&str; 11] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
];

/// Says why a header can't be set by hand; `None` if it can.
pub fn refusal_of_header(name: &str) -> Option<String> {
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_one_of(&["authorization", "proxy-authorization"]) {
        return Some(format!("{name} can't be set: the account's token is what authorizes the request"));
    }
    is_one_of(&OF_TRANSPORT)
        .then(|| format!("{name} can't be set: it follows from the URL, the body and the connection"))
}

/// A request as the user wrote it, without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    pub method: Method,
    /// A path on the API's host, or a URL there.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why a request can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRequest {
    NotAPath,
    OtherHost,
    NotAHeader,
}

impl ApiRequest {
    /// Where the request goes.
    ///
    /// # Errors
    /// [`NoRequest`] if that isn't the API's host.
    pub fn url(&self, host: &ApiHost) -> Result<Url, NoRequest> {
        let url = host.resolve(self.target.trim()).ok_or(NoRequest::NotAPath)?;
        if host.is_origin_of(&url) { Ok(url) } else { Err(NoRequest::OtherHost) }
    }

    /// Builds the request with the token. A header of the token's name is replaced.
    ///
    /// # Errors
    /// [`NoRequest`].
    pub fn with_token(
        &self,
        host: &ApiHost,
        api: &ApiUse,
        token: &AccessToken,
    ) -> Result<HttpRequest, NoRequest> {
        let (headers, url) = token_format::into_request(api, token, &self.headers, &self.url(host)?);
        let body = if self.method.has_body() { self.body.clone() } else { String::new() };
        Ok(HttpRequest { method: self.method, url, headers, in_query: false, body: SecretText::new(body) })
    }

    /// Parses headers, one a line: `Accept: text/csv`.
    ///
    /// # Errors
    /// [`NoRequest::NotAHeader`] for a line that isn't one.
    pub fn parse_headers(text: &str) -> Result<Vec<(String, String)>, NoRequest> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let header = |line: &str| {
            let (name, value) = line.split_once(':').ok_or(NoRequest::NotAHeader)?;
            let (name, value) = (name.trim(), value.trim());
            let fits =
                is_header_name(name) && value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b));
            if fits { Ok((name.to_owned(), value.to_owned())) } else { Err(NoRequest::NotAHeader) }
        };
        lines.map(header).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> ApiRequest {
        let headers =
            vec![("authorization".to_owned(), "mine".to_owned()), ("Accept".to_owned(), "a/b".to_owned())];
        ApiRequest { method: Method::Get, target: target.to_owned(), headers, body: "ignored".to_owned() }
    }

    #[test]
    fn u1_a_token_is_put_into_requests_to_the_apis_host_alone() {
        let host = ApiHost::parse("https://api.example/v1/me").unwrap();
        let (api, token) = (ApiUse::default(), AccessToken::new("CANARY".to_owned()));
        let built = request("/v2/x?a=b").with_token(&host, &api, &token).unwrap();
        assert_eq!(built.url.as_str(), "https://api.example/v2/x?a=b");
        let headers: Vec<_> =
            built.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(headers, [("Accept", "a/b"), ("Authorization", "Bearer CANARY")]);
        assert!(built.body.is_empty(), "a GET has none");
        for elsewhere in ["https://evil.example/", "//evil.example/x", "http://api.example/x"] {
            assert_eq!(request(elsewhere).with_token(&host, &api, &token).err(), Some(NoRequest::OtherHost));
        }
    }

    #[test]
    fn u1_headers_of_the_transport_and_of_credentials_are_not_set_by_hand() {
        for name in
            ["Host", "content-length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Authorization"]
        {
            let why = refusal_of_header(name).unwrap();
            assert!(why.starts_with(&format!("{name} can't be set: ")), "{why}");
        }
        for name in ["Accept", "X-Host", "Content-Type", "Cookie"] {
            assert_eq!(refusal_of_header(name), None);
        }
    }

    #[test]
    fn headers_are_lines_with_a_name_and_a_value() {
        let parsed = ApiRequest::parse_headers("Accept: a/b\n\n X-A :1:2 \n").unwrap();
        assert_eq!(parsed, [("Accept".to_owned(), "a/b".to_owned()), ("X-A".to_owned(), "1:2".to_owned())]);
        for wrong in ["Accept", ": x", "a b: c", "A: \u{e4}"] {
            assert_eq!(ApiRequest::parse_headers(wrong), Err(NoRequest::NotAHeader), "{wrong}");
        }
    }
}
