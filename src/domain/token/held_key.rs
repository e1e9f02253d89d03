//! Keys that an account holds itself: an API key, or a user name and a password for HTTP Basic (RFC 7617).
//!
//! A key is handed out like a token. Invariant: it leaves the client's record only as the credential of its
//! own grant.

use chrono::DateTime;

use super::grant::{ExpirySource, Grant, TokenFacts};
use super::token_format;
use crate::base::secret::{AccessToken, Password};
use crate::domain::account::{Account, Client};
use crate::domain::oauth::client_auth;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::http_request::RequestError;
use crate::domain::oauth::token_syntax::is_token;
use crate::domain::provider::Provider;

/// The key of an account that holds one; `None` for another grant, or without a key.
pub fn of(account: &Account, client: &Client) -> Option<Grant> {
    let grant = account.settings.grant;
    let (access_token, username) = match grant {
        GrantType::ApiKey => (client.key.as_ref()?.expose(), None),
        GrantType::Basic => (client.password.as_ref()?.expose(), Some(client.username.clone()?)),
        _ => return None,
    };
    let dates = account.settings.key_dates;
    let expires_at = dates.ends_at();
    let facts = TokenFacts {
        // Another key comes with another revision.
        generation: account.revision.0 + 1,
        received_at: dates.since_at().unwrap_or(DateTime::UNIX_EPOCH),
        expires_at,
        expiry_source: if expires_at.is_some() { ExpirySource::Account } else { ExpirySource::Unknown },
        has_refresh_token: false,
        refresh_expires_at: None,
        token_type: if grant == GrantType::Basic { "Basic" } else { "ApiKey" }.to_owned(),
        scope: None,
        clock_skew_secs: None,
        id_token: None,
        sign_in_ends_at: None,
        kept: [].into(),
    };
    let access_token = AccessToken::new(access_token.to_owned());
    Some(Grant { access_token, refresh_token: None, id_token: None, username, facts })
}

/// The credentials of HTTP Basic, as they stand after its scheme.
pub fn basic_credentials(username: &str, password: &str) -> AccessToken {
    let mut text = client_auth::basic_credentials(username, password);
    AccessToken::new(std::mem::take(&mut *text))
}

/// Checks that an account has its key, and that a request can carry it.
pub(in crate::domain) fn check(provider: &Provider, client: &Client) -> Result<(), RequestError> {
    if let Some(key) = token_format::unusable_key(&provider.api) {
        return Err(RequestError::Unusable(key));
    }
    if provider.grant == GrantType::ApiKey {
        let key = client.key.as_ref().filter(|key| !key.is_empty()).ok_or(RequestError::Missing("key"))?;
        return if is_token(key.expose()) { Ok(()) } else { Err(RequestError::Unusable("key")) };
    }
    let (username, password) = username_and_password(client)?;
    // A colon ends the user name (RFC 7617, section 2).
    if username.contains(|c: char| c == ':' || c.is_control()) {
        return Err(RequestError::Unusable("username"));
    }
    if password.expose().contains(char::is_control) {
        return Err(RequestError::Unusable("password"));
    }
    Ok(())
}

/// The user name and the password of a grant that needs both.
pub(in crate::domain) fn username_and_password(client: &Client) -> Result<(&str, &Password), RequestError> {
    let username = client.username.as_deref().filter(|name| !name.is_empty());
    let password = client.password.as_ref().filter(|password| !password.is_empty());
    let username = username.ok_or(RequestError::Missing("username"))?;
    Ok((username, password.ok_or(RequestError::Missing("password"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::{ApiKey, Secret};
    use crate::domain::account::secret_expiry::day;
    use crate::domain::account::{AccountId, AccountName, Revision};
    use crate::domain::test_support::settings;

    fn account(grant: GrantType) -> Account {
        let mut settings = settings("https://a.example/authorize");
        settings.grant = grant;
        settings.key_dates.key_expires = day("2030-01-31");
        Account {
            id: AccountId::from_random([1; 16]),
            revision: Revision(2),
            name: AccountName::new("n").unwrap(),
            settings,
        }
    }

    #[test]
    fn x11_a_key_is_handed_out_only_by_its_own_grant() {
        let client = Client {
            key: Some(ApiKey::new("CANARY-key".to_owned())),
            username: Some("ann".to_owned()),
            password: Some(Password::new("CANARY-pass".to_owned())),
            ..Client::default()
        };
        let key = of(&account(GrantType::ApiKey), &client).unwrap();
        assert_eq!((key.access_token.expose(), key.username.as_deref()), ("CANARY-key", None));
        assert_eq!(key.facts.expiry_source, ExpirySource::Account);
        assert_eq!(key.facts.generation, 3);
        let basic = of(&account(GrantType::Basic), &client).unwrap();
        assert_eq!((basic.access_token.expose(), basic.username.as_deref()), ("CANARY-pass", Some("ann")));
        for grant in [GrantType::ClientCredentials, GrantType::Password, GrantType::Login] {
            assert!(of(&account(grant), &client).is_none(), "{grant:?}");
        }
        assert!(of(&account(GrantType::ApiKey), &Client::default()).is_none());
    }

    #[test]
    fn rfc_7617_section_2() {
        let credentials = basic_credentials("Aladdin", "open sesame");
        assert_eq!(Secret::expose(&credentials), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
