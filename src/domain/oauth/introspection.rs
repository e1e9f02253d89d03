//! Token checks: what the token's own server says about it.
//!
//! Builds the requests and reads the responses of introspection (RFC 7662), the `UserInfo` endpoint (`OpenID`
//! Connect Core, section 5.3) or a provider's own "who am I" endpoint. Invariant: every response yields a
//! result or a typed error; one name is all that is kept of a person.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::http_request::HttpRequest;
use super::jose::AssertionSeed;
use super::token_request::{self, RequestError};
use super::token_response::{self, Answer, TokenError};
use crate::domain::account::Client;
use crate::domain::provider::Provider;
use crate::domain::time_parse;
use crate::domain::token::grant::Grant;
use crate::domain::token::token_format;

const SUBJECT_MAX_CHARS: usize = 200;

/// A token's status by the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenStatus {
    pub active: bool,
    /// The owner: the subject, or the provider's name for it.
    pub subject: Option<String>,
    /// The granted scopes, if the server returned any.
    pub scope: Option<Vec<String>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl TokenStatus {
    /// Combines both; `self` takes precedence.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            active: self.active && other.active,
            subject: self.subject.or(other.subject),
            scope: self.scope.or(other.scope),
            expires_at: self.expires_at.or(other.expires_at),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub at: DateTime<Utc>,
    pub generation: u64,
    pub verdict: TokenStatus,
    pub asked: Vec<String>,
    /// The granted scopes, from this response or from the token response.
    pub granted: Option<Vec<String>>,
}

impl Checked {
    /// Requested scopes that were not granted; empty if the server returned no scopes.
    pub fn missing(&self) -> Vec<&str> {
        let Some(granted) = &self.granted else { return Vec::new() };
        self.asked.iter().filter(|scope| !granted.contains(scope)).map(String::as_str).collect()
    }
}

/// Returns true if the provider has an endpoint that can check a token.
pub fn is_possible(provider: &Provider) -> bool {
    provider.more.introspect.is_some() || provider.more.userinfo.is_some()
}

/// The introspection request (RFC 7662, section 2.1), if the provider has that endpoint.
pub fn introspection(
    provider: &Provider,
    client: &Client,
    grant: &Grant,
    fresh: &AssertionSeed,
) -> Result<Option<HttpRequest>, RequestError> {
    let Some(endpoint) = &provider.more.introspect else { return Ok(None) };
    let pairs = [("token", grant.access_token.expose()), ("token_type_hint", "access_token")];
    token_request::build_for(endpoint, provider, client, &pairs, fresh).map(Some)
}

/// The `UserInfo` request, if the provider has that endpoint. The token goes where this provider's APIs
/// expect it.
pub fn user_info(provider: &Provider, grant: &Grant) -> Option<HttpRequest> {
    let mut request = HttpRequest::get(provider.more.userinfo.clone()?);
    request.headers.push(token_format::header(&provider.api, &grant.access_token));
    Some(request)
}

/// Reads an introspection response (RFC 7662, section 2.2).
pub fn read_introspection(provider: &Provider, answer: &Answer<'_>) -> Result<TokenStatus, TokenError> {
    let value = value_of(provider, answer)?;
    let Some(active) = value.get("active").and_then(Value::as_bool) else {
        return Err(token_response::refusal(provider, answer));
    };
    let text = |key: &str| value.get(key)?.as_str().map(bounded);
    Ok(TokenStatus {
        active,
        subject: text("sub").or_else(|| text("username")),
        scope: value.get("scope").and_then(|scope| token_response::scopes(scope, &provider.scope_separator)),
        expires_at: value.get("exp").and_then(time_parse::epoch),
    })
}

/// Reads a `UserInfo` response. A response without an error means that the token is active; a 401, or
/// `invalid_token` with another status, that it is not (RFC 6750, section 3.1). Some providers also return
/// the granted scopes.
pub fn read_user_info(provider: &Provider, answer: &Answer<'_>) -> Result<TokenStatus, TokenError> {
    if answer.status == 401 {
        return Ok(TokenStatus::default());
    }
    let is_jwt = answer.content_type.is_some_and(|kind| kind.trim_start().starts_with("application/jwt"));
    if is_jwt && answer.is_success() {
        return Ok(TokenStatus { active: true, ..TokenStatus::default() });
    }
    let refused = |error| match error {
        TokenError::Refused { code: Some(code), .. } if code == "invalid_token" => Ok(TokenStatus::default()),
        error => Err(error),
    };
    let value = match value_of(provider, answer) {
        Ok(value) => value,
        Err(error) => return refused(error),
    };
    if is_refusal(&value) {
        return refused(token_response::refusal(provider, answer));
    }
    let scope = ["scope", "scopes"].iter().find_map(|key| value.get(*key));
    Ok(TokenStatus {
        active: true,
        subject: subject(&value),
        scope: scope.and_then(|scope| token_response::scopes(scope, &provider.scope_separator)),
        expires_at: None,
    })
}

/// Returns true if a response with a success status is a refusal, as from Slack and others.
fn is_refusal(value: &Value) -> bool {
    let denies = |key: &str| value.get(key) == Some(&Value::Bool(false));
    let names_error = match value.get("error") {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        _ => false,
    };
    names_error || denies("ok") || denies("success")
}

fn value_of(provider: &Provider, answer: &Answer<'_>) -> Result<Value, TokenError> {
    let value = token_response::parsed(provider, answer)?;
    if answer.is_success() { Ok(value) } else { Err(token_response::refusal(provider, answer)) }
}

/// The token owner: the standard claim first, then those of well-known providers.
fn subject(value: &Value) -> Option<String> {
    let keys = [
        "sub",
        "login",
        "username",
        "preferred_username",
        "user_id",
        "account_id",
        "id",
        "email",
        "name",
        "resource_owner_id",
    ];
    let wraps = [Some(value), value.get("data"), value.get("user"), value.get("result")];
    let named = |place: &Value| {
        keys.iter().find_map(|key| match place.get(key)? {
            Value::String(text) if !text.is_empty() => Some(bounded(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    wraps.into_iter().flatten().find_map(named)
}

fn bounded(text: &str) -> String {
    text.chars().take(SUBJECT_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::base::secret::ClientSecret;
    use crate::domain::oauth::response_body::ResponseBody;
    use crate::domain::test_support::{FRESH, grant, provider as of_address};

    fn provider() -> Provider {
        let mut provider = of_address("https://a.example/authorize");
        provider.more.introspect = Url::parse("https://a.example/introspect").ok();
        provider.more.userinfo = Url::parse("https://a.example/me").ok();
        provider
    }

    fn answer(status: u16, body: &str) -> Answer<'static> {
        Answer {
            status,
            content_type: Some("application/json"),
            body: ResponseBody::parse(None, body.as_bytes()).into(),
            sent_at: DateTime::UNIX_EPOCH,
            date: None,
            retry_after: None,
        }
    }

    #[test]
    fn each_question_is_asked_where_the_provider_has_the_address() {
        let client = Client {
            client_id: "id".to_owned(),
            client_secret: Some(ClientSecret::new("s".to_owned())),
            ..Client::default()
        };
        let (mut provider, grant) = (provider(), grant(None));
        let request = introspection(&provider, &client, &grant, &FRESH).unwrap().unwrap();
        assert_eq!(request.body.expose(), "token=access&token_type_hint=access_token");
        let mut headers = request.headers.iter();
        assert!(headers.any(|(name, value)| name == "Authorization" && value.expose().starts_with("Basic ")));
        provider.api.header = Some("X-Token".to_owned());
        provider.api.scheme = Some(String::new());
        let request = user_info(&provider, &grant).unwrap();
        assert_eq!((request.url.path(), request.headers[1].0.as_str()), ("/me", "X-Token"));
        assert_eq!(request.headers[1].1.expose(), "access");
        assert!(is_possible(&provider));
        provider.more = crate::domain::provider::endpoints::MoreEndpoints::default();
        assert!(!is_possible(&provider) && user_info(&provider, &grant).is_none());
        assert!(introspection(&provider, &client, &grant, &FRESH).unwrap().is_none());
    }

    #[test]
    fn an_introspection_is_read() {
        let read = |status, body: Value| read_introspection(&provider(), &answer(status, &body.to_string()));
        let said = json!({ "active": true, "sub": "anna", "scope": "a b", "exp": 60, "client_id": "x" });
        let verdict = read(200, said).unwrap();
        assert_eq!((verdict.active, verdict.subject.as_deref()), (true, Some("anna")));
        assert_eq!(verdict.scope.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(verdict.expires_at.map(|at| at.timestamp()), Some(60));
        assert_eq!(read(200, json!({ "active": false })), Ok(TokenStatus::default()));
        assert!(matches!(
            read(401, json!({ "error": "invalid_client" })),
            Err(TokenError::Refused { status: 401, .. })
        ));
        assert!(read(200, json!({ "error": "access_denied" })).is_err());
        assert!(read(200, json!({ "active": "yes" })).is_err());
        let page = read_introspection(&provider(), &answer(200, "<html>"));
        assert!(matches!(page, Err(TokenError::Flawed { .. })));
    }

    #[test]
    fn a_user_info_is_read() {
        let read = |status, body: Value| read_user_info(&provider(), &answer(status, &body.to_string()));
        for (body, subject) in [
            (json!({ "sub": "s", "name": "n" }), Some("s")),
            (json!({ "login": "octocat", "id": 1 }), Some("octocat")),
            (json!({ "data": { "id": 42 } }), Some("42")),
            (json!({ "user": { "email": "a@b.example" } }), Some("a@b.example")),
            (json!({ "vehicles": [] }), None),
            (json!([]), None),
        ] {
            let verdict = read(200, body).unwrap();
            assert_eq!((verdict.active, verdict.subject.as_deref()), (true, subject));
        }
        assert_eq!(read(401, json!({ "error": "invalid_token" })), Ok(TokenStatus::default()));
        assert!(matches!(
            read(403, json!({ "error": "insufficient_scope" })),
            Err(TokenError::Refused { .. })
        ));
        assert!(matches!(
            read(200, json!({ "ok": false, "error": "not_authed" })),
            Err(TokenError::Refused { .. })
        ));
        for body in [
            json!({ "error": "access_denied" }),
            json!({ "error": { "code": 7 } }),
            json!({ "success": false }),
        ] {
            assert!(read(200, body.clone()).is_err(), "{body}");
        }
        for status in [200, 400, 403] {
            assert_eq!(
                read(status, json!({ "error": "invalid_token" })),
                Ok(TokenStatus::default()),
                "{status}"
            );
        }
        let told = read(200, json!({ "error": "", "scopes": ["a", "b"], "user": { "id": 1 } })).unwrap();
        assert_eq!(told.scope.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        let jwt = Answer { content_type: Some("application/jwt"), ..answer(200, "eyJ") };
        assert!(read_user_info(&provider(), &jwt).unwrap().active);
    }

    #[test]
    fn scopes_that_were_not_granted_are_found() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let checked = |granted: Option<&str>| Checked {
            at: DateTime::UNIX_EPOCH,
            generation: 1,
            verdict: TokenStatus::default(),
            asked: words("read write"),
            granted: granted.map(words),
        };
        assert_eq!(checked(Some("write admin")).missing(), ["read"]);
        assert!(checked(None).missing().is_empty());
    }

    #[test]
    fn two_verdicts_are_put_together() {
        let one = TokenStatus { active: true, scope: Some(vec!["a".to_owned()]), ..TokenStatus::default() };
        let other = TokenStatus { active: true, subject: Some("s".to_owned()), ..TokenStatus::default() };
        let both = one.clone().and(other);
        assert_eq!((both.active, both.subject.as_deref(), both.scope.is_some()), (true, Some("s"), true));
        assert!(!one.and(TokenStatus::default()).active);
    }
}
