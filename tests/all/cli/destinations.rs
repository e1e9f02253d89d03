//! The command line's output about destinations that differ from the preset's.

use super::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};

const ENDPOINTS: [(&str, &str, &str); 8] = [
    ("authorize", "authorization endpoint", "https://connect.smartcar.com/oauth/authorize"),
    ("token", "token endpoint", "https://auth.smartcar.com/oauth/token"),
    ("device", "device authorization endpoint", ""),
    ("par", "pushed authorization request endpoint", ""),
    ("revoke", "revocation endpoint", ""),
    ("introspect", "introspection endpoint", ""),
    ("userinfo", "userinfo endpoint", ""),
    ("jwks", "JWKS URL", ""),
];

fn account(name: &str, provider: &str, more: &str) -> String {
    AccountToml::new(name, "authorization_code")
        .with("provider", provider)
        .secret("CANARY-destinations")
        .lines(more)
        .to_string()
}

/// The part of a destination's line about the preset.
fn beside(preset: &str) -> String {
    if preset.is_empty() { "Smartcar has none".to_owned() } else { format!("Smartcar's is {preset}") }
}

#[test]
fn i3_each_changed_destination_is_a_line_and_in_json() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let others = [
        ("issuer", "issuer", "issuer = \"https://evil.example/issuer\"\n"),
        ("api_base_url", "API base URL", "api = { base_url = \"https://evil.example/api_base_url\" }\n"),
        ("help", "help text", "help = { secrets_place = \"https://evil.example/help\" }\n"),
    ];
    let endpoints = ENDPOINTS.iter().map(|(kind, label, preset)| {
        let more = format!("[account.endpoints]\n{kind} = \"https://evil.example/{kind}\"\n");
        (*kind, *label, more, Some(beside(preset)))
    });
    let others = others.iter().map(|(kind, label, more)| (*kind, *label, (*more).to_owned(), None));
    let each: Vec<_> = endpoints.chain(others).collect();
    let file: String = each.iter().map(|(kind, _, more, _)| account(kind, "smartcar", more)).collect();
    let file = place.file("changed.toml", &(file + &account("plain", "smartcar", "")));
    let looked = place.run(&["import", "--dry-run", &file]).ok();
    let imported = place.run(&["import", &file]);
    let (list, table) = (place.run(&["list", "--json"]).json(), place.run(&["list"]).ok());
    for (kind, label, _, beside) in each {
        let line = format!("{kind}: {label} https://evil.example/{kind} (");
        let line = beside.map_or(line.clone(), |beside| format!("{line}{beside})\n"));
        assert!(looked.contains(&line) && imported.err.contains(&line), "{line} in:\n{looked}");
        assert!(looked.contains(&format!("Would add {kind}: Smartcar, changed, ")), "{looked}");
        let listed = list.as_array().unwrap().iter().find(|it| it["name"] == kind).unwrap();
        let changed = &listed["changed_destinations"];
        assert_eq!((&changed[0]["endpoint"], changed.as_array().unwrap().len()), (&kind.into(), 1));
        assert_eq!(changed[0]["url"], format!("https://evil.example/{kind}"));
        let row = table.lines().find(|line| line.starts_with(&format!("{kind} "))).unwrap();
        assert!(row.contains("  smartcar, changed  "), "{row}");
        assert_eq!(place.run(&["show", kind, "--json"]).json()["changed_destinations"], *changed);
        let shown = place.run(&["show", kind]).ok();
        assert!(shown.contains("Smartcar, changed (smartcar)"), "{shown}");
        assert!(shown.contains(&format!("Changed {label}:")) && shown.contains("https://evil.example/"));
    }
    let plain = list.as_array().unwrap().iter().find(|it| it["name"] == "plain").unwrap();
    assert_eq!(plain["changed_destinations"], serde_json::json!([]));
    assert!(looked.contains("Would add plain: Smartcar, authorization_code\n"), "{looked}");
    assert!(!looked.lines().any(|line| line.starts_with("plain: ")), "{looked}");
    let of = |name: &str| list.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(of("revoke")["changed_destinations"][0]["preset"], serde_json::Value::Null);
    assert_eq!(of("token")["changed_destinations"][0]["preset"], "https://auth.smartcar.com/oauth/token");
    assert!(imported.ok().starts_with("Added authorize\nAdded token\n"));
}

#[test]
fn i3_a_variables_host_and_a_custom_provider_are_named() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let host = "variables = { host = \"gitlab.example.com\" }\n";
    let custom = "[account.endpoints]\nauthorize = \"https://a.example/a\"\ntoken = \"https://b.example/t\"\n\
                  revoke = \"https://c.example/\\u202er\\u001b[31m\"\n";
    let file = account("own", "gitlab", host) + &account("custom", "custom", custom);
    let looked = place.run_with(&["--vault", "memory", "import", "--dry-run", "-"], &file).ok();
    for line in [
        "Would add own: GitLab at gitlab.example.com, ",
        "own: token endpoint https://gitlab.example.com/oauth/token (GitLab's is https://gitlab.com/oauth/token)\n",
        "custom: authorization endpoint https://a.example/a (custom provider)\n",
        "custom: token endpoint https://b.example/t (custom provider)\n",
        "custom: revocation endpoint https://c.example/",
    ] {
        assert!(looked.contains(line), "{line} in:\n{looked}");
    }
    assert!(!looked.contains(['\u{202e}', '\u{1b}']), "{looked:?}");
}
