//! Preferences and what is remembered, through the engine and over a restart.

use keyfob::messages::command::Command;
use keyfob::messages::preferences::{Preferences, ProxyChoice};
use keyfob::messages::remembered::{GroupBy, Remembered, SortBy, Standstill};

use crate::support::engine::{Place, parameter};

const CAR: &str = "[[account]]\nname = \"car\"\nprovider = \"custom\"\ngrant = \"authorization_code\"\n\
                   client_id = \"an-id\"\nclient_auth = \"none\"\ntags = [\"work\"]\n[account.endpoints]\n\
                   authorize = \"https://a.example/authorize\"\ntoken = \"https://a.example/token\"\n";

#[test]
fn the_preferred_port_is_where_a_sign_in_waits_and_what_the_window_shows() {
    let place = Place::new();
    let rig = place.window();
    rig.import(CAR).unwrap();
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
    rig.import(CAR).unwrap();
    let remembered = Remembered {
        selected: Some(rig.id("car")),
        sort: SortBy::Expiry,
        group: GroupBy::Tag,
        filter: Some(Standstill::Expired),
    };
    rig.ask(Command::SetPreferences(preferences.clone())).unwrap();
    rig.ask(Command::Remember(remembered.clone())).unwrap();
    drop(rig);
    let rig = place.window();
    let found = rig.wait_until("the accounts", |snapshot| !snapshot.accounts.is_empty());
    assert_eq!((&found.preferences, &found.remembered), (&preferences, &remembered));
    assert_eq!(rig.view("car").settings.tags.as_slice(), ["work"]);
}
