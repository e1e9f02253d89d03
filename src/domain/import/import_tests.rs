//! Import files: a full example, every mistake, and values that must never be repeated.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::provider::presets::built_in;
use crate::domain::provider::spec::ClientAuth;

const EXAMPLE: &str = r#"
[[account]]
name = "car-dev"
provider = "smartcar"
grant = "authorization_code"
client_id = " CANARY-id "
client_secret = "CANARY-secret\n"
scopes = ["read_odometer"]
redirect_uri = "http://localhost:8910/callback"
[account.endpoints]
authorize = "http://127.0.0.1:9000/oauth/authorize"
token = "http://127.0.0.1:9000/oauth/token"

[[account]]
name = "orders / EU: 東京"
provider = "smartconnect"
client_id = "i"
client_secret = "s"
username = " user@example.com "
password = " CANARY-pass "
variables = { region = "EU" }
client_auth = "basic"
headers = { ACCESSTOKEN = " CANARY-head " }
"#;

fn imported(text: &str) -> Result<Vec<Imported>, ImportError> {
    read(text, &built_in())
}

fn mistake(text: &str) -> String {
    imported(text).unwrap_err().to_string()
}

fn account(more: &str) -> String {
    format!(
        "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\nclient_secret = \"s\"\n{more}"
    )
}

#[test]
fn the_example_gives_accounts() {
    let accounts = imported(EXAMPLE).unwrap();
    let [car, orders] = &accounts[..] else { panic!() };
    assert_eq!((car.name.as_str(), car.settings.provider.as_str()), ("car-dev", "smartcar"));
    assert_eq!(car.settings.grant, GrantType::AuthorizationCode);
    assert_eq!(car.settings.overrides.scopes.as_deref(), Some(&["read_odometer".to_owned()][..]));
    let authorize = car.settings.overrides.endpoints.authorize.as_deref();
    assert_eq!(authorize, Some("http://127.0.0.1:9000/oauth/authorize"));
    assert_eq!(car.client.client_id, "CANARY-id");
    assert_eq!(car.client.client_secret.as_ref().unwrap().expose(), "CANARY-secret");

    assert_eq!(orders.name.as_str(), "orders / EU: 東京");
    assert_eq!(orders.settings.grant, GrantType::Password, "the preset's first grant");
    assert_eq!(orders.settings.variables["region"], "EU");
    assert_eq!(orders.settings.overrides.client_auth, Some(ClientAuth::Basic));
    assert_eq!(orders.client.username.as_deref(), Some("user@example.com"));
    assert_eq!(
        orders.client.password.as_ref().unwrap().expose(),
        " CANARY-pass ",
        "a password is not trimmed"
    );
    assert_eq!(orders.client.headers["ACCESSTOKEN"].expose(), "CANARY-head");
    assert!(!format!("{:?}", orders.client).contains("CANARY"));
}

#[test]
fn json_says_the_same() {
    let text = json!({"account": [{
        "name": "hook", "provider": "custom", "grant": "client_credentials", "client_id": "i",
        "client_secret": null, "client_auth": "none", "tags": ["work", " Work ", "prod"], "environment": "staging", "endpoints": {"token": "https://a.example/t\u{e9}"},
        "refresh": {"ahead_secs": 30},
    }]});
    for text in [text.to_string(), format!("\u{feff}\n{text:#}\n")] {
        let accounts = imported(&text).unwrap();
        assert_eq!(accounts[0].name.as_str(), "hook");
        assert_eq!(accounts[0].settings.overrides.refresh.ahead_secs, Some(30));
        assert!(accounts[0].client.client_secret.is_none());
        assert_eq!(accounts[0].settings.tags.as_slice(), ["work", "prod"]);
        assert_eq!(accounts[0].settings.environment, Some(Environment::Staging));
    }
}

#[test]
fn a_mistake_names_the_account_the_line_and_the_key() {
    for (more, expected) in [
        ("redirct_uri = \"CANARY\"", "unknown key \"redirct_uri\"; did you mean \"redirect_uri\"?"),
        ("usrname = \"CANARY\"", "unknown key \"usrname\"; did you mean \"username\"?"),
        (
            "client_auth = \"CANARY\"",
            "\"client_auth\" must be one of basic, basic_raw, body, none, private_key_jwt, client_secret_jwt",
        ),
        ("scopes = \"CANARY\"", "\"scopes\" must be a list, not a string"),
        ("scopes = [\"a\", 7]", "\"scopes\" must be a string in quotes, not a whole number"),
        ("tags = [\"a\", 7]", "\"tags\" must be a string in quotes, not a whole number"),
        ("tags = [\"a\\u202eb\"]", "\"tags\" has a character that can't be seen"),
        ("pkce = \"CANARY\"", "\"pkce\" must be true or false, not a string"),
        ("username = 1979-05-27", "\"username\" must be a string in quotes, not a date"),
        (
            "client_secret_expires = \"CANARY\"",
            "\"client_secret_expires\" must be a day such as \"2030-01-31\"",
        ),
        (
            "client_secret_expires = 2030-01-31",
            "\"client_secret_expires\" must be a string in quotes, not a date",
        ),
        ("password = [\"CANARY\"]", "\"password\" must be a string in quotes, not a list"),
        ("endpoints = []", "\"endpoints\" must be a table, not a list"),
        ("refresh = [\"CANARY\"]", "\"refresh\" must be a table, not a list"),
        ("endpoints.tokn = \"CANARY\"", "unknown key \"endpoints.tokn\"; did you mean \"token\"?"),
        ("endpoints.token = \"CANARY\"", "\"endpoints.token\" is not a URL"),
        (
            "endpoints.token = \"http://127.0.0.1.evil.test/CANARY\"",
            "\"endpoints.token\" must begin with https://; http:// is for this computer only (127.0.0.1, [::1], localhost)",
        ),
        ("redirect_uri = \"CANARY\"", "\"redirect_uri\" is not a URL"),
        ("redirect_uri = \"http://localhost/#CANARY\"", "\"redirect_uri\" has a fragment (#)"),
        (
            "grant = \"passwort\"",
            "\"grant\" must be one of authorization_code, client_credentials, password, device_code, jwt_bearer, api_key, basic, login; did you mean \"password\"?",
        ),
        ("grant = \"password\"", "\"grant\" must be one of client_credentials"),
        ("variables = { regoin = \"CANARY\" }", "unknown key \"variables.regoin\""),
        ("headers = { X-Key = 7 }", "\"headers.X-Key\" must be a string in quotes, not a whole number"),
        (
            "headers = { X-Key = \"CANARY\\r\\nEvil: 1\" }",
            "\"headers\" contains a character or a name that a request can't carry",
        ),
        ("api.header = \"C K\"", "\"api.header\" can't stand in a header"),
        (
            "refresh = { ahead_secs = 99999999999 }",
            "\"refresh.ahead_secs\" must be a whole number, 0 or more, and not too large",
        ),
    ] {
        assert_eq!(mistake(&account(more)), format!("account \"a\", line 6: {expected}"), "{more}");
    }
    let Err(ImportError::File(error)) = imported(&account("[account.endpoints]\n\ntokn = \"x\"")) else {
        panic!()
    };
    assert_eq!(
        (error.account.as_deref(), error.line, error.key.as_deref()),
        (Some("a"), 8, Some("endpoints.tokn"))
    );
}

#[test]
fn an_environment_is_one_of_three_words() {
    let words = "\"environment\" must be one of production, staging, development";
    for (line, expected) in [
        ("environment = \"CANARY\"", words.to_owned()),
        ("environment = \"Production\"", format!("{words}; did you mean \"production\"?")),
        ("environment = true", "\"environment\" must be a string in quotes".to_owned()),
        ("enviroment = \"CANARY\"", "unknown key \"enviroment\"; did you mean \"environment\"?".to_owned()),
    ] {
        assert_eq!(mistake(&account(line)), format!("account \"a\", line 6: {expected}"), "{line}");
    }
    assert_eq!(imported(&account("")).unwrap()[0].settings.environment, None);
}

#[test]
fn what_a_grant_needs_must_be_there() {
    let car = "[[account]]\nname = \"a\"\nprovider = \"smartconnect\"\nclient_id = \"i\"\n\
               client_secret = \"s\"\nusername = \"u\"\npassword = \"p\"\nvariables.region = \"na\"\n";
    assert!(imported(car).is_ok(), "{}", mistake(car));
    for (from, to, expected) in [
        ("name = \"a\"", "", "line 1: key \"name\" is missing"),
        ("name = \"a\"", "name = \" \"", "line 2: \"name\" is empty"),
        ("provider = \"smartconnect\"", "", "account \"a\", line 1: key \"provider\" is missing"),
        (
            "smartconnect",
            "smart-connect",
            "account \"a\", line 3: \"provider\" is not known; did you mean \"smartconnect\"?",
        ),
        ("client_id = \"i\"", "", "account \"a\", line 1: key \"client_id\" is missing"),
        ("client_id = \"i\"", "client_id = \" \"", "account \"a\", line 4: key \"client_id\" is missing"),
        ("client_secret = \"s\"", "", "account \"a\", line 1: key \"client_secret\" is missing"),
        ("username = \"u\"", "", "account \"a\", line 1: key \"username\" is missing"),
        ("password = \"p\"", "password = \"\"", "account \"a\", line 7: key \"password\" is missing"),
        ("variables.region = \"na\"", "", "account \"a\", line 1: key \"variables.region\" is missing"),
        (
            "\"na\"",
            "\"NA4\"",
            "account \"a\", line 8: \"variables.region\" must be one of NA, NA2, NA3, UK, EU, EU2, AU; did you mean \"NA\"?",
        ),
        (
            "provider = \"smartconnect\"",
            "provider = \"connect\"",
            "account \"a\", line 8: unknown key \"variables.region\"",
        ),
    ] {
        let text = car.replace(from, to);
        assert!(mistake(&text).starts_with(expected), "{} instead of {expected}", mistake(&text));
    }
    let connect = "[[account]]\nname = \"a\"\nprovider = \"connect\"\nclient_id = \"i\"\n";
    let text = format!("{connect}endpoints.token = \"https://a.example/\"");
    assert_eq!(mistake(&text), "account \"a\", line 5: key \"endpoints.authorize\" is missing");
    let text = format!("{text}\nendpoints.authorize = \"https://a.example/\"");
    assert!(imported(&text).is_ok(), "a public client with PKCE has no secret");
    assert_eq!(
        mistake(&format!("{text}\npkce = false")),
        "account \"a\", line 1: key \"client_secret\" is missing"
    );
    let google = "[[account]]\nname = \"a\"\nprovider = \"google\"\nclient_id = \"i\"\ngrant = \"authorization_code\"\ntoggles.";
    let taken = imported(&format!("{google}offline = false")).unwrap();
    assert_eq!(taken[0].settings.overrides.toggles.get("offline"), Some(&false));
    assert_eq!(
        mistake(&format!("{google}ofline = false")),
        "account \"a\", line 6: unknown key \"toggles.ofline\"; did you mean \"offline\"?"
    );
    let custom = "[[account]]\nname = \"a\"\nprovider = \"custom\"\nclient_id = \"i\"\n";
    assert_eq!(mistake(custom), "account \"a\", line 1: key \"grant\" is missing");
}

#[test]
fn the_file_as_a_whole_is_checked() {
    for empty in ["", " \n", "\u{feff}", "# only a comment", "{}", "account = []", "{\"account\": []}"] {
        assert_eq!(imported(empty).unwrap_err(), ImportError::Empty, "{empty}");
    }
    for (text, expected) in [
        ("[[acount]]\nname = \"a\"", "line 1: unknown key \"acount\"; did you mean \"account\"?"),
        (
            "[account]\nname = \"a\"",
            "line 1: \"account\" must be a list: in TOML, write [[account]] in two pairs of brackets",
        ),
        ("account = [7]", "line 1: an account must be a table"),
        ("\n[[account]]\nname = \"a\"\nname = \"CANARY\"", "line 4: key \"name\" appears twice"),
        ("{\"account\": [{\"name\": \"a\",\n\"name\": \"CANARY\"}]}", "line 2: key \"name\" appears twice"),
        (
            "{\"account\": [\n{\"name\": \"a\",}]}",
            "line 2: this is not JSON: trailing commas are not allowed",
        ),
        ("{ // CANARY\n}", "line 1: this is not JSON: comments are not allowed"),
        (
            "{\"a\":\n\"\\uD800 CANARY\"}",
            "line 2: this is not JSON: a string has no end or a wrong escape (\\)",
        ),
    ] {
        assert_eq!(mistake(text), expected);
    }
    let unquoted = mistake(&account("password = CANARY"));
    assert!(unquoted.starts_with("line 6: this is not TOML: ") && !unquoted.contains("CANARY"), "{unquoted}");
    let twice = format!("{}\n{}", account(""), account("").replace("\"a\"", "\" A\""));
    assert_eq!(mistake(&twice), "account \"A\", line 8: the account in line 2 already has this name");
}

#[test]
fn i1_a_file_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{a=", "}")] {
        for depth in [40, 100, 600, 100_000] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for text in [format!("{{\"account\": {nested}}}"), format!("account = {nested}")] {
                assert!(matches!(imported(&text), Err(ImportError::File(_))), "{open} {depth}");
            }
        }
    }
    // The parsers have limits of their own; this is Keyfob's, with its own message.
    let ours = format!("account = {}1{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(mistake(&ours), "line 1: tables and lists are nested more than 32 deep");
    let dotted = format!("{} = 1", vec!["a"; 50_000].join("."));
    assert!(imported(&dotted).is_err());
    let large = format!("# {}", "x".repeat(crate::domain::document::FILE_MAX_BYTES));
    assert_eq!(mistake(&large), "line 1: the file is larger than 4 MiB");
}

/// Values of every type that hold a canary.
fn planted() -> impl Strategy<Value = serde_json::Value> {
    let canary = || "[ -~]{0,6}CANARY-7f[ -~é\n]{0,6}".prop_map(serde_json::Value::from);
    prop_oneof![
        canary(),
        canary().prop_map(|value| json!([value])),
        canary().prop_map(|value| json!({"token": value})),
        canary().prop_map(|value| json!({"x": [value.clone(), {"y": value}]})),
        Just(json!(7_777_777_777_i64)),
        Just(json!(-7_777_777.5)),
        Just(json!(true)),
        Just(json!(null)),
    ]
}

const KEYS: &[&str] = &[
    "provider",
    "grant",
    "client_id",
    "client_secret",
    "username",
    "password",
    "variables",
    "headers",
    "grants",
    "client_auth",
    "body_format",
    "scopes",
    "scope_separator",
    "redirect_uri",
    "pkce",
    "issuer",
    "iss_promised",
    "endpoints",
    "request_headers",
    "authorize_params",
    "token_params",
    "response",
    "refresh",
    "api",
    "errors",
    "help",
    "unknown",
];

fn has_canary(text: &str) -> bool {
    text.contains("CANARY") || text.contains("7777777") || text.contains("7f")
}

proptest! {
    #[test]
    fn i1_no_error_repeats_a_value(
        key in prop::sample::select(KEYS),
        value in planted(),
        provider in prop::sample::select(&["smartcar", "smartconnect", "smartsense", "connect", "custom"][..]),
        inside in prop::option::of(prop::sample::select(&["token", "region", "X-Key", "error", "ahead_secs"][..])),
    ) {
        let mut account = json!({
            "name": "a", "provider": provider, "client_id": "i", "client_secret": "s", "username": "u", "password": "p",
        });
        account[key] = match inside {
            Some(inside) => json!({inside: value}),
            None => value,
        };
        let json = json!({"account": [account]});
        let toml = toml_of(&json["account"][0]);
        for text in [json.to_string(), format!("{json:#}"), toml] {
            if let Err(error) = imported(&text) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!has_canary(&shown), "{}\n{}", shown, text);
            }
        }
    }

    #[test]
    fn i1_no_text_panics(text in ".{0,80}", cut in any::<prop::sample::Index>()) {
        let _ = imported(&text);
        let _ = imported(&format!("[[account]]\n{text}"));
        let _ = imported(&format!("{{\"account\": [{text}]}}"));
        let at = EXAMPLE.char_indices().map(|(at, _)| at).nth(cut.index(EXAMPLE.chars().count())).unwrap_or(0);
        if let Err(error) = imported(&EXAMPLE[..at]) {
            prop_assert!(!error.to_string().contains("CANARY"), "{}", error);
        }
    }
}

/// The account as TOML, one key a line; what TOML can't express is left out.
fn toml_of(account: &serde_json::Value) -> String {
    fn value(node: &serde_json::Value) -> Option<String> {
        Some(match node {
            serde_json::Value::Null => return None,
            serde_json::Value::Array(items) => {
                format!("[{}]", items.iter().filter_map(value).collect::<Vec<_>>().join(", "))
            }
            serde_json::Value::Object(fields) => {
                let fields =
                    fields.iter().filter_map(|(key, node)| Some(format!("{key} = {}", value(node)?)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            scalar => scalar.to_string(),
        })
    }
    let fields = account.as_object().unwrap();
    let lines = fields.iter().filter_map(|(key, node)| Some(format!("{key} = {}\n", value(node)?)));
    format!("[[account]]\n{}", lines.collect::<String>())
}

#[test]
fn a_client_that_signs_brings_its_key() {
    let key = crate::domain::test_support::EC_JWK;
    let text = format!(
        "[[account]]\nname = \"a\"\nprovider = \"custom\"\ngrant = \"jwt_bearer\"\nclient_id = \"i\"\n\
         private_key = '''\n{key}\n'''\nkey_alg = \"ES256\"\nkey_id = \"k\"\nresource = \"https://r.example\"\n\
         par = true\naudience = \"a\"\nendpoints.token = \"https://a.example/t\"\n"
    );
    let accounts = imported(&text).unwrap();
    assert_eq!(accounts[0].client.private_key.as_ref().unwrap().expose(), format!("{key}\n"));
    let overrides = &accounts[0].settings.overrides;
    assert_eq!(overrides.resource.as_deref(), Some(["https://r.example".to_owned()].as_slice()));
    let two = text.replace("\"https://r.example\"", "[\"https://r.example\", \"https://s.example\"]");
    assert_eq!(imported(&two).unwrap()[0].settings.overrides.resource.as_ref().unwrap().len(), 2);
    for (from, to, expected) in [
        ("\"ES256\"", "\"RS256\"", "\"private_key\" doesn't match \"key_alg\""),
        ("\"ES256\"", "\"ES512\"", "\"key_alg\" must be one of RS256, PS256, ES256, EdDSA, HS256"),
        (key, "CANARY", "\"private_key\" is neither PEM nor JWK, or is damaged"),
        (
            "\"https://r.example\"",
            "7",
            "\"resource\" must be a string in quotes or a list of them, not a whole number",
        ),
        ("private_key", "privat_key", "unknown key \"privat_key\"; did you mean \"private_key\"?"),
        ("key_id = \"k\"", "assertion_audience = \"issuer\"", "key \"issuer\" is missing"),
    ] {
        let said = mistake(&text.replace(from, to));
        assert!(said.ends_with(expected) && !said.contains("CANARY"), "{said}\n{expected}");
    }
    // Pushed requests need the browser's sign-in and an endpoint.
    let by_browser = text.replace("jwt_bearer", "authorization_code");
    let by_browser =
        format!("{by_browser}endpoints.authorize = \"https://a.example/a\"\nclient_auth = \"none\"\n");
    assert!(mistake(&by_browser).ends_with("key \"endpoints.par\" is missing"));
}
