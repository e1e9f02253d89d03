//! Preferences and the stored window state, through the engine and over a restart, with a real proxy and a
//! real browser process.

use std::time::Duration;

use chrono::TimeDelta;
use keyfob::messages::command::Command;
use keyfob::messages::preferences::{Preferences, ProxyChoice};
use keyfob::messages::remembered::{GroupBy, ListFilter, Remembered, SortBy, StatusFilter};

use crate::support::account_toml::AccountToml;
use crate::support::desktop::wait_until;
use crate::support::engine::{Place, parameter};
use crate::support::server::{Response, ScriptedServer};

fn car() -> String {
    AccountToml::new("car", "authorization_code")
        .with("client_auth", "none")
        .raw("tags", "[\"work\"]")
        .at("authorize", "https://a.example/authorize")
        .at("token", "https://a.example/token")
        .to_string()
}

#[test]
fn the_preferred_port_is_where_a_sign_in_waits_and_what_the_window_shows() {
    let place = Place::new();
    let rig = place.window();
    rig.import(&car()).unwrap();
    assert_eq!(rig.view("car").redirect_uri.as_deref(), Some("http://127.0.0.1/callback"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let preferences = Preferences { redirect_port: Some(port), ..Preferences::default() };
    rig.ask(Command::SetPreferences(preferences)).unwrap();
    let expected = format!("http://127.0.0.1:{port}/callback");
    assert_eq!(rig.view("car").redirect_uri.as_deref(), Some(expected.as_str()));
    let (address, _answers) = rig.start_sign_in("car").unwrap();
    assert_eq!(parameter(&address, "redirect_uri"), expected);
}

#[test]
fn the_next_start_finds_preferences_tags_and_where_the_user_was() {
    let place = Place::new();
    let preferences = Preferences {
        zoom_percent: 150,
        proxy: ProxyChoice::at("proxy.example:3128").unwrap(),
        browser: Some("firefox %s".to_owned()),
        keep_running: true,
        ..Preferences::default()
    };
    let rig = place.window();
    rig.import(&car()).unwrap();
    let remembered = Remembered {
        selected: Some(rig.id("car")),
        sort: SortBy::Expiry,
        group: GroupBy::Tag,
        filter: Some(ListFilter::Status(StatusFilter::Expired)),
        tray_explained: true,
    };
    rig.ask(Command::SetPreferences(preferences.clone())).unwrap();
    rig.ask(Command::Remember(remembered.clone())).unwrap();
    drop(rig);
    let rig = place.window();
    let found = rig.wait_until("the accounts", |snapshot| !snapshot.accounts.is_empty());
    assert_eq!((&found.preferences, &found.remembered), (&preferences, &remembered));
    assert_eq!(rig.view("car").settings.tags.as_slice(), ["work"]);
}

#[test]
fn the_margin_is_the_providers_then_the_settings_then_left_to_the_tokens_life() {
    let place = Place::new();
    let rig = place.window();
    let times = [rig.now(), rig.now() + TimeDelta::hours(1)].map(|at| at.to_rfc3339());
    let tokens = format!(
        "[account.tokens]\naccess_token = \"CANARY\"\nrefresh_token = \"CANARY\"\nreceived_at = \"{}\"\n\
         expires_at = \"{}\"\n",
        times[0], times[1]
    );
    let car = car() + &tokens;
    let ahead = car.replace("\"car\"", "\"ahead\"");
    let ahead = ahead.replace("client_auth", "refresh = { ahead_secs = 0 }\nclient_auth");
    rig.import(&(car + &ahead)).unwrap();
    // Up to a fifth is taken off, by the account, so that not all are refreshed together.
    let is_ahead = |expected: [i64; 2]| {
        ["ahead", "car"].into_iter().zip(expected).all(|(name, secs)| {
            let view = rig.view(name);
            let end = view.token.as_ref().unwrap().facts.expires_at.unwrap();
            let ahead = (end - view.next_refresh.unwrap()).num_milliseconds();
            (secs * 800..=secs * 1000).contains(&ahead)
        })
    };
    let prefer = |refresh_ahead_secs| {
        let preferences = Preferences { refresh_ahead_secs, ..Preferences::default() };
        rig.ask(Command::SetPreferences(preferences)).unwrap();
    };
    prefer(Some(90));
    assert!(is_ahead([0, 90]));
    prefer(None);
    assert!(is_ahead([0, 300]));
}

/// An account whose token endpoint is on another machine, and one whose is on this one.
fn far_and_near(near: &ScriptedServer) -> String {
    let account = |name: &str, token: &str| {
        AccountToml::new(name, "client_credentials").secret("CANARY-secret").at("token", token).to_string()
    };
    format!("{}\n{}", account("far", "https://api.example.test/token"), account("near", &near.url("/token")))
}

#[test]
fn a_proxy_of_the_users_choice_sees_other_machines_and_never_this_one() {
    let (proxy, near) = (ScriptedServer::start(), ScriptedServer::start());
    proxy.always("api.example.test:443", Response::new(502, "text/plain", "no way"));
    near.always("/token", Response::json(200, r#"{"access_token":"one","expires_in":3600}"#));
    let place = Place::new();
    let rig = place.window();
    rig.import(&far_and_near(&near)).unwrap();
    let prefer = |proxy| {
        rig.ask(Command::SetPreferences(Preferences { proxy, ..Preferences::default() })).unwrap();
    };
    prefer(ProxyChoice::at(&proxy.url("")).unwrap());
    assert!(rig.token("far").is_err());
    let seen = proxy.requests();
    assert!(!seen.is_empty() && seen.iter().all(|request| request.method == "CONNECT"));
    assert!(
        seen.iter().all(|request| request.text().is_empty() && request.header("authorization").is_none())
    );
    let (counted, before) = (proxy.connections(), near.connections());
    rig.token("near").unwrap();
    assert_eq!((proxy.connections(), near.connections()), (counted, before + 1));
    // A change applies to the next request, without a restart.
    prefer(ProxyChoice::Direct);
    assert!(rig.token("far").is_err());
    assert_eq!(proxy.connections(), counted);
}

#[test]
#[cfg(unix)]
fn a_browser_of_the_users_choice_gets_the_address_in_the_systems_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let rig = place.window();
    rig.import(&car()).unwrap();
    let (script, seen) = (place.folder.path().join("my-browser"), place.folder.path().join("seen"));
    std::fs::write(
        &script,
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{0}.new' && mv '{0}.new' '{0}'\n", seen.display()),
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let browser = Some(format!("{} --profile work %s", script.display()));
    rig.ask(Command::SetPreferences(Preferences { browser, ..Preferences::default() })).unwrap();
    let _answers = rig.handle.ask(Command::SignIn { account: rig.id("car"), open_browser: true }).unwrap();
    let given = wait_until(Duration::from_secs(20), "the browser", || std::fs::read_to_string(&seen).ok());
    let given: Vec<_> = given.lines().collect();
    assert_eq!(given[..2], ["--profile", "work"]);
    let address = url::Url::parse(given[2]).unwrap();
    assert_eq!((address.host_str(), given.len()), (Some("a.example"), 3));
    assert!(!parameter(&address, "state").is_empty());
    assert!(rig.browser.opened.lock().unwrap().is_empty(), "the system's own stays closed");
}
