//! `keyfob request`: one request to the host of the account's API.

use std::time::Duration;

use super::api::{Api, CAR};
use crate::cli::place::Place;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Request, Response, ScriptedServer};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_request_has_the_token_and_prints_the_answer() {
    let (bus, api) = (
        Bus::start(),
        Api::start(HOUR, |request: &Request| match request.path.as_str() {
            "/missing" => Response::json(404, r#"{"error":"none"}"#),
            _ => Response::json(
                200,
                format!("{} {}?{} {}", request.method, request.path, request.query, request.text()),
            )
            .header("X-Kind", request.header("content-type").unwrap_or("-")),
        }),
    );
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let run = place.run(&["request", CAR, "/v2/x?a=b"]);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("GET /v2/x?a=b ", "HTTP 200 OK\n"));
    let file = place.file("body.json", r#"{"a":1}"#);
    assert_eq!(place.run(&["request", CAR, "/x", "--data", &file]).ok(), r#"POST /x? {"a":1}"#);
    let url = api.server.url("/y");
    let run = place.run_with(
        &["request", CAR, "put", &url, "--data", "-", "--header", "Content-Type: text/csv", "--include"],
        "a;b",
    );
    let out = run.ok();
    assert!(out.starts_with("HTTP 200 OK\r\n") && out.contains("x-kind: text/csv\r\n"), "{out}");
    assert!(out.ends_with("\r\n\r\nPUT /y? a;b"), "{out}");
    let missing = place.run(&["request", CAR, "/missing"]);
    assert_eq!((missing.code, missing.out.as_str()), (1, r#"{"error":"none"}"#));
    assert_eq!((api.issued(), api.rejected()), (1, 0));
}

#[test]
fn u1_no_other_host_gets_a_token() {
    let elsewhere = ScriptedServer::judging(|_| Response::json(200, "{}"));
    let place_of = elsewhere.url("/stolen");
    let (bus, api) = (
        Bus::start(),
        Api::start(HOUR, move |request: &Request| match request.path.as_str() {
            "/away" => Response::redirect(302, &place_of),
            "/here" => Response::redirect(307, "/there"),
            "/loop" => Response::redirect(302, "/loop"),
            _ => Response::json(200, format!("{} {} {}", request.method, request.path, request.text())),
        }),
    );
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    for target in [elsewhere.url("/x"), "//evil.example/x".to_owned(), format!("https://{}/", api.host())] {
        let said = place.run(&["request", CAR, &target]).failed(1);
        assert!(said.contains(&api.host()), "{said}");
    }
    assert_eq!(api.issued(), 0);
    assert!(place.run(&["request", CAR, "/away"]).failed(1).contains("nothing was sent there"));
    assert_eq!(place.run_with(&["request", CAR, "/here", "--data", "-"], "x").ok(), "POST /there x");
    assert!(place.run(&["request", CAR, "/loop"]).failed(1).contains("without end"));
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn u6_a_rejected_token_is_renewed_once_and_the_request_repeated() {
    let (bus, api) = (Bus::start(), Api::start(HOUR, |request| Response::json(200, request.text())));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    place.run(&["token", CAR]).ok();
    api.revoke_all();
    assert_eq!(place.run_with(&["request", CAR, "/x", "--data", "-"], "body").ok(), "body");
    assert_eq!((api.issued(), api.rejected(), api.served()), (2, 1, vec![2]));
    api.revoke_all();
    // More than can be sent again: the token is renewed for the next request.
    let long = "x".repeat(300 * 1024);
    let run = place.run_with(&["request", CAR, "/x", "--data", "-"], &long);
    assert_eq!((run.code, run.err.trim_end()), (1, "HTTP 401 Unauthorized"));
    assert_eq!((api.issued(), api.rejected()), (3, 2));
    let file = place.file("long", &long);
    api.revoke_all();
    assert_eq!(place.run(&["request", CAR, "/x", "--data", &file]).ok().len(), long.len());
    assert_eq!((api.issued(), api.rejected()), (4, 3));
}

#[test]
fn u1_headers_are_sent_as_given_or_refused() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    place.run(&["request", CAR, "/x", "--header", "X-Two: a", "--header", "x-two: b"]).ok();
    let before = api.server.requests().len();
    let sent = &api.server.requests()[before - 1].headers;
    let two =
        sent.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-two")).map(|(_, value)| value.as_str());
    assert_eq!(two.collect::<Vec<_>>(), ["a", "b"]);
    for header in ["Host: evil.example", "transfer-encoding: chunked", "Proxy-Authorization: x"] {
        let run = place.run(&["request", CAR, "/x", "--header", header]);
        let name = header.split(':').next().unwrap();
        assert!(run.code == 2 && run.err.contains(&format!("{name} can't be set")), "{run:?}");
    }
    assert_eq!(api.server.requests().len(), before);
}
