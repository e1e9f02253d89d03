//! Reads rows into accounts.
//!
//! Invariants: an unreadable row is counted and left unchanged; settings that many rows have with the same
//! text are parsed once and shared.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{DiskError, RowState, StoredAccount, request_journal};
use crate::domain::account::{Account, AccountId, AccountName, Client, Revision, Settings};
use crate::domain::oauth::extra_params;
use crate::domain::time_parse;
use crate::domain::token::grant::TokenFacts;

const COLUMNS: &str = "id, revision, name, settings, state, created_at, last_used_at, kept_in";

/// An account without its request journal; `None` if there is no row or it can't be read.
pub(in crate::store::database) fn read_one(
    connection: &Connection,
    id: &AccountId,
) -> Result<Option<StoredAccount>, DiskError> {
    let query = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1");
    let row = connection.query_row(&query, [id.as_str()], |row| Ok(parse(row, &mut HashMap::new())));
    let Some(mut stored) = row.optional()?.flatten() else { return Ok(None) };
    let facts = "SELECT facts FROM token_facts WHERE account = ?1";
    let facts = connection.query_row(facts, [id.as_str()], |row| row.get::<_, String>(0)).optional()?;
    stored.facts = facts.and_then(|text| serde_json::from_str(&text).ok());
    Ok(Some(stored))
}

/// Every account, and the number of unreadable rows. An account's other data is read table by table: a lookup
/// for each would take longer than everything else. With the key of a name, only that account and incomplete
/// ones.
pub(in crate::store::database) fn read(
    connection: &Connection,
    only: Option<&str>,
) -> Result<(Vec<StoredAccount>, usize), DiskError> {
    let mut facts = facts(connection, only)?;
    let mut in_flight = request_journal::read_all(connection)?;
    let mut known = HashMap::new();
    let (mut accounts, mut unreadable) = (Vec::new(), 0);
    let query =
        format!("SELECT {COLUMNS} FROM accounts WHERE ?1 IS NULL OR name_key = ?1 OR state <> 'ready'");
    let mut query = connection.prepare(&query)?;
    let mut rows = query.query([only])?;
    while let Some(row) = rows.next()? {
        let Some(mut stored) = parse(row, &mut known) else {
            unreadable += 1;
            continue;
        };
        stored.facts = facts.remove(&stored.account.id);
        stored.in_flight = in_flight.remove(&stored.account.id);
        accounts.push(stored);
    }
    Ok((accounts, unreadable))
}

/// The cached facts of tokens. They are only a copy, so unreadable ones count as missing.
fn facts(connection: &Connection, only: Option<&str>) -> Result<HashMap<AccountId, TokenFacts>, DiskError> {
    let mut query = connection.prepare(
        "SELECT account, facts FROM token_facts
         WHERE ?1 IS NULL OR account IN (SELECT id FROM accounts WHERE name_key = ?1 OR state <> 'ready')",
    )?;
    let mut rows = query.query([only])?;
    let mut facts = HashMap::new();
    while let Some(row) = rows.next()? {
        let parsed = text(row, 1).and_then(|text| serde_json::from_str(text).ok());
        facts.extend(text(row, 0).and_then(AccountId::parse).zip(parsed));
    }
    Ok(facts)
}

/// Settings by their text, and whether secrets were among them.
type Known = HashMap<String, (Settings, bool)>;

fn parse(row: &Row<'_>, known: &mut Known) -> Option<StoredAccount> {
    let (settings, has_secret_params) = settings(text(row, 3)?, known)?;
    Some(StoredAccount {
        account: Account {
            id: AccountId::parse(text(row, 0)?)?,
            revision: Revision(u64::try_from(row.get::<_, i64>(1).ok()?).ok()?),
            name: AccountName::new(text(row, 2)?).ok()?,
            settings,
        },
        has_secret_params,
        state: RowState::parse(text(row, 4)?)?,
        created_at: time_parse::rfc3339(text(row, 5)?)?,
        last_used_at: text(row, 6).and_then(time_parse::rfc3339),
        kept_in: text(row, 7).map(str::to_owned),
        facts: None,
        in_flight: None,
    })
}

fn settings(text: &str, known: &mut Known) -> Option<(Settings, bool)> {
    if let Some(settings) = known.get(text) {
        return Some(settings.clone());
    }
    let mut settings: Settings = serde_json::from_str(text).ok()?;
    // The vault has them; here they could only be shown by mistake.
    let has_secret_params = extra_params::move_secrets(&mut settings, &mut Client::default());
    known.insert(text.to_owned(), (settings.clone(), has_secret_params));
    Some((settings, has_secret_params))
}

/// A text without copying; `None` for NULL or another type. The tables are strict, so another type means
/// damage.
fn text<'row>(row: &'row Row<'_>, column: usize) -> Option<&'row str> {
    row.get_ref(column).ok()?.as_str().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::store::database::{Accounts, InFlight};
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, grant, id};

    #[test]
    fn what_belongs_to_an_account_is_found_and_equal_settings_are_shared() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
        let mark = InFlight { generation: 5, refreshing: true };
        for byte in 1..=4 {
            let mut account = account(byte, &format!("name {byte}"));
            if byte == 4 {
                account.settings.overrides_mut().key_id = Some("another".to_owned());
            }
            accounts.insert_pending(&account, "keychain", DateTime::UNIX_EPOCH).unwrap();
        }
        accounts.put_facts(&id(2), &grant("CANARY", 2).facts).unwrap();
        accounts.put_facts(&id(3), &grant("CANARY", 3).facts).unwrap();
        accounts.mark_in_flight(&id(3), mark).unwrap();
        accounts.connection.execute_batch("UPDATE token_facts SET facts = '{' WHERE generation = 2").unwrap();
        accounts
            .connection
            .execute("UPDATE accounts SET settings = '{' WHERE id = ?1", [id(1).as_str()])
            .unwrap();
        let (read, unreadable) = read(&accounts.connection, None).unwrap();
        assert_eq!(unreadable, 1);
        let of = |byte| read.iter().find(|row| row.account.id == id(byte)).unwrap();
        let known = |byte| (of(byte).facts.as_ref().map(|facts| facts.generation), of(byte).in_flight);
        // Unreadable facts count as missing.
        assert_eq!([2, 3, 4].map(known), [(None, None), (Some(3), Some(mark)), (None, None)]);
        let overrides = |byte| &of(byte).account.settings.overrides;
        assert!(Arc::ptr_eq(overrides(2), overrides(3)));
        assert_eq!(overrides(4).key_id.as_deref(), Some("another"));
    }

    #[test]
    fn of_one_name_that_account_and_the_half_done_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
        for byte in 1..=5 {
            accounts
                .insert_pending(&account(byte, &format!("Name {byte}")), "keychain", DateTime::UNIX_EPOCH)
                .unwrap();
            accounts.put_facts(&id(byte), &grant("CANARY", u64::from(byte)).facts).unwrap();
            if byte != 4 {
                accounts.mark_ready(&id(byte)).unwrap();
            }
        }
        accounts.mark_deleting(&id(5)).unwrap();
        let read = |accounts: &mut Accounts, name: &str| {
            let name = AccountName::new(name).unwrap();
            let mut read: Vec<_> = accounts.load_only(Some(&name)).unwrap().accounts;
            read.sort_by(|one, other| one.account.id.cmp(&other.account.id));
            read.into_iter().map(|row| (row.account.id, row.facts.unwrap().generation)).collect::<Vec<_>>()
        };
        assert_eq!(read(&mut accounts, "name 2"), [(id(2), 2), (id(4), 4), (id(5), 5)]);
        assert_eq!(read(&mut accounts, "none"), [(id(4), 4), (id(5), 5)]);
        assert_eq!(accounts.load().unwrap().accounts.len(), 5);
    }
}
