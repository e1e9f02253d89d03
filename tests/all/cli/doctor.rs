//! `keyfob doctor` in scripts and in a terminal.

use super::place::{Place, Server};
use crate::support::desktop::{Bus, Keyring};

#[test]
fn the_doctor_says_what_is_in_the_way_and_sends_no_secret() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let file = place.file("accounts.toml", &server.accounts());
    place.run(&["import", &file]).ok();

    let found = place.run(&["doctor", "car-dev"]);
    assert_eq!(found.code, 0, "{found:?}");
    assert!(found.out.contains("ok           Secrets: The keychain responds."), "{found:?}");
    assert!(
        found.out.contains("not needed   Name (DNS) (127.0.0.1): This is the same computer"),
        "{found:?}"
    );
    let looks = server.server.requests();
    assert!(!looks.is_empty() && looks.iter().all(|look| look.method == "GET" && look.query.is_empty()));
    assert!(!found.out.contains(&server.canary) && !format!("{looks:?}").contains(&server.canary));

    let rival = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rival.local_addr().unwrap().port();
    let busy = server.accounts().replace("http://127.0.0.1/callback", &format!("http://127.0.0.1:{port}/cb"));
    place.run(&["import", "--replace", &place.file("busy.toml", &busy)]).ok();
    let found = place.run(&["doctor", "car-dev", "--json"]);
    assert_eq!(found.code, 1, "{found:?}");
    let findings: serde_json::Value =
        serde_json::from_str(&found.out).expect("JSON in spite of the exit code");
    let of = |check: &str| {
        let mut all = findings.as_array().unwrap().iter();
        all.find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check} in {findings}"))
    };
    assert_eq!(of("vault")["verdict"], "ok");
    assert_eq!(of("port")["verdict"], "failed");
    let next = of("port")["next"].as_str().unwrap();
    assert!(next.contains("are free at the moment"), "{next}");
    assert!(of("endpoints.token")["about"].as_str().unwrap().ends_with("/token"));

    assert!(place.run(&["doctor", "nobody"]).failed(1).contains("There is no account"));
    let general = place.run(&["doctor"]);
    assert!(general.code == 0 && general.out.contains("Name an account"), "{general:?}");
    // The sign-in's own error has the exact redirect URI and the free ports.
    let said = place.run(&["sign-in", "car-dev", "--no-browser"]).failed(1);
    assert!(said.contains(&format!("Redirect URI:\nhttp://127.0.0.1:{port}/cb")), "{said}");
    assert!(said.contains("are free at the moment"), "{said}");
}
