//! Import, export, move and recovery in the window: questions, contents and commands.

use std::path::{Path, PathBuf};

use egui::Key;
use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::base::secret::ClientSecret;
use keyfob::domain::account::Client;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{AccountDraft, Command, ImportDraft};
use keyfob::messages::event::{Event, ImportRead, Reply};
use keyfob::messages::problem::{ArchiveProblem, Problem, UntrustedText, VaultProblem};
use keyfob::messages::snapshot::{Snapshot, VaultHealth, VaultKind};
use keyfob::ui::FileAnswer;

use super::fixtures::{account, id, snapshot};
use super::harness::Rig;

const PASS: &str = "CANARY four words of dust";

fn two() -> Snapshot {
    snapshot(vec![
        account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode),
        account(2, "batch", "SmartSense", GrantType::ClientCredentials),
    ])
}

fn draft(name: &str, provider: &str, grant: GrantType) -> ImportDraft {
    let view = account(9, "x", provider, grant);
    let client =
        Client { client_secret: Some(ClientSecret::new("CANARY-secret".to_owned())), ..Client::default() };
    let draft = AccountDraft { editing: None, name: name.to_owned(), settings: view.settings, client };
    ImportDraft { draft, grant: None, incomplete: false, replace: false, move_secrets: false }
}

fn read(rig: &mut Rig) {
    let drafts = vec![
        draft("car-dev", "Smartcar", GrantType::AuthorizationCode),
        draft("new one", "SmartSense", GrantType::ClientCredentials),
    ];
    rig.tell(Event::ImportRead(ImportRead { drafts, taken: vec![true, false], ..ImportRead::default() }));
}

fn problem(rig: &mut Rig, problem: Problem) {
    rig.tell(Event::Problem { account: None, problem });
}

fn open(rig: &mut Rig, button: &str) {
    let of_accounts = ["Import", "Export", "Recover accounts"].contains(&button);
    rig.open_settings(if of_accounts { "All accounts" } else { "Secrets" });
    rig.press(button);
}

fn choose_passphrase(rig: &mut Rig) {
    rig.fill("New passphrase", PASS);
    rig.fill("New passphrase again", PASS);
}

fn ticked(rig: &Rig, name: &str) -> Toggled {
    rig.0.get_by_role_and_label(Role::CheckBox, name).accesskit_node().toggled().expect("a box")
}

fn tick(rig: &mut Rig, name: &str) {
    rig.0.get_by_role_and_label(Role::CheckBox, name).click_accesskit();
    rig.0.run();
}

/// A hovering file.
#[derive(Debug)]
struct Dropped;

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        Path::new("/home/me/dropped.toml")
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only its path is looked at".to_owned())
    }
}

fn hover(rig: &mut Rig) {
    rig.0.input_mut().hovered_files = vec![egui::HoveredFile::default()];
    rig.0.step();
    rig.0.input_mut().hovered_files.clear();
}

fn drop_file(rig: &mut Rig) {
    rig.0.input_mut().dropped_files = vec![std::sync::Arc::new(Dropped)];
    rig.0.run();
}

#[test]
fn i1_an_import_is_previewed_and_replaces_nothing_that_is_not_ticked() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Import");
    rig.fill("File", "/tmp/accounts.toml");
    rig.press("Read file");
    let Command::ReadImport { path, passphrase: None, .. } = rig.command() else { panic!("not read") };
    assert_eq!(path, Path::new("/tmp/accounts.toml"));
    read(&mut rig);
    let tree = rig.tree();
    for said in ["car-dev", "new one", "Already exists · Smartcar", "SmartSense · Client credentials"] {
        assert!(tree.contains(said), "{said} in:\n{tree}");
    }
    assert!(!tree.contains("CANARY"));
    assert_eq!((ticked(&rig, "car-dev"), ticked(&rig, "new one")), (Toggled::False, Toggled::True));
    assert!(rig.commands().is_empty(), "a preview saves nothing");
    rig.press("Import");
    let Command::Import(drafts) = rig.command() else { panic!("nothing is saved") };
    let sent: Vec<_> = drafts.iter().map(|it| (it.draft.name.as_str(), it.replace)).collect();
    assert_eq!(sent, [("new one", false)]);
    rig.tell(Event::Saved(id(2)));
    assert!(rig.tree().contains("1 account was imported."));
    assert!(rig.0.query_by_label("Import accounts").is_none());
}

#[test]
fn an_account_is_replaced_where_that_is_ticked() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Import");
    rig.fill("File", "/tmp/accounts.toml");
    rig.0.key_press(Key::Enter);
    rig.0.run();
    drop(rig.command());
    read(&mut rig);
    tick(&mut rig, "car-dev");
    tick(&mut rig, "new one");
    assert!(rig.tree().contains("Replaces the existing one"));
    rig.press("Import");
    let Command::Import(drafts) = rig.command() else { panic!("nothing is saved") };
    let sent: Vec<_> = drafts.iter().map(|it| (it.draft.name.as_str(), it.replace)).collect();
    assert_eq!(sent, [("car-dev", true)]);
    // A failed save is reported, and the file can be read again.
    problem(&mut rig, Problem::Vault(VaultProblem::Failed("the disk is full")));
    assert!(rig.tree().contains("The vault failed: the disk is full."));
    assert!(rig.can_press("Read file"));
}

#[test]
fn i2_an_import_asks_before_stored_secrets_go_elsewhere() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Import");
    rig.fill("File", "/tmp/accounts.toml");
    rig.press("Read file");
    drop(rig.command());
    let mut moved = draft("car-dev", "Smartcar", GrantType::AuthorizationCode);
    moved.incomplete = true;
    moved.draft.settings.overrides_mut().endpoints.token = Some("https://evil.example/t".to_owned());
    rig.tell(Event::ImportRead(ImportRead {
        drafts: vec![moved],
        taken: vec![true],
        ..ImportRead::default()
    }));
    let question = "Send the stored secrets of car-dev to evil.example";
    assert!(!rig.tree().contains(question), "it stays as it is");
    tick(&mut rig, "car-dev");
    let tree = rig.tree();
    let both = "token endpoint: https://evil.example/t instead of https://auth.example.com/oauth/token";
    assert!(tree.contains(both), "{tree}");
    assert_eq!(ticked(&rig, question), Toggled::False);
    assert!(!rig.can_press("Import"));
    rig.press("Select the box about stored secrets, or deselect the account.");
    assert!(rig.0.get_by_label(question).is_focused(), "the reason leads to its box");
    tick(&mut rig, question);
    rig.press("Import");
    let Command::Import(drafts) = rig.command() else { panic!("nothing is saved") };
    assert!(drafts[0].replace && drafts[0].move_secrets);
}

#[test]
fn a_sealed_import_asks_for_its_passphrase_until_it_fits() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Import");
    rig.press("Browse… (File)");
    let question = rig.file_question().expect("the system's dialog");
    assert_eq!((question.new_name, question.folder), (None, PathBuf::from("/home/me")));
    rig.answer(FileAnswer::Chosen(PathBuf::from("/home/me/team.age")));
    assert!(matches!(rig.command(), Command::ReadImport { passphrase: None, .. }));
    problem(&mut rig, Problem::Archive(ArchiveProblem::PassphraseNeeded));
    assert!(rig.tree().contains("“team.age” is encrypted"));
    assert!(rig.field("Passphrase of the file").is_focused());
    rig.fill("Passphrase of the file", "CANARY-wrong");
    rig.press("Open file");
    let Command::ReadImport { path, passphrase: Some(given), .. } = rig.command() else {
        panic!("not opened")
    };
    assert_eq!((path.as_path(), given.expose()), (Path::new("/home/me/team.age"), "CANARY-wrong"));
    problem(&mut rig, Problem::Archive(ArchiveProblem::WrongPassphrase));
    let field = rig.field("Passphrase of the file");
    assert!(field.accesskit_node().description().unwrap().contains("doesn't open this file"));
    assert!(field.value().unwrap_or_default().is_empty(), "x4: what was sent leaves the field");
    rig.fill("Passphrase of the file", PASS);
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert!(matches!(rig.command(), Command::ReadImport { passphrase: Some(_), .. }));
    read(&mut rig);
    assert!(rig.can_press("Import"));
}

#[test]
fn a_dropped_file_is_read_and_shown_before_anything_is_saved() {
    let mut rig = Rig::new(two());
    hover(&mut rig);
    assert!(rig.commands().is_empty());
    drop_file(&mut rig);
    let Command::ReadImport { path, passphrase: None, .. } = rig.command() else { panic!("not read") };
    assert_eq!(path, Path::new("/home/me/dropped.toml"));
    let mistake = UntrustedText::new("account \"x\", line 3: \"client_id\" is missing");
    problem(&mut rig, Problem::Archive(ArchiveProblem::Content(mistake)));
    let tree = rig.tree();
    assert!(
        tree.contains("line 3: \"client_id\" is missing") && tree.contains("nothing was saved"),
        "{tree}"
    );
    rig.press("Cancel");
    // The lock screen accepts no file.
    rig.change(|snapshot| snapshot.locked = true);
    drop_file(&mut rig);
    assert!(rig.commands().is_empty());
}

#[test]
fn an_export_is_sealed_and_leaves_tokens_out_unless_told_otherwise() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Export");
    assert!(!rig.can_press("Export"), "not without a passphrase");
    choose_passphrase(&mut rig);
    rig.press("Export");
    let Command::Export { accounts, path, passphrase, with_tokens } = rig.command() else {
        panic!("no export")
    };
    assert_eq!((accounts, with_tokens), (vec![id(1), id(2)], false));
    assert_eq!(path, Path::new("/home/me/keyfob-2025-11-21.age"));
    assert_eq!(passphrase.unwrap().expose(), PASS);
    assert!(!rig.tree().contains("CANARY") && !rig.can_press("Export"));
    problem(&mut rig, Problem::Archive(ArchiveProblem::Exists));
    let field = rig.field("File");
    assert!(field.accesskit_node().description().unwrap().contains("A file with that name already exists"));
    assert!(!rig.can_press("Export"), "the passphrase is entered again: it was wiped");
    choose_passphrase(&mut rig);
    tick(&mut rig, "Include tokens");
    tick(&mut rig, "car-dev");
    rig.press("Export");
    let Command::Export { accounts, with_tokens, .. } = rig.command() else { panic!("no export") };
    assert_eq!((accounts, with_tokens), (vec![id(2)], true));
    rig.tell(Event::Done(Reply::Exported(1)));
    assert!(rig.tree().contains("1 account was exported."));
}

#[test]
fn an_open_export_has_no_passphrase_and_no_tokens() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Export");
    tick(&mut rig, "Include tokens");
    rig.choose("What goes into the file", "Settings without secrets, as plain text");
    assert!(rig.0.query_by_label("New passphrase").is_none());
    rig.press("Browse… (File)");
    let question = rig.file_question().expect("the system's dialog");
    assert_eq!(question.new_name.as_deref(), Some("keyfob-2025-11-21.toml"));
    rig.answer(FileAnswer::NoDialog);
    assert!(rig.tree().contains("Enter the full path"));
    rig.press("Export");
    let Command::Export { path, passphrase: None, with_tokens: false, .. } = rig.command() else {
        panic!("no open export")
    };
    assert_eq!(path, Path::new("/home/me/keyfob-2025-11-21.toml"));
}

#[test]
fn a_locked_file_vault_is_opened_from_the_dialog_which_comes_back() {
    let mut locked = two();
    locked.vault.kind = VaultKind::File;
    locked.vault.health = VaultHealth::Locked { exists: true };
    locked.vault.file_exists = true;
    let mut rig = Rig::new(locked);
    rig.press("Cancel");
    open(&mut rig, "Export");
    choose_passphrase(&mut rig);
    assert!(!rig.can_press("Export"));
    rig.press("Enter passphrase");
    rig.fill("Passphrase", "CANARY-open");
    rig.press("Unlock");
    drop(rig.command());
    rig.change(|snapshot| snapshot.vault.health = VaultHealth::Ready);
    assert!(rig.can_press("Export"), "what was typed is still there");
}

#[test]
fn secrets_move_to_a_file_that_is_made_for_them() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Move secrets to a passphrase-protected file");
    assert!(!rig.can_press("Move"));
    choose_passphrase(&mut rig);
    rig.press("Move");
    let Command::MoveVault { to: VaultKind::File, passphrase, create: true } = rig.command() else {
        panic!("no move")
    };
    assert_eq!(passphrase.unwrap().expose(), PASS);
    assert!(!rig.can_press("Move") && rig.tree().contains("Moving…"));
    problem(&mut rig, Problem::Vault(VaultProblem::Denied));
    assert!(rig.tree().contains("prompt was dismissed"));
    choose_passphrase(&mut rig);
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert!(matches!(rig.command(), Command::MoveVault { .. }));
    rig.tell(Event::Done(Reply::Moved { records: 4, left_behind: None }));
    assert!(rig.tree().contains("4 records were moved."));
}

#[test]
fn secrets_move_to_a_file_that_is_there_and_back_without_a_passphrase() {
    let mut rig = Rig::new(two());
    rig.change(|snapshot| snapshot.vault.file_exists = true);
    open(&mut rig, "Move secrets to a passphrase-protected file");
    assert!(rig.0.query_by_label("New passphrase").is_none());
    rig.fill("Passphrase of the file", PASS);
    rig.press("Move");
    assert!(matches!(rig.command(), Command::MoveVault { passphrase: Some(_), create: false, .. }));
    let left_behind = Some(VaultProblem::Locked);
    rig.tell(Event::Done(Reply::Moved { records: 4, left_behind }));
    assert!(
        rig.tree().contains("could not be deleted yet") && rig.tree().contains("Your keychain is locked")
    );
    rig.change(|snapshot| snapshot.vault.kind = VaultKind::File);
    rig.press("Move secrets to the keychain");
    rig.press("Move");
    let Command::MoveVault { to, passphrase, create } = rig.command() else { panic!("no move") };
    assert_eq!((to, passphrase.is_none(), create), (VaultKind::Keychain, true, false));
}

#[test]
fn a_move_that_was_cut_short_is_finished_from_the_settings() {
    let mut rig = Rig::new(two());
    rig.change(|snapshot| {
        snapshot.vault.file_exists = true;
        snapshot.vault.unfinished_move = Some(VaultKind::File);
    });
    rig.open_settings("Secrets");
    assert!(!rig.can_press("Move secrets to a passphrase-protected file"));
    rig.press("Finish the move");
    rig.fill("Passphrase of the file", PASS);
    rig.press("Finish the move");
    assert!(matches!(rig.command(), Command::MoveVault { to: VaultKind::File, create: false, .. }));
}

#[test]
fn z2_a_set_aside_database_is_said_and_its_accounts_come_back_by_a_button() {
    let mut lost = snapshot(Vec::new());
    lost.notice = Some(Problem::SetAside(UntrustedText::new("/home/me/keyfob.db.broken-1")));
    let mut rig = Rig::new(lost);
    let tree = rig.tree();
    assert!(tree.contains("set aside as “keyfob.db.broken-1”"), "{tree}");
    assert!(tree.contains("/home/me/keyfob.db.broken-1"), "{tree}");
    rig.press("Recover accounts");
    assert!(matches!(rig.command(), Command::RecoverAccounts));
    let added = vec!["car-dev".to_owned(), "batch (2)".to_owned()];
    rig.tell(Event::Done(Reply::Recovered { added, unreadable: 1, orphans: 3 }));
    let tree = rig.tree();
    for said in
        ["2 accounts were listed again", "car-dev", "batch (2)", "1 account can't be read", "3 records"]
    {
        assert!(tree.contains(said), "{said} in:\n{tree}");
    }
    assert!(rig.commands().is_empty(), "nothing is deleted by itself");
    rig.press("Delete them");
    assert!(matches!(rig.command(), Command::RemoveOrphans));
    rig.tell(Event::Done(Reply::OrphansRemoved(3)));
    assert!(rig.tree().contains("3 records were deleted."));
    assert!(!rig.tree().contains("set aside"), "the notice was of use");
}

#[test]
fn a_recovery_that_fails_says_why_and_a_notice_can_be_dismissed() {
    let mut lost = two();
    lost.notice = Some(Problem::SetAside(UntrustedText::new("/home/me/keyfob.db.broken-1")));
    let mut rig = Rig::new(lost);
    rig.press("Recover accounts");
    drop(rig.command());
    problem(&mut rig, Problem::Vault(VaultProblem::Locked));
    assert!(rig.tree().contains("Your keychain is locked"));
    rig.press("Try again");
    assert!(matches!(rig.command(), Command::RecoverAccounts));
    rig.tell(Event::Done(Reply::Recovered { added: Vec::new(), unreadable: 0, orphans: 0 }));
    assert!(rig.tree().contains("Nothing to recover") && !rig.can_press("Close"), "a line, not a dialog");
    let mut again = two();
    again.notice = Some(Problem::SetAside(UntrustedText::new("/home/me/keyfob.db.broken-1")));
    let mut rig = Rig::new(again);
    rig.press("Dismiss");
    assert!(!rig.tree().contains("set aside"));
}

#[test]
fn x4_locking_drops_what_was_typed_and_read() {
    let mut rig = Rig::new(two());
    open(&mut rig, "Export");
    choose_passphrase(&mut rig);
    rig.change(|snapshot| snapshot.locked = true);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(rig.0.query_by_label("New passphrase").is_none());
    open(&mut rig, "Export");
    assert!(rig.field("New passphrase").value().unwrap_or_default().is_empty());
}
