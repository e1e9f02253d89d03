//! The account's facts that explain a refusal.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::account::Client;
use crate::domain::account::secret_expiry;
use crate::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use crate::domain::provider::{Preset, Provider};
use crate::domain::refusal::hints::RefusedRequest;
use crate::domain::refusal::redirect_mismatch::Redirects;
use crate::engine::accounts::account_state::AccountState;

/// What an account knows in case its request is refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    preset_redirect: Option<String>,
    any_port: bool,
    secret_expires: Option<NaiveDate>,
}

impl Known {
    pub(crate) fn of(entry: &AccountState, presets: &[Preset]) -> Self {
        let settings = &entry.account().settings;
        let preset = presets.iter().find(|preset| preset.id == settings.provider);
        let redirect = entry.resolved().as_ref().ok().map(|provider| &provider.redirect_uri);
        Self {
            preset_redirect: preset.and_then(|preset| preset.spec.redirect_uri.clone()),
            any_port: matches!(redirect, Some(RedirectUri::Loopback(LoopbackRedirect { port: None, .. }))),
            secret_expires: settings.client_secret_expires,
        }
    }

    /// The refused request: `sent` is its redirect URI, `client` the client whose credentials it had.
    pub(crate) fn asked<'a>(
        &'a self,
        provider: &'a Provider,
        sent: Option<&'a str>,
        client: Option<&'a Client>,
        now: DateTime<Utc>,
    ) -> RefusedRequest<'a> {
        let (preset, any_port) = (self.preset_redirect.as_deref(), self.any_port);
        RefusedRequest {
            provider,
            redirects: sent.map(|sent| Redirects { sent, preset, any_port }),
            client,
            secret_expires: self.secret_expires,
            today: secret_expiry::today(now),
        }
    }
}
