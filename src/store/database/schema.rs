//! Opens the database and migrates it to this version's schema.
//!
//! Invariant: a file that is not Keyfob's, is damaged, or has a newer schema is left byte for byte.

use std::fs;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::DiskError;
use crate::base::failpoint::reach;
use crate::store::home::Home;
use crate::store::step::step;

/// "KFOB", which marks a database as Keyfob's (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4b46_4f42;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The migrations from each schema to the next; `user_version` counts those applied. A released one is never
/// changed.
pub(in crate::store::database) const MIGRATIONS: [&str; 6] = [
    "
    CREATE TABLE accounts (
        id TEXT PRIMARY KEY NOT NULL,
        revision INTEGER NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        settings TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'deleting')),
        created_at TEXT NOT NULL,
        last_used_at TEXT
    ) STRICT;
    -- A deleted account gives its name free at once.
    CREATE UNIQUE INDEX account_names ON accounts (name_key) WHERE state <> 'deleting';
    CREATE TABLE token_facts (
        account TEXT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        facts TEXT NOT NULL
    ) STRICT;
    CREATE TABLE preferences (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
    -- For messages of older versions: every schema keeps this table.
    CREATE TABLE written_by (version TEXT NOT NULL) STRICT;
    INSERT INTO written_by VALUES ('');
",
    "
    CREATE TABLE exchanges (
        number INTEGER PRIMARY KEY NOT NULL,
        account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        exchange TEXT NOT NULL
    ) STRICT;
    CREATE INDEX exchanges_of ON exchanges (account, number);
",
    "
    CREATE TABLE in_flight (
        account TEXT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        refreshing INTEGER NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE accounts ADD COLUMN kept_in TEXT;
",
    "
    CREATE TABLE waits (
        account TEXT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        status INTEGER NOT NULL
    ) STRICT;
",
    // Preferences and the window's state become JSON.
    r#"
    UPDATE preferences SET value = CASE
        WHEN key = 'proxy' AND value = '' THEN '"system"'
        WHEN value = '' THEN 'null'
        ELSE json_quote(value) END
    WHERE key IN ('theme', 'proxy', 'browser', 'extra_root_certificate');
    UPDATE preferences SET value = CASE
        WHEN value = 'yes' THEN 'true'
        WHEN value = 'no' THEN 'false'
        WHEN key = 'lock_after_idle_mins' AND value = '' THEN '0'
        WHEN value IN ('', 'never') THEN 'null'
        ELSE value END
    WHERE key IN ('reduced_motion', 'notify', 'keep_running', 'clear_clipboard_secs', 'refresh_ahead_secs',
                  'redirect_port', 'lock_after_idle_mins');
    -- Width, height, state and perhaps a position, separated by spaces.
    UPDATE preferences SET value = json_object(
        'size', json_array(words ->> 0 + 0.0, words ->> 1 + 0.0),
        'maximized', json(iif(words ->> 2 = 'maximized', 'true', 'false')),
        'position', json(iif(json_array_length(words) > 4, json_array(words ->> 3 + 0.0, words ->> 4 + 0.0), 'null')))
    FROM (SELECT '["' || replace(value, ' ', '","') || '"]' AS words FROM preferences WHERE key = 'window.place')
    WHERE key = 'window.place' AND json_valid(words);
    -- Order, grouping, filter and the selected account.
    UPDATE preferences SET value = json_object(
        'sort', words ->> 0,
        'group', words ->> 1,
        'filter', nullif(words ->> 2, 'all'),
        'selected', nullif(words ->> 3, 'none'))
    FROM (SELECT '["' || replace(value, ' ', '","') || '"]' AS words FROM preferences WHERE key = 'window.remembered')
    WHERE key = 'window.remembered' AND json_valid(words);
"#,
];

pub(in crate::store::database) fn open(home: &Home) -> Result<Connection, DiskError> {
    open_with(home, &MIGRATIONS)
}

pub(in crate::store::database) fn open_with(
    home: &Home,
    migrations: &[&str],
) -> Result<Connection, DiskError> {
    home.create()?;
    let path = home.prepare_database()?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Before anything that could write: nothing is written to another program's file.
    let schema = ours(&connection)?;
    let ours = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if schema > ours {
        return Err(newer(&connection, schema));
    }
    // Overwrite deleted content, delete the journal after each transaction, and put nothing temporary
    // elsewhere: what is removed is gone from the disk's files.
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA synchronous = FULL;",
    )?;
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    if schema < ours {
        migrate(&mut connection, migrations)?;
    }
    Ok(connection)
}

/// The schema of Keyfob's database, 0 if it is still empty.
fn ours(connection: &Connection) -> Result<u32, DiskError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let schema: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = application == 0 && schema == 0 && tables == 0;
    if is_new || application == APPLICATION_ID { Ok(schema) } else { Err(DiskError::NotADatabase) }
}

fn newer(connection: &Connection, schema: u32) -> DiskError {
    let written_by = connection
        .query_row("SELECT version FROM written_by", [], |row| row.get::<_, String>(0))
        .ok()
        .filter(|version| version.len() < 40 && version.bytes().all(|byte| byte.is_ascii_graphic()))
        .unwrap_or_else(|| "of an unknown version".to_owned());
    DiskError::Newer { schema, written_by }
}

/// Checks that this version's tables exist, and that all pages are readable.
pub(in crate::store::database) fn check(connection: &Connection) -> Result<(), DiskError> {
    // Count and measure the pages while no one can write.
    let reading = connection.unchecked_transaction()?;
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // SQLite reads the missing part of the last page as NULs.
    let is_cut = connection
        .path()
        .and_then(|path| fs::metadata(path).ok())
        .is_some_and(|file| file.len() < u64::from(pages) * u64::from(page_bytes));
    if is_cut {
        return Err(DiskError::NotADatabase);
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let tables: u32 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema
         WHERE type = 'table' AND name IN ('accounts', 'token_facts', 'preferences', 'written_by', 'exchanges',
                                            'in_flight', 'waits')",
        [],
        |row| row.get(0),
    )?;
    reading.finish()?;
    if found == "ok" && tables == 7 { Ok(()) } else { Err(DiskError::NotADatabase) }
}

/// Migrates in one transaction: a kill in between changes nothing.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), DiskError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let done = ours(&transaction)?;
    let Some(rest) = usize::try_from(done).ok().and_then(|done| migrations.get(done..)) else {
        return Err(newer(&transaction, done));
    };
    if rest.is_empty() {
        return Ok(());
    }
    for migration in rest {
        cut("migrate.next")?;
        transaction.execute_batch(migration)?;
    }
    cut("migrate.version")?;
    transaction.execute("UPDATE written_by SET version = ?1", [env!("CARGO_PKG_VERSION")])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", u32::try_from(migrations.len()).unwrap_or(u32::MAX))?;
    cut("migrate.commit")?;
    transaction.commit()?;
    cut("migrate.done")
}

fn cut(name: &'static str) -> Result<(), DiskError> {
    reach(name);
    step(name).map_err(|_| DiskError::Failed("cut short".to_owned()))
}

/// The next two schemas for tests, which change every row.
#[cfg(test)]
pub(in crate::store::database) const LATER: [&str; 8] = [
    MIGRATIONS[0],
    MIGRATIONS[1],
    MIGRATIONS[2],
    MIGRATIONS[3],
    MIGRATIONS[4],
    MIGRATIONS[5],
    // With a cache of two pages, the file is written long before the end.
    "PRAGMA cache_size = 2; ALTER TABLE accounts ADD COLUMN note TEXT; UPDATE accounts SET note = name;",
    "UPDATE accounts SET note = note || '!'; CREATE INDEX notes ON accounts (note);",
];
