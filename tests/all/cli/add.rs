//! `keyfob add`: accounts from an address, against a scripted API and its authorization server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::place::{Place, Run, holds};
use crate::support::certificates::Authority;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Request, Response, ScriptedServer};
use crate::support::tunnel::Tunnel;

const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// An API and its server on one origin, which an MCP server's often are. `more` are further members of the
/// server's metadata.
fn api(more: &str) -> ScriptedServer {
    let (more, clients) = (more.to_owned(), Arc::new(AtomicUsize::new(0)));
    ScriptedServer::judging(move |request| answer(request, &more, &clients))
}

fn answer(request: &Request, more: &str, clients: &AtomicUsize) -> Response {
    let base = format!("http://{}", request.header("host").unwrap());
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/mcp") => {
            let document = format!("{base}/.well-known/oauth-protected-resource/mcp");
            let challenge = format!("Bearer resource_metadata=\"{document}\", scope=\"read write\"");
            Response::new(401, "text/plain", "").header("WWW-Authenticate", &challenge)
        }
        ("GET", "/.well-known/oauth-protected-resource/mcp") => Response::json(
            200,
            format!(r#"{{"resource":"{base}/mcp","authorization_servers":["{base}"],"scopes_supported":["all"]}}"#),
        ),
        ("GET", OAUTH) => Response::json(
            200,
            format!(
                r#"{{"issuer":"{base}","authorization_endpoint":"{base}/authorize","token_endpoint":"{base}/token",
                   "scopes_supported":["openid"],"code_challenge_methods_supported":["S256"],
                   "token_endpoint_auth_methods_supported":["none","client_secret_basic"]{more}}}"#
            )
            .replace("BASE", &base),
        ),
        ("POST", "/register") => {
            let number = clients.fetch_add(1, Ordering::SeqCst) + 1;
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            let uris = &sent["redirect_uris"];
            Response::json(
                201,
                format!(
                    r#"{{"client_id":"client-{number}","token_endpoint_auth_method":"none","redirect_uris":{uris},
                       "registration_access_token":"CANARY-rat-{number}","registration_client_uri":"{base}/register/{number}"}}"#
                ),
            )
        }
        ("PUT", path) if path.starts_with("/register/") => {
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            let (id, uris) = (&sent["client_id"], &sent["redirect_uris"]);
            Response::json(
                200,
                format!(
                    r#"{{"client_id":{id},"redirect_uris":{uris},"token_endpoint_auth_method":"none",
                       "registration_access_token":"CANARY-rotated","registration_client_uri":"{base}{path}"}}"#
                ),
            )
        }
        ("DELETE", path) if path.starts_with("/register/") => Response::new(204, "text/plain", ""),
        ("POST", "/token") => Response::json(
            200,
            r#"{"access_token":"CANARY-at","refresh_token":"CANARY-rt","token_type":"Bearer","expires_in":3600}"#,
        ),
        _ => Response::json(404, "{}"),
    }
}

const REGISTERS: &str = r#","registration_endpoint":"BASE/register""#;

fn one<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Adds an account with a sign-in that succeeds.
fn added(place: &Place, words: &[&str]) -> Run {
    added_or_refused(place, words).unwrap_or_else(|refused| panic!("{refused:?}"))
}

fn added_or_refused(place: &Place, words: &[&str]) -> Result<Run, Run> {
    let mut all = vec!["add"];
    all.extend(words);
    all.extend(["--yes", "--no-browser"]);
    let mut sign_in = place.sign_in(&all);
    // The first line says that it was added, the second is the sign-in link.
    if !sign_in.address.starts_with("Added ") {
        return Err(sign_in.end());
    }
    sign_in.next_line();
    sign_in.come_back(&[("code", "CANARY-code")]);
    let run = sign_in.end();
    assert_eq!(run.code, 0, "{run:?}");
    Ok(run)
}

#[test]
fn g5_a_dry_run_sends_gets_without_credentials_and_saves_nothing() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let place = Place::on(&bus);
    let address = server.url("/mcp");
    let run = place.run(&["add", &address, "--dry-run", "--json"]);
    let found = run.json();
    assert_eq!(
        found,
        json!({
            "address": address,
            "resource": address,
            "resource_metadata": server.url("/.well-known/oauth-protected-resource/mcp"),
            "authorization_servers": [server.url("")],
            "issuer": server.url(""),
            "metadata": server.url(OAUTH),
            "client": "registration",
            "scopes": ["read", "write"],
            "redirect_uri": "http://127.0.0.1/callback",
            "endpoints": {
                "authorize": server.url("/authorize"), "token": server.url("/token"), "refresh": null, "device": null, "par": null,
                "revoke": null, "introspect": null, "userinfo": null, "jwks": null,
            },
        })
    );
    let requests = server.requests();
    assert!(requests.len() <= 20);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
        assert_eq!((request.header("authorization"), request.header("cookie")), (None, None));
    }
    assert_eq!(place.run(&["list", "--json"]).json(), json!([]));
    let said = place.run(&["add", &address, "--name", "api", "--dry-run"]);
    assert_eq!(said.out, format!("Would add api: {}, client: registration\n", server.url("")));
    assert!(said.err.contains(&format!("Token endpoint: {}", server.url("/token"))), "{said:?}");
}

#[test]
fn an_account_is_registered_signed_in_and_deleted_with_its_client() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let address = server.url("/mcp");
    // Without an answer, nothing happens.
    let refused = place.run(&["add", &address, "--name", "api"]).failed(1);
    assert!(refused.contains("Nothing was registered or saved."), "{refused}");
    assert!(server.requests().iter().all(|request| request.method == "GET"));

    added(&place, &[&address, "--name", "api"]);
    let registered: Value = serde_json::from_slice(&server.requests_to("/register")[0].body).unwrap();
    let redirect = registered["redirect_uris"][0].as_str().unwrap().to_owned();
    assert_eq!(
        registered,
        json!({
            "client_name": "Keyfob", "application_type": "native", "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "scope": "read write",
        })
    );
    let code = server.requests_to("/token")[0].form();
    assert_eq!(
        (one(&code, "resource"), one(&code, "redirect_uri")),
        (Some(address.as_str()), Some(redirect.as_str()))
    );
    assert_eq!(one(&code, "client_id"), Some("client-1"));
    assert_eq!(place.run(&["token", "api"]).ok(), "CANARY-at\n");
    let shown = place.run(&["show", "api", "--json"]).json();
    assert_eq!((&shown["resource"], &shown["client_source"]), (&json!([address]), &json!("registered")));
    assert_eq!((&shown["redirect_uri"], &shown["issuer"]), (&json!(redirect), &json!(server.url(""))));
    place.run(&["refresh", "api"]).ok();
    let refresh = server.requests_to("/token").pop().unwrap().form();
    assert_eq!(
        (one(&refresh, "grant_type"), one(&refresh, "resource")),
        (Some("refresh_token"), Some(address.as_str()))
    );
    // The port is kept.
    let mut again = place.sign_in(&["sign-in", "api", "--no-browser"]);
    assert_eq!(again.parameter("redirect_uri"), redirect);
    assert_eq!(again.parameter("resource"), address);
    again.paste("error=access_denied");
    drop(again.stdin.take());
    again.child.kill().unwrap();

    // Another account shares the client, which goes with the last one.
    let found = place.run(&["add", &address, "--dry-run", "--json"]).json();
    assert_eq!((&found["client"], &found["redirect_uri"]), (&json!("known"), &json!(redirect)));
    added(&place, &[&address, "--name", "second", "--scope", "read"]);
    assert_eq!(server.requests_to("/register").len(), 1);
    assert!(!holds(&place.home, "CANARY"));
    let removed = place.run(&["remove", "api", "--yes"]);
    assert!(removed.err.contains("stays registered, since other accounts use it"), "{removed:?}");
    assert_eq!(server.requests_to("/register/1").len(), 0);
    let removed = place.run(&["remove", "second", "--yes"]);
    assert!(removed.err.contains("was deleted at the server"), "{removed:?}");
    let deleted = &server.requests_to("/register/1")[0];
    assert_eq!(
        (deleted.method.as_str(), deleted.header("authorization")),
        ("DELETE", Some("Bearer CANARY-rat-1"))
    );
}

#[test]
fn g6_what_changes_about_a_client_is_registered_and_its_new_token_is_kept() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let address = server.url("/mcp");
    added(&place, &[&address, "--name", "first"]);
    added(&place, &[&address, "--name", "second", "--scope", "more"]);
    let update = &server.requests_to("/register/1")[0];
    assert_eq!(
        (update.method.as_str(), update.header("authorization")),
        ("PUT", Some("Bearer CANARY-rat-1"))
    );
    let sent: Value = serde_json::from_slice(&update.body).unwrap();
    let scopes: Vec<&str> = sent["scope"].as_str().unwrap().split(' ').collect();
    assert!(["read", "write", "more"].iter().all(|scope| scopes.contains(scope)), "{sent}");
    assert_eq!(sent["client_id"], json!("client-1"));
    // Both accounts have the new token, whichever is the last.
    for name in ["second", "first"] {
        place.run(&["remove", name, "--yes"]).ok();
    }
    let deleted = server.requests_to("/register/1").pop().unwrap();
    assert_eq!(
        (deleted.method.as_str(), deleted.header("authorization")),
        ("DELETE", Some("Bearer CANARY-rotated"))
    );
    assert!(!holds(&place.home, "CANARY"));
}

#[test]
fn a_client_that_cannot_be_deleted_is_said_and_the_account_goes() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    added(&place, &[&server.url("/mcp"), "--name", "api"]);
    let issuer = server.url("");
    drop(server);
    let removed = place.run(&["remove", "api", "--yes"]);
    assert!(removed.err.contains(&format!("stays registered with {issuer}")), "{removed:?}");
    assert_eq!((removed.code, place.run(&["list", "--json"]).json()), (0, json!([])));
}

#[test]
fn without_a_registration_the_redirect_uri_is_named_and_a_given_client_is_used() {
    let (bus, server) = (Bus::start(), api(""));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let address = server.url("/mcp");
    let found = place.run(&["add", &address, "--dry-run", "--json"]).json();
    assert_eq!(
        (&found["client"], &found["redirect_uri"]),
        (&json!("form"), &json!("http://127.0.0.1:8910/callback"))
    );
    let refused = place.run(&["add", &address, "--name", "api", "--yes"]).failed(1);
    assert!(
        refused.contains("\nhttp://127.0.0.1:8910/callback\n") && refused.contains("--client-id"),
        "{refused}"
    );

    let secret = place.file("secret", "CANARY-secret\n");
    let redirect = "http://localhost:18911/back";
    let words = [address.as_str(), "--name", "api", "--client-id", "mine", "--client-secret-file", &secret];
    added(&place, &[&words[..], &["--redirect-uri", redirect, "--scope", "a b", "--scope", "c"]].concat());
    let code = &server.requests_to("/token")[0];
    let form = code.form();
    assert_eq!(one(&form, "redirect_uri"), Some(redirect));
    assert!(code.whole().contains("mine:CANARY-secret"), "by HTTP Basic, which the server lists");
    let shown = place.run(&["show", "api", "--json"]).json();
    assert_eq!((&shown["client_source"], &shown["scopes"]), (&json!("given"), &json!(["a", "b", "c"])));
    place.run(&["add", &address, "--name", "x", "--client-secret-file", &secret]).failed(2);
    let document = "https://me.example/keyfob.json";
    added(&place, &[&address, "--name", "doc", "--client-id-document", document]);
    let code = server.requests_to("/token").pop().unwrap().form();
    assert_eq!(one(&code, "client_id"), Some(document));
    assert_eq!(place.run(&["show", "doc", "--json"]).json()["client_source"], json!("document"));
    let refused =
        place.run(&["add", &address, "--name", "y", "--client-id-document", "http://me.example/a"]).failed(1);
    assert!(refused.contains("https URL"), "{refused}");
}

#[test]
fn a_refused_registration_is_told_and_nothing_is_saved() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    for (answer, said) in [
        (Response::json(401, "{}"), "initial access token"),
        (
            Response::json(400, r#"{"error":"invalid_client_metadata","error_description":"no such scope"}"#),
            "no such scope",
        ),
        (Response::new(200, "text/html", "<html>"), "without a client"),
        (
            Response::json(201, r#"{"client_id":"c","redirect_uris":["https://evil.example/"]}"#),
            "another redirect URI",
        ),
    ] {
        let server = ScriptedServer::judging(move |request| match request.path.as_str() {
            "/register" => answer.clone(),
            _ => self::answer(request, REGISTERS, &AtomicUsize::new(0)),
        });
        let refused =
            place.run(&["add", &server.url("/mcp"), "--name", "api", "--yes", "--no-browser"]).failed(1);
        assert!(refused.contains(said) && refused.contains("--client-id"), "{refused}");
        assert!(server.requests_to("/token").is_empty());
    }
    assert_eq!(place.run(&["list", "--json"]).json(), json!([]));
}

#[test]
fn an_initial_access_token_is_sent_to_the_registration_alone() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let token = place.file("token", "CANARY-initial\n");
    added(&place, &[&server.url("/mcp"), "--name", "api", "--registration-token-file", &token]);
    for request in server.requests() {
        assert_eq!(request.whole().contains("CANARY-initial"), request.path == "/register", "{request:?}");
    }
    assert!(!holds(&place.home, "CANARY"));
}

#[test]
fn a_refused_sign_in_leaves_the_account_signed_out() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let mut sign_in = place.sign_in(&["add", &server.url("/mcp"), "--name", "api", "--yes", "--no-browser"]);
    sign_in.next_line();
    sign_in.come_back(&[("error", "invalid_scope")]);
    let run = sign_in.end();
    assert!(run.code == 1 && run.err.contains("is signed out"), "{run:?}");
    assert_eq!(place.run(&["list", "--json"]).json()[0]["status"], json!("signed_out"));
}

#[test]
fn a_name_that_is_taken_is_refused_unless_it_is_replaced() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let address = server.url("/mcp");
    added(&place, &[&address, "--name", "api"]);
    let asked = server.requests().len();
    let refused = place.run(&["add", &address, "--name", "API", "--yes"]).failed(1);
    assert!(refused.contains("--replace") && server.requests().len() == asked, "{refused}");
    let mut again = place.sign_in(&[
        "add",
        &address,
        "--name",
        "api",
        "--yes",
        "--no-browser",
        "--replace",
        "--redirect-uri",
        "http://localhost/cb",
    ]);
    assert_eq!(again.address, "Replaced api");
    again.next_line();
    assert!(again.parameter("redirect_uri").starts_with("http://localhost:"), "{}", again.address);
    again.come_back(&[("code", "CANARY-code")]);
    assert_eq!(again.end().code, 0);
    // The client that was replaced is deleted.
    assert_eq!(server.requests_to("/register/1")[0].method, "DELETE");
}

#[test]
fn an_import_that_replaces_a_registered_client_deletes_it() {
    let (bus, server) = (Bus::start(), api(REGISTERS));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    added(&place, &[&server.url("/mcp"), "--name", "api"]);
    let export = place.file("x", "");
    std::fs::remove_file(&export).unwrap();
    place.run(&["export", "--to", &export, "api"]).ok();
    let text = std::fs::read_to_string(&export).unwrap();
    assert!(!text.contains("CANARY") && text.contains("client_source"), "{text}");
    // The same client stays registered, another one takes its place.
    for (client, deleted) in [("client-1", 0), ("other", 1)] {
        let file = place.file("again.toml", &text.replace("\"client-1\"", &format!("\"{client}\"")));
        place.run(&["import", "--replace", &file]).ok();
        assert_eq!(server.requests_to("/register/1").len(), deleted, "{client}");
    }
}

#[test]
fn two_servers_are_named_and_one_is_chosen() {
    let (bus, other) = (Bus::start(), api(REGISTERS));
    let place = Place::on(&bus);
    let (first, second) = (other.url(""), "http://127.0.0.1:9/t".to_owned());
    let servers = format!("[\"{first}\",\"{second}\"]");
    let server = ScriptedServer::judging(move |request| {
        let base = format!("http://{}", request.header("host").unwrap());
        match request.path.as_str() {
            "/.well-known/oauth-protected-resource" => {
                Response::json(200, format!(r#"{{"resource":"{base}","authorization_servers":{servers}}}"#))
            }
            _ => Response::json(404, "{}"),
        }
    });
    let address = server.url("/v1/api");
    let refused = place.run(&["add", &address, "--dry-run", "--json"]).failed(1);
    assert!(
        refused.contains(&first) && refused.contains(&second) && refused.contains("--issuer"),
        "{refused}"
    );
    let found = place.run(&["add", &address, "--dry-run", "--json", "--issuer", &first]).json();
    assert_eq!((&found["issuer"], &found["resource"]), (&json!(first), &json!(server.url(""))));
    assert_eq!(found["authorization_servers"], json!([first, second]));
    let refused = place.run(&["add", &address, "--dry-run", "--issuer", "https://evil.example"]).failed(1);
    assert!(refused.contains("evil.example") && refused.contains(&first), "{refused}");
}

/// A public API behind a proxy, with a company's certificate.
struct PublicApi {
    server: ScriptedServer,
    tunnel: Tunnel,
    root: String,
    _folder: tempfile::TempDir,
}

impl PublicApi {
    fn start() -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        let server = ScriptedServer::start_tls(authority.server("api.example.com", 2199));
        let (tunnel, root) = (Tunnel::to(server.port()), authority.pem_file(&folder).display().to_string());
        let api = Self { server, tunnel, root, _folder: folder };
        api.behave();
        api
    }

    /// The responses of an API without a fault.
    fn behave(&self) {
        self.server.always("/mcp", naming("https://api.example.com/meta"));
        let resource = r#"{"resource":"https://api.example.com/mcp","authorization_servers":["https://api.example.com"]}"#;
        self.server.always("/meta", Response::json(200, resource));
        self.server.always(OAUTH, Response::json(200, METADATA));
        let missing = Response::new(404, "text/plain", "");
        for path in [
            "/.well-known/openid-configuration",
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/mcp",
        ] {
            self.server.always(path, missing.clone());
        }
    }

    fn run(&self, place: &Place<'_>, words: &[&str]) -> Run {
        let mut command = place.command(&["add", "https://api.example.com/mcp"]);
        command.args(words).env("HTTPS_PROXY", self.tunnel.url()).env("SSL_CERT_FILE", &self.root);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

const METADATA: &str = r#"{"issuer":"https://api.example.com","authorization_endpoint":"https://api.example.com/authorize",
    "token_endpoint":"https://api.example.com/token","registration_endpoint":"https://api.example.com/register"}"#;

#[test]
fn the_proxy_and_the_root_certificates_are_those_of_every_request() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let api = PublicApi::start();
    let found = api.run(&place, &["--dry-run", "--json"]).json();
    assert_eq!(
        (&found["issuer"], &found["client"]),
        (&json!("https://api.example.com"), &json!("registration"))
    );
    assert!(api.tunnel.targets().iter().all(|target| target == "api.example.com:443"));
    assert!(!api.tunnel.targets().is_empty());
}

#[test]
fn g4_a_client_id_document_is_read_before_the_sign_in() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let api = PublicApi::start();
    let url = "https://api.example.com/client.json";
    let document = |id: &str| {
        let uris = r#"["https://api.example.com/back","http://localhost:7777/cb"]"#;
        Response::json(200, format!(r#"{{"client_id":"{id}","redirect_uris":{uris}}}"#))
    };
    let dry = ["--client-id-document", url, "--dry-run", "--json"];
    api.server.always("/client.json", document(url));
    let found = api.run(&place, &dry).json();
    assert_eq!(
        (&found["client"], &found["redirect_uri"]),
        (&json!("document"), &json!("http://localhost:7777/cb"))
    );
    let with = |uri: &str| api.run(&place, &[&dry[..], &["--redirect-uri", uri]].concat());
    assert_eq!(with("http://localhost:7778/cb").json()["redirect_uri"], json!("http://localhost:7778/cb"));
    let refused = with("http://127.0.0.1:7777/other").failed(1);
    assert!(refused.contains("doesn't list") && refused.contains("http://localhost:7777/cb"), "{refused}");
    api.server.always("/client.json", document("https://api.example.com/Client.json"));
    let refused = api.run(&place, &dry).failed(1);
    assert!(refused.contains("client_id must be its URL"), "{refused}");
    // The server may reach what Keyfob can't.
    api.server.always("/client.json", Response::json(404, "{}"));
    let run = api.run(&place, &dry);
    assert!(run.err.contains("could not be read"), "{run:?}");
    assert_eq!(run.json()["redirect_uri"], json!("http://127.0.0.1/callback"));
    let inside = ScriptedServer::start();
    let private = format!("https://x.localhost:{}/client.json", inside.port());
    let refused = api.run(&place, &["--client-id-document", &private, "--dry-run", "--json"]).failed(1);
    assert!(refused.contains("this computer") && inside.connections() == 0, "{refused}");
    assert!(api.server.requests().iter().all(|request| request.method == "GET"));
}

/// A challenge that names this metadata.
fn naming(url: &str) -> Response {
    let challenge = format!("Bearer resource_metadata=\"{url}\"");
    Response::new(401, "text/plain", "").header("WWW-Authenticate", &challenge)
}

/// What a public API may answer at a path, and the reason that is given. A server of this computer listens on
/// the port.
fn misbehaviors(port: u16) -> Vec<(&'static str, Response, &'static str)> {
    let meta = |resource: &str, server: &str| {
        Response::json(200, format!(r#"{{"resource":"{resource}","authorization_servers":["{server}"]}}"#))
    };
    let with = |from: &str, to: &str| Response::json(200, METADATA.replace(from, to));
    let own = "https://api.example.com/mcp";
    let token = "https://api.example.com/token";
    vec![
        ("/mcp", naming(&format!("http://127.0.0.1:{port}/meta")), "this computer"),
        ("/mcp", naming(&format!("http://2130706433:{port}/meta")), "this computer"),
        ("/mcp", naming(&format!("https://[::ffff:7f00:1]:{port}/meta")), "this computer"),
        ("/mcp", naming(&format!("http://x.localhost:{port}/meta")), "not https"),
        ("/mcp", naming(&format!("https://x.localhost:{port}/meta")), "this computer"),
        ("/mcp", naming("https://0.0.0.0/meta"), "this computer"),
        ("/mcp", naming("https://169.254.169.254/meta"), "local network"),
        ("/mcp", naming("https://100.64.0.1/meta"), "private"),
        ("/mcp", naming("http://api.example.com/meta"), "not https"),
        ("/mcp", naming(own), "api.example.com"),
        ("/meta", meta(own, &format!("http://localhost:{port}")), "this computer"),
        ("/meta", meta(own, "https://10.0.0.1"), "private"),
        ("/meta", meta("https://api.example.com/other", "https://api.example.com"), "not about this address"),
        ("/meta", meta("https://evil.example/mcp", "https://api.example.com"), "not about this address"),
        ("/meta", Response::new(200, "text/html", "<html>"), "web page"),
        ("/meta", Response::json(200, "x".repeat(10 << 20)), "too large"),
        ("/meta", Response::redirect(302, "https://api.example.com/meta"), "HTTP 302"),
        (
            OAUTH,
            with("\"issuer\":\"https://api.example.com\"", "\"issuer\":\"https://evil.example\""),
            "evil.example",
        ),
        (OAUTH, with(token, "http://api.example.com/token"), "not an https URL"),
        (OAUTH, with(token, "https://192.168.0.1/token"), "private"),
        (
            OAUTH,
            with("https://api.example.com/register", &format!("http://127.0.0.1:{port}/register")),
            "this computer",
        ),
        (OAUTH, Response::json(200, "x".repeat(10 << 20)), "too large"),
    ]
}

#[test]
fn g2_misbehaving_metadata_ends_in_its_reason_and_no_secret_is_sent() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let api = PublicApi::start();
    let inside = ScriptedServer::start();
    inside.always("/meta", Response::json(200, "{}"));
    let secret = place.file("secret", "CANARY-secret\n");
    let cases = misbehaviors(inside.port());
    let count = cases.len();
    for (path, response, said) in cases {
        api.behave();
        api.server.always(path, response);
        let words = ["--name", "api", "--yes", "--client-id", "mine", "--client-secret-file", &secret];
        let refused = api.run(&place, &words).failed(1);
        assert!(refused.contains(said), "{path}: {said} in {refused}");
    }
    assert!(inside.requests().is_empty() && inside.connections() == 0);
    let requests = api.server.requests();
    assert!(requests.len() >= count);
    for request in requests {
        assert!(request.method == "GET" && !request.whole().contains("CANARY"), "{request:?}");
    }
    assert_eq!(place.run(&["list", "--json"]).json(), json!([]));
    // With consent, the request is sent.
    api.behave();
    api.server.always("/mcp", naming(&inside.url("/meta")));
    api.run(&place, &["--dry-run", "--allow-private"]).failed(1);
    assert_eq!(inside.requests_to("/meta").len(), 1);
}

#[test]
fn g1_a_search_without_an_answer_ends_in_time() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mcp", silent.local_addr().unwrap());
    let mut command = place.command(&["add", &address, "--dry-run", "--json"]);
    command.env("KEYFOB_PATIENCE_MS", "700").stdin(std::process::Stdio::null());
    let started = std::time::Instant::now();
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(said.contains("longer than 45 seconds"), "{said}");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn g6_the_log_has_the_search_and_the_registration_without_secrets() {
    let server = ScriptedServer::judging(|request| {
        let base = format!("http://{}", request.header("host").unwrap());
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/register") => Response::json(
                201,
                format!(
                    r#"{{"client_id":"CANARY-id","client_secret":"CANARY-cs","client_name":"CANARY-rat",
                       "token_endpoint_auth_method":"client_secret_post","error_description":"CANARY-rat CANARY-initial",
                       "registration_access_token":"CANARY-rat","registration_client_uri":"{base}/register/CANARY-rat"}}"#
                ),
            ),
            _ => answer(request, REGISTERS, &AtomicUsize::new(0)),
        }
    });
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let token = place.file("token", "CANARY-initial\n");
    let address = server.url("/mcp");
    added(&place, &[&address, "--name", "api", "--registration-token-file", &token]);
    let log = place.run(&["log", "api"]).ok();
    for shown in [
        format!("> GET {address}\n"),
        format!("> GET {}\n", server.url("/.well-known/oauth-protected-resource/mcp")),
        format!("> POST {}\n", server.url("/register")),
        format!("> POST {}\n", server.url("/token")),
        "  registration\n".to_owned(),
        "registration_access_token".to_owned(),
    ] {
        assert!(log.contains(&shown), "{shown} in {log}");
    }
    assert!(!log.contains("CANARY"), "{log}");
    assert!(!holds(&place.home, "CANARY"));
}

/// A run of `add` that is killed at a step; `None` if the account was added before.
#[cfg(feature = "failpoints")]
fn killed_at(place: &Place, address: &str, step: usize) -> Option<String> {
    use std::io::BufRead as _;
    let mut command = place.command(&["add", address, "--name", "api", "--yes", "--no-browser"]);
    command.env("KEYFOB_KILL_AT", step.to_string()).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        assert_eq!(line, "Added api\n");
        child.kill().unwrap();
        child.wait().unwrap();
        return None;
    }
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("killed at "), "{said}");
    Some(last.to_owned())
}

#[cfg(feature = "failpoints")]
#[test]
fn g6_an_add_killed_at_every_step_loses_no_client() {
    let bus = Bus::start();
    let keyring = Keyring::lasting(&bus);
    let mut reused = 0;
    for step in 1.. {
        let mut place = Place::on(&bus);
        place.home = bus.path(&format!("home-{step}"));
        let server = api(REGISTERS);
        let address = server.url("/mcp");
        let killed = killed_at(&place, &address, step);
        let Some(name) = killed else { break };
        let when = format!("step {step}, {name}");
        if server.requests_to("/register").is_empty() {
            continue;
        }
        match added_or_refused(&place, &[&address, "--name", "api"]) {
            Ok(_) => reused += 1,
            Err(run) => assert!(run.err.contains("already"), "{when}: {run:?}"),
        }
        assert_eq!(server.requests_to("/register").len(), 1, "{when}: one client");
        place.run(&["remove", "api", "--yes"]).ok();
        let last = server.requests_to("/register/1").pop().unwrap();
        assert_eq!(last.method, "DELETE", "{when}");
        assert_eq!(keyring.items(), [""; 0], "{when}: nothing is left behind");
        assert!(!holds(&place.home, "CANARY"), "{when}");
    }
    assert!(reused > 1, "no kill left a client without an account");
}
