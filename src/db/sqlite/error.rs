//! SQLite's result codes in undrift's classes.

use crate::db::{DbError, Trouble};

/// What sqlx reports, classified by SQLite's own code.
pub(crate) fn classify(doing: impl Into<String>, error: &sqlx::Error) -> DbError {
    match error {
        sqlx::Error::Database(inner) => {
            let code = inner.code().unwrap_or_default().into_owned();
            // Of functions that are refused SQLite has no code of its own.
            let refused = inner.message().starts_with("not authorized");
            let (trouble, remedy) = meaning(if refused { 23 } else { code.parse().unwrap_or(1) });
            let why = match trouble {
                Trouble::TimedOut => "it did not end within its time-out: ",
                _ if remedy == Some(OUTSIDE) => "undrift does not let this run: ",
                _ => "",
            };
            let error = DbError::new(trouble, doing, format!("{why}{}", inner.message())).with_code(code);
            match remedy {
                Some(remedy) => error.with_remedy(remedy),
                None => error,
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            DbError::new(Trouble::Unreadable, doing, error.to_string())
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
            DbError::new(Trouble::Disconnected, doing, error.to_string())
        }
        other => DbError::new(Trouble::Statement, doing, other.to_string()),
    }
}

/// What to do about SQL that wanted to reach out of its database.
const OUTSIDE: &str = "SQL in a schema file or in a database's catalog may work in its own database alone: take out what attaches \
                       another or vacuums, loads an extension, touches files, or sets what belongs to the file";

/// What an extended result code means, and what to do where that is not plain.
fn meaning(code: i32) -> (Trouble, Option<&'static str>) {
    const LOCKED: &str = "another program writes to the file: end it, or run again at a quieter hour";
    const OPEN: &str = "check that undrift may read and write the file and make files beside it";
    const DISK: &str = "check the disk and the file system that the file is on";
    const CORRUPT: &str = "check the file with `PRAGMA integrity_check` and restore it from a backup";
    const FULL: &str = "make room on the disk that the file is on: a table that is built anew needs its size once more in the \
                        file, and what is overwritten in the journal";
    const FORMAT: &str = "point undrift at a SQLite database; one that is encrypted cannot be read";
    const WRITES: &str = "make the file and its folder writable for undrift";
    match code & 0xff {
        3 => (Trouble::Privilege, Some(OPEN)),
        5 | 6 => (Trouble::LockTimeout, Some(LOCKED)),
        8 => (Trouble::ReadOnly, Some(WRITES)),
        9 => {
            (Trouble::TimedOut, Some("the statement took longer than its time-out: raise it, or run at a quieter hour"))
        }
        10 => (Trouble::Disconnected, Some(DISK)),
        11 => (Trouble::Unreadable, Some(CORRUPT)),
        13 => (Trouble::DiskFull, Some(FULL)),
        14 => (Trouble::Privilege, Some(OPEN)),
        19 | 20 => (Trouble::Data, None),
        23 => (Trouble::Statement, Some(OUTSIDE)),
        26 => (Trouble::Unreadable, Some(FORMAT)),
        _ => (Trouble::Statement, None),
    }
}
