use super::*;
use crate::domain::import::{api_document, read_any};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::EndpointKind;

fn document(text: &str) -> ApiDocument {
    let read = api_document(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    read.expect("a document")
}

fn mistake(text: &str) -> String {
    api_document(text).unwrap_err().to_string()
}

/// Version 3.1 with these security schemes, in YAML.
fn with_schemes(schemes: &str) -> String {
    let indented = schemes.lines().fold(String::new(), |text, line| text + "    " + line + "\n");
    format!(
        "openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: 'https://api.example.com/v1'}}]\n\
         paths: {{}}\ncomponents:\n  securitySchemes:\n{indented}"
    )
}

/// What became of each scheme: its flow, then the grant or the reason.
fn outcomes(text: &str) -> Vec<String> {
    let document = document(text);
    let flow = |flow: &Option<String>| flow.as_ref().map_or_else(String::new, |flow| format!(".{flow}"));
    let accounts = document.accounts.iter().map(|(imported, details)| {
        format!("{}{} = {}", details.scheme, flow(&details.flow), imported.settings.grant.as_str())
    });
    let left_out = document.left_out.iter();
    let left_out = left_out.map(|left| format!("{}{}: {}", left.scheme, flow(&left.flow), left.reason));
    accounts.chain(left_out).collect()
}

const FLOWS: &str = "o:
  type: oauth2
  flows:
    implicit: {authorizationUrl: 'https://a.example/authorize', scopes: {}}
    authorizationCode:
      authorizationUrl: https://a.example/authorize
      tokenUrl: https://a.example/token
      refreshUrl: https://a.example/refresh
      scopes: {read: Reads things, write: 'Writes things'}
    clientCredentials: {tokenUrl: /oauth/token, scopes: {all: ''}}
    password: {tokenUrl: 'https://a.example/token', scopes: {}}
    deviceAuthorization: {deviceAuthorizationUrl: 'https://a.example/device', tokenUrl: 'https://a.example/token'}
    later: {tokenUrl: 'https://a.example/token'}
    x-internal: {a: b}
";

/// Security schemes, and what becomes of them.
const CASES: [(&str, &[&str]); 19] = [
    (
        FLOWS,
        &[
            "o.authorizationCode = authorization_code",
            "o.clientCredentials = client_credentials",
            "o.password = password",
            "o.deviceAuthorization = device_code",
            "o.implicit: the implicit flow is obsolete, and Keyfob doesn't support it",
            "o.later: its flow later is not known",
        ],
    ),
    ("k: {type: apiKey, in: header, name: X-Api-Key}", &["k = api_key"]),
    ("k: {type: apiKey, in: query, name: api_key}", &["k = api_key"]),
    (
        "k: {type: apiKey, in: cookie, name: sid}",
        &["k: its key goes into a cookie, which Keyfob doesn't support"],
    ),
    (
        "k: {type: apiKey, in: header, name: 'a b'}",
        &["k: it has no name that a header or a parameter can have"],
    ),
    ("b: {type: http, scheme: Bearer, bearerFormat: JWT}", &["b = api_key"]),
    ("b: {type: http, scheme: basic}", &["b = basic"]),
    ("d: {type: http, scheme: digest}", &["d: the HTTP scheme digest is not supported"]),
    ("m: {type: mutualTLS}", &["m: mutualTLS needs a client certificate, which Keyfob doesn't keep"]),
    ("u: {type: future}", &["u: its type future is not known"]),
    (
        "i: {type: openIdConnect, openIdConnectUrl: 'https://a.example/t/.well-known/openid-configuration'}",
        &["i = authorization_code"],
    ),
    (
        "i: {type: openIdConnect, openIdConnectUrl: 'http://a.example/.well-known/openid-configuration'}",
        &["i: issuer is not https"],
    ),
    (
        "o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'http://a.example/token'}}}",
        &["o.clientCredentials: endpoints.token is not https"],
    ),
    (
        "o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'http://127.0.0.1:9/token'}}}",
        &["o.clientCredentials = client_credentials"],
    ),
    (
        "o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.example/{tenant}/token'}}}",
        &["o.clientCredentials: its URL names {tenant}, for which the document has no value"],
    ),
    (
        "e: {$ref: 'common.yaml#/components/securitySchemes/e'}",
        &["e: its $ref leads to another document, which is not opened"],
    ),
    (
        "c: {$ref: '#/components/securitySchemes/d'}\nd: {$ref: '#/components/securitySchemes/c'}",
        &["c: its $ref leads in a circle", "d: its $ref leads in a circle"],
    ),
    (
        "a: {$ref: '#/components/securitySchemes/key%7E1x'}\n'key/x': {type: http, scheme: basic}",
        &["a = basic", "key/x = basic"],
    ),
    ("n: {$ref: '#/nowhere'}", &["n: its $ref leads nowhere"]),
];

#[test]
fn every_scheme_and_flow_becomes_an_account_or_a_reason() {
    for (schemes, expected) in CASES {
        assert_eq!(outcomes(&with_schemes(schemes)), expected, "{schemes}");
    }
}

#[test]
fn an_account_has_what_the_document_says() {
    let mut text = with_schemes(FLOWS);
    text = text.replace(
        "paths: {}",
        "security: [{o: [read]}]\npaths:\n  /a: {get: {security: [{o: [write, read]}]}, post: {security: []}}\n  \
         /b: {$ref: '#/paths/~1a'}",
    );
    let document = document(&text);
    let (code, details) = &document.accounts[0];
    assert_eq!(code.name.as_str(), "Shop (o, authorizationCode)");
    assert!(code.incomplete);
    let spec = &code.settings.overrides;
    let endpoint = |kind| spec.endpoints.get(kind);
    assert_eq!(endpoint(EndpointKind::Authorize), Some("https://a.example/authorize"));
    assert_eq!(endpoint(EndpointKind::Token), Some("https://a.example/token"));
    assert_eq!(endpoint(EndpointKind::Refresh), Some("https://a.example/refresh"));
    assert_eq!(spec.api.base_url.as_deref(), Some("https://api.example.com/v1"));
    assert_eq!(details.used_scopes, ["read", "write"]);
    assert_eq!(spec.scopes.as_deref(), Some(&["read".to_owned(), "write".to_owned()][..]));
    assert_eq!(details.scopes["write"], "Writes things");
    let (batch, _) = &document.accounts[1];
    let token = batch.settings.overrides.endpoints.get(EndpointKind::Token);
    assert_eq!(token, Some("https://api.example.com/oauth/token"), "relative to the server");

    let document = self::document(&with_schemes("k: {type: http, scheme: bearer}"));
    let (key, _) = &document.accounts[0];
    assert_eq!((key.name.as_str(), key.settings.grant), ("Shop", GrantType::ApiKey));
    let api = &key.settings.overrides.api;
    assert_eq!((api.header.as_deref(), api.scheme.as_deref()), (Some("Authorization"), Some("Bearer")));
}

#[test]
fn variables_of_a_server_become_the_accounts() {
    let text = with_schemes("k: {type: apiKey, in: header, name: X-Key}").replace(
        "[{url: 'https://api.example.com/v1'}]",
        "[{url: '/relative'}, {url: 'http://old.example'}, {url: 'https://{region}.example.com:{port}/{base}', \
         variables: {region: {default: eu, enum: [eu, us]}, port: {default: 8443}, base: {default: v2}}}]",
    );
    let document = document(&text);
    let (account, details) = &document.accounts[0];
    let spec = &account.settings.overrides;
    assert_eq!(spec.api.base_url.as_deref(), Some("https://{region}.example.com:{port}/{base}"));
    assert_eq!(account.settings.variables["port"], "8443");
    assert_eq!(details.choices["region"], ["eu", "us"]);
    assert_eq!(details.choices.len(), 1);
    let provider = Provider::resolve(&[], &account.settings).unwrap();
    let url = provider.api_base_url(&BTreeMap::new());
    assert_eq!(url.as_deref(), Some("https://eu.example.com:8443/v2"));
    // A relative URL keeps the variables of the server's host.
    let relative = |of_base: &str, url: &str| {
        let flow =
            format!("o: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: '{url}', scopes: {{}}}}}}}}");
        let text = text
            .replace("k: {type: apiKey, in: header, name: X-Key}", &flow)
            .replace("{port}/{base}", of_base);
        self::document(&text)
            .accounts
            .first()
            .map(|(account, _)| Provider::resolve(&[], &account.settings).unwrap().token.unwrap().to_string())
    };
    for (of_base, url, token) in [
        ("{port}/{base}", "/token", Some("https://eu.example.com:8443/token")),
        ("{port}/{base}", "token", Some("https://eu.example.com:8443/v2/token")),
        ("{port}/{base}", "//evil.example/token", None),
        ("{port}/{base}", "../token", None),
    ] {
        assert_eq!(relative(of_base, url).as_deref(), token, "{url}");
    }
    // A key is not sent over http.
    let http = text.replace("https://{region}", "http://{region}");
    let expected = "k: the API's servers are http, to which no key is sent";
    assert_eq!(outcomes(&http), [expected]);
}

#[test]
fn version_2_is_read_with_its_own_words() {
    let text = r#"{"swagger": "2.0", "info": {"title": "Pets"}, "host": "api.example.com", "basePath": "/v2",
        "schemes": ["http", "https"], "paths": {"/p": {"get": {"security": [{"code": ["read"]}]}}},
        "securityDefinitions": {
            "code": {"type": "oauth2", "flow": "accessCode", "authorizationUrl": "https://a.example/authorize",
                "tokenUrl": "https://a.example/token", "scopes": {"read": "Reads"}},
            "app": {"type": "oauth2", "flow": "application", "tokenUrl": "https://a.example/token", "scopes": {}},
            "old": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://a.example/authorize"},
            "login": {"type": "basic"},
            "key": {"type": "apiKey", "in": "query", "name": "key"}}}"#;
    assert_eq!(
        outcomes(text),
        [
            "code.accessCode = authorization_code",
            "app.application = client_credentials",
            "login = basic",
            "key = api_key",
            "old.implicit: the implicit flow is obsolete, and Keyfob doesn't support it",
        ]
    );
    let document = document(text);
    let (code, details) = &document.accounts[0];
    assert_eq!(code.settings.overrides.api.base_url.as_deref(), Some("https://api.example.com/v2"));
    assert_eq!(
        (details.used_scopes.as_slice(), details.scopes["read"].as_str()),
        (&["read".to_owned()][..], "Reads")
    );
    assert_eq!(document.accounts[3].0.settings.overrides.api.query.as_deref(), Some("key"));
    // In YAML too, where the version is often a number.
    let yaml = "info: {title: Pets}\nswagger: 2.0\nsecurityDefinitions: {b: {type: basic}}\n";
    assert_eq!(outcomes(yaml), ["b = basic"]);
}

#[test]
fn i5_a_document_that_is_none_or_explodes_is_refused() {
    assert_eq!(
        mistake("openapi: 3.0.0\ninfo: {title: a}\npaths: {}\n"),
        "the document has no security scheme"
    );
    assert_eq!(mistake(&with_schemes("x-a: {type: http}")), "the document has no security scheme");
    for (version, shown) in [("4.0.0", "4.0.0"), ("3.9.1", "3.9.1"), ("[]", "-")] {
        let words = format!("\"openapi\" has the version {shown}, which is not known");
        assert!(mistake(&format!("info: {{}}\nopenapi: {version}\n")).contains(&words), "{version}");
    }
    assert!(mistake(r#"{"swagger": "1.2"}"#).contains("\"swagger\" has the version 1.2"));
    let bomb = "openapi: 3.1.0\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
    assert!(mistake(bomb).contains("line 3: aliases (*) are not supported"));
    let many: Vec<String> = (0..600).map(|n| format!("k{n}: {{type: http, scheme: basic}}")).collect();
    let many = many.join("\n");
    assert_eq!(document(&with_schemes(&many)).accounts.len(), 500);
    let all_out = with_schemes("m: {type: mutualTLS}");
    assert!(read_any(&all_out, &[], None).unwrap_err().to_string().contains("mutualTLS"));
}

#[test]
fn credentials_complete_the_accounts_of_their_scheme() {
    let schemes = "o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.example/token'}}}\n\
                   k: {type: apiKey, in: header, name: X-Key}\nb: {type: http, scheme: basic}\n";
    let complete = |text: &str| {
        let mut document = document(&with_schemes(schemes));
        let completed = Credentials::read(text).and_then(|read| read.complete(text, &mut document));
        completed.map(|()| document).map_err(|error| error.to_string())
    };
    let all = "[o]\nclient_id = \"i\"\nclient_secret = \" CANARY-s \"\n[k]\nkey = \"CANARY-k\"\n";
    let document = complete(all).unwrap();
    let secrets: Vec<_> = document.accounts.iter().map(|(imported, _)| &imported.client).collect();
    assert_eq!(secrets[0].client_secret.as_ref().unwrap().expose(), "CANARY-s");
    assert_eq!(secrets[1].key.as_ref().unwrap().expose(), "CANARY-k");
    let incomplete: Vec<bool> = document.accounts.iter().map(|(imported, _)| imported.incomplete).collect();
    assert_eq!(incomplete, [false, false, true]);
    for (text, words) in [
        ("[ko]\nkey = \"CANARY\"", "no account of this scheme; did you mean"),
        ("[k]\nclient_id = \"CANARY\"", "\"client_id\" doesn't go with this scheme"),
        ("[k]\nkeys = \"CANARY\"", "unknown key \"keys\"; did you mean \"key\"?"),
        ("[k]\nkey = 7", "\"key\" must be a string in quotes"),
        ("[k]\nkey = \"CANARY é\"", "\"key\" contains a character"),
        ("k = \"CANARY\"", "\"k\" must be a table"),
    ] {
        let error = complete(text).unwrap_err();
        assert!(error.contains(words) && !error.contains("CANARY"), "{text}: {error}");
    }
}
