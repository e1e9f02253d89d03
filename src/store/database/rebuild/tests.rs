use super::*;
use crate::domain::account::Revision;
use crate::store::home::Home;
use crate::store::vault::account_records::Records;
use crate::store::vault::memory::MemoryVault;
use crate::store::vault::records::tests::{account, grant, id, record};
use crate::store::vault::recovery::recover;

#[test]
fn z2_a_lost_database_is_rebuilt_from_the_vault() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    let mut accounts = Accounts::open(&home).unwrap();
    let mut vault = MemoryVault::new();
    for (byte, name) in [(1, "one"), (2, "zwei é"), (3, "three")] {
        let account = account(byte, name);
        accounts.insert_pending(&account, "keychain", DateTime::UNIX_EPOCH).unwrap();
        accounts.mark_ready(&account.id).unwrap();
        let mut records = Records::new(&mut vault);
        records.write_client(&record(byte, name)).unwrap();
        if byte != 3 {
            let grant = grant("CANARY-2", u64::from(byte));
            records.write_tokens(&account.id, &grant).unwrap();
            accounts.put_facts(&account.id, &grant.facts).unwrap();
        }
    }
    let before = accounts.load().unwrap().accounts;
    drop(accounts);
    std::fs::remove_file(home.database_path()).unwrap();

    let mut accounts = Accounts::open(&home).unwrap();
    let found = recover(&mut vault).unwrap().accounts;
    let added = accounts.insert_recovered(&found, "keychain", DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(added.len(), 3);
    assert_eq!(accounts.load().unwrap().accounts, before);
    // A second time changes nothing.
    assert_eq!(accounts.insert_recovered(&found, "keychain", DateTime::UNIX_EPOCH).unwrap(), []);
    assert_eq!(accounts.load().unwrap().accounts, before);
}

#[test]
fn z2_nothing_that_is_there_is_changed_and_names_stay_unique() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
    accounts.insert_pending(&account(1, "Name"), "keychain", DateTime::UNIX_EPOCH).unwrap();
    let long = "x".repeat(AccountName::MAX_CHARS);
    let found: Vec<_> = [(1, "other"), (2, "NAME"), (3, "name (2)"), (4, "name"), (5, &long), (6, &long)]
        .map(|(byte, name)| RecoveredAccount { account: account(byte, name), facts: None })
        .into();
    let added = accounts.insert_recovered(&found, "keychain", DateTime::UNIX_EPOCH).unwrap();
    let names: Vec<_> = added.iter().map(|one| one.name.as_str()).collect();
    let shortened = format!("{} (2)", "x".repeat(AccountName::MAX_CHARS - 4));
    assert_eq!(names, ["NAME (2)", "name (2) (2)", "name (3)", &long, &shortened]);
    let stored = accounts.load().unwrap().accounts;
    let first = stored.iter().find(|one| one.account.id == id(1)).unwrap();
    assert_eq!((first.account.name.as_str(), first.account.revision), ("Name", Revision(7)));
    assert_eq!(first.state, crate::store::database::RowState::Pending);
}

#[test]
fn f6_recover_restores_a_row_that_disagrees_with_the_vault() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
    let mut edited = |byte, kept_in| {
        let mut row = account(byte, &format!("name {byte}"));
        row.settings.overrides_mut().endpoints.token = Some("https://evil.example/t".to_owned());
        accounts.insert_pending(&row, kept_in, DateTime::UNIX_EPOCH).unwrap();
        accounts.mark_ready(&row.id).unwrap();
        row
    };
    edited(1, "keychain");
    let elsewhere = edited(2, "file");
    let found =
        [1, 2].map(|byte| RecoveredAccount { account: account(byte, "as the vault has it"), facts: None });
    let restored = accounts.insert_recovered(&found, "keychain", DateTime::UNIX_EPOCH).unwrap();
    let expected = Account { revision: Revision(8), ..account(1, "name 1") };
    assert_eq!(restored, std::slice::from_ref(&expected), "the name stays, and the revision rises");
    let rows: Vec<_> = accounts.load().unwrap().accounts.into_iter().map(|row| row.account).collect();
    assert!(rows.contains(&expected) && rows.contains(&elsewhere), "{rows:?}");
    assert_eq!(accounts.insert_recovered(&found, "keychain", DateTime::UNIX_EPOCH).unwrap(), []);
}
