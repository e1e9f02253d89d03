//! curl, Cargo, kubectl, Docker's client and an MCP client, each over an expiry in mid-test.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Api, CAR};
use super::tools::{ArgumentWatch, Tools, ok};
use crate::cli::place::Place;
use crate::support::certificates;
use crate::support::desktop::{Bus, Keyring, rig_file};
use crate::support::server::{Request, Response, ScriptedServer};

const LIFE: Duration = Duration::from_secs(2);
/// How often each program is run; the token expires between two runs.
const ROUNDS: usize = 3;

/// Runs a program again and again, each time after the token has expired.
fn over_expiries(api: &Api, bus: &Bus, mut run: impl FnMut(usize)) {
    let watch = ArgumentWatch::start(&api.canary);
    for round in 1..=ROUNDS {
        run(round);
        if round < ROUNDS {
            api.outlive();
        }
    }
    api.renewed_once_per_expiry();
    assert!((ROUNDS..=2 * ROUNDS).contains(&api.issued()), "{} tokens", api.issued());
    watch.end(bus);
}

#[test]
fn u6_curl_gets_a_valid_token_over_expiries() {
    let (bus, api) = (Bus::start(), Api::plain(LIFE));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let tools = Tools::on(&bus, &place);
    let url = api.server.url("/v1/x");
    over_expiries(&api, &bus, |_| {
        let out =
            tools.shell(&format!("keyfob token {CAR} --as curl-config | curl -sS --fail --config - {url}"));
        assert_eq!(out, r#"{"path":"/v1/x"}"#);
    });
}

/// A sparse index with one crate (The Cargo Book, "Registry Index").
fn index(request: &Request) -> Response {
    let host = request.header("host").unwrap();
    match request.path.as_str() {
        "/index/config.json" => {
            let config = json!({"dl": format!("http://{host}/dl"), "api": format!("http://{host}"), "auth-required": true});
            Response::json(200, config.to_string())
        }
        "/index/wh/ee/wheels" => {
            let line = json!({"name": "wheels", "vers": "1.0.0", "deps": [], "features": {}, "yanked": false,
                "cksum": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"});
            Response::new(200, "text/plain", format!("{line}\n"))
        }
        "/api/v1/crates" => {
            let found = json!({"crates": [{"name": "wheels", "max_version": "1.0.0", "description": "round"}],
                "meta": {"total": 1}});
            Response::json(200, found.to_string())
        }
        _ => Response::json(404, "{}"),
    }
}

#[test]
fn u6_cargo_uses_a_registry_over_expiries() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let api = Api::challenging("Cargo login_url=\"https://registry.example\"", LIFE, index);
    api.import(&place);
    let tools = Tools::on(&bus, &place);
    let project = bus.path("project");
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(project.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"car\"\nversion = \"0.1.0\"\n[dependencies]\nwheels = { version = \"1\", registry = \"corp\" }\n";
    fs::write(project.join("Cargo.toml"), manifest).unwrap();
    over_expiries(&api, &bus, |round| {
        // The account's name in the configuration; then the program that finds it by the host.
        let provider = if round == 2 {
            r#"["cargo-credential-keyfob"]"#
        } else {
            r#"["keyfob", "helper", "cargo", "car-dev"]"#
        };
        let index = format!("registries.corp.index=\"sparse+{}\"", api.server.url("/index/"));
        let cargo = |words: &[&str]| {
            let provider = format!("registries.corp.credential-provider={provider}");
            let mut command = tools.command(env!("CARGO"));
            command.args(["--config", &index, "--config", &provider]).args(words).current_dir(&project);
            command.env("CARGO_HOME", bus.path("cargo home"));
            ok(&mut command)
        };
        assert!(cargo(&["search", "--registry", "corp", "wheels"]).starts_with("wheels = \"1.0.0\""));
        let _ = fs::remove_file(project.join("Cargo.lock"));
        cargo(&["generate-lockfile"]);
        assert!(fs::read_to_string(project.join("Cargo.lock")).unwrap().contains("wheels"));
    });
}

#[test]
fn u6_kubectl_asks_its_server_over_expiries() {
    let (bus, api) = (Bus::start(), Api::plain(LIFE));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let (tls, pem) = certificates::loopback_server();
    let judge = api.judge();
    let cluster = ScriptedServer::judging_tls(tls, move |request| match request.header("authorization") {
        None => Response::json(401, "{}"),
        authorization if judge(authorization) => {
            Response::json(200, format!("{{\"path\":\"{}\"}}", request.path))
        }
        _ => Response::json(401, "{}"),
    });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": cluster.url(""), "certificate-authority": place.file("ca.pem", &pem)}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "keyfob",
            "args": ["helper", "kubectl", CAR], "interactiveMode": "Never"}}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    let config = place.file("kubeconfig", &config.to_string());
    let tools = Tools::on(&bus, &place);
    over_expiries(&api, &bus, |_| {
        let out = tools.run("kubectl", &["--kubeconfig", &config, "get", "--raw", "/api/v1/pods"]);
        assert_eq!(out, r#"{"path":"/api/v1/pods"}"#);
    });
}

#[test]
fn u6_docker_asks_its_registry_over_expiries() {
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest":
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}, "layers": []});
    let serve = move |request: &Request| match request.path.as_str() {
        "/v2/" => Response::json(200, "{}"),
        path if path.contains("/manifests/") => {
            Response::new(200, "application/vnd.docker.distribution.manifest.v2+json", manifest.to_string())
        }
        _ => Response::json(200, "{}"),
    };
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let api = Api::start(LIFE, serve);
    api.import(&place);
    let tools = Tools::on(&bus, &place);
    let folder = bus.path("docker config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.json"), r#"{"credsStore": "keyfob"}"#).unwrap();
    let image = format!("{}/team/car:1", api.host());
    over_expiries(&api, &bus, |_| {
        let words = ["--config", folder.to_str().unwrap(), "manifest", "inspect", "--insecure", &image];
        let out = tools.run("docker", &words);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["schemaVersion"], 2, "{out}");
    });
}

/// A server of the Model Context Protocol, with one tool and no streams of its own.
fn mcp(request: &Request) -> Response {
    let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
        return Response::json(405, "{}");
    };
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            json!({"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
            "serverInfo": {"name": "car", "version": "1"}})
        }
        "tools/list" => json!({"tools": [{"name": "unlock", "inputSchema": {"type": "object"}}]}),
        _ => return Response::new(202, "text/plain", ""),
    };
    Response::json(200, json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string())
}

#[test]
fn u6_an_mcp_client_goes_on_over_expiries() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let api = Api::challenging("Bearer", LIFE, mcp);
    api.import(&place);
    let watch = ArgumentWatch::start(&api.canary);
    let tools = Tools::on(&bus, &place);
    let script = rig_file("mcp/client.mjs");
    let by_headers = tools.run("node", &[&script, "headers", &api.server.url("/mcp"), CAR]);
    assert_eq!(by_headers, "unlock\n".repeat(ROUNDS));
    api.outlive();
    let by_proxy = tools.run("keyfob", &["run", "--proxy", CAR, "--", "node", &script, "proxy", "/mcp", CAR]);
    assert_eq!(by_proxy, "unlock\n".repeat(ROUNDS));
    api.renewed_once_per_expiry();
    assert!(api.issued() >= 2 * ROUNDS - 1, "{} tokens", api.issued());
    watch.end(&bus);
}
