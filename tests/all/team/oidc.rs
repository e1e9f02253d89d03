//! Sign-ins to a team vault in the browser: `OpenBao` with a real provider, and a server that is played.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyfob::domain::team::{AuthMethod, Connection, Role};
use keyfob::messages::command::{Command, TeamCredentials, TeamSignIn};
use keyfob::messages::event::Reply;
use serde_json::json;
use url::Url;

use super::bao::Bao;
use super::{machine, policy};
use crate::servers::harness::Person;
use crate::support::desktop::{Bus, OidcServer, finish, wait_until};
use crate::support::engine;
use crate::support::raw;
use crate::support::server::{Request, Response, ScriptedServer};

/// The browser returns to one port of this computer.
static PORT_8250: Mutex<()> = Mutex::new(());

/// Signs in at the provider, or cancels; the address to which it sends the browser back.
fn at_the_provider(address: &str, answer: &str) -> Url {
    let mut person = Person::default();
    let go = |person: &mut Person| {
        let page = person.go(address)?;
        let login = [("username", "ana"), ("password", "x"), ("answer", answer)];
        let page = person.submit(&page, &login)?;
        person.submit(&page, &[("answer", answer)])
    };
    go(&mut person).expect_err("back to Keyfob")
}

#[test]
fn openbao_and_a_provider_sign_a_member_in_through_the_browser() {
    let _port = PORT_8250.lock().unwrap_or_else(PoisonError::into_inner);
    let bus = Bus::start();
    let (bao, provider) = (Bao::dev(&bus), OidcServer::start(&bus, 3600));
    let place = machine(&bus, "ana");
    bao.member("renew", &policy(&place, "renew"));
    let (client_id, client_secret) = provider.client("vault");
    bao.run(&["auth", "enable", "oidc"]);
    bao.run(&[
        "write",
        "auth/oidc/config",
        &format!("oidc_discovery_url={}", provider.address("issuer")),
        &format!("oidc_client_id={client_id}"),
        &format!("oidc_client_secret={client_secret}"),
        "jwt_supported_algs=ES256",
        "default_role=member",
    ]);
    let redirect = "allowed_redirect_uris=http://localhost:8250/oidc/callback";
    bao.run(&["write", "auth/oidc/role/member", "user_claim=sub", redirect, "token_policies=renew"]);

    let (browser, opened) = (bus.path("browser"), bus.path("opened"));
    std::fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let connect = |answer: &str| {
        let mut command = place.command(&["team", "connect", &bao.address, "--auth", "oidc", "--as", "ana"]);
        command.env("BROWSER", &browser);
        let _ = std::fs::remove_file(&opened);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let address = wait_until(Duration::from_secs(20), "the browser", || {
                    std::fs::read_to_string(&opened).ok().filter(|text| text.ends_with('\n'))
                });
                let back = at_the_provider(address.trim(), answer);
                assert!(back.as_str().starts_with("http://localhost:8250/oidc/callback?"), "{back}");
                raw::get(back.as_str());
            });
            finish(&mut command, "", Duration::from_mins(1))
        })
    };
    let cancelled = connect("no");
    let said = String::from_utf8(cancelled.stderr).unwrap();
    assert!(cancelled.status.code() == Some(4) && said.contains("refused the sign-in"), "{said}");
    place.run(&["team", "status"]).failed(4);
    let connected = connect("yes");
    let said = String::from_utf8(connected.stderr).unwrap();
    assert!(connected.status.success() && said.contains("with the role renew"), "{said}");
    let status = place.run(&["team", "status", "--json"]).json();
    assert_eq!((&status["auth"], &status["role"]), (&json!("oidc"), &json!("renew")));
    assert!(status["token_expires_at"].is_string(), "{status}");
    place.run(&["--vault", "team", "list"]).ok();
}

/// Another page's response is refused; the vault's side is played.
#[test]
fn a_browser_sign_in_returns_to_the_port_that_vaults_allow() {
    let _port = PORT_8250.lock().unwrap_or_else(PoisonError::into_inner);
    let server = ScriptedServer::judging(|request: &Request| {
        let answer = |data: &str| Response::json(200, format!(r#"{{"data":{data}}}"#));
        match request.path.as_str() {
            "/v1/auth/oidc/oidc/auth_url" => {
                assert!(request.text().contains("http://localhost:8250/oidc/callback"));
                answer(r#"{"auth_url":"https://issuer.example/authorize?state=the-state"}"#)
            }
            "/v1/auth/oidc/oidc/callback" => {
                assert!(request.query.starts_with("state=the-state&code=the-code&client_nonce="));
                Response::json(200, r#"{"auth":{"client_token":"CANARY-oidc"}}"#)
            }
            "/v1/auth/token/lookup-self" => {
                answer(r#"{"expire_time":null,"renewable":false,"creation_ttl":0}"#)
            }
            "/v1/sys/internal/ui/mounts/secret" => answer(r#"{"type":"kv","options":{"version":"2"}}"#),
            "/v1/sys/capabilities-self" => {
                let paths: Vec<_> = ["access", "grant", "spec"]
                    .map(|it| format!(r#""secret/data/keyfob/accounts/0/{it}":["root"]"#))
                    .into();
                answer(&format!("{{{}}}", paths.join(",")))
            }
            _ => Response::json(404, r#"{"errors":[]}"#),
        }
    });
    let room = engine::Place::new();
    let rig = room.command_line();
    let connection = Connection {
        address: server.url("").parse().unwrap(),
        mount: "secret".to_owned(),
        prefix: "keyfob".to_owned(),
        namespace: None,
        ca: None,
        auth: AuthMethod::Oidc,
        machine: "ana".to_owned(),
    };
    let sign_in = TeamSignIn { connection, credentials: TeamCredentials::Oidc };
    let mut answers = rig.handle.ask(Command::ConnectTeam(Box::new(sign_in))).unwrap();
    let started = Instant::now();
    while rig.browser.opened.lock().unwrap().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", answers.try_wait());
        std::thread::sleep(Duration::from_millis(10));
    }
    // The sign-in goes on.
    raw::get("http://localhost:8250/oidc/callback?state=another&code=x");
    raw::get("http://localhost:8250/oidc/callback?state=the-state&code=the-code");
    let Reply::TeamConnected(view) = answers.wait().unwrap() else { panic!("not connected") };
    assert_eq!(view.role, Some(Role::Manage));
    assert!(room.vault.stored("team").unwrap().expose().contains("CANARY-oidc"));
}
