//! The token of an account as the proxy uses it.
//!
//! Invariants: one request at a time asks for a new token, the others wait for it; a rejected token is renewed once,
//! and no more while the API rejects the new one, too: until a minute has passed or the API has accepted it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::header::{HeaderName, HeaderValue};

use crate::base::clock::{Clock as _, SystemClock};
use crate::base::secret::SecretText;

/// How long a token is used before the vault is read again, which shows what became of the account.
const READ_AGAIN: TimeDelta = TimeDelta::seconds(5);
/// How long no rejection renews a token after a renewal that helped nothing.
const QUIET: Duration = Duration::from_mins(1);

/// A token for requests to an API.
pub struct ApiToken {
    /// The header's name and value.
    pub header: (String, SecretText),
    /// Increases with each token of the account.
    pub generation: u64,
    /// When it should be renewed; `None` if that is unknown.
    pub refresh_at: Option<DateTime<Utc>>,
}

/// Why there is no token.
#[derive(Debug)]
pub struct NoToken {
    pub needs_sign_in: bool,
    pub reason: String,
}

/// Where tokens come from. Both calls block.
pub trait TokenSource: Send + Sync {
    /// A valid token of the account with that number, renewed if it has to be.
    fn token(&self, account: usize) -> Result<ApiToken, NoToken>;
    /// A token after the API has rejected the current one.
    fn renewed(&self, account: usize) -> Result<ApiToken, NoToken>;
}

/// A token as a header.
#[derive(Clone)]
pub(super) struct HeaderToken {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) generation: u64,
    use_until: DateTime<Utc>,
}

pub(super) struct AccountTokens {
    account: usize,
    source: Arc<dyn TokenSource>,
    current: Mutex<Option<HeaderToken>>,
    /// A renewal after a rejection whose token was rejected, too, and until when no other follows.
    fruitless: Mutex<Option<(u64, std::time::Instant)>>,
    /// Held while the source is asked.
    asking: tokio::sync::Mutex<()>,
}

impl AccountTokens {
    pub(super) fn new(account: usize, source: Arc<dyn TokenSource>) -> Self {
        Self {
            account,
            source,
            current: Mutex::default(),
            fruitless: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn current(&self) -> Result<HeaderToken, NoToken> {
        if let Some(token) = self.usable() {
            return Ok(token);
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.usable() {
            return Ok(token);
        }
        self.ask(|source, account| source.token(account)).await
    }

    /// The token to repeat a request with, after the API rejected the one of this generation. `None` if there is none,
    /// or a renewal would not help.
    pub(super) async fn after_rejection(&self, generation: u64) -> Option<HeaderToken> {
        let _asking = self.asking.lock().await;
        let newer = self.kept().filter(|token| token.generation > generation);
        if newer.is_some() {
            return newer;
        }
        let fruitless = *self.fruitless.lock().unwrap_or_else(PoisonError::into_inner);
        let is_quiet =
            |(of, until): (u64, std::time::Instant)| of == generation && std::time::Instant::now() < until;
        if fruitless.is_some_and(is_quiet) {
            return None;
        }
        let renewed = self.ask(|source, account| source.renewed(account)).await.ok();
        renewed.filter(|token| token.generation > generation)
    }

    /// Notes that the API has rejected a token that it got in the place of a rejected one.
    pub(super) fn rejected_anew(&self, generation: u64) {
        let until = std::time::Instant::now() + QUIET;
        *self.fruitless.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, until));
    }

    /// Notes that the API has accepted a token. A later rejection then means something new, such as a revocation.
    pub(super) fn accepted(&self, generation: u64) {
        let mut fruitless = self.fruitless.lock().unwrap_or_else(PoisonError::into_inner);
        if fruitless.is_some_and(|(of, _)| of == generation) {
            *fruitless = None;
        }
    }

    fn kept(&self) -> Option<HeaderToken> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn usable(&self) -> Option<HeaderToken> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|token| SystemClock.now() < token.use_until).cloned()
    }

    async fn ask(
        &self,
        ask: impl FnOnce(&dyn TokenSource, usize) -> Result<ApiToken, NoToken> + Send + 'static,
    ) -> Result<HeaderToken, NoToken> {
        let (source, account) = (Arc::clone(&self.source), self.account);
        let asked = tokio::task::spawn_blocking(move || ask(source.as_ref(), account)).await;
        let stopped = |_| NoToken { needs_sign_in: false, reason: "Keyfob is stopping".to_owned() };
        let token = asked.map_err(stopped)??;
        let token = HeaderToken::of(&token, SystemClock.now())?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }
}

impl HeaderToken {
    fn of(token: &ApiToken, now: DateTime<Utc>) -> Result<Self, NoToken> {
        let unusable = || NoToken {
            needs_sign_in: false,
            reason: "the token has a character that a header can't carry".to_owned(),
        };
        let (name, value) = &token.header;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
        let mut value = HeaderValue::from_bytes(value.expose().as_bytes()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        let read_again = now + READ_AGAIN;
        let use_until = token.refresh_at.map_or(read_again, |at| at.min(read_again));
        Ok(Self { name, value, generation: token.generation, use_until })
    }
}
