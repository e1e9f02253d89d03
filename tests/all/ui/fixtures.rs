//! Snapshots for the tests of the window.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{AccountId, AccountName, Revision, Settings};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::spec::{ClientAuth, ProviderSpec};
use keyfob::domain::provider::{Choice, Preset, SecretHeader, Suggestion, Variable};
use keyfob::domain::token::grant::{ExpirySource, TokenFacts};
use keyfob::messages::snapshot::{AccountView, Activity, Snapshot, TokenView, VaultHealth};

/// The instant of every snapshot.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_413) + TimeDelta::hours(13)
}

/// An account's ID, by number.
pub(crate) fn id(number: u8) -> AccountId {
    AccountId::from_random([number; 16])
}

fn preset(id: &str, name: &str, summary: &str, grant: GrantType) -> Preset {
    let mut spec = ProviderSpec { grants: Some(vec![grant]), ..ProviderSpec::default() };
    spec.endpoints.token = Some("https://auth.example.com/oauth/token".to_owned());
    Preset {
        id: id.to_owned(),
        name: name.to_owned(),
        summary: summary.to_owned(),
        spec,
        ..Preset::default()
    }
}

/// A few providers with different forms.
pub(crate) fn presets() -> Vec<Preset> {
    let mut smartcar = preset(
        "smartcar",
        "Smartcar",
        "Connected cars, by the owner's consent",
        GrantType::AuthorizationCode,
    );
    smartcar.spec.redirect_uri = Some("http://localhost:8910/callback".to_owned());
    smartcar.spec.client_auth = Some(ClientAuth::BasicRaw);
    smartcar.spec.endpoints.authorize = Some("https://connect.smartcar.com/oauth/authorize".to_owned());
    let mut connect =
        preset("smartconnect", "SmartConnect", "Data integration, by region", GrantType::Password);
    connect.spec.client_auth = Some(ClientAuth::Body);
    connect.spec.endpoints.token = Some("https://{region}.smartconnect.com/token".to_owned());
    connect.variables = vec![Variable {
        name: "region".to_owned(),
        label: "Region".to_owned(),
        choices: [("NA", "apina"), ("NA2", "apina2"), ("EU", "apieu")]
            .map(|(value, text)| Choice { value: value.to_owned(), text: text.to_owned() })
            .to_vec(),
        ..Variable::default()
    }];
    let mut headers =
        preset("connect", "Connect", "Its addresses are yours to enter", GrantType::AuthorizationCode);
    headers.spec.endpoints.token = None;
    headers.secret_headers = vec![SecretHeader {
        name: "ACCESSTOKEN".to_owned(),
        label: "Access token header".to_owned(),
        required: false,
    }];
    headers.suggestions = vec![Suggestion {
        key: "endpoints.token".to_owned(),
        value: "https://cloud.example.com/token".to_owned(),
        source: "https://api.example.com/docs".to_owned(),
    }];
    let mut documentor =
        preset("smartdocumentor", "SmartDocumentor", "Documents in the cloud", GrantType::ClientCredentials);
    documentor.spec.scopes = Some(vec!["WebAPI".to_owned()]);
    documentor.spec.client_auth = Some(ClientAuth::Body);
    let sense =
        preset("smartsense", "SmartSense", "Sensors, by client credentials", GrantType::ClientCredentials);
    vec![connect, smartcar, documentor, sense, headers]
}

/// An account without a token.
pub(crate) fn account(number: u8, name: &str, provider: &str, grant: GrantType) -> AccountView {
    let by_browser = grant == GrantType::AuthorizationCode;
    AccountView {
        id: id(number),
        revision: Revision(1),
        name: AccountName::new(name).expect("a usable name"),
        settings: Settings {
            provider: provider.to_lowercase(),
            grant,
            variables: std::collections::BTreeMap::default(),
            overrides: ProviderSpec::default().into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        },
        provider_name: provider.to_owned(),
        grant,
        scopes: Vec::new(),
        redirect_uri: by_browser.then(|| "http://localhost:8910/callback".to_owned()),
        activity: Activity::Idle,
        next_refresh: None,
        token: None,
        problem: None,
        last_used_at: None,
        answer: None,
        inquiry: None,
        checked: None,
        can_check: false,
        can_revoke: false,
        http_log: None,
        vault: keyfob::messages::snapshot::VaultKind::Keychain,
        change: None,
    }
}

/// A token with `left_secs` of `life_secs` left; `None` for an unknown expiry.
pub(crate) fn token(life_secs: i64, left_secs: Option<i64>) -> TokenView {
    let received_at = now() - TimeDelta::seconds(life_secs - left_secs.unwrap_or_default());
    TokenView {
        facts: TokenFacts {
            generation: 1,
            received_at,
            expires_at: left_secs.map(|left| now() + TimeDelta::seconds(left)),
            expiry_source: if left_secs.is_some() { ExpirySource::Server } else { ExpirySource::Unknown },
            has_refresh_token: true,
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            clock_skew_secs: None,
            id_token: None,
            sign_in_ends_at: None,
            kept: [].into(),
        },
        mask: Some("cf7b••••••••25cc".to_owned()),
        claims: None,
        id_claims: None,
        saved: true,
        refresh_refused: false,
    }
}

pub(crate) fn snapshot(accounts: Vec<AccountView>) -> Snapshot {
    let mut snapshot = Snapshot {
        loaded: true,
        accounts: accounts.into_iter().map(Arc::new).collect(),
        presets: Arc::new(presets()),
        ..Snapshot::default()
    };
    snapshot.vault.health = VaultHealth::Ready;
    snapshot
}
