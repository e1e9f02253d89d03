//! Likely causes of a refusal, from the request's facts and the server's error.
//!
//! Invariant: hints hold no secret, and nothing here is tried automatically.

use chrono::NaiveDate;

use super::redirect_mismatch::{RedirectMismatch, Redirects, mismatch};
use crate::domain::account::Client;
use crate::domain::oauth::client_auth;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::Provider;
use crate::domain::provider::spec::ClientAuth;

const SCOPES_MAX: usize = 12;

/// Entra's numbers for a rejected scope, whatever the code.
const SCOPE_NUMBERS: [&str; 5] =
    ["AADSTS70011:", "AADSTS650053:", "AADSTS28000:", "AADSTS700022:", "AADSTS1002012:"];

/// Codes for causes other than the client.
const OTHERWISE: [&str; 13] = [
    "invalid_request",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "interaction_required",
    "use_dpop_nonce",
    "invalid_dpop_proof",
];

/// What is known beside the server's error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    pub host: String,
    /// The redirect URIs, if the server doesn't know the one that was sent.
    pub redirect: Option<Box<RedirectMismatch>>,
    pub scopes: Scopes,
    /// Other client authentication methods that would send something different.
    pub tries: Vec<ClientAuth>,
    /// The client secret's expiry by the user's own note.
    pub secret_expired: Option<NaiveDate>,
    /// The client authenticates with its private key and sends no secret.
    pub by_key: bool,
    /// The refused client sends no secret and no other authentication.
    pub unproved: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scopes {
    /// None was requested or refused.
    #[default]
    None,
    /// The server names these, or they are the only one requested.
    Refused(Vec<String>),
    /// One of these.
    Among(Vec<String>),
}

/// The useful facts of a refused request.
#[derive(Debug, Clone, Copy)]
pub struct RefusedRequest<'a> {
    pub provider: &'a Provider,
    /// The redirect URI, if one was sent.
    pub redirects: Option<Redirects<'a>>,
    /// The client whose credentials were sent; `None` at the authorization endpoint.
    pub client: Option<&'a Client>,
    /// The client secret's expiry by the user's own note.
    pub secret_expires: Option<NaiveDate>,
    pub today: NaiveDate,
}

impl Hints {
    pub fn of(
        asked: &RefusedRequest<'_>,
        status: u16,
        code: Option<&str>,
        description: Option<&str>,
    ) -> Self {
        let provider = asked.provider;
        let (code, description) = (code.unwrap_or_default(), description.unwrap_or_default());
        let endpoint = match asked.client {
            Some(_) => provider.token.as_ref(),
            None => provider.authorize.as_ref(),
        };
        let bad_client = is_about_the_client(code, status);
        Self {
            host: endpoint.and_then(|url| url.host_str()).unwrap_or_default().to_owned(),
            redirect: asked.redirects.and_then(|it| mismatch(code, description, &it)).map(Box::new),
            scopes: Scopes::refused(&provider.scopes, code, description),
            tries: asked.client.filter(|_| bad_client).map_or_else(Vec::new, |it| tries(provider, it)),
            secret_expired: asked.secret_expires.filter(|day| bad_client && *day < asked.today),
            by_key: proves_by_key(provider),
            unproved: bad_client
                && !proves_by_key(provider)
                && asked.client.is_some_and(|it| provider.client_auth == ClientAuth::None || !has_secret(it)),
        }
    }
}

/// Returns true if a refusal is about scopes, in the standard's or another known spelling.
pub fn is_about_scopes(code: &str) -> bool {
    matches!(code, "invalid_scope" | "scope_invalid" | "invalid_scopes" | "bad_scope")
}

/// Returns true if a refusal is about the client: its code says so, it has only a status, or it has a custom
/// code with the status that the standard reserves for this (RFC 6749, section 5.2).
pub fn is_about_the_client(code: &str, status: u16) -> bool {
    match code {
        "invalid_client" | "incorrect_client_credentials" => true,
        "" => matches!(status, 401 | 403),
        code => status == 401 && !OTHERWISE.contains(&code),
    }
}

fn proves_by_key(provider: &Provider) -> bool {
    let by_assertion = provider.grant == GrantType::JwtBearer && provider.client_auth == ClientAuth::None;
    by_assertion || provider.client_auth == ClientAuth::PrivateKeyJwt
}

impl Scopes {
    fn refused(requested: &[String], code: &str, description: &str) -> Self {
        let is_refused =
            is_about_scopes(code) || SCOPE_NUMBERS.iter().any(|number| description.contains(number));
        if !is_refused || requested.is_empty() {
            return Self::None;
        }
        // Google lists the valid scopes beside the invalid ones.
        let bad = description.split_once("invalid=[").and_then(|(_, rest)| rest.split(']').next());
        let text = bad.unwrap_or(description);
        let named: Vec<String> = requested.iter().filter(|scope| names(text, scope)).cloned().collect();
        match (named.is_empty(), requested.len()) {
            (false, _) => Self::Refused(named),
            (true, 1) => Self::Refused(requested.to_vec()),
            (true, _) => Self::Among(requested.iter().take(SCOPES_MAX).cloned().collect()),
        }
    }
}

/// Returns true if a text has this scope, not only as part of a longer one.
fn names(text: &str, scope: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, ':' | '/' | '_' | '-');
    text.match_indices(scope).any(|(at, _)| {
        let rest = &text[at + scope.len()..];
        // A full stop may end a sentence or be part of a longer scope.
        let longer =
            rest.starts_with(inside) || rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(inside));
        !longer && !text[..at].ends_with(|c: char| inside(c) || c == '.')
    })
}

fn has_secret(client: &Client) -> bool {
    client.client_secret.as_ref().is_some_and(|secret| !secret.is_empty())
}

/// Client authentication methods that would send something different, the likeliest first.
fn tries(provider: &Provider, client: &Client) -> Vec<ClientAuth> {
    let differ = client_auth::basic_differs(client);
    let raw = differ.then_some(ClientAuth::BasicRaw);
    let encoded = differ.then_some(ClientAuth::Basic);
    if !has_secret(client) {
        return Vec::new();
    }
    match provider.client_auth {
        ClientAuth::Basic => raw.into_iter().chain([ClientAuth::Body]).collect(),
        ClientAuth::BasicRaw => encoded.into_iter().chain([ClientAuth::Body]).collect(),
        ClientAuth::Body => [ClientAuth::Basic].into_iter().chain(raw).collect(),
        ClientAuth::ClientSecretJwt => vec![ClientAuth::Basic, ClientAuth::Body],
        ClientAuth::None | ClientAuth::PrivateKeyJwt => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::ClientSecret;
    use crate::domain::test_support::provider;

    fn client(secret: &str) -> Client {
        let client_secret = Some(ClientSecret::new(secret.to_owned()));
        Client { client_id: "an-id".to_owned(), client_secret, ..Client::default() }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hints(auth: ClientAuth, secret: &str, status: u16, code: &str) -> Hints {
        let provider = Provider { client_auth: auth, ..provider("https://server.example.com/authorize") };
        let (client, today) = (client(secret), day("2030-05-02"));
        let secret_expires = Some(day("2030-05-01"));
        let asked = RefusedRequest {
            provider: &provider,
            redirects: None,
            client: Some(&client),
            secret_expires,
            today,
        };
        Hints::of(&asked, status, (!code.is_empty()).then_some(code), None)
    }

    #[test]
    fn a_refused_client_may_be_sent_in_another_way_that_differs() {
        use ClientAuth::{Basic, BasicRaw, Body};
        let tries = |auth, secret| hints(auth, secret, 401, "invalid_client").tries;
        assert_eq!(tries(Basic, "a:b%/+"), [BasicRaw, Body]);
        assert_eq!(tries(Basic, "plain-secret_1."), [Body], "the raw one would be the very same request");
        assert_eq!(tries(BasicRaw, "a/b"), [Basic, Body]);
        assert_eq!(tries(Body, "a/b"), [Basic, BasicRaw]);
        assert_eq!(tries(ClientAuth::None, "a/b"), []);
        assert_eq!(tries(Basic, ""), []);
        assert_eq!(hints(Basic, "a/b", 401, "").tries, [BasicRaw, Body], "an empty 401 is about the client");
        assert_eq!(hints(Basic, "a/b", 400, "invalid_grant").tries, []);
        assert_eq!(hints(Basic, "a/b", 403, "").tries, [BasicRaw, Body], "some servers say 403");
        assert_eq!(hints(Basic, "a/b", 403, "access_denied").tries, []);
        assert_eq!(
            hints(Basic, "a/b", 401, "oauth.v2.InvalidApiKey").tries,
            [BasicRaw, Body],
            "a code of its own"
        );
        assert_eq!(hints(Basic, "a/b", 400, "oauth.v2.InvalidApiKey").tries, []);
        assert_eq!(hints(Basic, "a/b", 401, "invalid_grant").tries, []);
    }

    #[test]
    fn an_expired_secret_is_named_where_the_client_is_refused() {
        assert_eq!(
            hints(ClientAuth::Body, "x", 401, "invalid_client").secret_expired,
            Some(day("2030-05-01"))
        );
        assert_eq!(hints(ClientAuth::Body, "x", 400, "invalid_grant").secret_expired, None);
    }

    #[test]
    fn a_client_that_has_a_key_and_no_secret_is_known_by_it() {
        let of = |grant, client_auth| {
            let provider =
                Provider { grant, client_auth, ..provider("https://server.example.com/authorize") };
            let (client, today) = (client(""), day("2030-05-02"));
            let (redirects, client) = (None, Some(&client));
            let asked =
                RefusedRequest { provider: &provider, redirects, client, secret_expires: None, today };
            Hints::of(&asked, 401, Some("invalid_client"), None).by_key
        };
        assert!(of(GrantType::JwtBearer, ClientAuth::None));
        assert!(of(GrantType::ClientCredentials, ClientAuth::PrivateKeyJwt));
        assert!(!of(GrantType::JwtBearer, ClientAuth::Body));
        assert!(!of(GrantType::AuthorizationCode, ClientAuth::None));
    }

    #[test]
    fn a_client_that_shows_nothing_of_itself_is_known_by_that() {
        use ClientAuth::{Basic, None};
        for (auth, secret, code, unproved) in [
            (Basic, "", "invalid_client", true),
            (None, "s", "invalid_client", true),
            (Basic, "s", "invalid_client", false),
            (Basic, "", "invalid_grant", false),
            (ClientAuth::PrivateKeyJwt, "", "invalid_client", false),
        ] {
            assert_eq!(hints(auth, secret, 401, code).unproved, unproved, "{auth:?} {secret} {code}");
        }
    }

    #[test]
    fn the_refused_scope_is_named() {
        let asked = ["read", "read.all", "https://example.com/auth/mail"].map(str::to_owned);
        let refused = |asked: &[String], said: &str| Scopes::refused(asked, "invalid_scope", said);
        let named = |scopes: &[&str]| Scopes::Refused(scopes.iter().map(|&scope| scope.to_owned()).collect());
        assert_eq!(refused(&asked, "The scope 'read.all' is unknown."), named(&["read.all"]));
        assert_eq!(refused(&asked, "no such scope: read."), named(&["read"]));
        let google =
            "Some requested scopes were invalid. {valid=[read], invalid=[https://example.com/auth/mail]}";
        assert_eq!(refused(&asked, google), named(&["https://example.com/auth/mail"]));
        assert_eq!(refused(&asked, "already"), Scopes::Among(asked.to_vec()));
        assert_eq!(refused(&asked[..1], ""), named(&["read"]));
        let entra = "AADSTS650053: The application 'a' asked for scope 'read' that doesn't exist on the resource 'b'.";
        assert_eq!(Scopes::refused(&asked, "invalid_client", entra), named(&["read"]));
        assert_eq!(refused(&[], "read"), Scopes::None);
        assert_eq!(Scopes::refused(&asked, "invalid_grant", "read"), Scopes::None);
    }
}
