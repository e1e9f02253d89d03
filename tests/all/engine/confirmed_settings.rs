//! Preferences that the vault confirms: a row changed by another program isn't used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use keyfob::base::secret::Passphrase;
use keyfob::domain::refusal::transport::UnreachableKind;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::preferences::{Guarded, Preferences, ProxyChoice, Unconfirmed};
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::VaultKind;
use keyfob::store::database::Accounts;
use keyfob::store::vault::records::PREFERENCES_NAME;

use crate::support::account_toml::AccountToml;
use crate::support::certificates::Authority;
use crate::support::desktop::wait_until;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

const FAR: &str = "https://api.example.test/token";

fn batch(token: &str) -> String {
    AccountToml::new("batch", "client_credentials").secret("CANARY-secret").at("token", token).to_string()
}

fn proxy() -> ScriptedServer {
    let proxy = ScriptedServer::start();
    proxy.always("api.example.test:443", Response::new(502, "text/plain", "no way"));
    proxy
}

/// Changes the row of a preference, as any program that can write the file could.
fn by_hand(place: &Place, key: &str, value: &str) {
    let row = BTreeMap::from([(key.to_owned(), serde_json::Value::from(value).to_string())]);
    Accounts::open(&place.home()).unwrap().set_preferences(&BTreeMap::new(), &row).unwrap();
}

fn kind_of(result: Result<keyfob::messages::event::HeldToken, Problem>) -> UnreachableKind {
    match result {
        Err(Problem::Unreachable(unreachable)) => {
            assert!(!unreachable.may_have_been_sent || unreachable.kind != UnreachableKind::Unconfirmed);
            unreachable.kind
        }
        other => panic!("{other:?}"),
    }
}

fn shown(guarded: Guarded, value: &str) -> Unconfirmed {
    Unconfirmed(BTreeMap::from([(guarded, value.to_owned())]))
}

fn prefer(rig: &Rig, preferences: Preferences) {
    rig.ask(Command::SetPreferences(preferences)).unwrap();
}

fn pass() -> Passphrase {
    Passphrase::new("CANARY-passphrase".to_owned())
}

#[test]
fn f6_a_proxy_that_was_set_by_hand_is_not_used_until_confirmed() {
    let (place, proxy) = (Place::new(), proxy());
    place.window().import(&batch(FAR)).unwrap();
    by_hand(&place, "proxy", &proxy.url(""));
    let expected = shown(Guarded::Proxy, &format!("{}/", proxy.url("")));
    let rig = place.window();
    // The window reports it by itself.
    rig.wait_until("the notice", |snapshot| snapshot.unconfirmed == expected);
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Unconfirmed);
    assert_eq!(proxy.connections(), 0);
    // Another preference, or the same ones sent again, confirm nothing.
    let preferences = rig.snapshot().preferences.clone();
    prefer(&rig, Preferences { zoom_percent: 125, ..preferences });
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Unconfirmed);
    // Only shown values can be confirmed.
    let other = rig.ask(Command::ConfirmPreferences(shown(Guarded::Proxy, "http://other:1/")));
    assert_eq!(other.err(), Some(Problem::ChangedElsewhere));
    rig.ask(Command::ConfirmPreferences(expected)).unwrap();
    assert_eq!(rig.snapshot().unconfirmed, Unconfirmed::default());
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
    assert_eq!(proxy.connections(), 1);
    drop(rig);
    let rig = place.command_line();
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
}

#[test]
fn f6_a_command_line_refuses_a_proxy_that_was_changed_by_hand() {
    let (place, mine, theirs) = (Place::new(), proxy(), proxy());
    let rig = place.window();
    rig.import(&batch(FAR)).unwrap();
    prefer(&rig, Preferences { proxy: ProxyChoice::at(&mine.url("")).unwrap(), ..Preferences::default() });
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
    drop(rig);
    by_hand(&place, "proxy", &theirs.url(""));
    let rig = place.command_line();
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Unconfirmed);
    assert!(!rig.snapshot().unconfirmed.0.is_empty());
    assert_eq!((mine.connections(), theirs.connections()), (1, 0));
    drop(rig);
    by_hand(&place, "proxy", &mine.url(""));
    assert_eq!(kind_of(place.command_line().token("batch")), UnreachableKind::Proxy);
    // An unreadable vault confirms nothing.
    place.vault.fail_reads(9, &keyfob::store::vault::VaultError::Locked);
    let rig = place.command_line();
    assert!(matches!(rig.token("batch"), Err(Problem::Vault(_) | Problem::Unreachable(_))));
    assert_eq!((mine.connections(), theirs.connections()), (2, 0));
}

#[test]
fn f6_a_root_certificate_that_was_set_by_hand_is_not_trusted() {
    let (place, company) = (Place::new(), Authority::new());
    let server = ScriptedServer::start_tls(company.server("127.0.0.1", 2199));
    server.always("/token", Response::json(200, r#"{"access_token":"one","expires_in":3600}"#));
    let pem = company.pem_file(&place.folder).to_str().unwrap().to_owned();
    place.window().import(&batch(&server.url("/token"))).unwrap();
    by_hand(&place, "extra_root_certificate", &pem);
    let rig = place.window();
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Unconfirmed);
    assert_eq!(server.connections(), 0);
    rig.ask(Command::ConfirmPreferences(shown(Guarded::ExtraRootCertificate, &pem))).unwrap();
    rig.token("batch").unwrap();
}

/// A program that writes its arguments to a file.
#[cfg(unix)]
fn program(place: &Place) -> (String, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let (script, seen) = (place.folder.path().join("my-browser"), place.folder.path().join("seen"));
    let text =
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{0}.new' && mv '{0}.new' '{0}'\n", seen.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    (format!("{} %s", script.display()), seen)
}

#[test]
#[cfg(unix)]
fn f6_a_browser_that_was_set_by_hand_is_not_started() {
    let place = Place::new();
    let car = AccountToml::new("car", "authorization_code")
        .with("client_auth", "none")
        .at("authorize", "https://a.example/authorize")
        .at("token", "https://a.example/token");
    place.window().import(&car.to_string()).unwrap();
    let (browser, seen) = program(&place);
    by_hand(&place, "browser", &browser);
    let rig = place.command_line();
    let (_, answers) = rig.start_sign_in("car").unwrap();
    wait_until(Duration::from_secs(20), "the system's browser", || {
        (!rig.browser.opened.lock().unwrap().is_empty()).then_some(())
    });
    rig.wait_until("the notice", |snapshot| snapshot.unconfirmed == shown(Guarded::Browser, &browser));
    assert!(!seen.exists());
    rig.ask(Command::CancelSignIn(rig.id("car"))).unwrap();
    drop(answers);
    rig.ask(Command::ConfirmPreferences(shown(Guarded::Browser, &browser))).unwrap();
    let (_, _answers) = rig.start_sign_in("car").unwrap();
    wait_until(Duration::from_secs(20), "the program", || seen.exists().then_some(()));
    assert_eq!(rig.browser.opened.lock().unwrap().len(), 1);
}

#[test]
fn f6_what_is_set_here_moves_with_the_vault_and_a_file_keeps_it() {
    let (place, mine, theirs) = (Place::new(), proxy(), proxy());
    let rig = place.window();
    rig.import(&batch(FAR)).unwrap();
    prefer(&rig, Preferences { proxy: ProxyChoice::at(&mine.url("")).unwrap(), ..Preferences::default() });
    let to_file = Command::MoveVault { to: VaultKind::File, passphrase: Some(pass()), create: true };
    assert_eq!(
        rig.ask(to_file).map(|reply| matches!(reply, Reply::Moved { records: 1, left_behind: None })),
        Ok(true)
    );
    assert!(place.vault.stored_names().is_empty(), "nothing is left at the old place");
    drop(rig);
    let open = |rig: &Rig| rig.ask(Command::UnlockVault { passphrase: pass(), create: false }).map(drop);
    let rig = place.window();
    let needed = Some(Problem::Vault(VaultProblem::PassphraseNeeded));
    let direct = Preferences { proxy: ProxyChoice::Direct, ..Preferences::default() };
    assert_eq!(rig.ask(Command::SetPreferences(direct)).err(), needed, "not without the vault");
    open(&rig).unwrap();
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
    assert_eq!(rig.snapshot().unconfirmed, Unconfirmed::default());
    drop(rig);
    by_hand(&place, "proxy", &theirs.url(""));
    let rig = place.window();
    open(&rig).unwrap();
    rig.wait_until("the notice", |snapshot| !snapshot.unconfirmed.0.is_empty());
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Unconfirmed);
    assert_eq!(theirs.connections(), 0);
    // Setting it back confirms it.
    prefer(&rig, Preferences { proxy: ProxyChoice::at(&mine.url("")).unwrap(), ..Preferences::default() });
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
    assert_eq!(rig.snapshot().unconfirmed, Unconfirmed::default());
    // Both tokens are requested through the user's own proxy.
    assert_eq!((mine.connections(), theirs.connections()), (2, 0));
}

#[test]
fn f6_defaults_need_no_vault_and_leave_no_record() {
    let place = Place::new();
    let rig = place.window();
    prefer(&rig, Preferences { zoom_percent: 125, ..Preferences::default() });
    assert_eq!(place.vault.calls(), 0);
    let direct = Preferences { proxy: ProxyChoice::Direct, ..Preferences::default() };
    prefer(&rig, direct);
    assert_eq!(place.vault.stored_names(), [PREFERENCES_NAME]);
    prefer(&rig, Preferences::default());
    assert!(place.vault.stored_names().is_empty());
    drop(rig);
    let calls = place.vault.calls();
    drop(place.window());
    assert_eq!(place.vault.calls(), calls);
}

#[test]
fn f6_a_run_with_another_vault_goes_by_the_chosen_ones_record() {
    let (mut place, mine) = (Place::new(), proxy());
    let rig = place.window();
    prefer(&rig, Preferences { proxy: ProxyChoice::at(&mine.url("")).unwrap(), ..Preferences::default() });
    drop(rig);
    place.kind = Some(VaultKind::Memory);
    let rig = place.command_line();
    rig.import(&batch(FAR)).unwrap();
    assert_eq!(kind_of(rig.token("batch")), UnreachableKind::Proxy);
    assert_eq!(mine.connections(), 1);
}
