//! Database errors.

use rusqlite::ffi;
use thiserror::Error;

use crate::store::home::HomeError;
use crate::store::private_files::FileError;

/// Why a database operation failed. Holds no value of the database.
#[derive(Debug, Error)]
pub enum DiskError {
    #[error("another account has this name")]
    NameTaken,
    #[error("the account was changed elsewhere")]
    Changed,
    #[error("there is no such account")]
    Missing,
    /// A newer version of Keyfob changed the schema; the database is left unchanged.
    #[error(
        "the database was written by Keyfob {written_by} (schema {schema}), which is newer than this one"
    )]
    Newer { schema: u32, written_by: String },
    /// Not a database of Keyfob's, or damaged; the file is left unchanged.
    #[error("the database file is damaged, or isn't a Keyfob database")]
    NotADatabase,
    #[error("the disk is full")]
    Full,
    #[error("the database is read-only")]
    ReadOnly,
    #[error("the database is in use by another program")]
    Busy,
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Another failure: `SQLite`'s name for the kind of error.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl DiskError {
    /// Returns true if the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly | Self::Busy | Self::Home(_) | Self::Failed(_))
    }
}

impl From<FileError> for DiskError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Full => Self::Full,
            FileError::ReadOnly | FileError::Denied => Self::ReadOnly,
            FileError::Busy => Self::Busy,
            error => Self::Failed(error.words().to_owned()),
        }
    }
}

impl From<rusqlite::Error> for DiskError {
    /// Keeps only the kind: `SQLite`'s text may quote values.
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return match error {
                rusqlite::Error::QueryReturnedNoRows => Self::Missing,
                // The tables are strict, so a value has another type only after damage.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => Self::NotADatabase,
                _ => Self::Failed("a call could not be made".to_owned()),
            };
        };
        match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE => return Self::NameTaken,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Self::Missing,
            _ => {}
        }
        match failure.code {
            ffi::ErrorCode::NotADatabase | ffi::ErrorCode::DatabaseCorrupt => Self::NotADatabase,
            ffi::ErrorCode::DiskFull => Self::Full,
            ffi::ErrorCode::ReadOnly | ffi::ErrorCode::PermissionDenied => Self::ReadOnly,
            ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked => Self::Busy,
            _ => Self::Failed(ffi::code_to_str(failure.extended_code).to_owned()),
        }
    }
}
