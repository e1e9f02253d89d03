//! An API and its authorization server, which counts tokens and rejected requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyfob::base::clock::{Clock as _, SystemClock};

use crate::cli::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::server::{Request, Response, ScriptedServer};

/// The account of [`Api::import`].
pub(crate) const CAR: &str = "car-dev";

#[derive(Default)]
struct State {
    /// When each token was issued; its number is its place, from 1.
    issued: Vec<Instant>,
    /// Tokens up to this number are revoked.
    revoked: usize,
    /// Requests with a token that isn't valid.
    rejected: usize,
    /// Requests with a valid token, by its number.
    served: Vec<usize>,
}

pub(crate) struct Api {
    pub(crate) server: ScriptedServer,
    pub(crate) canary: String,
    life: Duration,
    state: Arc<Mutex<State>>,
}

impl Api {
    /// Its tokens live `life`. A request with a valid one is answered by `serve`.
    pub(crate) fn start(
        life: Duration,
        serve: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self::challenging("Basic realm=\"api\"", life, serve)
    }

    /// The same with its own `WWW-Authenticate`.
    pub(crate) fn challenging(
        challenge: &str,
        life: Duration,
        serve: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let challenge = challenge.to_owned();
        let (canary, state) = (canary(), Arc::new(Mutex::new(State::default())));
        let (mark, known) = (canary.clone(), Arc::clone(&state));
        let server = ScriptedServer::judging(move |request: &Request| {
            let mut state = known.lock().unwrap();
            if request.path == "/token" {
                state.issued.push(Instant::now());
                return token_response(&mark, state.issued.len(), life);
            }
            let valid = number(request.header("authorization"), &mark);
            if let Some(number) = valid.filter(|number| is_valid(&state, *number, life)) {
                state.served.push(number);
                drop(state);
                return serve(request);
            }
            // A client that asks without credentials first learns what is wanted.
            state.rejected += usize::from(request.header("authorization").is_some());
            Response::json(401, "{}").header("WWW-Authenticate", &challenge)
        });
        Self { server, canary, life, state }
    }

    /// One that answers every request with a small object.
    pub(crate) fn plain(life: Duration) -> Self {
        Self::start(life, |request| Response::json(200, format!(r#"{{"path":"{}"}}"#, request.path)))
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }

    /// An account with a client secret, whose API is this server.
    pub(crate) fn account(&self) -> AccountToml {
        AccountToml::new(CAR, "client_credentials")
            .secret(&format!("secret-{}", self.canary))
            .lines(&format!("[account.api]\nbase_url = \"{}\"", self.server.url("/v1/me")))
            .on(&self.server, &["token"])
    }

    pub(crate) fn import(&self, place: &Place<'_>) {
        place.run_with(&["import", "-"], &self.account().to_string()).ok();
    }

    /// Says for an `Authorization` header of another server whether its token is valid, and counts the request.
    pub(crate) fn judge(&self) -> impl Fn(Option<&str>) -> bool + Send + Sync + 'static {
        let (state, mark, life) = (Arc::clone(&self.state), self.canary.clone(), self.life);
        move |authorization| {
            let mut state = state.lock().unwrap();
            let valid = number(authorization, &mark).filter(|number| is_valid(&state, *number, life));
            match valid {
                Some(number) => state.served.push(number),
                None => state.rejected += 1,
            }
            valid.is_some()
        }
    }

    pub(crate) fn token(&self, number: usize) -> String {
        access_token(&self.canary, number)
    }

    pub(crate) fn revoke_all(&self) {
        let mut state = self.state.lock().unwrap();
        state.revoked = state.issued.len();
    }

    pub(crate) fn issued(&self) -> usize {
        self.state.lock().unwrap().issued.len()
    }

    pub(crate) fn rejected(&self) -> usize {
        self.state.lock().unwrap().rejected
    }

    /// The numbers of the tokens that were used, in order.
    pub(crate) fn served(&self) -> Vec<usize> {
        self.state.lock().unwrap().served.clone()
    }

    /// Checks that no token came sooner than half a life after the last, and that each was used.
    pub(crate) fn renewed_once_per_expiry(&self) {
        let state = self.state.lock().unwrap();
        for pair in state.issued.windows(2) {
            let gap = pair[1] - pair[0];
            assert!(gap + Duration::from_millis(20) >= self.life / 2, "{gap:?}");
        }
        assert_eq!(state.rejected, 0, "of {} requests", state.served.len());
    }

    /// Waits until the newest token has expired.
    pub(crate) fn outlive(&self) {
        let last = *self.state.lock().unwrap().issued.last().unwrap();
        std::thread::sleep(
            (last + self.life + Duration::from_millis(100)).saturating_duration_since(Instant::now()),
        );
    }
}

fn is_valid(state: &State, number: usize, life: Duration) -> bool {
    let issued = number.checked_sub(1).and_then(|place| state.issued.get(place));
    number > state.revoked && issued.is_some_and(|issued| issued.elapsed() < life)
}

fn access_token(mark: &str, number: usize) -> String {
    format!("at-{number}-{mark}")
}

fn token_response(mark: &str, number: usize, life: Duration) -> Response {
    let id_token = id_token(mark, number, life);
    let body = format!(
        r#"{{"access_token":"{}","token_type":"Bearer","expires_in":{},"id_token":"{id_token}"}}"#,
        access_token(mark, number),
        life.as_secs()
    );
    Response::json(200, body)
}

/// An unsigned ID token of the person with this number.
fn id_token(mark: &str, number: usize, life: Duration) -> String {
    let end = SystemClock.now().timestamp() + i64::try_from(life.as_secs()).unwrap();
    let claims = format!(r#"{{"sub":"person-{number}","exp":{end},"groups":["a","b"],"mark":"{mark}"}}"#);
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims), part("signature"))
}

/// The number of the token in a request: as a bearer token, alone, or as a password.
fn number(authorization: Option<&str>, mark: &str) -> Option<usize> {
    let value = authorization?;
    let token = match value.split_once(' ') {
        Some(("Bearer", token)) => token.to_owned(),
        Some(("Basic", encoded)) => {
            let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
            pair.split_once(':')?.1.to_owned()
        }
        _ => value.to_owned(),
    };
    token.strip_prefix("at-")?.strip_suffix(mark)?.trim_end_matches('-').parse().ok()
}
