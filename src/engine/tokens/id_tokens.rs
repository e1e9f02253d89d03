//! ID token checks (`OpenID` Connect Core) and the cache of issuers' keys.
//!
//! A token of another sign-in is never stored. The signature is checked after the tokens are stored, so an
//! issuer whose keys are unavailable costs no token. Keys stay in memory, for a limited time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::domain::account::Client;
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::id_token;
use crate::domain::oauth::id_token::{Held, IdTokenFlaw, IdTokenStatus};
use crate::domain::oauth::jose;
use crate::domain::oauth::jose::Keys;
use crate::domain::provider::Provider;
use crate::domain::session::Failure;
use crate::domain::time_parse;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::{AccountHttp, AccountResponse};
use crate::engine::error_mapping::NotObtained;
use crate::messages::problem::{Problem, SignInProblem};

const LIFE: TimeDelta = TimeDelta::hours(1);

/// How long to wait for keys, since the token has already arrived.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks that an ID token was issued for this sign-in (section 3.1.3.7, point 11). An unreadable one proves
/// nothing; if PKCE binds the tokens to the sign-in, it doesn't invalidate the others.
pub(crate) fn check_nonce(nonce: Option<&str>, has_pkce: bool, grant: &Grant) -> Result<(), NotObtained> {
    match (nonce, &grant.id_token) {
        (Some(_), Some(token)) if has_pkce && id_token::is_unreadable(token) => Ok(()),
        (Some(nonce), Some(token)) if !id_token::repeats(token, nonce) => {
            let problem = Problem::SignIn(SignInProblem::WrongNonce);
            Err(NotObtained { failure: Failure::Permanent, problem })
        }
        _ => Ok(()),
    }
}

/// Checks that an ID token from a refresh has the same subject as the one before it (section 12.2). Otherwise
/// nothing from the response is stored, not even a rotated refresh token, which belongs to the other subject.
/// The stored refresh token isn't sent again, and the account requires a new sign-in.
pub(crate) fn check_subject(before: &Grant, grant: &Grant) -> Result<(), NotObtained> {
    match (&before.id_token, &grant.id_token) {
        (Some(old), Some(new)) if !id_token::is_same_subject(old, new) => {
            Err(NotObtained { failure: Failure::RefreshRefused, problem: Problem::OtherSubject })
        }
        _ => Ok(()),
    }
}

/// Keys by issuer URL; clones share the cache.
#[derive(Clone, Default)]
pub(crate) struct KeyCache(Rc<RefCell<HashMap<Url, Fetched>>>);

/// Keys and the time they were fetched.
type Fetched = (DateTime<Utc>, Rc<Keys>);

impl KeyCache {
    /// Validates a grant's ID token at `now`.
    pub(crate) async fn check(
        &self,
        http: &AccountHttp,
        provider: &Provider,
        client: &Client,
        grant: &Grant,
        now: DateTime<Utc>,
    ) -> IdTokenStatus {
        match self.verify(http, provider, client, grant, now).await {
            Ok(()) => IdTokenStatus::Verified,
            Err(doubt) => IdTokenStatus::Doubted(doubt),
        }
    }

    async fn verify(
        &self,
        http: &AccountHttp,
        provider: &Provider,
        client: &Client,
        grant: &Grant,
        now: DateTime<Utc>,
    ) -> Result<(), IdTokenFlaw> {
        let token = grant.id_token.as_ref().ok_or(IdTokenFlaw::Unreadable)?;
        let skew = grant.facts.clock_skew_secs.and_then(TimeDelta::try_seconds).unwrap_or_default();
        let held = Held {
            issuer: provider.issuer.as_deref(),
            client_id: &client.client_id,
            secret: client.client_secret.as_ref(),
            access_token: &grant.access_token,
            now: time_parse::after(now, skew).unwrap_or(now),
        };
        if !jose::needs_keys(token.expose())? {
            return id_token::verify(token, &Keys::default(), &held);
        }
        let address = provider.more.jwks.as_ref().ok_or(IdTokenFlaw::NoKeys)?;
        if let Some(keys) = self.remembered(address, now) {
            match id_token::verify(token, &keys, &held) {
                // The issuer may have rotated its keys.
                Err(IdTokenFlaw::UnknownKey | IdTokenFlaw::WrongSignature) => {}
                decided => return decided,
            }
        }
        id_token::verify(token, &*self.fetch(http, address, now).await?, &held)
    }

    fn remembered(&self, address: &Url, now: DateTime<Utc>) -> Option<Rc<Keys>> {
        let mut kept = self.0.borrow_mut();
        kept.retain(|_, (since, _)| (TimeDelta::zero()..LIFE).contains(&(now - *since)));
        kept.get(address).map(|(_, keys)| Rc::clone(keys))
    }

    async fn fetch(
        &self,
        http: &AccountHttp,
        address: &Url,
        now: DateTime<Utc>,
    ) -> Result<Rc<Keys>, IdTokenFlaw> {
        let request = HttpRequest::get(address.clone());
        let sent = tokio::time::timeout(PATIENCE, http.send(RequestKind::Metadata, &request, &[])).await;
        let response = sent.ok().and_then(Result::ok);
        let body = response.as_ref().and_then(AccountResponse::body_of_success);
        let keys = body.and_then(Keys::read).ok_or(IdTokenFlaw::KeysUnreachable)?;
        let keys = Rc::new(keys);
        self.0.borrow_mut().insert(address.clone(), (now, Rc::clone(&keys)));
        Ok(keys)
    }
}
