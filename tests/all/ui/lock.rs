//! Locking in the window: when it locks, and what the lock screen hides.

use std::time::Duration;

use chrono::TimeDelta;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use keyfob::base::secret::AccessToken;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::{ClientDeletion, Event, Revocation};
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{Snapshot, VaultHealth, VaultKind};

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;

fn one() -> Snapshot {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    snapshot(vec![car])
}

fn press_ctrl_l(rig: &mut Rig) {
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::L);
    rig.0.run();
}

/// Presses Ctrl+L and simulates the engine's lock.
fn lock(rig: &mut Rig) {
    press_ctrl_l(rig);
    assert!(matches!(rig.command(), Command::Lock));
    rig.change(|snapshot| snapshot.locked = true);
}

fn is_bare(rig: &Rig) {
    let tree = rig.tree();
    for fact in ["car-dev", "Smartcar", "cf7b", "12:", "Valid", "Settings", "CANARY"] {
        assert!(!tree.contains(fact), "{fact} in:\n{tree}");
    }
}

#[test]
fn the_curtain_shows_nothing_of_an_account_and_unlock_lifts_it() {
    let mut rig = Rig::new(one());
    rig.tell(Event::Revealed { account: id(1), token: AccessToken::new("CANARY-shown".to_owned()) });
    press_ctrl_l(&mut rig);
    // Covered before the engine confirms.
    is_bare(&rig);
    rig.change(|snapshot| snapshot.locked = true);
    is_bare(&rig);
    assert!(matches!(rig.command(), Command::Lock));
    assert!(rig.tree().contains("Your keychain stays unlocked"));
    // No key acts behind the lock screen, nor does a late event.
    for key in [Key::L, Key::R, Key::N, Key::Comma] {
        rig.0.key_press_modifiers(Modifiers::COMMAND, key);
        rig.0.run();
    }
    rig.tell(Event::Deleted {
        name: "car-dev".to_owned(),
        revocation: Revocation::NoTokens,
        client: ClientDeletion::NotRegistered,
    });
    rig.tell(Event::Revealed { account: id(1), token: AccessToken::new("CANARY-late".to_owned()) });
    is_bare(&rig);
    assert!(rig.commands().is_empty());
    rig.press("Unlock");
    assert!(matches!(rig.command(), Command::Unlock));
    rig.change(|snapshot| snapshot.locked = false);
    assert!(rig.can_press("Copy token"));
    assert!(!rig.tree().contains("CANARY"));
}

#[test]
fn drafts_and_dialogs_are_dropped() {
    let mut rig = Rig::new(one());
    rig.fill("Search accounts", "car");
    rig.press("Add account");
    rig.press("SmartSense");
    rig.fill("Name", "half");
    rig.fill("Client secret", "CANARY-draft");
    lock(&mut rig);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(rig.0.query_by_label("Client secret").is_none());
    assert_eq!(rig.field("Search accounts").value().unwrap_or_default(), "");
    rig.press("Delete");
    lock(&mut rig);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(!rig.tree().contains("Delete this account?"));
    rig.open_settings("Secrets");
    rig.press("Lock");
    assert!(matches!(rig.command(), Command::Lock));
    is_bare(&rig);
}

#[test]
fn with_a_file_the_curtain_asks_for_the_passphrase() {
    let mut open = one();
    open.vault.kind = VaultKind::File;
    let mut rig = Rig::new(open);
    lock(&mut rig);
    rig.change(|snapshot| snapshot.vault.health = VaultHealth::Locked { exists: true });
    is_bare(&rig);
    assert!(!rig.tree().contains("anyone at this computer"));
    assert!(rig.field("Passphrase").is_focused());
    assert!(!rig.can_press("Unlock"));
    rig.fill("Passphrase", "CANARY-1");
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert!(matches!(rig.command(), Command::UnlockVault { create: false, .. }));
    let wrong = Problem::Vault(VaultProblem::WrongPassphrase);
    rig.tell(Event::Problem { account: None, problem: wrong });
    assert!(rig.tree().contains("That passphrase doesn't open the file"));
    assert_eq!(rig.field("Passphrase").value().unwrap_or_default(), "");
    rig.fill("Passphrase", "CANARY-2");
    is_bare(&rig);
    rig.press("Unlock");
    let Command::UnlockVault { passphrase, .. } = rig.command() else { panic!("no passphrase") };
    assert_eq!(passphrase.expose(), "CANARY-2");
    rig.change(|snapshot| {
        snapshot.vault.health = VaultHealth::Ready;
        snapshot.locked = false;
    });
    assert!(rig.can_press("Copy token"));
    assert!(rig.0.query_by_label("Passphrase").is_none());
}

#[test]
fn locking_while_a_passphrase_is_chosen_goes_back_first() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.open_settings("Secrets");
    rig.press("Use a passphrase-protected file");
    drop(rig.command());
    rig.change(|snapshot| {
        snapshot.vault.kind = VaultKind::File;
        snapshot.vault.health = VaultHealth::Locked { exists: false };
    });
    press_ctrl_l(&mut rig);
    let commands = rig.commands();
    assert!(matches!(commands[..], [Command::ChooseVault(VaultKind::Keychain), Command::Lock]));
}

#[test]
fn an_idle_window_locks_and_wakes_for_it() {
    let mut idle = one();
    idle.accounts.clear();
    idle.preferences.lock_after_idle_mins = Some(5);
    let mut rig = Rig::new(idle);
    assert_eq!(rig.next_repaint(), Some(Duration::from_mins(5)));
    rig.wait(TimeDelta::seconds(299));
    assert!(rig.commands().is_empty());
    // The user is active.
    rig.0.event(egui::Event::PointerMoved(egui::pos2(5.0, 5.0)));
    rig.0.run();
    rig.wait(TimeDelta::seconds(299));
    assert!(rig.commands().is_empty());
    assert_eq!(rig.next_repaint(), Some(Duration::from_secs(1)));
    rig.wait(TimeDelta::seconds(1));
    assert!(matches!(rig.command(), Command::Lock));
    rig.change(|snapshot| snapshot.locked = true);
    rig.wait(TimeDelta::hours(2));
    assert!(rig.commands().is_empty());
    assert_eq!(rig.next_repaint(), None);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(rig.commands().is_empty());
}

#[test]
fn a_passphrase_file_is_locked_after_15_minutes_by_default() {
    let idle = |kind, chosen| {
        let mut idle = one();
        (idle.vault.kind, idle.preferences.lock_after_idle_mins) = (kind, chosen);
        let mut rig = Rig::new(idle);
        rig.wait(TimeDelta::minutes(14));
        assert!(rig.commands().is_empty());
        rig.wait(TimeDelta::minutes(1));
        matches!(rig.commands()[..], [Command::Lock])
    };
    assert!(idle(VaultKind::File, None));
    assert!(!idle(VaultKind::Keychain, None));
    // The user's choice applies to both vaults.
    assert!(!idle(VaultKind::File, Some(0)));
    assert!(!idle(VaultKind::File, Some(60)));
    assert!(idle(VaultKind::Keychain, Some(15)));
}

#[test]
fn after_sleep_the_first_touch_finds_it_locked() {
    let mut idle = one();
    idle.preferences.lock_after_idle_mins = Some(5);
    let mut rig = Rig::new(idle);
    rig.0.event(egui::Event::PointerMoved(egui::pos2(5.0, 5.0)));
    rig.wait(TimeDelta::hours(9));
    assert!(matches!(rig.command(), Command::Lock));
    is_bare(&rig);
}

#[test]
fn the_time_until_it_locks_is_a_setting() {
    let mut rig = Rig::new(one());
    rig.wait(TimeDelta::days(9));
    assert!(rig.commands().is_empty());
    rig.open_settings("Locking and closing");
    rig.choose("Lock after idle", "After 10 minutes");
    let Command::SetPreferences(preferences) = rig.command() else { panic!("no preferences") };
    assert_eq!(preferences.lock_after_idle_mins, Some(10));
}
