//! What must hold for every input from outside. The fuzz targets and the test of the kept corpus
//! (`tests/all/corpus.rs`) run the same code.
#![allow(unreachable_pub, clippy::missing_panics_doc, reason = "also a module of the tests")]

use std::collections::BTreeMap;

use std::sync::LazyLock;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use keyfob::base::sanitize::is_unseen;
use keyfob::base::secret::SecretText;
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{Account, AccountId, AccountName, Revision, Settings};
use keyfob::domain::api_address::plan::{AddressPlan, ClientChoice, PlanOptions};
use keyfob::domain::api_address::reach::Reach;
use keyfob::domain::api_address::search::{MetadataAnswer, Next, REQUESTS_MAX, Search, SearchOptions};
use keyfob::domain::http_log::record::{HttpLogEntry, Received, RequestKind};
use keyfob::domain::import::{self, Imported, Mapping};
use keyfob::domain::oauth::callback;
use keyfob::domain::oauth::callback::{CallbackError, Expected, Returned};
use keyfob::domain::oauth::device;
use keyfob::domain::oauth::discovery;
use keyfob::domain::oauth::discovery::Wanted;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::http_request::HttpRequest;
use keyfob::domain::oauth::response_body::ResponseBody;
use keyfob::domain::oauth::token_request;
use keyfob::domain::oauth::token_response;
use keyfob::domain::oauth::token_response::Answer;
use keyfob::domain::provider::destinations::{Destination, Destinations};
use keyfob::domain::provider::endpoints::EndpointKind;
use keyfob::domain::provider::presets;
use keyfob::domain::provider::spec::{ClientSource, ProviderSpec, ResponsePaths};
use keyfob::domain::provider::{CUSTOM, Preset, Provider};
use keyfob::domain::secure_url::{is_loopback, is_secure};
use keyfob::domain::token::expiry;
use keyfob::domain::token::expiry::{Margin, Status};
use keyfob::domain::token::grant::{Grant, TokenFacts};
use keyfob::store::vault::client_record::ClientRecord;
use keyfob::store::vault::records;
use keyfob::store::vault::{VaultError, check_line};
use url::{Url, form_urlencoded};

/// A check of one input; it panics if something does not hold.
pub type Check = fn(&[u8]);

/// Every target by its name, which is also the name of its corpus folder.
pub const TARGETS: [(&str, Check); 13] = [
    ("api_address", api_address),
    ("callback", callback),
    ("discovery", discovery),
    ("import_bruno", import_file),
    ("import_env", import_file),
    ("import_google", import_file),
    ("import_insomnia", import_file),
    ("import_json", import_file),
    ("import_postman", import_file),
    ("import_toml", import_file),
    ("preset", preset),
    ("token_response", token_response),
    ("vault_record", vault_record),
];

/// What a secret of the seeds begins with. An error may repeat keys and names, never a value.
const CANARY: &str = "CANARY";

/// The keys whose values no error may repeat, as the seeds write them.
const SECRET_KEYS: [&str; 18] = [
    "access_token = \"",
    "client_secret = \"",
    "password = \"",
    "private_key = \"",
    "refresh_token = \"",
    "\"access_token\": \"",
    "\"access_token\":\"",
    "\"clientSecret\": \"",
    "\"clientSecret\":\"",
    "\"client_secret\": \"",
    "\"client_secret\":\"",
    "\"password\": \"",
    "\"password\":\"",
    "\"private_key\": \"",
    "\"private_key\":\"",
    "\"refresh_token\": \"",
    "clientSecret: ",
    "client_secret: ",
];

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(presets::built_in);

/// Noon of the first day of 2030.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_893_499_200, 0).unwrap_or_default()
}

/// Takes one byte as a choice among `count`.
fn choice(data: &mut &[u8], count: usize) -> usize {
    let Some((first, rest)) = data.split_first() else { return 0 };
    *data = rest;
    usize::from(*first) % count
}

/// A custom provider that is complete for every grant.
fn custom(grant: GrantType, overrides: ProviderSpec) -> Settings {
    let mut overrides = overrides;
    let authorize = Some("https://auth.example.com/authorize".to_owned());
    overrides.endpoints.set(EndpointKind::Authorize, authorize);
    overrides.endpoints.set(EndpointKind::Token, Some("https://auth.example.com/token".to_owned()));
    settings(CUSTOM, grant, overrides)
}

fn settings(provider: &str, grant: GrantType, overrides: ProviderSpec) -> Settings {
    Settings {
        provider: provider.to_owned(),
        grant,
        variables: [].into(),
        overrides: overrides.into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    }
}

static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let mapped = ProviderSpec {
        response: ResponsePaths {
            access_token: vec!["/data/0/result/token".to_owned(), "/authed_user/access_token".to_owned()],
            expires_at: vec!["/data/0/result/expires".to_owned()],
            scope_separator: Some(",".to_owned()),
            ..ResponsePaths::default()
        },
        ..ProviderSpec::default()
    };
    let usual = custom(GrantType::AuthorizationCode, ProviderSpec::default());
    let own = [usual, custom(GrantType::Password, mapped)];
    let built_in = PRESETS.iter().flat_map(|preset| {
        let grants = preset.spec.grants.clone().unwrap_or_default();
        grants.into_iter().map(|grant| settings(&preset.id, grant, ProviderSpec::default()))
    });
    own.into_iter().chain(built_in).filter_map(|it| Provider::resolve(&PRESETS, &it).ok()).collect()
});

/// The answer of a token endpoint. A line in front of the body holds a letter each for status, content
/// type, `Date` and provider, then the `Retry-After` header.
pub fn token_response(data: &[u8]) {
    let (mut head, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[][..]),
    };
    let status = [200, 200, 201, 302, 400, 401, 403, 404, 429, 500, 503][choice(&mut head, 11)];
    let content_type =
        [None, Some("application/json"), Some("text/html"), Some("application/x-www-form-urlencoded")]
            [choice(&mut head, 4)];
    let clock = [None, Some(0), Some(253_402_300_799), Some(1_893_499_260)][choice(&mut head, 4)];
    let provider = &PROVIDERS[choice(&mut head, PROVIDERS.len())];
    let answer = Answer {
        status,
        content_type,
        body: ResponseBody::parse(content_type, body).into(),
        sent_at: now(),
        date: clock.and_then(|secs| DateTime::from_timestamp(secs, 0)),
        retry_after: std::str::from_utf8(head).ok().filter(|text| !text.is_empty()),
    };
    match token_response::read(provider, &answer) {
        Ok(grant) => {
            assert!((200..300).contains(&status), "a token with status {status}");
            assert!(grant.facts.received_at == now() && grant.facts.generation == 1);
            check_grant(&grant);
            check_log(&answer, grant.access_token.expose());
        }
        // The words go through the screens' own filter; here they only have to be words.
        Err(error) => drop(format!("{error} {error:?}")),
    }
    if let Ok(device) = device::read(provider, &answer) {
        assert!(matches!(device.verification_uri.scheme(), "http" | "https"));
        check_moment(device.polling.expires_at());
        assert!(!device.device_code.is_empty() && !device.user_code.is_empty());
        let _ = device.polling.clone().due(now());
    }
}

/// The log of requests keeps no token, even one that it was not told of.
fn check_log(answer: &Answer<'_>, token: &str) {
    let Ok(url) = Url::parse("https://auth.example.com/token") else { return };
    let received = Received { status: answer.status, headers: &[], body: &answer.body };
    let request = HttpRequest::get(url);
    let kept = HttpLogEntry::new(RequestKind::Token, &request, &[], (now(), now()), Ok(received));
    let kept = serde_json::to_string(&kept).unwrap_or_default();
    // A short one, or one that looks like the name of a field, may stand there for another reason.
    let looks_sensitive = token.len() >= 16 && token.contains(CANARY);
    assert!(!looks_sensitive || !kept.contains(token), "the log holds the token");
}

/// Tokens that can stand in a header, and facts that can be computed with and stored.
fn check_grant(grant: &Grant) {
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(is_token(grant.access_token.expose()), "an access token that no header can carry");
    check_facts(&grant.facts);
    assert_eq!(grant.facts.has_refresh_token, grant.refresh_token.is_some());
    let word = |byte: u8| byte.is_ascii_graphic() && !b"\",:;<=>?@[\\]{}()/".contains(&byte);
    assert!(grant.facts.token_type.bytes().all(word), "a token type that no header can carry");
    check_tokens_record(grant);
}

/// Every moment is between the years 1970 and 9999 (C3), and no time of day leads to a panic.
fn check_facts(facts: &TokenFacts) {
    let moments = [Some(facts.received_at), facts.expires_at, facts.refresh_expires_at];
    moments.into_iter().flatten().for_each(check_moment);
    let clocks = [Some(DateTime::UNIX_EPOCH), DateTime::from_timestamp(253_402_300_799, 0), Some(now())];
    for clock in clocks.into_iter().flatten() {
        let status = Status::at(facts, clock);
        assert!(status != Status::Valid || facts.expires_at.is_some_and(|end| end > clock));
        let _ = (Status::expired_on_arrival(facts), expiry::next_change(facts, clock));
        let _ = (expiry::next_status_change(facts, clock), facts.can_refresh(clock));
        let _ =
            (Margin { fixed_secs: None }.for_token(facts), Status::lasts(facts, clock, TimeDelta::days(1)));
    }
}

fn check_moment(moment: DateTime<Utc>) {
    assert!((1970..=9999).contains(&moment.year()), "{moment:?}");
}

/// What is stored can be read back, and is stored the same again.
fn check_tokens_record(grant: &Grant) {
    let line = records::encode_tokens(grant).expect("tokens that can't be stored");
    check_line(&line).expect("a record that is not one line of ASCII");
    let again = records::decode_tokens(&line).expect("tokens that can't be read back");
    assert_eq!(again.facts, grant.facts);
    let again = records::encode_tokens(&again).expect("tokens that can't be stored again");
    assert!(records::is_same(&line, &again), "another record");
}

fn check_client_record(record: &ClientRecord) {
    let line = records::encode_client(record).expect("a client that can't be stored");
    check_line(&line).expect("a record that is not one line of ASCII");
    let again =
        records::decode_client(&record.account().id, &line).expect("a client that can't be read back");
    assert_eq!(again.account(), record.account());
    let again = records::encode_client(&again).expect("a client that can't be stored again");
    assert!(records::is_same(&line, &again), "another record");
}

/// A reply from the browser: a letter for what is expected and how it came, then its text.
pub fn callback(data: &[u8]) {
    let mut data = data;
    let flags = choice(&mut data, 16);
    let expected = Expected {
        state: "STATE-0123456789abcdef".to_owned(),
        issuer: (flags & 1 != 0).then(|| "https://auth.example.com".to_owned()),
        iss_promised: flags & 2 != 0,
        pkce: flags & 4 != 0,
        names: BTreeMap::new(),
        facts: BTreeMap::new(),
    };
    let text = String::from_utf8_lossy(data);
    let pasted = flags & 8 != 0;
    // A terminal or a mail breaks a pasted address into lines.
    let joined = if pasted { text.replace(['\r', '\n', '\t'], "") } else { text.to_string() };
    let read =
        if pasted { callback::read_pasted(&expected, &text) } else { callback::read_query(&expected, &text) };
    let said = |name: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(joined.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    match read {
        Ok(Returned::Code(code, _)) => {
            assert!(!code.is_empty(), "an empty code");
            let is_tied = joined.contains(&expected.state) || joined.contains('%');
            assert!(
                is_tied || (pasted && expected.pkce && !expected.iss_promised),
                "a code of another sign-in"
            );
            if !pasted {
                assert_eq!(said("state"), [expected.state], "another state");
                assert_eq!(said("code"), [code.expose()]);
                assert!(said("error").is_empty() && said("iss").len() <= 1);
                assert!(!expected.iss_promised || said("iss").len() == 1, "no issuer");
            }
        }
        Ok(Returned::Denied { code, .. }) => {
            assert!(!code.is_empty());
            assert!(pasted || said("state") == [expected.state], "another state");
        }
        Err(error) => {
            let is_final = matches!(error, CallbackError::WrongIssuer | CallbackError::Contradictory);
            assert!(
                !is_final || pasted || said("state") == [expected.state],
                "a forged reply ends a sign-in"
            );
        }
    }
}

/// An issuer's metadata: a letter for who asks, then the document.
/// A search whose answers stand one after another: a line with the status and the challenge, the body, and a
/// line of three dashes.
pub fn api_address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut answers = text.split("\n---\n");
    let address = "https://api.example.com/v1/mcp";
    let mut search = Search::new(address, SearchOptions::default()).expect("an address");
    let mut count = 0;
    let found = loop {
        let url = match search.next_step() {
            Next::Done(Ok(found)) => break found,
            Next::Done(Err(error)) => return drop(format!("{error} {error:?}")),
            Next::Get(url) => url,
        };
        count += 1;
        assert!(count <= REQUESTS_MAX, "more requests than promised");
        assert!(url.scheme() == "https" && Reach::Public.check(&url).is_ok(), "{url} must not be read");
        let (head, body) = answers.next().unwrap_or("404").split_once('\n').unwrap_or(("404", ""));
        let (status, challenge) = head.split_once(' ').unwrap_or((head, ""));
        search.answered(&MetadataAnswer {
            status: status.parse().unwrap_or(200),
            challenges: &[challenge],
            body: body.as_bytes(),
            ..MetadataAnswer::default()
        });
    };
    let resource =
        found.resource.as_deref().map(|resource| Url::parse(resource).expect("a resource that is a URL"));
    assert!(
        resource.is_none_or(|it| it.origin() == found.address.url().origin()),
        "another origin's resource"
    );
    let plan = AddressPlan::new(*found, &PlanOptions::default(), Vec::new());
    assert!(plan.scopes.len() <= 200);
    if let ClientChoice::Registration(url) = &plan.client {
        assert!(url.scheme() == "https" && Reach::Public.check(url).is_ok());
    }
    let settings = plan.settings(ClientSource::Given, None, plan.redirect_uri.clone());
    let provider = Provider::resolve(&PRESETS, &settings).expect("a found server that can't be used");
    for kind in EndpointKind::ALL {
        assert!(
            provider.endpoint(kind).is_none_or(|url| Reach::Public.check(url).is_ok()),
            "{kind:?} is inside"
        );
    }
    check_provider(&provider, false);
}

pub fn discovery(data: &[u8]) {
    let mut data = data;
    let issuers = ["https://auth.example.com", "http://127.0.0.1:9000", "https://auth.example.com/tenant"];
    let issuer = issuers[choice(&mut data, issuers.len())];
    let grants = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::ClientCredentials];
    let grant = grants[choice(&mut data, grants.len())];
    let template = (choice(&mut data, 2) == 1).then(|| "https://auth.example.com/{tenantid}".to_owned());
    let overrides = ProviderSpec {
        issuer: Some(issuer.to_owned()),
        issuer_template: template,
        ..ProviderSpec::default()
    };
    let mut settings = settings(CUSTOM, grant, overrides);
    let wanted = Wanted::of(&PRESETS, &settings).expect("an issuer that can be asked");
    let Some(document) = wanted.issuer.documents().into_iter().next() else { return };
    let found = match wanted.read(&document, data) {
        Ok(found) => found,
        Err(error) => return drop(format!("{error} {error:?}")),
    };
    assert_eq!(found.issuer, issuer);
    assert!(found.scopes.len() <= 200 && found.scopes.iter().all(|scope| scope.len() <= 2048));
    found.complete(&mut settings);
    let provider = Provider::resolve(&PRESETS, &settings).expect("a discovered provider that can't be used");
    check_provider(&provider, is_loopback(wanted.issuer.url()));
}

/// Every endpoint is https, or plain http on this machine.
fn check_provider(provider: &Provider, may_be_plain: bool) {
    for kind in EndpointKind::ALL {
        let Some(url) = provider.endpoint(kind) else { continue };
        assert!(is_secure(url), "{kind:?} is not secure");
        assert!(may_be_plain || url.scheme() == "https", "{kind:?} is plain http");
    }
}

/// A file of a person's: Keyfob's own, or another program's.
pub fn import_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = check_import(text, None);
    // A list of names and values is taken the other way round, too, and for a preset.
    for names in found {
        let mut mapping = names.clone();
        let mut values: Vec<_> = mapping.names.values().cloned().collect();
        values.reverse();
        mapping.names = mapping.names.into_keys().zip(values).collect();
        mapping.provider = Some("github".to_owned());
        check_import(text, Some(&mapping));
    }
}

fn check_import(text: &str, mapping: Option<&Mapping>) -> Vec<Mapping> {
    let found = match import::read_any(text, &PRESETS, mapping) {
        Ok(found) => found,
        Err(error) => {
            let words = format!("{error} {error:?}");
            let may_repeat = !has_secrets_only(text);
            assert!(may_repeat || !words.contains(CANARY), "a secret in an error: {words}");
            return Vec::new();
        }
    };
    assert!(found.accounts.len() <= 500 || text.contains("account"), "too many accounts");
    let mut names: Vec<&str> = found.accounts.iter().map(|account| account.name.key()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name twice");
    found.accounts.into_iter().for_each(check_imported);
    for sentence in &found.left_out {
        assert!(!sentence.contains(['\u{1b}', '\r', '\n', '\u{202e}']), "{sentence:?}");
    }
    found.names.map(|names| names.mappings).unwrap_or_default()
}

/// Whether each canary of a text is the value of a secret key: elsewhere it is a name, which is shown.
fn has_secrets_only(text: &str) -> bool {
    // A name is shown without the characters that can't be seen, and may be a canary only then.
    let seen: String = text.chars().filter(|c| *c == '\n' || !is_unseen(*c)).collect();
    let text = seen.as_str();
    // Without quotes, the key must begin its line.
    let is_key = |before: &str, key: &str| {
        let rest = before.strip_suffix(key);
        rest.is_some_and(|rest| key.ends_with('"') || rest.trim_end_matches(' ').ends_with('\n'))
    };
    let is_value = |at: usize| SECRET_KEYS.iter().any(|key| is_key(&text[..at], key));
    !text.contains('\'') && text.match_indices(CANARY).all(|(at, _)| is_value(at))
}

fn check_imported(imported: Imported) {
    let Imported { name, settings, client, grant, incomplete } = imported;
    assert_eq!(AccountName::new(name.as_str()).as_ref(), Ok(&name));
    let destinations = Destinations::of(&PRESETS, &settings).expect("destinations");
    let at_discovery = discovery::is_wanted_by(&PRESETS, &settings);
    let provider = if at_discovery {
        Provider::resolve(&PRESETS, &discovery::with_placeholder_endpoints(&settings))
    } else {
        Provider::resolve(&PRESETS, &settings)
    };
    let provider = provider.expect("an account that was taken and can't be used");
    check_provider(&provider, true);
    for (destination, url) in destinations.iter() {
        let is_url = !matches!(destination, Destination::Issuer | Destination::Help);
        assert!(!is_url || Url::parse(url).is_ok_and(|url| is_secure(&url)), "{destination:?}: {url}");
    }
    assert!(incomplete || token_request::check(&provider, &client).is_ok(), "no request can be built");
    let id = AccountId::from_random([7; 16]);
    let account = Account { id, revision: Revision::default(), name, settings };
    check_client_record(&ClientRecord::new(&PRESETS, account, client).expect("destinations"));
    if let Some(grant) = &grant {
        check_grant(grant);
    }
}

/// A record of the vault, as anything that can write there could leave it: a letter for its kind, then
/// its line.
pub fn vault_record(data: &[u8]) {
    let mut data = data;
    let kind = choice(&mut data, 2);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let line = SecretText::new(text.to_owned());
    let id = AccountId::from_random([7; 16]);
    let error = if kind == 0 {
        match records::decode_client(&id, &line) {
            Ok(record) => {
                let settings = &record.account().settings;
                let _ = Provider::resolve(&PRESETS, settings);
                let _ = Destinations::of(&PRESETS, settings);
                let _ = record.check(&PRESETS, settings);
                return check_client_record(&record);
            }
            Err(error) => error,
        }
    } else {
        match records::decode_tokens(&line) {
            Ok(grant) => {
                check_facts(&grant.facts);
                return check_tokens_record(&grant);
            }
            Err(error) => error,
        }
    };
    assert!(matches!(error, VaultError::Corrupt | VaultError::Newer), "{error}");
}

/// A preset of the user's own.
pub fn preset(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let preset = match Preset::from_toml(text) {
        Ok(preset) => preset,
        Err(error) => return drop(format!("{error} {error:?}")),
    };
    assert!(!preset.id.trim().is_empty() && preset.id != CUSTOM);
    let grants = preset.spec.grants.clone().unwrap_or_default();
    let chosen = preset.variables.iter().map(|variable| {
        let first = variable.choices.first().map(|choice| choice.value.clone());
        (variable.name.clone(), first.unwrap_or_else(|| "tenant".to_owned()))
    });
    let variables: std::collections::BTreeMap<_, _> = chosen.collect();
    let presets = [preset];
    for grant in grants {
        let mut settings = settings(&presets[0].id, grant, ProviderSpec::default());
        settings.variables = variables.clone();
        let _ = (Wanted::of(&presets, &settings), Destinations::of(&presets, &settings));
        if let Ok(provider) = Provider::resolve(&presets, &settings) {
            check_provider(&provider, true);
        }
    }
}
