//! Each provider's documented responses, valid and invalid, as its preset reads them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::built_in;
use crate::domain::account::Settings;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::response_body::ResponseBody;
use crate::domain::oauth::token_response::TokenError;
use crate::domain::oauth::token_response::{Answer, read};
use crate::domain::provider::Provider;
use crate::domain::provider::spec::ProviderSpec;
use crate::domain::token::grant::{ExpirySource, Grant};

fn provider(id: &str) -> Provider {
    let preset = built_in().into_iter().find(|preset| preset.id == id).unwrap();
    let grant = preset.spec.grants.as_ref().unwrap()[0];
    let required = preset.variables.iter().filter(|variable| variable.default.is_none());
    let settings = Settings {
        provider: id.to_owned(),
        grant,
        variables: required
            .map(|variable| (variable.name.clone(), "x".to_owned()))
            .collect::<BTreeMap<_, _>>(),
        overrides: ProviderSpec::default().into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    assert!(matches!(grant, GrantType::AuthorizationCode | GrantType::ClientCredentials));
    Provider::resolve(&built_in(), &settings).unwrap()
}

fn sent_at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn answered(id: &str, status: u16, body: &str) -> Result<Grant, TokenError> {
    let answer = Answer {
        status,
        content_type: Some("application/json"),
        body: ResponseBody::parse(None, body.as_bytes()).into(),
        sent_at: sent_at(),
        date: None,
        retry_after: None,
    };
    read(&provider(id), &answer)
}

/// A response's lifetime, its refresh token's lifetime, and its scopes.
type Facts<'a> = (Option<i64>, Option<i64>, &'a [&'a str]);

const DAY_SECS: i64 = 86_400;

const ANSWERS: &[(&str, &str, Facts<'_>)] = &[
    (
        "google",
        r#"{"access_token":"T","expires_in":3920,"scope":"openid https://www.googleapis.com/auth/drive.metadata.readonly","token_type":"Bearer","refresh_token":"R","refresh_token_expires_in":604799}"#,
        (Some(3920), Some(604_799), &["openid", "https://www.googleapis.com/auth/drive.metadata.readonly"]),
    ),
    (
        "entra",
        r#"{"access_token":"T","token_type":"Bearer","expires_in":3599,"scope":"https://graph.microsoft.com/mail.read","refresh_token":"R","id_token":"I"}"#,
        (Some(3599), Some(90 * DAY_SECS), &["https://graph.microsoft.com/mail.read"]),
    ),
    (
        "github",
        r#"{"access_token":"T","scope":"repo,gist","token_type":"bearer"}"#,
        (None, None, &["repo", "gist"]),
    ),
    (
        "github",
        r#"{"access_token":"T","expires_in":28800,"refresh_token":"R","refresh_token_expires_in":15897600,"scope":"","token_type":"bearer"}"#,
        (Some(28_800), Some(15_897_600), &[]),
    ),
    (
        "gitlab",
        r#"{"access_token":"T","token_type":"bearer","expires_in":7200,"refresh_token":"R","created_at":1607635748}"#,
        (Some(7200), None, &[]),
    ),
    (
        "slack",
        r#"{"ok":true,"access_token":"T","token_type":"bot","scope":"commands,incoming-webhook","bot_user_id":"U0","app_id":"A0","expires_in":43200,"refresh_token":"R","team":{"name":"N","id":"T9"},"enterprise":null,"authed_user":{"id":"U1","scope":"chat:write","access_token":"not this","token_type":"user"}}"#,
        (Some(43_200), None, &["commands", "incoming-webhook"]),
    ),
    (
        "slack-user",
        r#"{"ok":true,"app_id":"A0","authed_user":{"id":"U1","scope":"chat:write,users:read","access_token":"T","expires_in":43200,"refresh_token":"R","token_type":"user"},"team":{"id":"T9"}}"#,
        (Some(43_200), Some(30 * DAY_SECS), &["chat:write", "users:read"]),
    ),
    (
        "slack-user",
        r#"{"ok":true,"access_token":"T","expires_in":43200,"refresh_token":"R","token_type":"user"}"#,
        (Some(43_200), Some(30 * DAY_SECS), &[]),
    ),
    (
        "spotify",
        r#"{"access_token":"T","token_type":"Bearer","scope":"user-read-private user-read-email","expires_in":3600,"refresh_token":"R"}"#,
        (Some(3600), Some(180 * DAY_SECS), &["user-read-private", "user-read-email"]),
    ),
    (
        "salesforce",
        r#"{"access_token":"T","refresh_token":"R","signature":"S","scope":"refresh_token api","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer","issued_at":"1558553873237"}"#,
        (None, None, &["refresh_token", "api"]),
    ),
    (
        "hubspot",
        r#"{"token_type":"bearer","refresh_token":"R","access_token":"T","expires_in":1800,"hub_id":1,"scopes":["oauth","crm.objects.contacts.read"]}"#,
        (Some(1800), None, &["oauth", "crm.objects.contacts.read"]),
    ),
    (
        "atlassian",
        r#"{"access_token":"T","expires_in":3600,"scope":"read:jira-work offline_access","refresh_token":"R","token_type":"Bearer"}"#,
        (Some(3600), Some(90 * DAY_SECS), &["read:jira-work", "offline_access"]),
    ),
    (
        "dropbox",
        r#"{"access_token":"T","expires_in":14400,"token_type":"bearer","scope":"account_info.read files.content.read","refresh_token":"R","account_id":"dbid:A","uid":"12345"}"#,
        (Some(14_400), None, &["account_info.read", "files.content.read"]),
    ),
    (
        "zoom-server",
        r#"{"access_token":"T","token_type":"bearer","expires_in":3600,"scope":"user:read:admin","api_url":"https://api.zoom.us"}"#,
        (Some(3600), None, &["user:read:admin"]),
    ),
    (
        "discord",
        r#"{"access_token":"T","token_type":"Bearer","expires_in":604800,"refresh_token":"R","scope":"identify"}"#,
        (Some(604_800), None, &["identify"]),
    ),
    (
        "quickbooks",
        r#"{"token_type":"bearer","expires_in":3600,"refresh_token":"R","x_refresh_token_expires_in":8726400,"access_token":"T"}"#,
        (Some(3600), Some(101 * DAY_SECS), &[]),
    ),
    (
        "square",
        r#"{"access_token":"T","token_type":"bearer","expires_at":"2024-10-04T01:00:00Z","merchant_id":"M","refresh_token":"R","short_lived":false}"#,
        (Some(3600), None, &[]),
    ),
    (
        "ringcentral",
        r#"{"access_token":"T","token_type":"bearer","expires_in":7199,"refresh_token":"R","refresh_token_expires_in":604799,"scope":"AccountInfo CallLog","owner_id":"256440016"}"#,
        (Some(7199), Some(604_799), &["AccountInfo", "CallLog"]),
    ),
    (
        "pinterest",
        r#"{"access_token":"T","refresh_token":"R","response_type":"authorization_code","token_type":"bearer","expires_in":2592000,"refresh_token_expires_in":5184000,"scope":"boards:read,pins:read"}"#,
        (Some(2_592_000), Some(60 * DAY_SECS), &["boards:read", "pins:read"]),
    ),
    (
        "twitch",
        r#"{"access_token":"T","expires_in":14124,"refresh_token":"R","scope":["channel:moderate","chat:edit"],"token_type":"bearer"}"#,
        (Some(14_124), None, &["channel:moderate", "chat:edit"]),
    ),
    (
        "docusign",
        r#"{"access_token":"T","token_type":"Bearer","refresh_token":"R","expires_in":28800}"#,
        (Some(28_800), Some(30 * DAY_SECS), &[]),
    ),
    (
        "zoho",
        r#"{"access_token":"T","refresh_token":"R","api_domain":"https://www.zohoapis.com","token_type":"Bearer","expires_in":3600}"#,
        (Some(3600), None, &[]),
    ),
    (
        "bamboohr",
        r#"{"access_token":"T","expires_in":3600,"token_type":"Bearer","scope":"employee offline_access","refresh_token":"R","id_token":"I","companyDomain":"acme"}"#,
        (Some(3600), None, &["employee", "offline_access"]),
    ),
    (
        "paypal",
        r#"{"scope":"https://uri.paypal.com/services/invoicing","access_token":"T","token_type":"Bearer","app_id":"APP-80W284485P519543T","expires_in":31349,"nonce":"n"}"#,
        (Some(31_349), None, &["https://uri.paypal.com/services/invoicing"]),
    ),
];

#[test]
fn the_documented_answer_of_each_provider_is_read() {
    for (id, body, (life, refresh_life, scopes)) in ANSWERS.iter().copied() {
        let grant = answered(id, 200, body).unwrap();
        assert_eq!(grant.access_token.expose(), "T", "{id}");
        let facts = &grant.facts;
        let secs = |at: Option<DateTime<Utc>>| at.map(|at| (at - sent_at()).num_seconds());
        assert_eq!(secs(facts.expires_at), life, "{id}");
        let source = if life.is_some() { ExpirySource::Server } else { ExpirySource::Unknown };
        assert_eq!(facts.expiry_source, source, "{id}");
        assert_eq!(secs(facts.refresh_expires_at), refresh_life, "{id}");
        assert_eq!(facts.scope.clone().unwrap_or_default(), scopes, "{id}");
        if body.contains("\"R\"") {
            assert_eq!(grant.refresh_token.unwrap().expose(), "R", "{id}");
        }
    }
}

/// An error: the preset, status and body; the code, whether the preset explains it, and whether it ends the
/// session as the response to a refresh.
type Refused = (&'static str, u16, &'static str, &'static str, bool, bool);

const ERRORS: &[Refused] = &[
    (
        "google",
        400,
        r#"{"error":"invalid_grant","error_description":"Bad Request"}"#,
        "invalid_grant",
        false,
        true,
    ),
    (
        "github",
        200,
        r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired.","error_uri":"/x"}"#,
        "bad_verification_code",
        true,
        false,
    ),
    (
        "github",
        200,
        "error=bad_refresh_token&error_description=The+refresh+token+passed+is+incorrect+or+expired.",
        "bad_refresh_token",
        false,
        true,
    ),
    ("slack", 200, r#"{"ok":false,"error":"invalid_code"}"#, "invalid_code", true, false),
    (
        "slack-user",
        200,
        r#"{"ok":false,"error":"invalid_refresh_token"}"#,
        "invalid_refresh_token",
        false,
        true,
    ),
    (
        "hubspot",
        400,
        r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"x"}"#,
        "BAD_REFRESH_TOKEN",
        true,
        true,
    ),
    (
        "hubspot",
        400,
        r#"{"message":"Invalid input","correlationId":"x","category":"VALIDATION_ERROR"}"#,
        "VALIDATION_ERROR",
        false,
        false,
    ),
    (
        "hubspot",
        400,
        r#"{"error":"invalid_grant","error_description":"x","message":"y"}"#,
        "invalid_grant",
        false,
        true,
    ),
    (
        "atlassian",
        403,
        r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#,
        "unauthorized_client",
        true,
        false,
    ),
    (
        "dropbox",
        400,
        r#"{"error":"invalid_grant","error_description":"refresh token is invalid or revoked"}"#,
        "invalid_grant",
        false,
        true,
    ),
    (
        "zoom",
        401,
        r#"{"reason":"Invalid Token!","error":"invalid_request"}"#,
        "invalid_request",
        false,
        false,
    ),
    ("discord", 401, r#"{"error":"invalid_client"}"#, "invalid_client", false, false),
    (
        "salesforce",
        400,
        r#"{"error":"invalid_client_id","error_description":"client identifier invalid"}"#,
        "invalid_client_id",
        true,
        false,
    ),
    (
        "spotify",
        400,
        r#"{"error":"invalid_grant","error_description":"Refresh token revoked"}"#,
        "invalid_grant",
        false,
        true,
    ),
    (
        "entra",
        401,
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215],"timestamp":"2026-01-01 00:00:00Z"}"#,
        "invalid_client",
        false,
        false,
    ),
    (
        "miro",
        401,
        r#"{"status":401,"code":"oauthError","message":"Redirect URI mismatch.","type":"error"}"#,
        "oauthError",
        true,
        false,
    ),
    ("pinterest", 401, r#"{"code":2,"message":"Authentication failed."}"#, "2", false, false),
    ("zoho", 200, r#"{"error":"invalid_code"}"#, "invalid_code", true, false),
    ("notion", 400, r#"{"error":"invalid_grant","request_id":"q"}"#, "invalid_grant", false, true),
    (
        "box",
        400,
        r#"{"error":"invalid_grant","error_description":"Refresh token has expired"}"#,
        "invalid_grant",
        false,
        true,
    ),
];

#[test]
fn the_documented_errors_of_each_provider_are_read() {
    for (id, status, body, code, explained, ends_session) in ERRORS.iter().copied() {
        let Err(TokenError::Refused { code: said, meaning, .. }) = answered(id, status, body) else {
            panic!("{id}: {body}");
        };
        assert_eq!(said.as_deref(), Some(code), "{id}");
        assert_eq!(meaning.is_some(), explained, "{id}: {meaning:?}");
        assert_eq!(provider(id).refresh.is_refusal(code), ends_session, "{id}");
    }
}
