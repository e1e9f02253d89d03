use chrono::DateTime;

use super::*;
use crate::base::secret::{ClientSecret, Password, PrivateKey, Secret};
use crate::domain::account::AccountName;
use crate::domain::account::environment::Environment;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::oauth::jose::KeyAlg;
use crate::domain::provider::presets::built_in;
use crate::domain::test_support::EC_JWK;
use crate::store::vault::records::tests::{account, client, grant};

const NASTY: &str = "CANARY-77ab \"quoted\" \\ \u{7f} # = [x] é 🔑 '''";

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// Accounts of every kind: complete, with a preset, public, and without a secret.
fn exported() -> Vec<Exported> {
    let mut all = account(1, "naïve \"東京\" \\ # \u{1f98a}");
    all.settings.variables.clear();
    let spec = all.settings.overrides_mut();
    spec.client_auth = Some(crate::domain::provider::spec::ClientAuth::Basic);
    spec.pkce = Some(false);
    spec.refresh.ahead_secs = Some(7);
    spec.token_params = BTreeMap::from([("audience".to_owned(), "line\nbreak [account] \"\"\"".to_owned())]);
    spec.authorize_params = BTreeMap::from([("prompt".to_owned(), "consent".to_owned())]);
    spec.errors = BTreeMap::from([("1001".to_owned(), "words".to_owned())]);
    spec.response.access_token = vec!["/a/0/t".to_owned()];
    let mut everything = client(NASTY);
    everything.username = Some("user@example.com".to_owned());
    for header in everything.headers.values_mut() {
        *header = Secret::new("CANARY-header".to_owned());
    }
    everything.token_params.insert("a b".to_owned(), Secret::new("CANARY\n[account]".to_owned()));
    let mut public = account(2, "public");
    public.settings.grant = GrantType::AuthorizationCode;
    public.settings.provider = "smartcar".to_owned();
    public.settings.variables.clear();
    public.settings.background_refresh = None;
    public.settings.environment = Some(Environment::Staging);
    public.settings.client_secret_expires = chrono::NaiveDate::from_ymd_opt(2031, 2, 28);
    let client = Client { client_id: "id".to_owned(), ..Client::default() };
    vec![
        Exported { account: all, client: everything, grant: Some(grant("CANARY-tok\"\\", 9)) },
        Exported { account: public, client, grant: None },
        signing(),
    ]
}

/// An account that signs, with a key of several lines.
fn signing() -> Exported {
    let mut signing = account(3, "signing");
    signing.settings.grant = GrantType::JwtBearer;
    signing.settings.variables.clear();
    let spec = signing.settings.overrides_mut();
    (spec.key_alg, spec.key_id) = (Some(KeyAlg::ES256), Some("k".to_owned()));
    (spec.par, spec.audience) = (Some(true), Some("https://api.example".to_owned()));
    spec.resource = Some(vec!["https://a.example/".to_owned(), "https://b.example/".to_owned()]);
    spec.assertion_claims = BTreeMap::from([("sub".to_owned(), String::new())]);
    let key = format!("CANARY\n{EC_JWK}\n").replacen("CANARY\n{", "{\"use\": \"CANARY\",", 1);
    let client =
        Client { client_id: "id".to_owned(), private_key: Some(PrivateKey::new(key)), ..Client::default() };
    Exported { account: signing, client, grant: None }
}

fn exposed<K: crate::base::secret::Kind>(secret: Option<&Secret<K>>) -> Option<&str> {
    secret.map(Secret::expose)
}

fn assert_same(imported: &[Imported], exported: &[Exported], secrets: bool) {
    assert_eq!(imported.len(), exported.len());
    for (got, want) in imported.iter().zip(exported) {
        assert_eq!((&got.name, &got.settings), (&want.account.name, &want.account.settings));
        assert_eq!(got.client.client_id, want.client.client_id.trim());
        assert_eq!(got.client.username, want.client.username);
        if secrets {
            let secret = want.client.client_secret.as_ref().map(|secret| secret.expose().trim());
            assert_eq!(exposed(got.client.client_secret.as_ref()), secret);
            assert_eq!(exposed(got.client.private_key.as_ref()), exposed(want.client.private_key.as_ref()));
            assert_eq!(exposed(got.client.password.as_ref()), exposed(want.client.password.as_ref()));
            assert_eq!(got.client.headers.len(), want.client.headers.len());
            for (name, value) in &want.client.headers {
                assert_eq!(got.client.headers[name].expose(), value.expose());
            }
            let params = |client: &Client| {
                let params = client.authorize_params.iter().chain(&client.token_params);
                params.map(|(name, value)| (name.clone(), value.expose().to_owned())).collect::<Vec<_>>()
            };
            assert_eq!(params(&got.client), params(&want.client));
        } else {
            assert!(!got.client.has_secret() && got.client.password.is_none());
            assert!(got.client.headers.is_empty() && got.grant.is_none() && got.incomplete);
            assert!(got.client.authorize_params.is_empty() && got.client.token_params.is_empty());
        }
    }
}

#[test]
fn what_is_sealed_is_opened_with_secrets_and_tokens() {
    let exported = exported();
    let sealed = seal_with_work_factor(&exported, &pass("CANARY pass"), 1).unwrap();
    assert!(is_sealed(&sealed) && !is_sealed(b"[[account]]"));
    assert!(!sealed.windows(6).any(|window| window == b"CANARY"));
    let imported = open(&sealed, &pass("CANARY pass"), &built_in()).unwrap();
    assert_same(&imported, &exported, true);
    let (got, want) = (imported[0].grant.as_ref().unwrap(), exported[0].grant.as_ref().unwrap());
    assert_eq!(got.access_token.expose(), want.access_token.expose());
    assert_eq!(exposed(got.refresh_token.as_ref()), exposed(want.refresh_token.as_ref()));
    assert_eq!(exposed(got.id_token.as_ref()), exposed(want.id_token.as_ref()));
    let mut facts = want.facts.clone();
    (facts.generation, facts.clock_skew_secs) = (1, None);
    // The file doesn't say whether it was verified.
    facts.id_token = Some(IdTokenStatus::Unchecked);
    assert_eq!(got.facts, facts);
    assert!(imported[1].grant.is_none());
    assert!(!imported[0].incomplete && imported[1].incomplete);
}

#[test]
fn the_open_form_has_no_secret_and_is_an_import_file() {
    let exported = exported();
    let text = plain(&exported).unwrap();
    assert!(!text.contains("CANARY"), "{text}");
    assert!(!text.contains("tokens") && !text.contains("headers"), "{text}");
    assert_same(&import::read(&text, &built_in()).unwrap(), &exported, false);
    // Once the missing value is filled in, a mistake counts again.
    let filled = text.replacen("incomplete = true", "client_secret = \"s\"", 1);
    let error = import::read(&filled, &built_in()).unwrap_err().to_string();
    assert!(error.contains("key \"password\" is missing"), "{error}");
}

#[test]
fn what_does_not_open_says_why() {
    let presets = built_in();
    let sealed = seal_with_work_factor(&exported(), &pass("p"), 1).unwrap();
    let opened = |bytes: &[u8], text: &str| open(bytes, &pass(text), &presets).map(drop);
    assert_eq!(opened(&sealed, "P"), Err(ArchiveError::WrongPassphrase));
    for end in (0..sealed.len()).step_by(37) {
        assert_eq!(opened(&sealed[..end], "p"), Err(ArchiveError::Damaged), "cut at {end}");
    }
    let newer = [b"age-encryption.org/v9", &sealed[21..]].concat();
    assert_eq!(opened(&newer, "p"), Err(ArchiveError::Newer));
    assert_eq!(opened(b"[[account]]", "p"), Err(ArchiveError::Damaged));
    let to_key = encryption::seal(&[&encryption::Key::generate()], |to| to.write_all(b"x")).unwrap();
    assert_eq!(opened(&to_key, "p"), Err(ArchiveError::Damaged));
    let other = encryption::seal_with_passphrase(&pass("p"), 1, |to| to.write_all(b"CANARY = 1")).unwrap();
    let error = opened(&other, "p").unwrap_err();
    assert!(matches!(error, ArchiveError::Import(_)), "{error}");
    let empty = seal_with_work_factor(&[], &pass("p"), 1).unwrap();
    assert_eq!(opened(&empty, "p"), Err(ArchiveError::Import(ImportError::Empty)));
}

#[test]
fn i5_a_file_that_asks_for_2_to_the_21_rounds_is_refused() {
    let sealed = seal_with_work_factor(&exported(), &pass("p"), 1).unwrap();
    for factor in [21, 22, 63] {
        let costly = encryption::tests::with_work_factor(&sealed, factor);
        let opened = open(&costly, &pass("p"), &built_in()).map(drop);
        assert_eq!(opened, Err(ArchiveError::TooMuchWork), "{factor}");
    }
}

#[test]
fn what_no_import_would_take_is_not_exported() {
    let mut exported = exported();
    let long = "x".repeat(import::FILE_MAX_BYTES);
    exported[0].grant = Some(grant(&long, 1));
    assert_eq!(seal_with_work_factor(&exported, &pass("p"), 1), Err(ArchiveError::TooLarge));
    assert!(plain(&exported).is_ok());
    exported[0].account.settings.variables.insert("x".to_owned(), long);
    assert_eq!(plain(&exported), Err(ArchiveError::TooLarge));
}

#[test]
fn a_token_s_moments_are_checked_and_never_repeated() {
    let text = "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\n\
                client_secret = \"s\"\ntokens.access_token = \"t\"\n";
    let read = |more: &str| import::read(&format!("{text}{more}"), &built_in());
    let mistake = |more: &str| read(more).unwrap_err().to_string();
    assert_eq!(mistake(""), "account \"a\", line 6: key \"tokens.received_at\" is missing");
    let received = "tokens.received_at = \"2030-01-01T00:00:00Z\"\n";
    let facts = read(received).unwrap().remove(0).grant.unwrap().facts;
    assert_eq!((facts.token_type.as_str(), facts.has_refresh_token), ("Bearer", false));
    assert_eq!(facts.received_at, "2030-01-01T00:00:00Z".parse::<DateTime<chrono::Utc>>().unwrap());
    let error = mistake(&format!("{received}tokens.expires_at = \"CANARY\""));
    assert!(error.contains("\"tokens.expires_at\" must be a time") && !error.contains("CANARY"), "{error}");
    let error = mistake(&format!("{received}tokens.acces_token = \"CANARY\""));
    assert!(error.contains("did you mean \"access_token\"?"), "{error}");
}

#[test]
fn c3_an_offset_takes_no_imported_moment_out_of_range() {
    let text = "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\n\
                client_secret = \"s\"\ntokens.access_token = \"t\"\n";
    let read = |key: &str, at: &str| {
        let received =
            if key == "received_at" { "" } else { "tokens.received_at = \"2030-01-01T00:00:00Z\"\n" };
        import::read(&format!("{text}{received}tokens.{key} = \"{at}\""), &built_in())
    };
    for key in ["received_at", "expires_at", "refresh_expires_at"] {
        for at in ["9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00+14:00", "1970-01-01T00:00:00+00:01"] {
            let error = read(key, at).unwrap_err().to_string();
            assert!(error.contains(&format!("\"tokens.{key}\" must be a time")), "{error}");
        }
        assert!(read(key, "9999-12-31T23:59:59Z").is_ok() && read(key, "1970-01-01T00:00:00Z").is_ok());
    }
}

#[test]
fn i1_an_imported_token_passes_the_check_of_a_server_s() {
    let text = "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\n\
                client_secret = \"s\"\ntokens.received_at = \"2030-01-01T00:00:00Z\"\n";
    let read = |more: &str| import::read(&format!("{text}{more}"), &built_in());
    let access = "tokens.access_token = \"t\"\n";
    let escape = r#""CANARY\u001b]52;c;ZXZpbA==\u0007\nX-Evil: 1""#;
    for (key, value) in [
        ("access_token", escape),
        ("access_token", "\"CANARY a\""),
        ("access_token", "\"\""),
        ("refresh_token", escape),
        ("refresh_token", "\"\""),
        ("id_token", escape),
        ("token_type", r#""Bearer\r\nX-Evil: CANARY""#),
        ("token_type", "\"\""),
        ("scopes", r#"["read", "CANARY\u001b[31m"]"#),
        ("scopes", "[\"\"]"),
    ] {
        let access = if key == "access_token" { "" } else { access };
        let error = read(&format!("{access}tokens.{key} = {value}")).unwrap_err().to_string();
        assert!(error.contains(&format!("\"tokens.{key}\"")) && !error.contains("CANARY"), "{error}");
    }
    let taken =
        read(&format!("{access}tokens.token_type = \"bearer\"\ntokens.scopes = [\"a b\", \"é\"]")).unwrap();
    let facts = &taken[0].grant.as_ref().unwrap().facts;
    assert_eq!((facts.token_type.as_str(), facts.scope.as_ref().unwrap().len()), ("Bearer", 2));
    // A pasted refresh token alone, then exported.
    assert!(read("tokens.access_token = \"\"\ntokens.refresh_token = \"r\"").is_ok());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None, cases: 64, ..proptest::prelude::ProptestConfig::default()
    })]

    #[test]
    fn every_secret_comes_back(secret in "\\PC{1,40}|[\u{1}-\u{7f}]{1,40}") {
        let mut account = account(1, "n");
        account.name = AccountName::new("n").unwrap();
        account.settings.variables.clear();
        let client = Client {
            client_id: "i".to_owned(),
            client_secret: Some(ClientSecret::new(format!("s{secret}s"))),
            username: Some("u".to_owned()),
            password: Some(Password::new(secret.clone())),
            ..Client::default()
        };
        let mut text = Vec::new();
        write_account(&mut text, &Exported { account, client, grant: None }, true).unwrap();
        let text = String::from_utf8(text).unwrap();
        let imported = import::read(&text, &built_in()).unwrap();
        proptest::prop_assert_eq!(imported[0].client.password.as_ref().unwrap().expose(), secret.as_str());
        let sent = imported[0].client.client_secret.as_ref().unwrap().expose().to_owned();
        proptest::prop_assert_eq!(sent, format!("s{secret}s"));
    }
}
