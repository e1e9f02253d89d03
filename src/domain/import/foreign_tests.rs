//! Other programs' files.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::import::EnvField;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::presets::built_in;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::test_support::ED_JWK;

fn found(text: &str) -> ImportedFile {
    read_any(text, &built_in(), None).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn only(text: &str) -> Imported {
    let mut found = found(text);
    assert_eq!((found.accounts.len(), found.left_out.len()), (1, 0), "{found:?}");
    found.accounts.remove(0)
}

fn secret(account: &Imported) -> &str {
    account.client.client_secret.as_ref().map_or("", crate::base::secret::ClientSecret::expose)
}

const GOOGLE: &str = r#"{"installed":{"client_id":"1-a.apps.googleusercontent.com","project_id":"mail-1",
"auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token",
"client_secret":"CANARY-google","redirect_uris":["http://localhost"]}}"#;

const POSTMAN: &str = r#"{"info":{"name":"Orders","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
"variable":[{"key":"base","value":"https://auth.acme.example"},{"key":"secret","value":"CANARY-postman"}],
"auth":{"type":"oauth2","oauth2":[{"key":"grant_type","value":"authorization_code_with_pkce"},
 {"key":"authUrl","value":"{{base}}/authorize"},{"key":"accessTokenUrl","value":"{{base}}/token"},
 {"key":"clientId","value":"orders"},{"key":"clientSecret","value":"{{secret}}"},{"key":"scope","value":"read write"},
 {"key":"redirect_uri","value":"https://oauth.pstmn.io/v1/callback"},{"key":"client_authentication","value":"body"},{"key":"audience","value":"{{base}}/api"},
 {"key":"tokenRequestParams","value":[{"key":"tenant","value":"7","enabled":true},{"key":"off","value":"1","enabled":false}]}]},
"item":[{"name":"Folder","item":[{"name":"Batch","request":{"method":"GET","auth":{"type":"oauth2","oauth2":[
 {"key":"grant_type","value":"client_credentials"},{"key":"accessTokenUrl","value":"https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"},
 {"key":"clientId","value":"batch"},{"key":"clientSecret","value":"CANARY-batch"}]}}},
 {"name":"Same","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"client_credentials","accessTokenUrl":"https://login.microsoftonline.com/acme.example/oauth2/v2.0/token","clientId":"batch"}}}},
 {"name":"Old","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"implicit","authUrl":"https://a.example/"}}}},
 {"name":"Elsewhere","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"client_credentials","accessTokenUrl":"{{other}}/token","clientId":"x"}}}},
 {"name":"Plain","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"client_credentials","accessTokenUrl":"http://a.example/token","clientId":"x"}}}}]}]}"#;

const INSOMNIA_4: &str = r#"{"_type":"export","__export_format":4,"resources":[
{"_type":"environment","data":{"host":"https://auth.acme.example","secret":"CANARY-insomnia"}},
{"_type":"request","name":"Get orders","authentication":{"type":"oauth2","grantType":"password","accessTokenUrl":"{{ _.host }}/token",
 "clientId":"i","clientSecret":"{{ _.secret }}","username":"u","password":"CANARY-password","scope":"a b","credentialsInBody":true}},
{"_type":"request","name":"Off","authentication":{"type":"oauth2","disabled":true,"grantType":"client_credentials"}},
{"_type":"request","name":"Other","authentication":{"type":"bearer","token":"x"}}]}"#;

const INSOMNIA_5: &str = "type: collection.insomnia.rest/5.0
schema_version: \"5.1\"
name: Orders
collection:
  - name: Folder
    children:
      - name: Get orders
        url: \"{{ _.host }}/orders\"
        authentication:
          type: oauth2
          grantType: authorization_code
          authorizationUrl: \"{{ _.host }}/authorize\"
          accessTokenUrl: \"{{ _.host }}/token\"
          clientId: orders
          clientSecret: CANARY-insomnia5
          redirectUrl: http://localhost:1234/callback
          scope: read write
        scripts:
          preRequest: |
            insomnia.environment.set('x', 1)
environments:
  name: Base
  data:
    host: https://auth.acme.example
";

const BRU: &str = "meta {
  name: Get orders
  type: http
}

get {
  url: https://api.acme.example
  auth: oauth2
}

auth:oauth2 {
  grant_type: client_credentials
  access_token_url: {{host}}/token
  client_id: orders
  client_secret: CANARY-bru:with:colons
  scope: read
  credentials_placement: basic_auth_header
}

vars:pre-request {
  host: https://auth.acme.example
  ~host: https://evil.example
}
";

const BRUNO_JSON: &str = r#"{"name":"Orders","version":"1","items":[{"type":"http-request","name":"Get","request":{"url":"x",
"auth":{"mode":"oauth2","oauth2":{"grantType":"client_credentials","accessTokenUrl":"https://auth.acme.example/token",
"clientId":"orders","clientSecret":"CANARY-json","credentialsPlacement":"body"}}}}],"environments":[]}"#;

const BRUNO_YAML: &str = "info:
  name: Get orders
  type: http
http:
  method: get
  url: https://api.acme.example
  auth:
    type: oauth2
    flow: client_credentials
    accessTokenUrl: https://auth.acme.example/token
    credentials:
      clientId: orders
      clientSecret: CANARY-yaml
      placement: basic_auth_header
    scope: read
";

const ENV: &str = "# the app's own\nPORT=8080\nGITHUB_CLIENT_ID=Iv1.a\nGITHUB_CLIENT_SECRET='CANARY-env'\n\
                   ACME_CLIENT_ID=i\nACME_CLIENT_SECRET=s\nACME_TOKEN_URL=https://auth.acme.example/token\n";

const ALL: [&str; 8] = [GOOGLE, POSTMAN, INSOMNIA_4, INSOMNIA_5, BRU, BRUNO_JSON, BRUNO_YAML, ENV];

#[test]
fn a_client_secret_file_of_googles() {
    let account = only(GOOGLE);
    assert_eq!((account.name.as_str(), account.settings.provider.as_str()), ("Google mail-1", "google"));
    assert_eq!(account.settings.grant, GrantType::AuthorizationCode);
    assert_eq!(account.settings.overrides.redirect_uri, None);
    assert_eq!(
        (account.client.client_id.as_str(), secret(&account)),
        ("1-a.apps.googleusercontent.com", "CANARY-google")
    );
    let web = GOOGLE
        .replace("installed", "web")
        .replace("[\"http://localhost\"]", "[\"https://a.example/cb\",\"http://localhost:8080/cb\"]");
    assert_eq!(only(&web).settings.overrides.redirect_uri.as_deref(), Some("http://localhost:8080/cb"));
}

#[test]
fn a_service_accounts_key_of_googles() {
    let key = ED_JWK.replace('\n', "");
    let file = serde_json::json!({"type": "service_account", "project_id": "p", "private_key_id": "k1",
        "private_key": key, "client_email": "robot@p.iam.gserviceaccount.com",
        "token_uri": "https://evil.example/token"});
    let account = only(&file.to_string());
    assert_eq!((account.name.as_str(), account.settings.grant), ("robot", GrantType::JwtBearer));
    assert_eq!(account.settings.provider, "google-service-account");
    assert_eq!(account.settings.overrides.key_id.as_deref(), Some("k1"));
    assert_eq!(account.client.client_id, "robot@p.iam.gserviceaccount.com");
    assert_eq!(account.client.private_key.as_ref().unwrap().expose(), key);
    assert_eq!(account.settings.overrides.endpoints.token, None, "the preset knows where to");
    let damaged = file.to_string().replace("OKP", "CANARY");
    let error = read_any(&damaged, &built_in(), None).unwrap_err().to_string();
    assert!(error.contains("private_key") && !error.contains("CANARY"), "{error}");
}

#[test]
fn a_postman_collection() {
    let found = found(POSTMAN);
    let [orders, batch] = &found.accounts[..] else { panic!("{found:?}") };
    assert_eq!((orders.name.as_str(), orders.settings.provider.as_str()), ("Orders", "custom"));
    let overrides = &orders.settings.overrides;
    assert_eq!(overrides.endpoints.token.as_deref(), Some("https://auth.acme.example/token"));
    assert_eq!(overrides.endpoints.authorize.as_deref(), Some("https://auth.acme.example/authorize"));
    assert_eq!(overrides.redirect_uri, None, "Postman's own callback is not ours");
    assert_eq!(overrides.scopes, Some(vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!(overrides.client_auth, Some(ClientAuth::Body));
    assert_eq!(overrides.audience.as_deref(), Some("https://auth.acme.example/api"));
    assert!(overrides.token_params.is_empty(), "its value may be a secret");
    assert_eq!(orders.client.token_params["tenant"].expose(), "7");
    assert_eq!(secret(orders), "CANARY-postman");
    assert_eq!((batch.name.as_str(), batch.settings.provider.as_str()), ("Batch", "entra"));
    assert_eq!(batch.settings.variables["tenant"], "acme.example");
    assert_eq!((batch.settings.grant, secret(batch)), (GrantType::ClientCredentials, "CANARY-batch"));
    assert_eq!(
        found.left_out,
        [
            "“Old” was left out: the implicit grant is obsolete, and Keyfob doesn't support it.",
            "“Elsewhere” was left out: its token endpoint uses a variable that the file doesn't define.",
            "“Plain” was left out: endpoints.token is not https.",
        ]
    );
}

#[test]
fn insomnias_exports() {
    let account = only(INSOMNIA_4);
    assert_eq!((account.name.as_str(), account.settings.grant), ("Get orders", GrantType::Password));
    assert_eq!(account.settings.overrides.client_auth, Some(ClientAuth::Body));
    assert_eq!((account.client.username.as_deref(), secret(&account)), (Some("u"), "CANARY-insomnia"));
    assert_eq!(account.client.password.as_ref().unwrap().expose(), "CANARY-password");
    let account = only(INSOMNIA_5);
    assert_eq!((account.name.as_str(), secret(&account)), ("Get orders", "CANARY-insomnia5"));
    let overrides = &account.settings.overrides;
    assert_eq!(overrides.redirect_uri.as_deref(), Some("http://localhost:1234/callback"));
    assert_eq!(overrides.endpoints.token.as_deref(), Some("https://auth.acme.example/token"));
}

#[test]
fn brunos_files() {
    for (text, expected, auth) in [
        (BRU, "CANARY-bru:with:colons", ClientAuth::Basic),
        (BRUNO_JSON, "CANARY-json", ClientAuth::Body),
        (BRUNO_YAML, "CANARY-yaml", ClientAuth::Basic),
    ] {
        let account = only(text);
        assert_eq!(account.settings.grant, GrantType::ClientCredentials);
        assert_eq!((account.client.client_id.as_str(), secret(&account)), ("orders", expected));
        let overrides = &account.settings.overrides;
        assert_eq!(overrides.endpoints.token.as_deref(), Some("https://auth.acme.example/token"));
        assert_eq!(overrides.client_auth, Some(auth));
    }
}

#[test]
fn variables_are_found_where_the_programs_keep_them() {
    let of_folder = INSOMNIA_5.replace("    children:", "    environment:\n      id: 12345\n    children:");
    let nested = of_folder.replace("clientId: orders", "clientId: \"{{ _.id }}\"");
    let nested = nested.replace("CANARY-insomnia5", "\"{{ _['o'].s }}{{ _.app.secret }}\"");
    let nested = nested
        .replace("    host:", "    o.s: a\n    app: {secret: b}\n    host:")
        .replace("_['o'].s", "_.o.s");
    let account = only(&nested);
    assert_eq!((account.client.client_id.as_str(), secret(&account)), ("12345", "ab"));
    let collection = "opencollection: 1.0.0\ninfo: {name: Orders}\nconfig:\n  environments:\n    - name: Dev\n      \
        variables:\n        - {name: host, value: \"https://evil.example\", disabled: true}\n        \
        - {name: host, value: {data: \"https://auth.acme.example\"}}\nrequest:\n  variables:\n    \
        - {name: id, value: \"77\"}\n  auth:\n    type: oauth2\n    flow: client_credentials\n    \
        accessTokenUrl: \"{{host}}/token\"\n    credentials: {clientId: \"{{id}}\", clientSecret: s}\n";
    let account = only(collection);
    assert_eq!(account.client.client_id, "77");
    let overrides = &account.settings.overrides;
    assert_eq!(overrides.endpoints.token.as_deref(), Some("https://auth.acme.example/token"));
    assert_eq!(overrides.client_auth, Some(ClientAuth::Body), "as Bruno does without a word");
}

#[test]
fn a_list_of_names_and_values_is_guessed_or_told() {
    let guessed = found(ENV);
    let names: Vec<&str> = guessed.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["GitHub", "acme"]);
    assert_eq!(guessed.accounts[0].settings.provider, "github");
    assert_eq!(guessed.accounts[1].settings.grant, GrantType::ClientCredentials);
    assert_eq!(guessed.names.as_ref().unwrap().names.len(), 6);

    // As an editor on Windows writes it.
    let windows = found(&format!(
        "\u{feff}{}",
        ENV.replace('\n', "\r\n").replace("# the app's own\r\nPORT=8080\r\n", "")
    ));
    assert_eq!(windows.accounts[0].client.client_id, "Iv1.a");

    let odd = "KEY=i\nTOP=CANARY-told\nWHERE=https://auth.acme.example/token\n";
    let nothing = found(odd);
    assert!(nothing.accounts.is_empty() && nothing.names.is_some());
    let told = |pairs: &[(EnvField, &str)]| {
        let names = pairs.iter().map(|(field, name)| (*field, (*name).to_owned())).collect();
        let mapping = Mapping { names, provider: None };
        read_any(odd, &built_in(), Some(&mapping)).unwrap()
    };
    let pairs = [(EnvField::ClientId, "KEY"), (EnvField::ClientSecret, "TOP"), (EnvField::TokenUrl, "WHERE")];
    let told = told(&pairs);
    assert_eq!(secret(&told.accounts[0]), "CANARY-told");

    let environment = r#"{"name":"Dev","_postman_variable_scope":"environment","values":[
        {"key":"client_id","value":"i"},{"key":"client_secret","value":"s"},{"key":"token_url","value":"https://a.example/t"}]}"#;
    assert_eq!(only(environment).settings.overrides.endpoints.token.as_deref(), Some("https://a.example/t"));
}

#[test]
fn keyfobs_own_file_is_still_its_own() {
    let own =
        "[[account]]\nname = \"a\"\nprovider = \"smartsense\"\nclient_id = \"i\"\nclient_secret = \"s\"\n";
    let account = only(own);
    assert!(!account.incomplete);
    for (text, expected) in [
        ("{\"acount\": []}", "line 1: unknown key \"acount\"; did you mean \"account\"?"),
        ("", "the file describes no account"),
        ("{\"info\":{\"name\":\"x\"},\"item\":[]}", "the file has no OAuth 2.0 settings"),
    ] {
        assert_eq!(read_any(text, &built_in(), None).unwrap_err().to_string(), expected);
    }
}

#[test]
fn i1_a_hostile_file_is_bounded() {
    for (open, close) in [("{\"item\":[", "]}"), ("{\"children\":[", "]}"), ("[", "]")] {
        for depth in [40, 1000, 100_000] {
            let nested = format!("{}{}", open.repeat(depth), close.repeat(depth));
            for text in [
                format!("{{\"info\":{{}},\"item\":[{nested}]}}"),
                format!("type: collection.insomnia.rest/5.0\ncollection: {nested}"),
            ] {
                let error = read_any(&text, &built_in(), None).unwrap_err().to_string();
                // At a greater depth, a parser's own limit may apply first.
                assert!(
                    depth > 40 || error.ends_with("are nested more than 32 deep"),
                    "{open} {depth}: {error}"
                );
            }
        }
    }
    let item = r#"{"name":"n","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"client_credentials","accessTokenUrl":"https://a.example/t","clientId":"#;
    let items: Vec<String> = (0..3000).map(|number| format!("{item}\"{number}\"}}}}}}}}")).collect();
    let many = found(&format!("{{\"info\":{{}},\"item\":[{}]}}", items.join(",")));
    assert_eq!((many.accounts.len(), many.left_out.len()), (500, 500));
    assert_eq!(many.accounts[499].name.as_str(), "n 500");
    for kind in ["", "A=1\n", "type: x\n", "auth:oauth2 {\n"] {
        let large = format!("{kind}{}", "# x\n".repeat((1 << 20) + 1));
        let error = read_any(&large, &built_in(), None).unwrap_err();
        assert_eq!(error.to_string(), "line 1: the file is larger than 4 MiB", "{kind}");
    }
}

proptest! {
    #[test]
    fn i1_no_text_panics_and_no_error_repeats_a_secret(
        which in 0..ALL.len(), cut in any::<prop::sample::Index>(), inserted in "[\\[\\]{}\":=,\n a*&|>-]{0,4}",
    ) {
        let text = ALL[which];
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = places[cut.index(places.len())];
        for text in [format!("{}{inserted}{}", &text[..at], &text[at..]), text[..at].to_owned()] {
            if let Err(error) = read_any(&text, &built_in(), None) {
                prop_assert!(!format!("{error} {error:?}").contains("CANARY"), "{}", error);
            }
        }
    }
}

#[test]
fn i5_a_variable_of_2_mib_used_8000_times_is_not_copied() {
    let large = "x".repeat(2 << 20);
    let request = |number: usize| {
        json!({"name": format!("r{number}"), "request": {"auth": {"type": "oauth2", "oauth2": {
            "grant_type": "client_credentials", "accessTokenUrl": "https://a.example/{{v}}",
            "clientId": number.to_string(), "clientSecret": "{{v}}",
        }}}})
    };
    let requests: Vec<_> = (0..8000).map(request).collect();
    let postman =
        json!({"info": {"name": "n"}, "variable": [{"key": "v", "value": large}], "item": requests});
    let ImportError::AllLeftOut(why) = read_any(&postman.to_string(), &built_in(), None).unwrap_err() else {
        panic!("something was taken");
    };
    assert!(
        // Each has its own variable, which must not copy all those above.
        why.len() == 500 && why[0].contains("“r0” was left out: one of its values is longer than 64 KiB")
    );
    let own =
        |number: usize| json!({"name": number.to_string(), "vars": {"req": [{"name": "a", "value": "b"}]}});
    let items: Vec<_> = (0..8000).map(own).collect();
    let bruno = json!({"name": "n", "version": "1", "items": items,
                       "environments": [{"variables": [{"name": "v", "value": large}]}]});
    assert_eq!(read_any(&bruno.to_string(), &built_in(), None).unwrap_err(), ImportError::NoSettings);
    // A name that all items below inherit.
    let nameless = json!({"request": {"auth": {"type": "oauth2", "oauth2": {"grant_type": "implicit"}}}});
    let postman = json!({"info": {"name": large}, "item": vec![nameless; 8000]});
    let left_out = read_any(&postman.to_string(), &built_in(), None).unwrap_err();
    assert!(matches!(left_out, ImportError::AllLeftOut(_)), "{left_out}");
}
