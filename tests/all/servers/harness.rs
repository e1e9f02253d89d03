//! The servers' tests share this: accounts that record what they exercise in the table, and a user who fills
//! in the forms of a sign-in page.
//!
//! The records are read from the account and its HTTP log, after a success.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use keyfob::domain::account::AccountId;
use keyfob::domain::http_log::record::{Outcome, RequestKind};
use keyfob::domain::oauth::id_token::IdTokenStatus;
use keyfob::domain::oauth::introspection;
use keyfob::domain::provider::EndpointKind;
use keyfob::domain::provider::spec::ClientAuth;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::explain::{Action, UserMessage, explain};
use keyfob::messages::snapshot::DeviceCodeView;
use url::Url;

use super::ledger::Ledger;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Running, request};
use crate::support::engine::{Place, Rig};
use crate::support::raw;

/// A running server, and the line of JSON that it printed when it listened.
pub(crate) struct Server {
    pub(crate) about: serde_json::Value,
    _running: Running,
}

impl Server {
    pub(crate) fn start(bus: &Bus, name: &str, program: &str, words: &[&str]) -> Self {
        let mut command = bus.command(program);
        command.args(words).stdout(Stdio::piped()).stderr(bus.log(name));
        let mut running = Running::start(&mut command);
        let mut line = String::new();
        let stdout = running.child().stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let about = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = std::fs::read_to_string(bus.path(&format!("{name}.log"))).unwrap_or_default();
            panic!("{name} did not start; was tests/setup.sh run? {log}")
        });
        Self { about, _running: running }
    }

    /// A string from that line.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("no {name}"))
    }
}

#[derive(Clone)]
pub(crate) struct Lines {
    grant: String,
    auth: String,
    /// The issuer, instead of all endpoints.
    issuer: Option<String>,
    account: AccountToml,
}

impl Lines {
    pub(crate) fn new(grant: &str, auth: &str) -> Self {
        let account =
            AccountToml::new("", grant).with("client_auth", auth).raw("background_refresh", "false");
        Self { grant: grant.to_owned(), auth: auth.to_owned(), issuer: None, account }
    }

    /// A key with a string.
    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        Self { account: self.account.with(key, value), ..self }
    }

    /// A key with a TOML value; replaces an earlier one.
    pub(crate) fn raw(self, key: &str, value: &str) -> Self {
        Self { account: self.account.raw(key, value), ..self }
    }

    /// Uses discovery by the issuer instead of endpoints.
    pub(crate) fn by_issuer(self, issuer: &str) -> Self {
        let account = self.account.without_endpoints().with("issuer", issuer);
        Self { issuer: Some(issuer.to_owned()), account, ..self }
    }

    pub(crate) fn at(self, endpoint: &str, address: &str) -> Self {
        Self { account: self.account.at(endpoint, address), ..self }
    }
}

pub(crate) struct Accounts {
    _place: Place,
    rig: Rig,
    /// The lines of each account, by name.
    lines: BTreeMap<String, Lines>,
    /// What they have shown.
    pub(crate) ledger: Ledger,
}

impl Accounts {
    pub(crate) fn at(server: &'static str) -> Self {
        let place = Place::new();
        let rig = place.command_line();
        Self { _place: place, rig, lines: BTreeMap::new(), ledger: Ledger::of(server) }
    }

    /// Adds an account and returns its name.
    pub(crate) fn add(&mut self, lines: &Lines) -> String {
        let name = format!("account {}", self.lines.len() + 1);
        self.rig.import(&lines.account.clone().with("name", &name).to_string()).unwrap();
        self.lines.insert(name.clone(), lines.clone());
        name
    }

    fn command(&self, command: impl FnOnce(AccountId) -> Command, name: &str) -> Reply {
        self.rig.ask(command(self.rig.id(name))).unwrap_or_else(|problem| panic!("{name}: {problem:?}"))
    }

    /// Records what an account with a token has shown.
    fn enter(&mut self, name: &str) {
        let Reply::HttpLog(exchanges) = self.command(Command::ReadHttpLog, name) else { panic!("{name}") };
        let (view, Lines { grant, auth, issuer, .. }) = (self.rig.view(name), &self.lines[name]);
        let overrides = &view.settings.overrides;
        let (ledger, auth) = (&mut self.ledger, format!("auth: {auth}"));
        ledger.works(grant, "");
        ledger.works(&auth, grant);
        if let Some(alg) = overrides.key_alg {
            ledger.note(&auth, &format!("{alg:?}"));
        }
        if let Some(issuer) = issuer {
            assert!(overrides.endpoints.get(EndpointKind::Token).is_some(), "found at the issuer");
            ledger.works("discovery", "");
            if Url::parse(issuer).unwrap().path() != "/" {
                ledger.note("discovery", "the issuer has a path");
            }
        }
        if let Some(verdict) = view.token.as_ref().and_then(|token| token.facts.id_token) {
            ledger.works("id_token", "");
            if verdict == IdTokenStatus::Verified {
                ledger.note("id_token", "its signature is the issuer's");
            }
        }
        for exchange in exchanges.iter() {
            let feature = match exchange.kind {
                RequestKind::Refresh => "refresh_token",
                RequestKind::Par => "pushed authorization",
                RequestKind::Introspect => "introspection",
                RequestKind::UserInfo => "userinfo",
                RequestKind::Revoke => "revocation",
                _ => continue,
            };
            if matches!(exchange.outcome, Outcome::Answered { status: 200..=299, .. }) {
                ledger.works(feature, if feature == "refresh_token" { grant } else { "" });
            }
        }
    }

    fn held(&self, name: &str) -> String {
        let held = self.rig.token(name).unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        held.access_token.expose().to_owned()
    }

    pub(crate) fn token(&mut self, name: &str) -> String {
        let token = self.held(name);
        self.enter(name);
        token
    }

    /// A token for one API (RFC 8707), which must name it.
    pub(crate) fn token_for(&mut self, name: &str, api: &str) {
        let claims =
            keyfob::domain::token::jwt::claims(&self.token(name)).expect("a token that says whom it is for");
        assert_eq!(claims["aud"], api);
        self.ledger.works("resource indicator", &self.lines[name].grant);
    }

    fn refused(&self, name: &str) -> UserMessage {
        explain(&self.rig.token(name).map(drop).unwrap_err(), Some(name), None)
    }

    /// A client authentication that this client doesn't support: it is refused, and the user's trial of
    /// another one succeeds.
    pub(crate) fn token_by_a_try(&mut self, name: &str, auth: ClientAuth, key: &str) {
        let refused = self.refused(name);
        assert!(refused.others.contains(&Action::TryClientAuth(auth)), "{refused:?}");
        self.command(|account| Command::TryClientAuth { account, auth, open_browser: false }, name);
        let lines = self.lines.get_mut(name).unwrap();
        let wrong = format!("auth: {}", std::mem::replace(&mut lines.auth, key.to_owned()));
        self.token(name);
        self.ledger.works(&wrong, "");
        self.ledger.note(&wrong, &format!("where it is refused, the try of {key} succeeds"));
    }

    /// Another token with the grant itself.
    pub(crate) fn again(&mut self, name: &str) -> String {
        self.command(Command::Refresh, name);
        self.token(name)
    }

    /// An assertion that the server refuses, which is reported without offering a sign-in.
    pub(crate) fn refused_assertion(&self, name: &str) {
        let refused = self.refused(name);
        assert!(refused.what.contains("didn't accept the assertion"), "{refused:?}");
        assert_eq!(refused.action, Some(Action::EditAccount));
    }

    /// A scope that the server refuses and the message names.
    pub(crate) fn refused_scope(&mut self, name: &str, scope: &str) {
        let refused = self.refused(name);
        assert!(refused.what.contains(&format!("“{scope}”")), "{refused:?}");
        self.ledger.works("refused scope", "");
        self.ledger.note("refused scope", "it is named");
    }

    pub(crate) fn sign_in(&mut self, name: &str, person: impl FnOnce(&Url) -> Url) -> String {
        let (address, mut answers) =
            self.rig.start_sign_in(name).unwrap_or_else(|problem| panic!("{problem:?}"));
        let back = person(&address);
        let page = raw::get(back.as_str());
        assert_eq!(page.status, 303, "{back}: {page:?}");
        answers.wait().unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        self.token(name)
    }

    pub(crate) fn id_token(&self, name: &str) -> Option<IdTokenStatus> {
        self.rig.view(name).token.as_ref().and_then(|token| token.facts.id_token)
    }

    /// A sign-in with a device code that the user enters.
    pub(crate) fn enter_code(&mut self, name: &str, person: impl FnOnce(&DeviceCodeView)) -> String {
        let command = Command::SignIn { account: self.rig.id(name), open_browser: false };
        let mut answers = self.rig.handle.ask(command).unwrap();
        let code = match answers.wait() {
            Ok(Reply::CodeGiven(code)) => code,
            other => panic!("{name}: no code, but {other:?}"),
        };
        person(&code);
        // The server uses its own clock; the engine's is advanced so that it polls.
        let ended = loop {
            self.rig.advance(6);
            // The engine reads the clock when it has work.
            self.rig.ask(Command::ClearClipboard).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(100));
            if let Some(ended) = answers.try_wait() {
                break ended;
            }
        };
        ended.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        self.token(name)
    }

    pub(crate) fn refresh(&mut self, name: &str) -> String {
        assert!(
            self.rig.view(name).token.as_ref().is_some_and(|token| token.facts.has_refresh_token),
            "{name}"
        );
        self.command(Command::Refresh, name);
        self.token(name)
    }

    /// The introspection response; panics unless the token is active.
    pub(crate) fn check(&mut self, name: &str) -> introspection::TokenStatus {
        let Reply::Checked(checked) = self.command(Command::Check, name) else { panic!("{name}") };
        assert!(checked.verdict.active, "{checked:?}");
        self.enter(name);
        checked.verdict.clone()
    }

    /// Revokes the token; the server must confirm that it is inactive.
    pub(crate) fn revoke(&mut self, name: &str) {
        assert!(matches!(self.command(Command::Revoke, name), Reply::Revoked), "{name}");
        assert!(self.rig.view(name).token.is_none());
        self.enter(name);
    }

    pub(crate) fn close(self) {
        self.ledger.close();
    }
}

/// A user whose browser keeps cookies.
#[derive(Default)]
pub(crate) struct Person {
    cookies: BTreeMap<String, String>,
    at: Option<Url>,
}

impl Person {
    /// Opens a URL and follows redirects to a page, or to a URL that no server here has: an app's redirect
    /// URI.
    pub(crate) fn go(&mut self, address: &str) -> Result<String, Url> {
        self.send("GET", Url::parse(address).unwrap(), "")
    }

    /// Fills in and submits the page's form, including the hidden fields.
    pub(crate) fn submit(&mut self, page: &str, fields: &[(&str, &str)]) -> Result<String, Url> {
        let here = self.at.clone().expect("a page");
        let form = &page[page.find("<form").unwrap_or_else(|| panic!("no form in {page}"))..];
        let form = &form[..form.find("</form").unwrap_or(form.len())];
        let tag = &form[..form.find('>').unwrap()];
        let to = attribute(tag, "action").filter(|to| !to.is_empty());
        let to = to.map_or(here.clone(), |to| here.join(&to).unwrap());
        let mut pairs: Vec<(String, String)> = Vec::new();
        for input in form.split("<input").skip(1) {
            let input = &input[..input.find('>').unwrap_or(input.len())];
            if attribute(input, "type").as_deref() == Some("hidden")
                && let Some(name) = attribute(input, "name")
            {
                pairs.push((name, attribute(input, "value").unwrap_or_default()));
            }
        }
        pairs.retain(|(name, _)| !fields.iter().any(|(known, _)| known == name));
        pairs.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send("POST", to, &body)
    }

    /// Calls an API, as a page's script does.
    pub(crate) fn send_json(&mut self, method: &str, address: &str, body: &str) {
        let sent = self.send_as("application/json", method, Url::parse(address).unwrap(), body);
        sent.expect("an answer of the same server");
    }

    fn send(&mut self, method: &str, address: Url, body: &str) -> Result<String, Url> {
        self.send_as("application/x-www-form-urlencoded", method, address, body)
    }

    fn send_as(&mut self, kind: &str, method: &str, address: Url, body: &str) -> Result<String, Url> {
        let (mut method, mut address, mut body) = (method, address, body);
        for _ in 0..20 {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let (cookies, origin) = (cookies.join("; "), address.origin().ascii_serialization());
            let headers = [
                ("Cookie", cookies.as_str()),
                ("Content-Type", kind),
                ("Origin", &origin),
                ("Referer", address.as_str()),
            ];
            let answer = request(method, address.as_str(), &headers, body);
            for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
                let pair = set.split(';').next().unwrap_or_default();
                if let Some((name, value)) = pair.split_once('=') {
                    self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
                }
            }
            let Some(to) = answer.header("location") else {
                assert!(answer.status < 400, "{address}: {} {}", answer.status, answer.body);
                self.at = Some(address);
                return Ok(answer.body);
            };
            let to = address.join(to).unwrap();
            if to.origin() != address.origin() {
                return Err(to);
            }
            (method, address, body) = ("GET", to, "");
        }
        panic!("{address} leads on and on");
    }
}

/// An attribute's value in a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!("{name}=\""))? + name.len() + 2;
    let value = &tag[at..];
    Some(value[..value.find('"')?].replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", "\""))
}
