//! From an address to an open file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use super::error::classify;
use super::native::{self, Rights};
use super::rights::Inside;
use crate::db::{DbError, Target, Trouble};

/// What may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Read only (`?mode=ro`).
    Read,
    /// Read and write a file that exists.
    Write,
    /// Make the file if it is not there (`?mode=rwc`).
    Create,
    /// Make a file that nobody needs after a crash.
    Scratch,
}

/// The file that an address names, as an absolute path without links, and what may be done with it.
pub(super) fn locate(target: &Target) -> Result<(PathBuf, Mode), DbError> {
    let mode = mode(target.options())?;
    let path = target.path();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(usage("a database in memory cannot be kept in line; name a file: sqlite:path/to/file.db"));
    }
    match fs::metadata(&path) {
        Ok(data) if !data.is_file() => Err(usage(&format!("{} is not a file", path.display()))),
        Ok(_) => Ok((fs::canonicalize(&path).map_err(|error| failed(&path, error))?, mode)),
        Err(error) if error.kind() == ErrorKind::NotFound && mode == Mode::Create => {
            Ok((std::path::absolute(&path).map_err(|error| failed(&path, error))?, mode))
        }
        Err(error) => Err(failed(&path, error)),
    }
}

fn failed(path: &Path, error: std::io::Error) -> DbError {
    let missing = error.kind() == ErrorKind::NotFound;
    let error = DbError::io(&format!("open {}", path.display()), error);
    if missing { error.with_remedy("check the path; add ?mode=rwc to the URL to make a new database") } else { error }
}

fn usage(message: &str) -> DbError {
    DbError::new(Trouble::Usage, "open the SQLite database", message)
}

fn mode(options: &str) -> Result<Mode, DbError> {
    let mut mode = Mode::Write;
    for option in options.split('&').filter(|option| !option.is_empty()) {
        mode = match option {
            "mode=ro" => Mode::Read,
            "mode=rw" => Mode::Write,
            "mode=rwc" => Mode::Create,
            other => {
                return Err(usage(&format!("`{other}` is no option here; there are mode=ro, mode=rw and mode=rwc")));
            }
        };
    }
    Ok(mode)
}

/// How many rows may wait to be taken from the driver's thread: as many as a catalog's answers mostly have.
const ROWS: usize = 256;

/// Opens a file for SQL that may come from outside.
pub(super) async fn open(path: &Path, mode: Mode, patience: Duration) -> Result<SqliteConnection, DbError> {
    open_with::<Inside>(path, mode, patience).await
}

/// Opens a file. Foreign keys stay off: a rebuild must not cascade. Pages are mistrusted, as SQLite's documentation asks for
/// files of others.
pub(super) async fn open_with<R: Rights>(
    path: &Path,
    mode: Mode,
    patience: Duration,
) -> Result<SqliteConnection, DbError> {
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(mode == Mode::Read)
        .create_if_missing(matches!(mode, Mode::Create | Mode::Scratch))
        .busy_timeout(patience)
        .foreign_keys(false)
        .row_buffer_size(ROWS)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        .disable_statement_logging();
    if mode == Mode::Scratch {
        options = options.synchronous(SqliteSynchronous::Off).journal_mode(SqliteJournalMode::Memory);
    }
    let doing = format!("open {}", path.display());
    let failed = |error| classify(doing.clone(), &error);
    let mut connection = match tokio::time::timeout(patience, options.connect()).await {
        Ok(connected) => connected.map_err(failed)?,
        Err(_) => return Err(DbError::new(Trouble::TimedOut, doing, format!("no answer within {patience:?}"))),
    };
    let mut handle = connection.lock_handle().await.map_err(failed)?;
    let confined = native::confine::<R>(&mut handle);
    drop(handle);
    confined
        .map_err(|code| DbError::new(Trouble::Statement, doing, format!("SQLite refused a setting: code {code}")))?;
    Ok(connection)
}
