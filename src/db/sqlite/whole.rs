//! Whether a database file is whole, and still the one that was opened.

use std::path::Path;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::error::classify;
use super::{SqliteSession, rows};
use crate::db::{DbError, Trouble};

/// How many bytes the file says that it has.
const BYTES: &str = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";

/// Checks all of the file.
const WHOLE: &str = "PRAGMA quick_check";

/// Checks its tables one by one, where the module of a virtual table fails at its own.
const TABLES: &str = "SELECT found.quick_check FROM main.sqlite_master AS m, pragma_quick_check(m.name) AS found \
                      WHERE m.type = 'table' AND m.rootpage <> 0";

const RESTORE: &str = "restore the file from a backup, or read what is left of it with `.recover` of SQLite's shell; undrift changed nothing";

/// Which file a path names, as far as the system numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

#[cfg(unix)]
pub(super) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| Identity(file.dev(), file.ino()))
}

/// Elsewhere a file that is open stays where it is.
#[cfg(not(unix))]
pub(super) fn identity(_path: &Path) -> Option<Identity> {
    None
}

impl SqliteSession {
    /// Makes sure that the path still names the file that was opened: what is done to one that nobody finds any more is
    /// done to nobody's database.
    pub(super) fn is_in_place(&self) -> Result<(), DbError> {
        let now = identity(&self.path);
        if now == self.identity {
            return Ok(());
        }
        let why = match now {
            None => "the file was removed while undrift worked on it",
            Some(_) => "another file took the place of this one while undrift worked on it",
        };
        let remedy = "look who moves the file while it is in use, then run again: nothing that undrift did is in what is there now";
        Err(DbError::new(Trouble::Unreadable, self.doing("look again at"), why).with_remedy(remedy))
    }

    /// Makes sure that the file has as many bytes as it says. A transaction for reading has to be open, so that nobody
    /// changes its length meanwhile.
    pub(super) async fn is_of_full_length(&mut self) -> Result<(), DbError> {
        // What this session itself has changed may still be in memory; what is in a log is not in the file yet.
        if self.orphans.is_some() || !is_empty_beside(&self.path, "-wal") {
            return Ok(());
        }
        let measured = self.select(BYTES).await.map_err(|error| classify(self.doing("measure"), &error))?;
        let says: i64 = measured.iter().flatten().next().map_or(0, |row| row.try_get_unchecked(0).unwrap_or(0));
        let has = std::fs::metadata(&self.path).map_or(u64::MAX, |file| file.len());
        length(u64::try_from(says).unwrap_or(0), has)
            .map_err(|why| DbError::new(Trouble::Unreadable, self.doing("measure"), why).with_remedy(RESTORE))
    }

    /// Makes sure, before the first statement that may write rows anew, that what is there can be read.
    pub(super) async fn is_sound(&mut self) -> Result<(), DbError> {
        if self.sound || self.is_scratch {
            return Ok(());
        }
        self.deadline.set(self.patience.read.max(self.statement_limit));
        let mut checked = rows(&mut self.connection, WHOLE).await;
        if checked.as_ref().is_err_and(is_about_a_module) {
            checked = rows(&mut self.connection, TABLES).await;
        }
        self.deadline.clear();
        let checked = checked.map_err(|error| self.failure("check", &error))?;
        let damages: Vec<String> = checked.iter().flatten().filter_map(damage).collect();
        if damages.is_empty() {
            self.sound = true;
            return Ok(());
        }
        let why = format!("the file is damaged: {}", damages.join("; "));
        Err(DbError::new(Trouble::Unreadable, self.doing("check"), why).with_remedy(RESTORE))
    }
}

/// Compares how long a file says that it is with how long it is.
fn length(says: u64, has: u64) -> Result<(), String> {
    if says > has {
        return Err(format!("the file was cut off: it says that it has {says} bytes, and has {has}"));
    }
    // SQLite takes a file of one byte for an empty one.
    if says == 0 && has > 0 {
        return Err(format!("the file has {has} bytes and is no SQLite database"));
    }
    Ok(())
}

/// Of an index for searching that is out of order SQLite has no code of its own. It is no part of what is written anew.
fn is_about_a_module(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|inner| inner.code().as_deref() == Some("1"))
}

/// What a row of the check says of the file itself. That rows do not keep to constraints is no damage: people turn checks off.
fn damage(row: &SqliteRow) -> Option<String> {
    let text: String = row.try_get_unchecked(0).ok()?;
    let line = text.trim_start_matches("*** in database main ***").trim();
    let of_the_file = ["*** in database", "row", "wrong # of entries"].iter().any(|start| text.starts_with(start));
    of_the_file.then(|| line.replace('\n', ", "))
}

/// Whether the file beside the database is not there or holds nothing.
fn is_empty_beside(path: &Path, suffix: &str) -> bool {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    std::fs::metadata(Path::new(&beside)).map_or(true, |file| file.len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_long_as_it_says() {
        assert!(length(8192, 8191).unwrap_err().contains("cut off"));
        assert!(length(0, 1).unwrap_err().contains("no SQLite database"));
        assert!(length(8192, 8192).is_ok() && length(8192, 65536).is_ok() && length(0, 0).is_ok());
    }
}
