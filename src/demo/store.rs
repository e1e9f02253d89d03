//! The demo's logins in progress, codes and tokens.
//!
//! A code and a refresh token work once; their reuse revokes everything derived from them (RFC 9700, section
//! 4.14.2). Only digests are kept. Every list is bounded and drops its oldest entry first.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::random_text;
use crate::base::secret::{AccessToken, RefreshToken};

/// Lifetime of an access token: short, so that the countdown and the refresh can be watched.
pub const ACCESS_TOKEN_LIFE_SECS: u32 = 120;
pub const REFRESH_TOKEN_LIFE_SECS: u32 = 3600;

const LOGIN_LIFE: TimeDelta = TimeDelta::minutes(10);
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
const MAX_ENTRIES: usize = 256;

/// A checked authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthorizationRequest {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    /// PKCE's `S256` challenge (RFC 7636, section 4.2).
    pub(super) challenge: String,
}

#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<RefreshToken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotIssued {
    /// The code or refresh token is unknown, used, expired, or bound to something else.
    InvalidGrant,
    Failed,
}

type Digest = [u8; 32];

#[derive(Debug)]
struct Code {
    request: AuthorizationRequest,
    owner: String,
    family: u64,
    is_used: bool,
}

#[derive(Debug)]
struct RefreshTokenEntry {
    owner: String,
    family: u64,
    is_used: bool,
}

#[derive(Debug)]
struct Access {
    owner: String,
    family: u64,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    logins: Entries<AuthorizationRequest>,
    codes: Entries<Code>,
    refresh_tokens: Entries<RefreshTokenEntry>,
    accesses: Entries<Access>,
    last_family: u64,
}

impl Store {
    /// Stores a request while its user logs in; returns the ticket for the page's form.
    pub(super) fn begin_login(
        &mut self,
        request: AuthorizationRequest,
        now: DateTime<Utc>,
    ) -> Option<String> {
        self.logins.add(request, now + LOGIN_LIFE)
    }

    /// Takes the request of a login page, once.
    pub(super) fn end_login(&mut self, ticket: &str, now: DateTime<Utc>) -> Option<AuthorizationRequest> {
        self.logins.take(ticket, now)
    }

    pub(super) fn grant_code(
        &mut self,
        request: AuthorizationRequest,
        owner: String,
        now: DateTime<Utc>,
    ) -> Option<String> {
        self.last_family += 1;
        let code = Code { request, owner, family: self.last_family, is_used: false };
        self.codes.add(code, now + CODE_LIFE)
    }

    /// Tokens for a code (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
    pub(super) fn redeem_code(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: DateTime<Utc>,
    ) -> Result<Issued, NotIssued> {
        let code = self.codes.get(code, now).ok_or(NotIssued::InvalidGrant)?;
        let (family, owner) = (code.family, code.owner.clone());
        if std::mem::replace(&mut code.is_used, true) {
            self.revoke(family);
            return Err(NotIssued::InvalidGrant);
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        if code.request.redirect_uri != redirect_uri || code.request.challenge != challenge {
            return Err(NotIssued::InvalidGrant);
        }
        self.issue(owner, family, true, now)
    }

    /// Tokens for a refresh token, which is replaced (RFC 6749, section 6).
    pub(super) fn redeem_refresh_token(
        &mut self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Issued, NotIssued> {
        let entry = self.refresh_tokens.get(token, now).ok_or(NotIssued::InvalidGrant)?;
        let (family, owner) = (entry.family, entry.owner.clone());
        if std::mem::replace(&mut entry.is_used, true) {
            self.revoke(family);
            return Err(NotIssued::InvalidGrant);
        }
        self.issue(owner, family, true, now)
    }

    /// An access token for the client itself (RFC 6749, section 4.4).
    pub(super) fn issue_to_client(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Issued, NotIssued> {
        self.last_family += 1;
        self.issue(client_id.to_owned(), self.last_family, false, now)
    }

    /// The user and expiry of an access token.
    pub(super) fn owner(&mut self, token: &str, now: DateTime<Utc>) -> Option<(String, DateTime<Utc>)> {
        let expires_at = self.accesses.expiry(token)?;
        self.accesses.get(token, now).map(|access| (access.owner.clone(), expires_at))
    }

    fn issue(
        &mut self,
        owner: String,
        family: u64,
        renewable: bool,
        now: DateTime<Utc>,
    ) -> Result<Issued, NotIssued> {
        let life = |secs: u32| TimeDelta::seconds(i64::from(secs));
        let refresh_token = if renewable {
            let entry = RefreshTokenEntry { owner: owner.clone(), family, is_used: false };
            let token = self.refresh_tokens.add(entry, now + life(REFRESH_TOKEN_LIFE_SECS));
            Some(RefreshToken::new(token.ok_or(NotIssued::Failed)?))
        } else {
            None
        };
        let token = self.accesses.add(Access { owner, family }, now + life(ACCESS_TOKEN_LIFE_SECS));
        Ok(Issued { access_token: AccessToken::new(token.ok_or(NotIssued::Failed)?), refresh_token })
    }

    fn revoke(&mut self, family: u64) {
        self.refresh_tokens.retain(|entry| entry.family != family);
        self.accesses.retain(|access| access.family != family);
    }
}

/// Entries under random names, stored as digests.
#[derive(Debug)]
struct Entries<T>(VecDeque<(Digest, DateTime<Utc>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Entries<T> {
    fn add(&mut self, entry: T, expires_at: DateTime<Utc>) -> Option<String> {
        let name = random_text()?;
        if self.0.len() >= MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back((digest(&name), expires_at, entry));
        Some(name)
    }

    fn position(&self, name: &str) -> Option<usize> {
        let digest = digest(name);
        self.0.iter().position(|(known, _, _)| *known == digest)
    }

    fn get(&mut self, name: &str, now: DateTime<Utc>) -> Option<&mut T> {
        let at = self.position(name)?;
        self.0.get_mut(at).filter(|(_, expires_at, _)| now < *expires_at).map(|(_, _, entry)| entry)
    }

    fn expiry(&self, name: &str) -> Option<DateTime<Utc>> {
        self.position(name).map(|at| self.0[at].1)
    }

    fn take(&mut self, name: &str, now: DateTime<Utc>) -> Option<T> {
        let at = self.position(name)?;
        self.0.remove(at).filter(|(_, expires_at, _)| now < *expires_at).map(|(_, _, entry)| entry)
    }

    fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|(_, _, entry)| keep(entry));
    }
}

fn digest(name: &str) -> Digest {
    Sha256::digest(name.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const BACK: &str = "http://127.0.0.1:4000/callback";

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)
    }

    fn code(store: &mut Store) -> String {
        let request = AuthorizationRequest {
            redirect_uri: BACK.to_owned(),
            state: None,
            challenge: CHALLENGE.to_owned(),
        };
        store.grant_code(request, "ada".to_owned(), at(0)).unwrap()
    }

    #[test]
    fn a_code_works_once_with_its_verifier_and_its_redirect_in_time() {
        let mut store = Store::default();
        let tries = [
            ("http://127.0.0.1:4001/callback", VERIFIER, 1),
            (BACK, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXx", 1),
            (BACK, VERIFIER, 60),
        ];
        for (redirect, verifier, secs) in tries {
            let code = code(&mut store);
            assert_eq!(
                store.redeem_code(&code, redirect, verifier, at(secs)).err(),
                Some(NotIssued::InvalidGrant)
            );
        }
        let code = code(&mut store);
        let issued = store.redeem_code(&code, BACK, VERIFIER, at(59)).unwrap();
        let token = issued.access_token.expose();
        assert_eq!(store.owner(token, at(59)), Some(("ada".to_owned(), at(59 + 120))));
        assert_eq!(store.owner(token, at(59 + 120)), None);

        assert!(store.redeem_code(&code, BACK, VERIFIER, at(59)).is_err());
        assert_eq!(store.owner(token, at(59)), None, "a code used twice ends what it gave");
    }

    #[test]
    fn refresh_tokens_rotate_and_reuse_ends_the_family() {
        let mut store = Store::default();
        let code = code(&mut store);
        let first = store.redeem_code(&code, BACK, VERIFIER, at(0)).unwrap().refresh_token.unwrap();
        let second = store.redeem_refresh_token(first.expose(), at(1)).unwrap();
        let next = second.refresh_token.unwrap();
        assert!(store.redeem_refresh_token(first.expose(), at(2)).is_err());
        assert!(store.redeem_refresh_token(next.expose(), at(2)).is_err(), "the family is revoked");
        assert_eq!(store.owner(second.access_token.expose(), at(2)), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut store = Store::default();
        let tokens: Vec<_> =
            (0..=MAX_ENTRIES).map(|_| store.issue_to_client("c", at(0)).unwrap().access_token).collect();
        assert_eq!(store.owner(tokens[0].expose(), at(1)), None);
        assert!(store.owner(tokens[1].expose(), at(1)).is_some());
        assert_eq!(store.accesses.0.len(), MAX_ENTRIES);
    }
}
