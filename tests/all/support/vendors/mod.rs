//! One strict server per vendor: it refuses everything that deviates from the vendor's document.
//!
//! Each requirement below is from the document or the OAuth standards that it refers to, or is marked as
//! inferred. Deviations are recorded for the test.

mod judge;

use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use self::judge::Judge;
use super::canary;
use super::raw;
use super::server::{Request, Response, ScriptedServer};

/// The document that a server follows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Document {
    SmartConnect,
    SmartDocumentor,
    SmartSense,
    /// With the value of `ACCESSTOKEN`, if required.
    Connect(Option<String>),
    /// With the registered redirect URI.
    Smartcar(String),
}

/// A vendor's client registration.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Default)]
struct State {
    deviations: Vec<String>,
    code: Option<Code>,
    refresh_tokens: Vec<String>,
    issued: Vec<String>,
    refusals: usize,
    next_access_token: Option<String>,
    next_answer: Option<String>,
}

struct Code {
    value: String,
    redirect_uri: String,
    challenge: Option<String>,
    is_used: bool,
}

struct Inner {
    document: Document,
    known: Known,
    state: Mutex<State>,
}

pub(crate) struct Vendor {
    pub(crate) server: ScriptedServer,
    pub(crate) known: Known,
    inner: Arc<Inner>,
}

impl Vendor {
    /// `smartconnect.txt`: the password grant, everything in a form, a response without `expires_in`.
    pub(crate) fn smartconnect() -> Self {
        Self::start(Document::SmartConnect)
    }

    /// `smartdocumentor.txt`: client credentials in a form, with the scope `WebAPI`.
    pub(crate) fn smartdocumentor() -> Self {
        Self::start(Document::SmartDocumentor)
    }

    /// `smartsense.txt`: client credentials over HTTP Basic, `Accept: application/json`.
    pub(crate) fn smartsense() -> Self {
        Self::start(Document::SmartSense)
    }

    /// `connect.txt`: authorization code, JSON, `expires_at` and `type`; with an `ACCESSTOKEN` if given.
    pub(crate) fn connect(access_token_header: Option<&str>) -> Self {
        Self::start(Document::Connect(access_token_header.map(str::to_owned)))
    }

    /// `smartcar.txt`: authorization code, raw Basic, a form, an exactly matched redirect URI.
    pub(crate) fn smartcar(redirect_uri: &str) -> Self {
        Self::start(Document::Smartcar(redirect_uri.to_owned()))
    }

    fn start(document: Document) -> Self {
        // These characters show whether ID and secret are form-encoded, raw, or cut at a colon.
        let awkward = if matches!(document, Document::Smartcar(_)) { ":b%/+" } else { "" };
        let known = Known {
            client_id: format!("id-{}", canary()),
            client_secret: format!("{}{awkward}", canary()),
            username: "user+one@example.com".to_owned(),
            password: format!("{} &=+%", canary()),
        };
        let inner = Arc::new(Inner { document, known: known.clone(), state: Mutex::default() });
        let judging = Arc::clone(&inner);
        let server = ScriptedServer::judging(move |request| judging.answer(request));
        Self { server, known, inner }
    }

    /// The authorization endpoint. No document names its path, so any will do.
    pub(crate) fn authorize_url(&self) -> String {
        self.server.url("/oauth/authorize")
    }

    /// The token endpoint, under the document's path.
    pub(crate) fn token_url(&self) -> String {
        self.server.url(self.inner.token_path())
    }

    /// Plays a user's browser: opens the sign-in link and returns the redirect.
    pub(crate) fn browse(&self, address: &str) -> String {
        assert!(address.starts_with(&self.authorize_url()), "{address}");
        let answer = raw::get(address);
        assert_eq!(answer.status, 302, "{}", answer.body);
        answer.header("location").unwrap().to_owned()
    }

    /// Sets the next access token, for example a JWT.
    pub(crate) fn next_access_token(&self, token: &str) {
        self.inner.state().next_access_token = Some(token.to_owned());
    }

    /// Sets the complete next response to a valid request.
    pub(crate) fn next_answer(&self, json: &str) {
        self.inner.state().next_answer = Some(json.to_owned());
    }

    pub(crate) fn deviations(&self) -> Vec<String> {
        self.inner.state().deviations.clone()
    }

    pub(crate) fn issued(&self) -> Vec<String> {
        self.inner.state().issued.clone()
    }

    pub(crate) fn token_requests(&self) -> Vec<Request> {
        self.server.requests_to(self.inner.token_path())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn token_path(&self) -> &'static str {
        match self.document {
            Document::SmartConnect => "/token",
            Document::SmartDocumentor => "/connect/token",
            Document::SmartSense => "/auth/oauth",
            Document::Connect(_) | Document::Smartcar(_) => "/oauth/token",
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let has_browser = matches!(self.document, Document::Connect(_) | Document::Smartcar(_));
        if has_browser && request.path == "/oauth/authorize" {
            return self.authorize(request);
        }
        let mut judge = Judge::new(request, &self.known);
        judge.demand(request.path == self.token_path(), "the path");
        judge.demand(request.method == "POST" && request.query.is_empty(), "POST without a query");
        let grant = match &self.document {
            Document::SmartConnect => self.smartconnect_request(&mut judge),
            Document::SmartDocumentor => self.smartdocumentor_request(&mut judge),
            Document::SmartSense => smartsense_request(&mut judge),
            Document::Connect(key) => self.connect_request(&mut judge, key.as_deref()),
            Document::Smartcar(_) => self.smartcar_request(&mut judge),
        };
        self.state().deviations.extend(judge.deviations.iter().cloned());
        match grant {
            _ if !judge.deviations.is_empty() => {
                refusal(400, "invalid_request", &judge.deviations.join("; "))
            }
            Err(refused) => refused,
            Ok(()) => self.granted(),
        }
    }

    fn smartconnect_request(&self, judge: &mut Judge<'_>) -> Result<(), Response> {
        judge.content_type("application/x-www-form-urlencoded");
        judge.no_authorization();
        judge.form(&["grant_type", "username", "password", "client_id", "client_secret"], &[]);
        judge.is("grant_type", "password");
        let is_client = judge.client_in_body();
        let is_user =
            judge.value("username") == self.known.username && judge.value("password") == self.known.password;
        match (is_client, is_user) {
            (false, _) => Err(refusal(401, "invalid_client", "")),
            (_, false) => Err(refusal(400, "invalid_grant", "The user name or password is incorrect.")),
            _ => Ok(()),
        }
    }

    fn smartdocumentor_request(&self, judge: &mut Judge<'_>) -> Result<(), Response> {
        judge.content_type("application/x-www-form-urlencoded");
        judge.no_authorization();
        judge.form(&["grant_type", "scope", "client_id", "client_secret"], &[]);
        judge.is("grant_type", "client_credentials");
        judge.is("scope", "WebAPI");
        if judge.client_in_body() {
            return Ok(());
        }
        // The document's example has `error`, its table `erro`: each in turn.
        let mut state = self.state();
        state.refusals += 1;
        let field = if state.refusals.is_multiple_of(2) { "erro" } else { "error" };
        Err(Response::json(400, format!("{{\"{field}\":\"invalid_client\"}}")))
    }

    fn connect_request(&self, judge: &mut Judge<'_>, key: Option<&str>) -> Result<(), Response> {
        judge.content_type("application/json");
        judge.demand(judge.request.header("ACCESSTOKEN") == key, "ACCESSTOKEN");
        if !judge.request.header("accept").is_some_and(|accept| accept.contains("application/json")) {
            return Err(refusal(406, "Not Acceptable", "You requested a format that is not json."));
        }
        let in_header = judge.request.header("authorization").is_some();
        let credentials: &[&str] = if in_header { &[] } else { &["client_id", "client_secret"] };
        let is_refresh = judge.json().get("grant_type").is_some_and(|grant| grant == "refresh_token");
        // The refresh is inferred from the first request: `redirect_uri` is required in both.
        let (own, optional): (&[&str], &[&str]) = if is_refresh {
            (&["grant_type", "refresh_token", "redirect_uri"], &[])
        } else {
            (&["grant_type", "redirect_uri", "code"], &["code_verifier"])
        };
        judge.fields(judge.json(), &[own, credentials].concat(), optional);
        let is_client = if in_header { judge.client_in_basic() } else { judge.client_in_body() };
        if !is_client {
            return Err(refusal(401, "Unauthorized", "Your API key is wrong."));
        }
        self.spend(judge, is_refresh)
    }

    fn smartcar_request(&self, judge: &mut Judge<'_>) -> Result<(), Response> {
        judge.content_type("application/x-www-form-urlencoded");
        judge.demand(judge.request.header("user-agent").is_some_and(|agent| !agent.is_empty()), "User-Agent");
        let is_refresh = judge.request.text().contains("grant_type=refresh_token");
        if is_refresh {
            judge.form(&["grant_type", "refresh_token"], &[]);
        } else {
            judge.form(&["grant_type", "code", "redirect_uri"], &["code_verifier"]);
        }
        if !judge.client_in_basic() {
            return Err(refusal(401, "invalid_client", "Invalid or missing client credentials."));
        }
        self.spend(judge, is_refresh)
    }

    /// Uses up the code, or the refresh token, which is replaced.
    fn spend(&self, judge: &mut Judge<'_>, is_refresh: bool) -> Result<(), Response> {
        if !judge.deviations.is_empty() {
            // The caller refuses the request, so nothing is used up.
            return Ok(());
        }
        let mut state = self.state();
        if is_refresh {
            let held = state.refresh_tokens.iter().position(|known| *known == judge.value("refresh_token"));
            return match held {
                Some(at) => {
                    state.refresh_tokens.remove(at);
                    Ok(())
                }
                None => Err(refusal(400, "invalid_grant", "Invalid or expired refresh token.")),
            };
        }
        judge.is("grant_type", "authorization_code");
        let Some(code) = state.code.as_mut().filter(|code| code.value == judge.value("code")) else {
            return Err(refusal(400, "invalid_grant", "Unknown code."));
        };
        judge.demand(!std::mem::replace(&mut code.is_used, true), "a code is used once");
        judge.is("redirect_uri", &code.redirect_uri);
        let verifier = judge.value("code_verifier");
        let made =
            (!verifier.is_empty()).then(|| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
        judge.demand(made == code.challenge, "the verifier of the challenge");
        Ok(())
    }

    fn authorize(&self, request: &Request) -> Response {
        let pairs = request.query_pairs();
        let value = |name: &str| {
            let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            values.next().filter(|_| values.next().is_none())
        };
        let mut missing = Vec::new();
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                missing.push(format!("authorize: {what}"));
            }
        };
        let redirect_uri = value("redirect_uri").unwrap_or_default();
        demand(request.method == "GET", "GET");
        demand(value("response_type") == Some("code"), "response_type");
        demand(value("client_id") == Some(&self.known.client_id), "client_id");
        demand(value("client_secret").is_none(), "no secret in an address");
        demand(value("state").is_some_and(|state| state.len() >= 43), "a state that can't be guessed");
        demand(url::Url::parse(redirect_uri).is_ok(), "redirect_uri");
        if let Document::Smartcar(registered) = &self.document {
            demand(redirect_uri == registered, "the registered redirect_uri, to the letter");
        }
        let challenge = value("code_challenge").map(str::to_owned);
        demand(challenge.is_some() == (value("code_challenge_method") == Some("S256")), "S256");
        if !missing.is_empty() {
            let answer = refusal(400, "invalid_request", &missing.join("; "));
            self.state().deviations.extend(missing);
            return answer;
        }
        let code = canary();
        let mut back = url::Url::parse(redirect_uri).unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", value("state").unwrap());
        let redirect_uri = redirect_uri.to_owned();
        self.state().code = Some(Code { value: code, redirect_uri, challenge, is_used: false });
        Response::redirect(302, back.as_str())
    }

    /// The document's sample response, with generated tokens.
    fn granted(&self) -> Response {
        let mut state = self.state();
        let token = state.next_access_token.take().unwrap_or_else(canary);
        state.issued.push(token.clone());
        if let Some(answer) = state.next_answer.take() {
            return Response::json(200, answer);
        }
        let mut renewable = || {
            let refresh_token = canary();
            state.refresh_tokens.push(refresh_token.clone());
            refresh_token
        };
        let answer = match self.document {
            Document::SmartConnect => serde_json::json!({"access_token": token, "token_type": "bearer"}),
            Document::SmartDocumentor => serde_json::json!({
                "access_token": token, "expires_in": 3600, "token_type": "Bearer", "scope": "WebAPI"
            }),
            // The document shows no response; this is the minimum of RFC 6749, to which it refers.
            Document::SmartSense => serde_json::json!({"access_token": token, "token_type": "Bearer"}),
            // Far ahead, so that the current date does not matter.
            Document::Connect(_) => serde_json::json!({
                "access_token": token, "refresh_token": renewable(), "expires_at": 4_102_444_800_u64,
                "type": "bearer"
            }),
            Document::Smartcar(_) => serde_json::json!({
                "access_token": token, "token_type": "Bearer", "expires_in": 7200,
                "refresh_token": renewable()
            }),
        };
        Response::json(200, answer.to_string())
    }
}

fn smartsense_request(judge: &mut Judge<'_>) -> Result<(), Response> {
    judge.content_type("application/x-www-form-urlencoded");
    judge.demand(judge.request.header("accept") == Some("application/json"), "Accept: application/json");
    judge.demand(judge.request.header("content-length").is_some(), "Content-Length");
    judge.demand(judge.request.header("host").is_some(), "Host");
    judge.form(&["grant_type"], &[]);
    judge.is("grant_type", "client_credentials");
    if judge.client_in_basic() { Ok(()) } else { Err(refusal(401, "invalid_client", "")) }
}

fn refusal(status: u16, code: &str, description: &str) -> Response {
    let answer = serde_json::json!({"error": code, "error_description": description});
    Response::json(status, answer.to_string())
}
