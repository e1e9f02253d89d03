//! The headers that a proxy passes on.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::domain::api::api_host::ApiHost;

/// Headers of one connection (RFC 9110, section 7.6.1).
const OF_CONNECTION: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of a request that would carry the proxy's key or a client's own credentials, or are about this connection.
const NOT_PASSED_ON: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    // The URL of a request with the key in its path.
    header::REFERER,
    // Answered by this proxy.
    header::EXPECT,
];

/// Whether a header that is passed on has the key in it.
pub(super) fn any_has(headers: &HeaderMap, has_key: impl Fn(&str) -> bool) -> bool {
    let mut values = headers.iter().filter(|(name, _)| !NOT_PASSED_ON.contains(name)).map(|(_, value)| value);
    values.any(|value| has_key(&String::from_utf8_lossy(value.as_bytes())))
}

/// The headers of a request for the API, without the one of the token.
pub(super) fn of_request(headers: &HeaderMap, token: &HeaderName) -> HeaderMap {
    let mut kept = passed_on(headers);
    for name in NOT_PASSED_ON {
        kept.remove(name);
    }
    kept.remove(token);
    kept
}

/// The headers of an answer for the client. A redirect on the API's host leads through the proxy.
pub(super) fn of_answer(headers: &HeaderMap, host: &ApiHost, prefix: &str, url: &Url) -> HeaderMap {
    let mut kept = passed_on(headers);
    if let Some(location) =
        kept.get(header::LOCATION).and_then(|location| rewritten(location, host, prefix, url))
    {
        kept.insert(header::LOCATION, location);
    }
    kept
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for value in headers.get_all(header::CONNECTION) {
        for name in value.to_str().unwrap_or_default().split(',') {
            kept.remove(name.trim());
        }
    }
    for name in OF_CONNECTION {
        kept.remove(name);
    }
    kept
}

/// `None` if the place is on another host, where the client goes without the proxy and without a token.
fn rewritten(location: &HeaderValue, host: &ApiHost, prefix: &str, url: &Url) -> Option<HeaderValue> {
    let place = url.join(location.to_str().ok()?).ok()?;
    if !host.is_origin_of(&place) {
        return None;
    }
    let text = format!("{prefix}{}", &place[url::Position::BeforePath..]);
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        headers.iter().map(pair).collect()
    }

    #[test]
    fn u3_credentials_and_the_connections_headers_stay_behind() {
        let sent = map(&[
            ("authorization", "Bearer KEY"),
            ("proxy-authorization", "Basic x"),
            ("x-api-key", "of the client"),
            ("host", "127.0.0.1:1"),
            ("referer", "http://127.0.0.1:1/KEY/a/"),
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("accept", "text/event-stream"),
            ("content-length", "3"),
        ]);
        let kept = of_request(&sent, &HeaderName::from_static("x-api-key"));
        assert_eq!(kept, map(&[("accept", "text/event-stream"), ("content-length", "3")]));
    }

    #[test]
    fn u3_a_redirect_leads_through_the_proxy_only_on_the_apis_host() {
        let host = ApiHost::parse("https://api.example/").unwrap();
        let url = Url::parse("https://api.example/v1/a").unwrap();
        for (location, expected) in [
            ("https://api.example/v2/b?c=d#e", "/KEY/car/v2/b?c=d#e"),
            ("/v2", "/KEY/car/v2"),
            ("b", "/KEY/car/v1/b"),
            ("https://evil.example/v2", "https://evil.example/v2"),
            ("//evil.example/v2", "//evil.example/v2"),
            ("http://api.example/", "http://api.example/"),
        ] {
            let answer = of_answer(&map(&[("location", location)]), &host, "/KEY/car", &url);
            assert_eq!(answer["location"], expected, "{location}");
        }
    }
}
