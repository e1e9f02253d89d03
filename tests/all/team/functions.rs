//! What a team vault does, with a server in development mode.

use std::time::{Duration, Instant};

use keyfob::domain::account::Client;
use keyfob::domain::team::TeamError;
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::explain::explain;
use keyfob::messages::problem::{Problem, VaultProblem};
use serde_json::{Value, json};

use super::bao::{Bao, Fault, Proxy, ROOT};
use super::rotation::{CAR, Rotation};
use super::{connect, machine, member, policy, sign_in};
use crate::cli::place::{Place, holds};
use crate::support::desktop::Bus;
use crate::support::engine;

#[test]
fn a_team_account_is_shared_by_two_machines() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let (ana, ben) = (member(&bus, &bao, ROOT, "ana"), member(&bus, &bao, ROOT, "ben"));
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let token = ana.run(&["token", CAR]).ok();
    assert!(token.starts_with("at-1-"));
    assert_eq!(ben.run(&["token", CAR]).ok(), token);
    ben.run(&["refresh", CAR]).ok();
    let shown = ana.run(&["show", CAR, "--json"]).json();
    assert_eq!((&shown["vault"], &shown["changed_by"]), (&json!("team"), &json!("ben")));
    assert!(shown["changed_at"].as_str().unwrap().ends_with('Z'));
    assert!(ana.run(&["token", CAR]).ok().starts_with("at-2-"));
    // Without --vault, both kinds are listed.
    let mut both = ana;
    both.before.truncate(2);
    let bot = "[[account]]\nname = \"own\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\nclient_id = \"c\"\nclient_secret = \"s\"\n[account.endpoints]\ntoken = \"http://127.0.0.1:1/token\"\n";
    both.run_with(&["import", "-"], bot).ok();
    let listed = both.run(&["list", "--json"]).json();
    let vaults: Vec<_> = listed.as_array().unwrap().iter().map(|it| (&it["name"], &it["vault"])).collect();
    assert_eq!(vaults, [(&json!("car"), &json!("team")), (&json!("own"), &json!("file"))]);
    assert!(both.run(&["token", CAR]).ok().starts_with("at-2-"));
    both.before.extend(["--vault", "team"].map(str::to_owned));
    both.run(&["remove", CAR, "--yes"]).ok();
    assert!(ben.run(&["list", "--json"]).json().as_array().unwrap().is_empty());
    bao.fails(&["kv", "list", "secret/keyfob/accounts"]);
    ben.run(&["token", CAR]).failed(1);
}

#[test]
fn m1_the_layout_is_as_documented_and_spent_refresh_tokens_are_destroyed() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    for _ in 0..3 {
        ana.run(&["refresh", CAR]).ok();
    }
    let folder = format!("secret/keyfob/accounts/{}", bao.id_of(CAR));
    let names = bao.json(&["kv", "list", "-format=json", &folder]);
    assert_eq!(names, json!(["access", "grant", "spec"]));
    let record = |name: &str| bao.record(&format!("{folder}/{name}"));
    assert_eq!(record("spec")["name"], CAR);
    assert!(record("spec")["client_secret"].as_str().unwrap().contains("CANARY"));
    assert!(record("grant")["refresh_token"].as_str().unwrap().starts_with("rt-4-"));
    assert_eq!(record("grant")["claim"], json!(null));
    let access = record("access");
    assert!(access["access_token"].as_str().unwrap().starts_with("at-4-"));
    assert_eq!((&access["name"], &access["provider"]), (&json!(CAR), &json!("custom")));
    assert!(access["expires_at"].is_string() && access["received_at"].is_string());
    assert!(!access.to_string().contains("rt-") && !access.to_string().contains("s-CANARY"));
    let metadata = bao.json(&["kv", "metadata", "get", "-format=json", &format!("{folder}/grant")]);
    let versions = metadata["data"]["versions"].as_object().unwrap();
    let current = metadata["data"]["current_version"].to_string();
    assert!(versions.len() > 3);
    for (number, version) in versions {
        assert_eq!(version["destroyed"], json!(*number != current), "version {number}");
    }
}

#[test]
fn m2_each_role_may_do_what_it_should_and_no_more() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let made = |role: &str| bao.member(role, &policy(&ana, role));
    let (using, renewing, managing) = (made("use"), made("renew"), made("manage"));

    let user = member(&bus, &bao, &using, "user");
    assert_eq!(user.run(&["list", "--json"]).json()[0]["status"], "valid");
    assert_eq!(user.run(&["token", CAR]).ok(), ana.run(&["token", CAR]).ok());
    let before = server.refreshes();
    for words in [
        &["refresh", CAR][..],
        &["remove", CAR, "--yes"],
        &["token", CAR, "--min-valid", "2h", "--as", "json"],
    ] {
        let run = user.run(words);
        assert!(run.err.contains("role") && run.err.contains("use"), "{run:?}");
        assert_eq!(run.code, if words[0] == "token" { 0 } else { 4 }, "{run:?}");
    }
    assert_eq!(server.refreshes(), before, "no request was sent");
    // Tried without Keyfob, too.
    let direct = bao.with_token(&using);
    let folder = format!("secret/keyfob/accounts/{}", bao.id_of(CAR));
    for record in ["grant", "spec"] {
        assert!(direct.fails(&["kv", "get", &format!("{folder}/{record}")]).contains("permission denied"));
    }
    let seen = direct.run(&["kv", "get", "-format=json", &format!("{folder}/access")]);
    assert!(!seen.contains("rt-1-") && !seen.contains("s-CANARY"));

    let renewer = member(&bus, &bao, &renewing, "renewer");
    renewer.run(&["refresh", CAR]).ok();
    let refused = renewer.run(&["remove", CAR, "--yes"]).failed(4);
    assert!(refused.contains("manage"), "{refused}");
    assert!(renewer.run(&["token", CAR]).ok().starts_with("at-2-"), "nothing was removed");

    let manager = member(&bus, &bao, &managing, "manager");
    manager.run_with(&["import", "-"], &server.account_named("second")).ok();
    manager.run(&["refresh", CAR]).ok();
    manager.run(&["remove", CAR, "--yes"]).ok();
    for (place, role) in [(&user, "use"), (&renewer, "renew"), (&manager, "manage")] {
        assert_eq!(place.run(&["team", "status", "--json"]).json()["role"], role);
    }
    ana.run(&["team", "policy", "owner"]).failed(2);
}

#[test]
fn m3_no_secret_of_the_team_is_in_personal_files() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    ana.run(&["refresh", CAR]).ok();
    ana.run(&["list"]).ok();
    assert!(!holds(&ana.home, &server.canary) && !holds(&ana.home, ROOT));
}

#[test]
fn an_account_moves_to_the_team_and_back() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let mut ana = machine(&bus, "ana");
    connect(&ana, &bao.address, ROOT, "ana").ok();
    ana.run_with(&["import", "-"], &format!("{}\n{}", server.account(), server.account_named("second"))).ok();
    sign_in(&ana, CAR);
    let token = ana.run(&["token", CAR]).ok();
    ana.run(&["move", CAR, "second", "--to", "team"]).ok();
    let vaults = |ana: &Place<'_>| {
        let listed = ana.run(&["list", "--json"]).json();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["vault"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(vaults(&ana), ["team", "team"]);
    assert_eq!(ana.run(&["token", CAR]).ok(), token);
    ana.run(&["refresh", CAR]).ok();
    // Accounts of both vaults are exported by name, and the team's not by a personal export.
    ana.run(&["move", "second", "--to", "file"]).ok();
    let to = |name: &str| ana.home.join(name).to_str().unwrap().to_owned();
    let names = |path: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        [CAR, "second"].map(|name| text.contains(&format!("name = \"{name}\"")))
    };
    let said = ana.run(&["export", "--to", &to("own.toml")]);
    assert!(said.err.contains("team's accounts are not in it"), "{said:?}");
    assert_eq!((said.code, names(&to("own.toml"))), (0, [false, true]));
    ana.run(&["export", CAR, "second", "--to", &to("both.toml")]).ok();
    assert_eq!(names(&to("both.toml")), [true, true]);
    ana.run(&["move", "second", "--to", "team"]).ok();
    // A name can't be taken twice.
    ana.before.extend(["--vault", "file"].map(str::to_owned));
    ana.run_with(&["import", "-"], &server.account()).ok();
    ana.before.truncate(2);
    assert!(ana.run(&["move", CAR, "--to", "team"]).failed(1).contains("car"));
    ana.run(&["remove", CAR, "--yes"]).ok();
    ana.run(&["move", CAR, "second", "--to", "file"]).ok();
    assert_eq!(vaults(&ana), ["file", "file"]);
    assert!(ana.run(&["token", CAR]).ok().starts_with("at-2-"));
    ana.run(&["refresh", CAR]).ok();
    bao.fails(&["kv", "list", "secret/keyfob/accounts"]);
    assert!(!server.is_revoked());
}

/// A window's engine with the team vault open.
fn window(bao: &Bao<'_>, token: &str) -> (engine::Place, engine::Rig) {
    let mut room = engine::Place::new();
    room.team = Some((bao.address.clone(), token.to_owned()));
    let rig = room.window();
    rig.wait_until("the team vault", |snapshot| snapshot.team.is_some());
    (room, rig)
}

#[test]
fn an_edit_that_meets_anothers_shows_both() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    let (_room, rig) = window(&bao, ROOT);
    rig.wait_until("the account", |snapshot| !snapshot.accounts.is_empty());
    // What a form does: it reads the account, and saves it later.
    rig.ask(Command::Edit(rig.id(CAR))).unwrap();
    let view = rig.view(CAR);
    let mut settings = view.settings.clone();
    settings.overrides_mut().scopes = Some(vec!["from-window".to_owned()]);
    let draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: CAR.to_owned(),
        settings,
        client: Client { client_id: "the-client".to_owned(), ..Client::default() },
    };
    let lines = server.account().replacen("grant =", "scopes = [\"from-ana\"]\ngrant =", 1);
    ana.run_with(&["import", "-", "--replace"], &lines).ok();
    let refused = rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap_err();
    let said = explain(&refused, Some(CAR), None).what;
    for word in ["ana", "scopes", "from-ana", "from-window"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let spec = bao.record(&format!("secret/keyfob/accounts/{}/spec", bao.id_of(CAR)));
    assert_eq!(spec["settings"]["overrides"]["scopes"], json!(["from-ana"]));
}

#[test]
fn a_window_shows_changes_by_others_with_who_and_when() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let (_room, rig) = window(&bao, ROOT);
    rig.wait_until("the account", |snapshot| !snapshot.accounts.is_empty());
    assert_eq!(rig.token(CAR).unwrap().access_token.expose(), ana.run(&["token", CAR]).ok().trim_end());
    let ben = member(&bus, &bao, ROOT, "ben");
    ben.run(&["refresh", CAR]).ok();
    rig.advance(4);
    rig.wait_until("Ben's token", |snapshot| {
        let view = &snapshot.accounts[0];
        view.change.as_ref().is_some_and(|change| change.by == "ben")
            && view.token.as_ref().is_some_and(|token| token.facts.generation == 2)
    });
    assert_eq!(rig.token(CAR).unwrap().access_token.expose(), ben.run(&["token", CAR]).ok().trim_end());
    ben.run_with(&["import", "-"], &server.account_named("second")).ok();
    rig.advance(4);
    rig.wait_until("Ben's account", |snapshot| snapshot.accounts.len() == 2);
    ben.run(&["remove", CAR, "--yes"]).ok();
    rig.advance(4);
    rig.wait_until("the removal", |snapshot| snapshot.accounts.len() == 1);
}

#[test]
fn an_unreachable_vault_serves_the_token_in_memory_until_it_expires() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let proxy = Proxy::to(vec![bao.address.rsplit(':').next().unwrap().parse().unwrap()]);
    let mut room = engine::Place::new();
    room.team = Some((proxy.address(), ROOT.to_owned()));
    let rig = room.window();
    rig.wait_until("the account", |snapshot| !snapshot.accounts.is_empty());
    rig.token(CAR).unwrap();
    proxy.set(Fault::Refuse);
    std::thread::sleep(Duration::from_millis(1200));
    assert!(rig.token(CAR).unwrap().access_token.expose().starts_with("at-1-"));
    rig.advance(3700);
    let refused = rig.token(CAR).unwrap_err();
    assert!(matches!(refused, Problem::Vault(VaultProblem::Team(TeamError::Unreachable(_)))), "{refused:?}");
    assert_eq!(server.refreshes(), 0, "nothing was renewed");
}

#[test]
fn m10_a_window_lists_a_thousand_accounts_without_reading_a_thousand_records() {
    let bus = Bus::start();
    let bao = Bao::dev(&bus);
    let mut accounts = serde_json::Map::new();
    for number in 0..1000 {
        let (id, name) = (format!("{number:032x}"), format!("account {number:04}"));
        let entry = json!({ "name": name, "provider": "custom", "grant": "client_credentials" });
        let settings = json!({ "provider": "custom", "grant": "client_credentials" });
        let access = json!({ "v": 3, "name": name, "revision": 0, "settings": settings });
        bao.post(&format!("secret/data/keyfob/accounts/{id}/access"), &json!({ "data": access }));
        accounts.insert(id, entry);
    }
    bao.post(
        "secret/data/keyfob/index",
        &json!({ "data": { "v": 3, "accounts": Value::Object(accounts).to_string() } }),
    );
    let proxy = Proxy::to(vec![bao.address.rsplit(':').next().unwrap().parse().unwrap()]);
    let mut room = engine::Place::new();
    room.team = Some((proxy.address(), ROOT.to_owned()));
    let rig = room.window();
    rig.wait_until("the list", |snapshot| snapshot.accounts.len() == 1000);
    let reads = proxy.reads.load(std::sync::atomic::Ordering::SeqCst);
    assert!(reads < 10, "{reads} records of accounts were read");
}

#[test]
fn a_headless_machine_uses_approle_from_files() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let file = bus.path("renew.hcl");
    std::fs::write(&file, policy(&ana, "renew")).unwrap();
    bao.run(&["policy", "write", "renew", file.to_str().unwrap()]);
    bao.run(&["auth", "enable", "approle"]);
    bao.run(&["write", "auth/approle/role/ci", "token_policies=renew", "token_ttl=1m"]);
    let role_id = bao.run(&["read", "-field=role_id", "auth/approle/role/ci/role-id"]);
    let secret_id = bao.run(&["write", "-f", "-field=secret_id", "auth/approle/role/ci/secret-id"]);
    let mut ci = Place::on(&bus);
    ci.home = bus.path("home-ci");
    let files = [ci.file("role-id", &role_id), ci.file("secret-id", &secret_id)];
    let run = |words: &[&str]| {
        let mut command = ci.command(words);
        command.env("KEYFOB_TEAM_ADDR", &bao.address).env("KEYFOB_TEAM_AS", "runner");
        command.env("KEYFOB_TEAM_ROLE_ID_FILE", &files[0]).env("KEYFOB_TEAM_SECRET_ID_FILE", &files[1]);
        command.output().unwrap()
    };
    let token = run(&["--vault", "team", "token", CAR]);
    assert_eq!(String::from_utf8_lossy(&token.stdout), ana.run(&["token", CAR]).ok(), "{token:?}");
    assert!(run(&["--vault", "team", "refresh", CAR]).status.success());
    assert_eq!(ana.run(&["show", CAR, "--json"]).json()["changed_by"], "runner");
    // The same, connected: its token renews itself.
    let other = machine(&bus, "connected");
    let words = ["team", "connect", &bao.address, "--auth", "approle", "--as", "other"];
    let words: Vec<_> =
        words.into_iter().chain(["--role-id-file", &files[0], "--secret-id-file", &files[1]]).collect();
    other.run(&words).ok();
    let end = other.run(&["team", "status", "--json"]).json()["token_expires_at"].clone();
    assert!(end.is_string(), "{end}");
    assert!(other.run(&["token", CAR]).ok().starts_with("at-2-"));
    other.run(&["team", "disconnect"]).ok();
    other.run(&["team", "status"]).failed(4);
}

#[test]
fn a_namespace_has_accounts_of_its_own() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    bao.run(&["namespace", "create", "team-a"]);
    bao.run(&["secrets", "enable", "-namespace=team-a", "-path=kv", "-version=2", "kv"]);
    let ana = machine(&bus, "ana");
    let token = ana.file("root-token", ROOT);
    let words = ["team", "connect", &bao.address, "--auth", "token", "--token-file", &token, "--as", "ana"];
    let place = ["--namespace", "team-a", "--mount", "kv", "--prefix", "a/b"];
    ana.run(&words.into_iter().chain(place).collect::<Vec<_>>()).ok();
    let status = ana.run(&["team", "status", "--json"]).json();
    assert_eq!((&status["sealed"], &status["role"]), (&json!(false), &json!("manage")));
    let shown = ana.run(&["team", "status"]).ok();
    assert!(shown.contains("Namespace:") && shown.contains("team-a"), "{shown}");
    ana.run_with(&["--vault", "team", "import", "-"], &server.account()).ok();
    assert_eq!(ana.run(&["list", "--json"]).json()[0]["name"], CAR);
    bao.run(&["kv", "list", "-namespace=team-a", "kv/a/b/accounts"]);
    bao.fails(&["kv", "list", "secret/keyfob/accounts"]);
}

#[test]
fn a_refused_sign_in_keeps_nothing() {
    let bus = Bus::start();
    let bao = Bao::dev(&bus);
    bao.run(&["auth", "enable", "userpass"]);
    bao.run(&["write", "auth/userpass/users/ana", "password=CANARY-right", "token_policies=root-like"]);
    let file = bus.path("manage.hcl");
    let place = machine(&bus, "ana");
    std::fs::write(&file, policy(&place, "manage")).unwrap();
    bao.run(&["policy", "write", "root-like", file.to_str().unwrap()]);
    let userpass = |password: &str| {
        let password = place.file("password", password);
        let words = ["team", "connect", &bao.address, "--auth", "userpass", "--username", "ana"];
        place.run(&words.into_iter().chain(["--password-file", &password]).collect::<Vec<_>>())
    };
    userpass("CANARY-wrong").failed(4);
    connect(&place, &bao.address, "CANARY-no-token", "ana").failed(4);
    assert!(place.run(&["team", "status"]).failed(4).contains("keyfob team connect"));
    assert!(place.run(&["--vault", "team", "list"]).failed(4).contains("keyfob team connect"));
    userpass("CANARY-right").ok();
    let status = place.run(&["team", "status", "--json"]).json();
    assert_eq!((&status["auth"], &status["role"]), (&json!("userpass"), &json!("manage")));
    assert_eq!((&status["reachable"], &status["sealed"]), (&json!(true), &json!(false)));
    let members: Vec<_> = status.as_object().unwrap().keys().map(String::as_str).collect();
    let named = "address as auth mount prefix reachable role sealed token_expires_at";
    assert_eq!(members.join(" "), named);
}

#[test]
fn a_cached_team_token_costs_at_most_three_times_bao_kv_get() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let mut ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let token = ana.file("root-token", ROOT);
    ana.before = ["--vault", "team"].map(str::to_owned).into();
    let path = format!("secret/keyfob/accounts/{}/access", bao.id_of(CAR));
    let best = |work: &dyn Fn()| {
        let times = (0..7).map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        });
        times.min().unwrap()
    };
    let ours = best(&|| {
        let mut command = ana.command(&["token", CAR]);
        command.env("KEYFOB_TEAM_ADDR", &bao.address).env("KEYFOB_TEAM_TOKEN_FILE", &token);
        assert!(command.output().unwrap().status.success());
    });
    let theirs = best(&|| {
        bao.run(&["kv", "get", "-field=access_token", &path]);
    });
    println!("keyfob token: {ours:?}; bao kv get: {theirs:?}");
    assert!(ours < 3 * theirs, "{ours:?} against {theirs:?}");
}

#[test]
fn m5_a_clock_that_is_off_by_an_hour_misleads_nobody() {
    let (bus, server) = (Bus::start(), Rotation::start());
    let bao = Bao::dev(&bus);
    let ana = member(&bus, &bao, ROOT, "ana");
    ana.run_with(&["import", "-"], &server.account()).ok();
    sign_in(&ana, CAR);
    let mut room = engine::Place::new();
    room.team = Some((bao.address.clone(), ROOT.to_owned()));
    room.clock.advance(chrono::TimeDelta::hours(1));
    let rig = room.window();
    rig.wait_until("the account", |snapshot| !snapshot.accounts.is_empty());
    assert!(rig.token(CAR).unwrap().access_token.expose().starts_with("at-1-"), "it is valid for an hour");
    assert_eq!(server.refreshes(), 0);
    rig.ask(Command::Refresh(rig.id(CAR))).unwrap();
    let shown = ana.run(&["token", CAR, "--as", "json"]).json();
    let left = shown["expires_in"].as_i64().unwrap();
    assert!((3500..=3600).contains(&left), "{left}");
}
