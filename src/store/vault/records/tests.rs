use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::base::secret::{
    ApiKey, ClientSecret, HeaderValue, IdToken, ParamValue, Password, RefreshToken, RegistrationToken,
};
use crate::domain::account::environment::Environment;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::token::grant::ExpirySource;
use crate::store::vault::check_line;

const NASTY: &str = "CANARY-5eb1 \"\\ \n\r\t\0\u{7f} é \u{2028}\u{2029} 🦊\u{200d}🔑 </script> {}";

pub(in crate::store) fn id(byte: u8) -> AccountId {
    AccountId::from_random([byte; 16])
}

pub(in crate::store) fn account(byte: u8, name: &str) -> Account {
    let mut settings = Settings {
        provider: "custom".to_owned(),
        grant: GrantType::Password,
        variables: BTreeMap::from([("region".to_owned(), "EU \u{1f30d}".to_owned())]),
        overrides: crate::domain::provider::spec::ProviderSpec::default().into(),
        background_refresh: Some(false),
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::typed("work, prod").unwrap(),
        environment: None,
    };
    settings.overrides_mut().endpoints.token = Some("https://example.com/τ".to_owned());
    settings.overrides_mut().scopes = Some(vec!["a".to_owned(), "b".to_owned()]);
    Account { id: id(byte), revision: Revision(7), name: AccountName::new(name).unwrap(), settings }
}

pub(in crate::store) fn client(secret: &str) -> Client {
    Client {
        client_id: "id é".to_owned(),
        client_secret: Some(ClientSecret::new(secret.to_owned())),
        username: Some("user\nname".to_owned()),
        password: Some(Password::new(secret.to_owned())),
        private_key: Some(crate::base::secret::PrivateKey::new(
            "-----BEGIN PRIVATE KEY-----\nCANARY-é\n".to_owned(),
        )),
        headers: BTreeMap::from([("ACCESSTOKEN".to_owned(), HeaderValue::new(secret.to_owned()))]),
        authorize_params: BTreeMap::from([("key".to_owned(), ParamValue::new(secret.to_owned()))]),
        token_params: BTreeMap::from([("api_key".to_owned(), ParamValue::new(secret.to_owned()))]),
        refresh_params: BTreeMap::from([("key_id".to_owned(), ParamValue::new(secret.to_owned()))]),
        key: Some(ApiKey::new(secret.to_owned())),
        registration: Some(Registration {
            client_uri: "https://example.com/register/1".to_owned(),
            token: RegistrationToken::new(secret.to_owned()),
            redirect_uris: vec!["http://127.0.0.1:8910/callback".to_owned()],
            scopes: vec!["a".to_owned()],
        }),
    }
}

pub(in crate::store) fn record(byte: u8, name: &str) -> ClientRecord {
    ClientRecord::read(account(byte, name), client("CANARY-1"), None)
}

pub(in crate::store) fn grant(token: &str, generation: u64) -> Grant {
    let received_at = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1_700_000_000_123);
    Grant {
        access_token: AccessToken::new(token.to_owned()),
        refresh_token: Some(RefreshToken::new(format!("r{token}"))),
        id_token: Some(IdToken::new(format!("i{token}"))),
        username: None,
        facts: TokenFacts {
            generation,
            received_at,
            expires_at: Some(received_at + TimeDelta::hours(1)),
            expiry_source: ExpirySource::Server,
            has_refresh_token: true,
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: Some(vec!["a".to_owned()]),
            clock_skew_secs: Some(-61),
            id_token: None,
            sign_in_ends_at: None,
            kept: [].into(),
        },
    }
}

fn exposed<K: Kind>(secret: Option<&Secret<K>>) -> Option<&str> {
    secret.map(Secret::expose)
}

fn assert_same_client(one: &Client, other: &Client) {
    assert_eq!(one.client_id, other.client_id);
    assert_eq!(exposed(one.client_secret.as_ref()), exposed(other.client_secret.as_ref()));
    assert_eq!(exposed(one.private_key.as_ref()), exposed(other.private_key.as_ref()));
    assert_eq!(one.username, other.username);
    assert_eq!(exposed(one.password.as_ref()), exposed(other.password.as_ref()));
    assert_eq!(super::exposed(&one.headers), super::exposed(&other.headers));
    assert_eq!(super::exposed(&one.authorize_params), super::exposed(&other.authorize_params));
    assert_eq!(super::exposed(&one.token_params), super::exposed(&other.token_params));
    assert_eq!(super::exposed(&one.refresh_params), super::exposed(&other.refresh_params));
    assert_eq!(exposed(one.key.as_ref()), exposed(other.key.as_ref()));
    let registered = |client: &Client| {
        client.registration.as_ref().map(|it| {
            (it.client_uri.clone(), it.token.expose().to_owned(), it.redirect_uris.clone(), it.scopes.clone())
        })
    };
    assert_eq!(registered(one), registered(other));
}

fn assert_same_grant(one: &Grant, other: &Grant) {
    assert_eq!(one.access_token.expose(), other.access_token.expose());
    assert_eq!(exposed(one.refresh_token.as_ref()), exposed(other.refresh_token.as_ref()));
    assert_eq!(exposed(one.id_token.as_ref()), exposed(other.id_token.as_ref()));
    assert_eq!(one.facts, other.facts);
}

#[test]
fn what_is_encoded_is_decoded() {
    for secret in [NASTY.to_owned(), String::new(), "t".repeat(64 * 1024), "🔑".repeat(16 * 1024)] {
        let account = account(1, "naïve 東京 \u{1f98a}");
        let line = encode_client(&ClientRecord::read(account.clone(), client(&secret), None)).unwrap();
        let (same_account, same_client) = decode_client(&id(1), &line).unwrap().into_parts();
        assert_eq!(same_account, account);
        assert_same_client(&same_client, &client(&secret));
        let grant = grant(&secret, u64::MAX);
        assert_same_grant(&decode_tokens(&encode_tokens(&grant).unwrap()).unwrap(), &grant);
    }
    let bare = ClientRecord::read(account(1, "bare"), Client::default(), None);
    let line = encode_client(&bare).unwrap();
    assert_same_client(&decode_client(&id(1), &line).unwrap().into_parts().1, &Client::default());
    assert!(!line.expose().contains("client_secret") && !line.expose().contains("destinations"));
}

#[test]
fn an_environment_is_kept_and_a_record_without_one_stays_as_it_was() {
    let mut production = account(1, "n");
    let old = encode_client(&ClientRecord::read(production.clone(), client("CANARY-1"), None)).unwrap();
    assert!(!old.expose().contains("environment"));
    let read = decode_client(&id(1), &old).unwrap();
    assert_eq!(read.account().settings.environment, None);
    assert!(is_same(&encode_client(&read).unwrap(), &old));
    production.settings.environment = Some(Environment::Production);
    let line = encode_client(&ClientRecord::read(production.clone(), client("CANARY-1"), None)).unwrap();
    assert!(line.expose().contains(r#""tags":["work","prod"],"environment":"production"}"#));
    assert_eq!(*decode_client(&id(1), &line).unwrap().account(), production);
}

#[test]
fn f6_the_destinations_of_an_own_preset_are_kept() {
    let mut settings = account(1, "n").settings;
    settings.overrides_mut().endpoints.token = Some("https://acme.example/t".to_owned());
    let destinations = Destinations::of(&[], &Settings { variables: BTreeMap::new(), ..settings }).unwrap();
    let record = ClientRecord::read(account(1, "n"), client("CANARY-1"), Some(destinations.clone()));
    let line = encode_client(&record).unwrap();
    assert!(line.expose().contains(r#""destinations":{"token":"https://acme.example/t"}"#));
    assert_eq!(decode_client(&id(1), &line).unwrap().stored_destinations(), Some(&destinations));
    // A record of version 2 has none.
    let old = line.expose().replacen("\"v\":4", "\"v\":2", 1);
    let old = old.replace(r#""destinations":{"token":"https://acme.example/t"},"#, "");
    assert_eq!(decode_client(&id(1), &SecretText::new(old)).unwrap().stored_destinations(), None);
}

#[test]
fn the_form_stays_as_it_is() {
    let line = encode_tokens(&grant("T\n\u{1f511}", 3)).unwrap();
    assert_eq!(
        line.expose(),
        concat!(
            r#"{"v":4,"access_token":"T\n\ud83d\udd11","refresh_token":"rT\n\ud83d\udd11","#,
            r#""id_token":"iT\n\ud83d\udd11","facts":{"generation":3,"received_at":"2023-11-14T22:13:20.123Z","#,
            r#""expires_at":"2023-11-14T23:13:20.123Z","expiry_source":"server","has_refresh_token":true,"#,
            r#""refresh_expires_at":null,"token_type":"Bearer","scope":["a"],"clock_skew_secs":-61}}"#
        )
    );
}

fn whole_of_version_1() -> String {
    encode_tokens(&grant("CANARY-3", 1)).unwrap().expose().replacen("\"v\":4", "\"v\":1", 1)
}

#[test]
fn newer_and_damaged_records_are_told_apart() {
    let refused = |text: &str| decode_tokens(&SecretText::new(text.to_owned())).unwrap_err();
    assert_eq!(refused(r#"{"v":99,"sealed":"CANARY-1"}"#), VaultError::Newer);
    let of_version_1 = decode_tokens(&SecretText::new(whole_of_version_1()));
    assert_eq!(of_version_1.unwrap().access_token.expose(), "CANARY-3");
    assert_eq!(refused(r#"{"v":0}"#), VaultError::Corrupt);
    assert_eq!(refused(r#"{"v":1,"access_token":"CANARY-2"}"#), VaultError::Corrupt);
    let whole = encode_tokens(&grant("CANARY-3", 1)).unwrap();
    for end in 0..whole.len_bytes() {
        assert_eq!(refused(&whole.expose()[..end]), VaultError::Corrupt, "cut at {end}");
    }
    let client = encode_client(&record(1, "n")).unwrap();
    assert_eq!(decode_tokens(&client).unwrap_err(), VaultError::Corrupt);
    assert_eq!(decode_client(&id(1), &whole).unwrap_err(), VaultError::Corrupt);
}

/// Times as earlier versions stored them, and what they are read as.
pub(in crate::store) const OUT_OF_RANGE: [(&str, &str); 4] = [
    ("+262142-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ("+10000-01-01T13:59:59Z", "9999-12-31T23:59:59Z"),
    ("-0001-12-31T10:00:00Z", "1970-01-01T00:00:00Z"),
    ("-262143-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
];

#[test]
fn c3_a_stored_moment_out_of_range_is_the_nearest_one() {
    let mut grant = grant("CANARY-7", 1);
    grant.facts.refresh_expires_at = grant.facts.expires_at;
    let line = encode_tokens(&grant).unwrap();
    for (stored, read) in OUT_OF_RANGE {
        let old = line.expose().replace("2023-11-14T22:13:20.123Z", stored);
        let old = old.replace("2023-11-14T23:13:20.123Z", stored);
        let facts = decode_tokens(&SecretText::new(old)).unwrap().facts;
        let read = read.parse().unwrap();
        assert_eq!(
            (facts.received_at, facts.expires_at, facts.refresh_expires_at),
            (read, Some(read), Some(read))
        );
    }
    let mut account = account(1, "n");
    account.settings.client_secret_expires = "2030-01-31".parse().ok();
    let line = encode_client(&ClientRecord::read(account, client("s"), None)).unwrap();
    let old = line.expose().replace("2030-01-31", "+262142-12-31");
    let (read, _) = decode_client(&id(1), &SecretText::new(old)).unwrap().into_parts();
    assert_eq!(read.settings.client_secret_expires, None);
}

#[test]
fn names_lead_back_to_their_account() {
    assert_eq!(account_of_client_name(&client_name(&id(9))), Some(id(9)));
    assert_eq!(account_of_client_name(&tokens_name(&id(9))), None);
    assert_eq!(account_of_client_name("client/../../x"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn k9_every_record_is_one_line_of_ascii(
        secret in prop_oneof![any::<String>(), "[\n\r\u{2028}\u{85}\u{0}\"\\\\a-z🔑]{0,64}"],
        generation in any::<u64>(),
    ) {
        let grant = grant(&secret, generation);
        let record = ClientRecord::read(account(1, "é"), client(&secret), None);
        let client_line = encode_client(&record).unwrap();
        let tokens_line = encode_tokens(&grant).unwrap();
        for line in [&client_line, &tokens_line] {
            prop_assert!(line.expose().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(check_line(line), Ok(()));
        }
        let same_client = decode_client(&id(1), &client_line).unwrap().into_parts().1;
        assert_same_client(&same_client, &client(&secret));
        assert_same_grant(&decode_tokens(&tokens_line).unwrap(), &grant);
    }
}

#[test]
fn x6_parameters_of_an_older_record_become_secrets() {
    let mut old = account(1, "n");
    old.settings.overrides_mut().token_params = BTreeMap::from([
        ("audience".to_owned(), "api".to_owned()),
        ("api_key".to_owned(), "CANARY-6".to_owned()),
    ]);
    let line = encode_client(&ClientRecord::read(old, Client::default(), None)).unwrap();
    let line = SecretText::new(line.expose().replacen("\"v\":4", "\"v\":2", 1));
    let record = decode_client(&id(1), &line).unwrap();
    let again = decode_client(&id(1), &encode_client(&record).unwrap()).unwrap().into_parts();
    let (account, client) = record.into_parts();
    assert_eq!(client.token_params["api_key"].expose(), "CANARY-6");
    assert_eq!(account.settings.overrides.token_params, [("audience".to_owned(), "api".to_owned())].into());
    assert_eq!(again.0, account);
    assert_same_client(&again.1, &client);
}
