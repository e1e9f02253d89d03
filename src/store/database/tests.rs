use std::fs;
use std::path::Path;

use chrono::TimeDelta;

use super::*;
use crate::domain::account::AccountName;
use crate::store::vault::records::tests::{OUT_OF_RANGE, account, grant, id};

fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    (dir, home)
}

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)
}

fn facts(generation: u64) -> TokenFacts {
    grant("CANARY", generation).facts
}

fn named(byte: u8, name: &str) -> Account {
    account(byte, name)
}

fn set(account: &mut Account, key: &str, value: &str) {
    account.settings.variables.insert(key.to_owned(), value.to_owned());
}

fn names(accounts: &mut Accounts) -> Vec<(String, RowState)> {
    let stored = accounts.load().unwrap();
    stored.accounts.iter().map(|one| (one.account.name.as_str().to_owned(), one.state)).collect()
}

#[test]
fn what_is_stored_is_there_after_a_restart() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    let mut account = named(1, "car/dev: 東京 \u{1f98a}");
    accounts.insert_pending(&account, "keychain", at(5)).unwrap();
    assert_eq!(names(&mut accounts)[0].1, RowState::Pending);
    accounts.mark_ready(&id(1)).unwrap();
    accounts.mark_ready(&id(1)).unwrap();
    assert!(accounts.put_facts(&id(1), &facts(3)).unwrap());
    accounts.touch_used(&id(1), at(9)).unwrap();
    set(&mut account, "region", "US");
    assert_eq!(accounts.update(&account, None).unwrap(), Revision(8));
    accounts.set_window("800x600").unwrap();
    let preferences = BTreeMap::from([("theme".to_owned(), "dark".to_owned())]);
    accounts.set_preferences(&BTreeMap::new(), &preferences).unwrap();
    drop(accounts);

    let mut accounts = Accounts::open(&home).unwrap();
    account.revision = Revision(8);
    let stored = accounts.load().unwrap();
    assert_eq!(
        stored.accounts,
        [StoredAccount {
            has_secret_params: false,
            in_flight: None,
            account,
            state: RowState::Ready,
            kept_in: Some("keychain".to_owned()),
            facts: Some(facts(3)),
            created_at: at(5),
            last_used_at: Some(at(9)),
        }]
    );
    assert_eq!((stored.unreadable, stored.preferences), (0, preferences.clone()));
    assert_eq!(stored.window.as_deref(), Some("800x600"));
    assert_eq!(accounts.window().unwrap().as_deref(), Some("800x600"));
    assert_eq!(accounts.preferences().unwrap(), preferences);
}

#[test]
fn v2_preferences_of_an_earlier_schema_become_json() {
    let (_dir, home) = home();
    let selected = format!("expiry tag needs_sign_in {}", id(2));
    let old = [
        ("theme", "dark", "\"dark\""),
        ("zoom_percent", "150", "150"),
        ("reduced_motion", "yes", "true"),
        ("notify", "no", "false"),
        ("clear_clipboard_secs", "never", "null"),
        ("refresh_ahead_secs", "", "null"),
        ("redirect_port", "8910", "8910"),
        ("lock_after_idle_mins", "", "0"),
        ("browser", "\"/opt/a browser\" %s", r#""\"/opt/a browser\" %s""#),
        ("proxy", "", "\"system\""),
        ("extra_root_certificate", "", "null"),
        ("vault", "file", "file"),
        ("window.place", "640.5 420 maximized -12 40.25", ""),
        ("window.remembered", &selected, ""),
    ];
    let connection = schema::open_with(&home, &schema::MIGRATIONS[..5]).unwrap();
    for (key, value, _) in old {
        preferences::put(&connection, key, value).unwrap();
    }
    drop(connection);
    let texts = Accounts::open(&home).unwrap().texts().unwrap();
    let expected = old.into_iter().filter(|(key, ..)| !key.starts_with("window."));
    let expected = expected.map(|(key, _, new)| (key.to_owned(), new.to_owned()));
    assert_eq!(texts.preferences, expected.collect());
    let place = r#"{"size":[640.5,420.0],"maximized":true,"position":[-12.0,40.25]}"#;
    assert_eq!(texts.window.as_deref(), Some(place));
    let view =
        format!(r#"{{"sort":"expiry","group":"tag","filter":"needs_sign_in","selected":"{}"}}"#, id(2));
    assert_eq!(texts.remembered, Some(view));
}

#[test]
fn v2_an_earlier_window_without_a_position_keeps_its_size() {
    for (old, new) in [
        ("960 640 normal", r#"{"size":[960.0,640.0],"maximized":false,"position":null}"#),
        ("what \"is\" this", "what \"is\" this"),
    ] {
        let (_dir, home) = home();
        let connection = schema::open_with(&home, &schema::MIGRATIONS[..5]).unwrap();
        preferences::put(&connection, "window.place", old).unwrap();
        preferences::put(&connection, "window.remembered", "name nothing all none").unwrap();
        drop(connection);
        let texts = Accounts::open(&home).unwrap().texts().unwrap();
        assert_eq!(texts.window.as_deref(), Some(new));
        let view = r#"{"sort":"name","group":"nothing","filter":null,"selected":null}"#;
        assert_eq!(texts.remembered.as_deref(), Some(view));
    }
}

#[test]
fn names_are_unique_ignoring_case_and_free_once_deleted() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_pending(&named(1, "Straße É"), "keychain", at(0)).unwrap();
    assert!(matches!(
        accounts.insert_pending(&named(2, "straße é"), "keychain", at(0)),
        Err(DiskError::NameTaken)
    ));
    let both = [named(3, "three"), named(4, "THREE")];
    assert!(matches!(accounts.insert_all_pending(&both, "keychain", at(0)), Err(DiskError::NameTaken)));
    assert_eq!(names(&mut accounts).len(), 1);
    accounts.insert_pending(&named(2, "two"), "keychain", at(0)).unwrap();
    assert!(matches!(accounts.update(&named(2, "STRASSE É").clone(), None), Ok(Revision(8))));
    let mut second = named(2, "STRAßE É");
    second.revision = Revision(8);
    assert!(matches!(accounts.update(&second, None), Err(DiskError::NameTaken)));

    accounts.mark_deleting(&id(1)).unwrap();
    accounts.insert_pending(&named(5, "straße é"), "keychain", at(0)).unwrap();
    assert!(matches!(accounts.undelete(&id(1)), Err(DiskError::NameTaken)));
    accounts.remove(&id(5)).unwrap();
    accounts.undelete(&id(1)).unwrap();
    assert!(names(&mut accounts).contains(&("Straße É".to_owned(), RowState::Ready)));
}

#[test]
fn what_is_missing_or_changed_is_said() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    assert!(matches!(accounts.mark_ready(&id(1)), Err(DiskError::Missing)));
    assert!(matches!(accounts.mark_deleting(&id(1)), Err(DiskError::Missing)));
    assert!(matches!(accounts.undelete(&id(1)), Err(DiskError::Missing)));
    assert!(matches!(accounts.update(&named(1, "n"), None), Err(DiskError::Missing)));
    assert!(matches!(accounts.put_facts(&id(1), &facts(1)), Err(DiskError::Missing)));
    accounts.remove(&id(1)).unwrap();
    accounts.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
    assert!(matches!(accounts.undelete(&id(1)), Err(DiskError::Missing)));
    accounts.mark_deleting(&id(1)).unwrap();
    assert!(matches!(accounts.update(&named(1, "n"), None), Err(DiskError::Changed)));
}

#[test]
fn facts_never_go_back_a_generation() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
    assert!(accounts.put_facts(&id(1), &facts(5)).unwrap());
    assert!(!accounts.put_facts(&id(1), &facts(4)).unwrap());
    assert_eq!(accounts.load().unwrap().accounts[0].facts.as_ref().unwrap().generation, 5);
    assert!(accounts.put_facts(&id(1), &facts(5)).unwrap());
    accounts.clear_facts(&id(1)).unwrap();
    assert_eq!(accounts.load().unwrap().accounts[0].facts, None);
    assert!(accounts.put_facts(&id(1), &facts(1)).unwrap());
}

#[test]
fn c3_facts_of_an_older_version_do_not_stop_the_start() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_pending(&named(1, "one"), "keychain", at(0)).unwrap();
    accounts.put_facts(&id(1), &facts(1)).unwrap();
    let row = serde_json::to_string(&facts(1)).unwrap();
    for (stored, read) in OUT_OF_RANGE {
        let old = row.replace("2023-11-14T23:13:20.123Z", stored);
        assert_ne!(old, row);
        accounts.connection.execute("UPDATE token_facts SET facts = ?1", [old]).unwrap();
        let stored = Accounts::open(&home).unwrap().load().unwrap();
        let facts = stored.accounts[0].facts.as_ref().unwrap();
        assert_eq!(facts.expires_at, Some(read.parse().unwrap()));
    }
}

#[test]
fn f4_two_instances_never_lose_each_others_edits() {
    let (_dir, home) = home();
    let mut one = Accounts::open(&home).unwrap();
    let mut other = Accounts::open(&home).unwrap();
    one.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
    let seen = other.data_version().unwrap();
    let (mut mine, mut theirs) = (named(1, "n"), named(1, "n"));
    set(&mut mine, "mine", "1");
    one.update(&mine, None).unwrap();
    assert_ne!(other.data_version().unwrap(), seen);
    set(&mut theirs, "theirs", "1");
    assert!(matches!(other.update(&theirs, None), Err(DiskError::Changed)));
    let mut theirs = other.load().unwrap().accounts.remove(0).account;
    set(&mut theirs, "theirs", "1");
    other.update(&theirs, None).unwrap();
    let variables = one.load().unwrap().accounts.remove(0).account.settings.variables;
    assert!(variables.contains_key("mine") && variables.contains_key("theirs"));

    // Preferences: each process changes another key of what both have read.
    let base = BTreeMap::from([("a".to_owned(), "0".to_owned()), ("b".to_owned(), "0".to_owned())]);
    one.set_preferences(&BTreeMap::new(), &base).unwrap();
    let (mut first, mut second) = (base.clone(), base.clone());
    first.insert("a".to_owned(), "1".to_owned());
    second.remove("b");
    one.set_preferences(&base, &first).unwrap();
    other.set_preferences(&base, &second).unwrap();
    assert_eq!(one.preferences().unwrap(), BTreeMap::from([("a".to_owned(), "1".to_owned())]));
}

#[test]
fn f4_edits_from_several_threads_all_arrive() {
    const EDITS: usize = 12;
    let (_dir, home) = home();
    Accounts::open(&home).unwrap().insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let home = home.clone();
            std::thread::Builder::new()
                .name(format!("editor {number}"))
                .spawn(move || {
                    let mut accounts = Accounts::open(&home).unwrap();
                    for edit in 0..EDITS {
                        loop {
                            let mut account = accounts.load().unwrap().accounts.remove(0).account;
                            set(&mut account, &format!("{number}.{edit}"), "there");
                            match accounts.update(&account, None) {
                                Ok(_) => break,
                                Err(DiskError::Changed | DiskError::Busy) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let account = Accounts::open(&home).unwrap().load().unwrap().accounts.remove(0).account;
    let arrived = account.settings.variables.values().filter(|value| *value == "there").count();
    assert_eq!((arrived, account.revision), (3 * EDITS, Revision(7 + 3 * EDITS as u64)));
}

fn canaries(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(canaries(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let count = bytes.to_ascii_uppercase().windows(6).filter(|bytes| bytes == b"CANARY").count();
        if count > 0 {
            found.push(format!("{} times in {}", count, path.display()));
        }
    }
    found
}

#[test]
fn z1_a_removed_account_leaves_no_byte_on_disk() {
    // Rows of many sizes are added, grow, shrink, are renamed and removed between rows that stay, so that
    // pages are split, refilled and merged. Seed 7 leaves copies in gaps if the file is not rewritten.
    for seed in [1, 7] {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed);
        let mut below = move |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % limit as u64).unwrap()
        };
        let word = |byte: u8| if byte.is_multiple_of(3) { "keep--" } else { "CANARY" };
        let (_dir, home) = home();
        let mut accounts = Accounts::open(&home).unwrap();
        accounts.connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let mut living = Vec::new();
        for step in 0..400 {
            let action = below(10);
            if action < 4 || living.is_empty() {
                let byte = u8::try_from(below(250)).unwrap();
                if living.contains(&byte) {
                    continue;
                }
                let mut account = named(byte, &format!("{} {byte}", word(byte)));
                set(&mut account, "n", &word(byte).repeat(below(200)));
                accounts.insert_pending(&account, "keychain", at(0)).unwrap();
                living.push(byte);
                let mut facts = facts(1);
                facts.scope = Some(vec![word(byte).to_owned(); below(60)]);
                accounts.put_facts(&id(byte), &facts).unwrap();
            } else if action < 7 {
                let byte = living[below(living.len())];
                let stored = accounts.load().unwrap().accounts;
                let mut account = stored.into_iter().find(|one| one.account.id == id(byte)).unwrap().account;
                set(&mut account, "n", &word(byte).repeat(below(400)));
                account.name = AccountName::new(&format!("{} {byte} {step}", word(byte))).unwrap();
                accounts.update(&account, None).unwrap();
            } else {
                let byte = living.swap_remove(below(living.len()));
                accounts.remove(&id(byte)).unwrap();
            }
        }
        assert!(!canaries(home.path()).is_empty());
        for byte in living.into_iter().filter(|byte| !byte.is_multiple_of(3)) {
            accounts.remove(&id(byte)).unwrap();
        }
        assert!(!names(&mut accounts).is_empty());
        assert_eq!(canaries(home.path()), Vec::<String>::new(), "seed {seed}");
        let files = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(files, 2, "the database and the locks, nothing beside them");
    }
}

#[test]
fn z1_where_the_user_was_names_no_account_that_was_removed() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    for byte in [1, 2] {
        accounts.insert_pending(&named(byte, &format!("a {byte}")), "keychain", at(0)).unwrap();
    }
    accounts.set_remembered(&format!("name tag all {}", id(2))).unwrap();
    accounts.remove(&id(1)).unwrap();
    assert_eq!(accounts.texts().unwrap().remembered, Some(format!("name tag all {}", id(2))));
    accounts.remove(&id(2)).unwrap();
    assert_eq!(accounts.texts().unwrap().remembered.as_deref(), Some("name tag all "));
    let (bytes, gone) = (fs::read(home.database_path()).unwrap(), id(2).to_string().into_bytes());
    assert!(!bytes.windows(gone.len()).any(|window| window == gone));
}

#[test]
fn z1_a_rewriting_that_failed_is_made_up_for() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
    accounts.connection.execute_batch("BEGIN").unwrap();
    assert!(matches!(accounts.sweep(), Ok(())), "nothing is due");
    preferences::put(&accounts.connection, SWEEP_DUE, "").unwrap();
    assert!(accounts.sweep().is_err(), "no rewriting within a transaction");
    accounts.connection.execute_batch("COMMIT").unwrap();
    assert!(accounts.preferences().unwrap().is_empty());
    let due = |accounts: &Accounts| -> u32 {
        let count = "SELECT count(*) FROM preferences";
        accounts.connection.query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(due(&accounts), 1);
    drop(accounts);
    assert_eq!(due(&Accounts::open(&home).unwrap()), 0);
}

#[test]
fn v1_a_newer_schema_is_not_touched_and_named() {
    let (_dir, home) = home();
    drop(Accounts::open(&home).unwrap());
    let connection = Connection::open(home.database_path()).unwrap();
    connection.execute_batch("UPDATE written_by SET version = '9.1.0'; PRAGMA user_version = 99;").unwrap();
    drop(connection);
    let before = fs::read(home.database_path()).unwrap();
    let error = Accounts::open(&home).unwrap_err();
    assert!(
        matches!(&error, DiskError::Newer { schema: 99, written_by } if written_by == "9.1.0"),
        "{error}"
    );
    assert_eq!(fs::read(home.database_path()).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_of_ours_is_not_touched() {
    let (_dir, home) = home();
    drop(Accounts::open(&home).unwrap());
    let path = home.database_path();
    let whole = fs::read(&path).unwrap();
    let mut damaged = vec![b"hello".to_vec(), vec![0; 5000], whole[..50].to_vec(), whole[..3000].to_vec()];
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE another_apps (x)").unwrap();
    damaged.push(fs::read(&path).unwrap());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let refused = Accounts::open(&home).and_then(|mut accounts| accounts.load());
        assert!(matches!(refused, Err(DiskError::NotADatabase)), "{} bytes: {refused:?}", bytes.len());
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn an_unreadable_row_is_counted_and_left() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_all_pending(&[named(1, "one"), named(2, "two")], "keychain", at(0)).unwrap();
    accounts.connection.execute("UPDATE accounts SET settings = '{' WHERE name = 'one'", []).unwrap();
    let stored = accounts.load().unwrap();
    assert_eq!((stored.accounts.len(), stored.unreadable), (1, 1));
}

#[test]
fn a_long_wait_for_another_process_is_said_and_transient() {
    let (_dir, home) = home();
    let mut one = Accounts::open(&home).unwrap();
    let mut other = Accounts::open(&home).unwrap();
    other.connection.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let held = one.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let error = other.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap_err();
    assert!(matches!(error, DiskError::Busy) && error.is_transient());
    drop(held);
    other.insert_pending(&named(1, "n"), "keychain", at(0)).unwrap();
}

#[test]
fn i4_a_row_that_is_put_back_is_as_before_with_a_new_revision() {
    let (_dir, home) = home();
    let mut accounts = Accounts::open(&home).unwrap();
    accounts.insert_pending(&named(1, "one"), "keychain", at(0)).unwrap();
    accounts.mark_ready(&id(1)).unwrap();
    accounts.put_facts(&id(1), &facts(3)).unwrap();
    let before = accounts.row_of(&id(1)).unwrap().unwrap();
    accounts.put_back(&before).unwrap();
    assert_eq!(accounts.row_of(&id(1)).unwrap().unwrap(), before, "nothing was stored, so nothing changes");
    let mut edited = named(1, "another name");
    set(&mut edited, "region", "US");
    accounts.update(&edited, Some("file")).unwrap();
    accounts.clear_facts(&id(1)).unwrap();
    accounts.put_facts(&id(1), &facts(9)).unwrap();
    accounts.put_back(&before).unwrap();
    let account = Account { revision: Revision(9), ..before.account.clone() };
    assert_eq!(accounts.row_of(&id(1)).unwrap().unwrap(), StoredAccount { account, ..before });
    assert_eq!(accounts.row_of(&id(2)).unwrap(), None);
}
