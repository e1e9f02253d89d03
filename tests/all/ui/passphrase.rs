//! The passphrase in the window: chosen, entered, changed, and never kept.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, UntrustedText, VaultProblem};
use keyfob::messages::snapshot::{Snapshot, VaultHealth, VaultKind};

use super::fixtures::{account, snapshot};
use super::harness::Rig;

const USE_FILE: &str = "Use a passphrase-protected file";

fn one() -> Snapshot {
    snapshot(vec![account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode)])
}

fn in_file(health: VaultHealth) -> Snapshot {
    let mut snapshot = one();
    snapshot.vault.kind = VaultKind::File;
    snapshot.vault.health = health;
    snapshot
}

fn turn(rig: &mut Rig, health: VaultHealth) {
    rig.change(|snapshot| {
        snapshot.vault.kind = VaultKind::File;
        snapshot.vault.health = health;
    });
}

/// The first page with the dialog for a new passphrase.
fn choosing() -> Rig {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press(USE_FILE);
    assert!(matches!(rig.command(), Command::ChooseVault(VaultKind::File)));
    turn(&mut rig, VaultHealth::Locked { exists: false });
    rig
}

fn enter(rig: &mut Rig) {
    rig.0.key_press(Key::Enter);
    rig.0.run();
}

fn refuse(rig: &mut Rig, problem: VaultProblem) {
    rig.tell(Event::Problem { account: None, problem: Problem::Vault(problem) });
}

#[test]
fn the_first_run_keeps_secrets_in_a_file_with_a_passphrase() {
    let mut rig = choosing();
    assert!(!rig.can_press("Use this passphrase") && !rig.can_press("Add account"));
    rig.fill("New passphrase", " CANARY correct horse battery ");
    rig.fill("New passphrase again", "something else");
    assert!(rig.tree().contains("Passphrases don't match."));
    assert!(!rig.can_press("Use this passphrase"));
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::A);
    rig.field("New passphrase again").type_text(" CANARY correct horse battery ");
    rig.0.run();
    assert!(!rig.tree().contains("Passphrases don't match."));
    rig.press("Use this passphrase");
    let Command::UnlockVault { passphrase, create: true } = rig.command() else { panic!("no passphrase") };
    // White space counts in a passphrase.
    assert_eq!(passphrase.expose(), " CANARY correct horse battery ");
    turn(&mut rig, VaultHealth::Waiting);
    assert!(!rig.can_press("Use this passphrase"));
    turn(&mut rig, VaultHealth::Ready);
    assert!(rig.0.query_by_label("New passphrase").is_none());
    assert!(rig.tree().contains("Secrets are kept in a file protected by a passphrase."));
    assert!(rig.commands().is_empty());
}

#[test]
fn without_a_keychain_the_banner_offers_a_file() {
    let mut lost = one();
    lost.vault.health = VaultHealth::Failing(VaultProblem::Absent);
    let mut rig = Rig::new(lost);
    rig.press(USE_FILE);
    assert!(matches!(rig.command(), Command::ChooseVault(VaultKind::File)));
    turn(&mut rig, VaultHealth::Locked { exists: true });
    rig.fill("Passphrase", "CANARY-open");
    enter(&mut rig);
    assert!(matches!(rig.command(), Command::UnlockVault { create: false, .. }));
}

#[test]
fn giving_up_goes_back_to_the_vault_from_before() {
    let mut rig = choosing();
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(matches!(rig.command(), Command::ChooseVault(VaultKind::Keychain)));
    assert!(rig.0.query_by_label("New passphrase").is_none());
    let mut rig = choosing();
    rig.press("Cancel");
    assert!(matches!(rig.command(), Command::ChooseVault(VaultKind::Keychain)));
}

#[test]
fn a_choice_that_cant_be_stored_is_said_in_the_dialog() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press(USE_FILE);
    drop(rig.command());
    let problem = Problem::Disk(UntrustedText::new("read-only file system"));
    rig.tell(Event::Problem { account: None, problem });
    assert!(rig.tree().contains("couldn't read or write its files"));
    assert!(rig.can_press("Cancel"));
}

#[test]
fn a_weak_passphrase_is_advised_against_and_taken() {
    let mut rig = choosing();
    rig.fill("New passphrase", "password");
    assert!(rig.tree().contains("Very weak"));
    rig.fill("New passphrase again", "password");
    assert!(rig.can_press("Use this passphrase"));
    rig.field("New passphrase").focus();
    rig.0.run();
    rig.fill("New passphrase", " tK9#vQ2!mZ7p Kürbis");
    assert!(rig.tree().contains("Strong"));
}

#[test]
fn a_locked_file_asks_at_the_start_once_and_a_wrong_passphrase_keeps_the_dialog() {
    let mut rig = Rig::new(in_file(VaultHealth::Locked { exists: true }));
    assert!(rig.field("Passphrase").is_focused());
    // The first try of the vault repeats what the dialog shows.
    refuse(&mut rig, VaultProblem::PassphraseNeeded);
    rig.fill("Passphrase", "CANARY-wrong");
    enter(&mut rig);
    assert!(matches!(rig.command(), Command::UnlockVault { create: false, .. }));
    turn(&mut rig, VaultHealth::Waiting);
    turn(&mut rig, VaultHealth::Locked { exists: true });
    refuse(&mut rig, VaultProblem::WrongPassphrase);
    let field = rig.field("Passphrase");
    assert!(field.is_focused());
    let said = field.accesskit_node().description().unwrap();
    assert!(said.contains("That passphrase doesn't open the file"), "{said}");
    rig.fill("Passphrase", "CANARY-right");
    rig.press("Unlock");
    let Command::UnlockVault { passphrase, .. } = rig.command() else { panic!("no passphrase") };
    assert_eq!(passphrase.expose(), "CANARY-right");
    turn(&mut rig, VaultHealth::Waiting);
    turn(&mut rig, VaultHealth::Ready);
    assert!(rig.0.query_by_label("Passphrase").is_none());
    assert!(rig.can_press("Duplicate"));
}

#[test]
fn a_dismissed_dialog_leaves_a_banner_that_opens_it_again() {
    let mut rig = Rig::new(in_file(VaultHealth::Locked { exists: true }));
    rig.press("Cancel");
    rig.wait(chrono::TimeDelta::seconds(5));
    assert!(rig.commands().is_empty() && rig.0.query_by_label("Passphrase").is_none());
    rig.press("Enter passphrase");
    assert!(rig.field("Passphrase").is_focused());
}

#[test]
fn the_passphrase_is_changed_in_the_settings() {
    let mut rig = Rig::new(in_file(VaultHealth::Ready));
    rig.open_settings("Secrets");
    rig.press("Change passphrase");
    let fill = |rig: &mut Rig| {
        rig.fill("Current passphrase", "CANARY-old");
        rig.fill("New passphrase", "CANARY-new");
        rig.fill("New passphrase again", "CANARY-new");
        rig.press("Change passphrase");
        let Command::ChangePassphrase { old, new } = rig.command() else { panic!("no change") };
        assert_eq!((old.expose(), new.expose()), ("CANARY-old", "CANARY-new"));
    };
    fill(&mut rig);
    turn(&mut rig, VaultHealth::Waiting);
    refuse(&mut rig, VaultProblem::WrongPassphrase);
    turn(&mut rig, VaultHealth::Ready);
    let said = rig.field("Current passphrase").accesskit_node().description().unwrap();
    assert!(said.contains("doesn't open the file"), "{said}");
    fill(&mut rig);
    turn(&mut rig, VaultHealth::Waiting);
    turn(&mut rig, VaultHealth::Ready);
    assert!(rig.tree().contains("The passphrase was changed."));
    // The settings are still open.
    assert!(rig.can_press("Change passphrase"));
}

#[test]
fn the_line_says_where_secrets_are_and_leads_to_the_settings() {
    let mut rig = Rig::new(one());
    assert!(rig.can_press("Lock, Keychain unlocked"));
    rig.change(|snapshot| snapshot.vault.health = VaultHealth::Waiting);
    rig.press("Waiting for keychain");
    assert!(rig.can_press("Move secrets to a passphrase-protected file"));
    let mut rig = Rig::sized(in_file(VaultHealth::Ready), (640.0, 420.0));
    assert!(rig.can_press("Lock, Secrets file unlocked"));
    rig.press("car-dev");
    assert!(!rig.tree().contains("Secrets file unlocked"), "the list's footer says it");
    rig.press("Back");
    rig.open_settings("Secrets");
    rig.press("Keep secrets in memory until quit");
    assert!(matches!(rig.command(), Command::UseMemoryVault));
    turn(&mut rig, VaultHealth::Locked { exists: true });
    rig.press("Back");
    rig.change(|snapshot| snapshot.vault.kind = VaultKind::Memory);
    assert!(rig.can_press("Secrets in memory until quit"));
}

#[test]
fn x4_a_passphrase_leaves_its_field_when_sent_and_when_closed() {
    let mut rig = Rig::new(in_file(VaultHealth::Locked { exists: true }));
    let is_empty = |rig: &mut Rig, label: &str| {
        assert_eq!(rig.field(label).accesskit_node().role(), Role::PasswordInput);
        rig.field(label).focus();
        for _ in 0..5 {
            rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Z);
            rig.0.run();
        }
        assert_eq!(rig.field(label).value().unwrap_or_default(), "", "{label}");
    };
    let typed = |rig: &mut Rig, label: &str| {
        rig.fill(label, "CANARY-typed");
        // Long enough for egui to create an undo point.
        for _ in 0..40 {
            rig.0.run_steps(10);
        }
        assert!(!rig.tree().contains("CANARY"));
    };
    typed(&mut rig, "Passphrase");
    enter(&mut rig);
    drop(rig.command());
    refuse(&mut rig, VaultProblem::WrongPassphrase);
    is_empty(&mut rig, "Passphrase");
    typed(&mut rig, "Passphrase");
    rig.press("Cancel");
    rig.press("Enter passphrase");
    is_empty(&mut rig, "Passphrase");
    let mut rig = choosing();
    for label in ["New passphrase", "New passphrase again"] {
        typed(&mut rig, label);
    }
    enter(&mut rig);
    drop(rig.command());
    refuse(&mut rig, VaultProblem::Failed("the disk is full"));
    for label in ["New passphrase", "New passphrase again"] {
        is_empty(&mut rig, label);
    }
}
